//! One person, several tenants.

use super::{Account, Browser, House, house::ID};
use testkit::for_each_engine;

#[tokio::test]
async fn dana_goes_over_without_a_prompt_where_the_same_provider_proves_her() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        house.link(world, contoso, house.town.dana_at_contoso.user, "dana").await;
        let mut dana = Browser::new(&house);
        dana.sign_in(&house, contoso, &house.contoso, &Account::of("dana")).await;
        let asked = house.contoso.times("token");

        let switch = format!("{}/.partywall/switch?to={}", house.origin(contoso), fabrikam.id);
        let end = dana.follow(&switch).await;
        assert_eq!(end.location(), format!("{}/", house.origin(fabrikam)));
        assert_eq!(house.contoso.times("token"), asked, "no provider was asked");
        let there = dana.session_at(&house, fabrikam).await.expect("she is in");
        assert_eq!(there["user"], house.town.dana_at_fabrikam.user.to_string());
        assert_eq!(there["member"]["id"], house.town.dana_at_fabrikam.member.to_string());
        let here = dana.session_at(&house, contoso).await.expect("and still here");
        assert_ne!(here["member"]["id"], there["member"]["id"]);

        // The same works for a tenant that publishes nothing.
        world
            .raw(&format!("UPDATE tenant_setting SET published = 0 WHERE tenant_id = '{}'", fabrikam.id))
            .await;
        house.heard(fabrikam).await;
        dana.forget(&house.host(fabrikam), "pw_session");
        dana.follow(&switch).await;
        assert!(dana.session_at(&house, fabrikam).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_session_that_another_provider_proved_opens_nothing() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        // Carol belongs to both, proven at Contoso by Contoso's provider; Fabrikam does not connect to it.
        let carol = house.town.dana_at_contoso.user;
        house.link(world, contoso, carol, "carol").await;
        world
            .raw(&format!(
                "UPDATE connection SET standing = 'off' WHERE tenant_id = '{}' AND provider_id = '{}'",
                fabrikam.id, contoso.provider
            ))
            .await;
        house.heard(fabrikam).await;
        let mut browser = Browser::new(&house);
        browser.sign_in(&house, contoso, &house.contoso, &Account::of("carol")).await;

        let switch = format!("{}/.partywall/switch?to={}", house.origin(contoso), fabrikam.id);
        let end = browser.follow(&switch).await;
        assert!(end.location().starts_with(&house.fabrikam.issuer()), "Fabrikam's own provider is asked");
        assert!(browser.session_at(&house, fabrikam).await.is_none());

        let reply = browser.get(&format!("http://{ID}/t/{}/switch", domain::TenantId::from_bits(9))).await;
        assert_eq!(reply.code(), "tenant.unknown");
    })
    .await;
}

#[tokio::test]
async fn switching_off_the_shared_connection_closes_the_door_for_sessions_too() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        house.link(world, contoso, house.town.dana_at_contoso.user, "dana").await;
        let mut dana = Browser::new(&house);
        dana.sign_in(&house, contoso, &house.contoso, &Account::of("dana")).await;
        dana.follow(&format!("{}/.partywall/switch?to={}", house.origin(contoso), fabrikam.id)).await;
        assert!(dana.session_at(&house, fabrikam).await.is_some());
        world
            .raw(&format!(
                "UPDATE connection SET standing = 'off' WHERE tenant_id = '{}' AND provider_id = '{}'",
                fabrikam.id, contoso.provider
            ))
            .await;
        house.heard(fabrikam).await;
        assert!(dana.session_at(&house, fabrikam).await.is_none());
        assert!(dana.session_at(&house, contoso).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn the_entry_page_shows_ones_own_organisations_and_betrays_no_others() {
    for_each_engine(async |world| {
        let house = House::build(world).await;
        let (contoso, fabrikam) = (&house.town.contoso, &house.town.fabrikam);
        let home = format!("http://{ID}/");
        let mut stranger = Browser::new(&house);
        let page = stranger.get(&home).await;
        assert!(page.body.contains("organisation") && !page.body.contains("Contoso"));
        let found = stranger.get(&format!("{home}?organisation=Contoso")).await;
        assert!(found.body.contains(&format!("/t/{}/switch", contoso.id)));
        world
            .raw(&format!(
                "UPDATE tenant_setting SET published = 0 WHERE tenant_id = '{}'",
                house.town.canary.0.id
            ))
            .await;
        house.heard(&house.town.canary.0).await;
        let hidden = stranger.get(&format!("{home}?organisation={}", house.town.canary.0.slug)).await;
        let unknown = stranger.get(&format!("{home}?organisation=nobody-here")).await;
        let same = |body: &str, name: &str| {
            let body = body.replace(name, "…");
            let at = body.find("<footer").unwrap();
            body[..at].to_owned()
        };
        assert_eq!(same(&hidden.body, &house.town.canary.0.slug), same(&unknown.body, "nobody-here"));

        house.link(world, contoso, house.town.dana_at_contoso.user, "dana").await;
        let mut dana = Browser::new(&house);
        dana.sign_in(&house, contoso, &house.contoso, &Account::of("dana")).await;
        let page = dana.get(&home).await;
        for tenant in [contoso, fabrikam] {
            assert!(page.body.contains(&format!("/t/{}/switch", tenant.id)), "{}", page.body);
        }
        house.town.canary.is_absent(&page.body);
        let mut script = Browser::script(&house);
        script.copy_cookies(&dana, ID);
        let list: serde_json::Value = serde_json::from_str(&script.get(&home).await.body).unwrap();
        assert_eq!(list.as_array().map(Vec::len), Some(2));
    })
    .await;
}
