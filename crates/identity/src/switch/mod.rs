//! Going from one tenant to another of the same person, in place: without a prompt where the person's
//! session at `id.` opens the other one too, else by its sign-in.
//!
//! Tells others that somebody signed in. What one tenant's session may do is never carried to another.

mod go_over;
pub(crate) mod http;

pub(crate) use go_over::go_over;
