//! E0277: what is open to everybody is listed in one file, and nobody adds to it elsewhere.

pub enum BecauseISaySo {}

impl web::open::Reason for BecauseISaySo {
    const NAME: &'static str = "because";
    const PATHS: &'static [&'static str] = &["/v1/everything"];
}
