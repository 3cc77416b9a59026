//! What the store promises, told on both engines.

#![expect(clippy::unwrap_used, reason = "a test that unwraps fails where it stands")]

mod alerts;
mod audit;
mod backup;
mod betray;
mod checkup;
mod feed;
mod jobs;
mod killed;
mod rates;
mod touch;
mod trouble;
mod upkeep;
mod waist;
