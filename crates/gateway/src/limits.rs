//! The bounds of a request. The gateway checks what it can see of one; what only a server sees (the head
//! while it is read, the frames of HTTP/2) is recommended here, and set where listeners are made.

use std::time::Duration;

/// The longest path with query that is taken; beyond it the answer is 414.
pub const MOST_TARGET: usize = 16 * 1024;
/// The most that the header fields of a request may add up to; beyond it the answer is 431.
pub const MOST_HEAD: usize = 32 * 1024;
/// The most header fields of a request; beyond it the answer is 431.
pub const MOST_FIELDS: usize = 100;
/// The most things in one request that name a tenant; beyond it the answer is that of disagreement.
pub const MOST_IDENTIFIERS: usize = 8;
/// The most gateways of our kind that a request may have passed before it counts as going in circles.
pub const MOST_HOPS: usize = 4;

/// The most requests that other nodes handed on lately, so that none is taken twice: some 50,000 a second.
pub const MOST_HOPS_KNOWN: usize = 1 << 20;

/// The body of a request that a route takes unless it says otherwise.
pub const MOST_BODY: u64 = 100 * 1024 * 1024;
/// The body of a request that is looked into, unless the route says otherwise: so much is held at once.
pub const BODY_READ: u64 = 64 * 1024;
/// The most that a route may say.
pub const MOST_BODY_READ: u64 = 1024 * 1024;
/// The most values of JSON in a body that expressions look into: read, they take more room than written.
pub const MOST_VALUES_READ: usize = 10_000;
/// A body that is longer is screened on a thread of its own, so that no other request waits for that.
pub const LONG_TO_SCREEN: usize = 16 * 1024;
/// How long an upstream may take to begin its answer, unless the route says otherwise. Counted from the
/// last piece of the request's body.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How long a body or a socket may be still, unless the route says otherwise.
pub const IDLE: Duration = Duration::from_secs(300);

/// How long connecting to an upstream may take, TLS included.
pub const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Open connections to one upstream.
pub const MOST_CONNECTIONS: usize = 1024;
/// Of these, those that one client's address may hold at a time: half, so that nobody holds all of them alone.
pub const MOST_CONNECTIONS_PER_CLIENT: usize = MOST_CONNECTIONS / 2;
/// Connections to one upstream that are kept for later.
pub const MOST_IDLE_CONNECTIONS: usize = 256;
/// How long a kept connection is kept: less than the five seconds after which common servers close theirs.
pub const KEEP_CONNECTION: Duration = Duration::from_secs(4);
/// A kept connection that was used more lately than this is taken to be open still.
pub const SURELY_OPEN: Duration = Duration::from_millis(500);
/// For how long an upstream that cannot be reached is passed over.
pub const PASS_OVER: Duration = Duration::from_secs(5);
/// What an upstream's answer may hold before its body, and how much of a body is buffered.
pub const UPSTREAM_BUFFER: usize = 64 * 1024;

/// For a server's HTTP/1.1: the read buffer, which bounds the head.
pub const SERVER_BUFFER: usize = 64 * 1024;
/// For a server: how long a client may take to send its head.
pub const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// For a server: how long a connection on which nothing is asked stays open.
pub const RESTS_FOR: Duration = Duration::from_secs(120);
/// For a server's HTTP/2: streams of one connection at a time.
pub const MOST_STREAMS: u32 = 128;
/// For a server's HTTP/2: what the client may send ahead on one stream.
pub const STREAM_WINDOW: u32 = 256 * 1024;
/// For a server's HTTP/2: what the client may send ahead on one connection.
pub const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// For a server's HTTP/2: what waits for a slow reader on one stream.
pub const STREAM_SEND_BUFFER: usize = 64 * 1024;
