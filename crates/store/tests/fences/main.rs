//! The fences around a tenant that hold for every statement and every table there is: text, plans, schema
//! and row-level security. Each is shown to fall on what it is there to stop.

#![expect(clippy::unwrap_used, reason = "a test that unwraps fails where it stands")]

mod plans;
mod schema;
mod sources;
mod text;
mod walls;
