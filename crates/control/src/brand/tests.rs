use super::*;
use crate::scene::trail;
use std::time::Duration;
use testkit::{Town, for_each_engine};

/// A picture of one pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and the rest";

#[tokio::test]
async fn an_admin_says_how_their_pages_look_and_takes_it_back() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let contoso = &town.contoso;
        let permit = world.permit(contoso, &contoso.admin).await;
        let changes = Changes {
            colour: Some(Some("#1d4ed8".parse().expect("a colour"))),
            greeting: Some(Some("Welcome to Contoso.".parse().expect("a greeting"))),
            logo: LogoChange::Set(PNG.to_vec()),
            ..Default::default()
        };
        world.pass(Duration::from_millis(1));
        let said = change(&world.store, &permit, &changes).await.expect("sound").brand.expect("said");
        world.warden.reload(contoso.id).await.expect("the directory answers");
        let known = world.resolved(contoso).tenant().record.brand.clone().expect("every node knows it");
        assert_eq!(*known, said);
        assert_eq!(known.logo, Some(access::Picture::Png));
        let line = trail(world, contoso.id).await.pop().expect("a line");
        assert!(line.after.contains("#1d4ed8") && line.after.contains("image/png"), "{}", line.after);

        let gone = Changes { greeting: Some(None), logo: LogoChange::Remove, ..Default::default() };
        let left = change(&world.store, &permit, &gone).await.expect("sound").brand.expect("said");
        assert!(left.greeting.is_none() && left.logo.is_none());
        assert_eq!(left.colour, said.colour, "what was not named stays");
        assert_ne!(left.mark, said.mark, "no browser keeps what was there before");
        let fabrikam = &town.fabrikam;
        let theirs = read(&world.store, &world.permit(fabrikam, &fabrikam.admin).await).await;
        assert_eq!(theirs.expect("settings").brand, None);
    })
    .await;
}

#[tokio::test]
async fn a_logo_that_is_no_picture_or_too_large_is_refused_at_its_field() {
    for_each_engine(async |world| {
        let town = Town::build(world).await;
        let contoso = &town.contoso;
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
        let large = [PNG, &vec![0; MOST_LOGO]].concat();
        for bytes in [svg, b"GIF89a".to_vec(), Vec::new(), large] {
            let permit = world.permit(contoso, &contoso.admin).await;
            let changes = Changes { logo: LogoChange::Set(bytes), ..Default::default() };
            let refused = change(&world.store, &permit, &changes).await.expect_err("refused");
            assert_eq!((refused.code(), refused.place()), ("input.invalid", Some("logo")));
        }
    })
    .await;
}
