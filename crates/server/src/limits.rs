//! Every limit by name. What is counted is a constant; what is waited for is a field of [`Limits`], so that a
//! test can shorten it.

use std::time::Duration;

/// The most octets of a request's head: request line and field lines. One more is `431`.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The most field lines of a request. One more is `431`.
pub const MAX_FIELDS: usize = 64;

/// The most octets of a request's content and of a WebSocket message. One more is `413`, or close code 1009.
pub const MAX_BODY_BYTES: usize = 32 * 1024;

/// What may wait to be written to one connection beside the one batch that is being written. A connection
/// that is past it is not read from.
pub const MAX_UNREAD_ANSWERS_BYTES: usize = 64 * 1024;

/// The most connections of one address, loopback exempt.
pub const MAX_CONNECTIONS_PER_ADDRESS: usize = 1_000;

/// The most connections that wait, at the same time, for their `503` to be read.
pub const MAX_REFUSALS: usize = 128;

/// The most addresses whose rate of posts is remembered. An address is forgotten when its burst is whole again.
pub const MAX_POSTING_ADDRESSES: usize = 16 * 1024;

/// Refused drafts within [`REFUSALS_WINDOW`] after which a WebSocket is closed with 1008.
pub const MAX_REFUSED_DRAFTS: usize = 64;

/// The time in which [`MAX_REFUSED_DRAFTS`] are counted.
pub const REFUSALS_WINDOW: Duration = Duration::from_secs(60);

/// The control frames a second that a WebSocket peer may send for long; twice as many at once.
pub const CONTROL_FRAMES_PER_SECOND: u32 = 100;

/// How long each wait may last.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the first octet of a request's head to its last. Past it: `408`.
    pub head: Duration,
    /// From the end of the head to the end of the content. Past it: `408`.
    pub body: Duration,
    /// A connection that has asked nothing, or nothing more.
    pub idle: Duration,
    /// TLS handshake, HTTP/2 preface, WebSocket opening handshake.
    pub handshake: Duration,
    /// Output that the peer does not take. Past it the connection is dropped.
    pub stalled: Duration,
    /// Silence after which HTTP/2 and WebSocket servers ping.
    pub ping_after: Duration,
    /// Silence after a ping that ends the connection.
    pub pong_within: Duration,
    /// Silence of a stream of batches after which an empty line is sent.
    pub heartbeat: Duration,
    /// How long input is discarded after the sending side was closed, so that the peer can read the last answer.
    pub linger: Duration,
    /// How long a stopping server waits for its connections.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            head: seconds(10),
            body: seconds(10),
            idle: seconds(60),
            handshake: seconds(10),
            stalled: seconds(40),
            ping_after: seconds(20),
            pong_within: seconds(20),
            heartbeat: seconds(15),
            linger: seconds(1),
            shutdown: Duration::from_millis(1_800),
        }
    }
}
