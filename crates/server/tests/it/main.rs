//! The one integration-test binary: what only shows when the parts stand together.
//!
//! - `tidy`: the house rules that reading the tree can check
//! - `compile_fail`: programs that must not compile
//! - `matrix`: every route, walked by everybody who should not get anywhere
//! - `stories`: the whole product, told through its binary

mod compile_fail;
mod matrix;
mod stories;
mod tidy;
mod town;
