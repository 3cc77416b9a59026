//! Stories of people who sign in, told on both engines over a whole installation without its listeners. The
//! providers are real servers on loopback ports; the browsers keep their cookies by hand.

mod attacks;
pub(crate) mod browser;
pub(crate) mod console;
mod entering;
pub(crate) mod house;
mod leaving;
mod links;
mod outages;
mod plain;
pub(crate) mod provider;
mod registration;
mod switching;
mod telling;

use browser::Browser;
use house::House;
use provider::{Account, Provider};
use testkit::Village;

impl Browser<'_> {
    /// Opens this path at the village's host, as the gateway would ask, and goes as far as the provider;
    /// gives the address there.
    pub(crate) async fn leave_for(&mut self, house: &House, village: &Village, path: &str) -> String {
        let start = format!("{}/.partywall/sign-in?return={path}", house.origin(village));
        let reply = self.follow(&start).await;
        assert!(reply.status.is_redirection(), "{} {}", reply.status, reply.body);
        reply.location()
    }

    /// Signs in at the village by this provider; gives what is seen at the end, which is the way back to the
    /// application.
    pub(crate) async fn sign_in(
        &mut self,
        house: &House,
        village: &Village,
        provider: &Provider,
        account: &Account,
    ) -> browser::Reply {
        let address = self.leave_for(house, village, "/").await;
        let back = provider.authorize(&address, account);
        self.follow(&back).await
    }

    /// Who is signed in at the village; none if nobody is.
    pub(crate) async fn session_at(&mut self, house: &House, village: &Village) -> Option<serde_json::Value> {
        let mut script = Browser::script(house);
        script.copy_cookies(self, &house.host(village));
        let reply = script.get(&format!("{}/.partywall/session", house.origin(village))).await;
        (reply.status == 200).then(|| serde_json::from_str(&reply.body).unwrap())
    }
}

#[test]
fn every_code_of_ours_is_in_the_catalogue() {
    web::assert_known(crate::sign_in::CODES);
    web::assert_known(&["hand-over.refused"]);
    web::assert_known(crate::claim_rule::CODES);
    web::assert_known(crate::sign_in_domain::CODES);
}
