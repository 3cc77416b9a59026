//! E0277: nobody adds an action outside of the policy page.

pub enum Mine {}

impl access::Action for Mine {
    const NAME: &'static str = "mine";
    const NEEDS: access::Needs = access::Needs::Nothing;
    const WRITES: bool = true;
}
