//! What a node tells of itself: logs, traces, metrics, health. Never a code, a token, a cookie, a query
//! string or a personal value.

pub mod certificates;
pub mod health;
pub mod logs;
pub mod metrics;
pub mod times;
pub mod traces;
pub mod traffic;
