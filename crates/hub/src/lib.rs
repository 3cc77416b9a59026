//! The room of what a tenant's systems and the application say to each other: events and the endpoints
//! they are delivered to, valet keys, imports and exports with their contracts, steps and workflows,
//! connectors and schedules, the vault of a tenant's credentials, delegations, agents and the relay.
//!
//! It will own those things, listen to the events of every other room and hand them to the tenants who asked
//! for them, and tell the others when an exchange has been done or has failed for good.
//!
//! It never calls out except through `outbound`, never keeps a tenant's credential unsealed, and holds no
//! code that knows a tenant by name.
//!
//! Nothing stands here yet. The room exists so that the first feature has a wall around it.
