//! The room of what an application stores for its tenants: tables and rows, containers and blobs, queues
//! and messages, databases of a tenant's own; the keys that a tenant's values are sealed under; moving a
//! tenant from one place to another; and workgroups, in which two or more tenants share what they chose.
//!
//! It will own those things and tell the other rooms when a tenant has moved or a share has begun or ended.
//! It will be the only crate that names an object store.
//!
//! It never decides who may reach what (that is `access`), never opens a database itself (that is `store`),
//! and never gives out a connection string or a link into the platform's own database.
//!
//! Nothing stands here yet. The room exists so that the first feature has a wall around it.
