//! The key set that context tokens are verified with: public halves, the newest first, each for as long as
//! a token under it may still be believed.

pub(crate) mod http;
