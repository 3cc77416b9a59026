//! The one integration-test binary: what only shows when the parts stand together.
//!
//! - `tidy`: the house rules that reading the tree can check
//! - `compile_fail`: programs that must not compile

mod compile_fail;
mod tidy;
