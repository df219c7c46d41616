//! What a tap keeps and lets in at most, and how long it waits.

use std::time::Duration;

/// Octets of one direction of a connection that the relay holds; small pieces count as [`MIN_HELD_BYTES`]. Where it
/// holds so much it reads no more, and the sender finds its own buffers full.
pub const MAX_HELD_BYTES: usize = 64 * 1024;

/// What a piece counts at least, so that pieces of one octet cost no more than their share.
pub const MIN_HELD_BYTES: usize = 512;

/// Octets that the relay reads at once.
pub const READ_BYTES: usize = 16 * 1024;

/// The buffers of the sockets between relay and transport, as asked of the system: small, so that a client that does
/// not read is soon felt.
pub const INNER_BUFFER_BYTES: u32 = 8 * 1024;

/// The largest segment between relay and transport. Loopback's of 64 KiB does not fit such buffers: senders would wait
/// for room for one, up to 200 ms at a time. Linux only, where that is loopback's.
pub const INNER_SEGMENT_BYTES: u32 = 1_460;

/// Connections that one tap relays at the same time, those that linger included. One more is dropped.
pub const MAX_RELAYS: usize = 25_000;

/// Connections of one tap that are explained at the same time; those beyond are counted only.
pub const MAX_EXPLAINED_CONNECTIONS: usize = 256;

/// Octets of explained units that one tap keeps; the oldest go out, whole.
pub const MAX_CAPTURED_BYTES: usize = 1 << 20;

/// Octets of forgotten units that are kept of one connection, since later ones cannot be read without them. Where there
/// are more, none are.
pub const MAX_OPENING_BYTES: usize = 64 * 1024;

/// The same of all connections of one tap, within [`MAX_CAPTURED_BYTES`].
pub const MAX_OPENINGS_BYTES: usize = 256 * 1024;

/// Octets, about, that the explanations of these units take, and the names in events.
pub const MAX_EXPLANATION_BYTES: usize = 8 << 20;

/// Events that one tap keeps; a unit is one.
pub const MAX_EVENTS: usize = 4_096;

/// Events that a reader gets at once.
pub const MAX_EVENTS_AT_ONCE: usize = 512;

/// Chat messages, and nonces, that one event names.
pub const MAX_NAMED: usize = 256;

/// Octets of a nonce (the protocol's rule); a longer one is not named.
pub const MAX_NONCE_BYTES: usize = 64;

/// Streams of an HTTP/2 connection, or requests of an HTTP/1.1 connection, whose request is remembered.
pub const MAX_EXCHANGES: usize = 256;

/// Plaintext that waits for its ciphertext to be delivered. What is more is taken as delivered.
pub const MAX_WAITING_PLAINTEXT_BYTES: usize = 256 * 1024;

/// How long the relay goes on when the server has ended its side: as long as a system keeps what a closed socket
/// leaves.
pub const MAX_LINGER: Duration = Duration::from_secs(60);

/// How long the inner connection may take to be made.
pub const INNER_CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How long connections are still relayed when nobody looks any more: longer than it takes to load the page anew.
pub const WATCH_LINGER: Duration = Duration::from_secs(60);
