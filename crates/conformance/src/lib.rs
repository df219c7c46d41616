//! A black-box client for each transport, and the one suite of promises that all transports keep.
//!
//! The suite speaks to sockets and uses no code of a transport; of [`server`] only what starts one. A transport
//! runs it with one line, in its `tests/conformance.rs`:
//!
//! ```ignore
//! conformance::suite!(polling::TRANSPORT, polling::serve, conformance::Polling);
//! ```
//!
//! - [`promises`]: what is promised, a file for each group
//! - [`target`]: the server under test
//! - [`client`]: what a client of any transport can do; [`Polling`], [`LongPolling`], [`Http2Streaming`] and
//!   [`OverWebSocket`] do it
//! - [`follower`]: clients that outlive their connections, and the ledger that catches what is lost or comes twice
//! - [`model`]: message, batch and problem as a client reads them
//! - [`mod@websocket_wire`]: what only the two WebSockets put on the wire, promised by both
//! - [`http1`], [`http2`], [`websocket`]: raw clients that can also send what breaks the rules
//! - [`socket`]: connections that are cut at a chosen octet, and waits that say what they waited for
//! - [`random`]: random numbers that a seed brings back

pub mod client;
mod clients;
pub mod follower;
pub mod http1;
pub mod http2;
pub mod model;
pub mod promises;
pub mod random;
pub mod socket;
mod suite;
pub mod target;
pub mod websocket;
pub mod websocket_wire;

pub use client::{Client, Family};
pub use clients::{Http2Streaming, LongPolling, OverWebSocket, Polling};
pub use follower::{Cutter, Ledger, ReliableFollower, ReliablePoster};
pub use http1::{Http1, Request, Response, raw_exchange, raw_request};
pub use http2::Http2;
pub use model::{Batch, Lost, Message, Posted, Problem};
pub use random::Random;
pub use socket::{Fate, Link, PATIENCE, Socket, soon, within};
pub use target::{Setup, Subject, Target, draft, next, post};
pub use websocket::{Frame, Incoming, WebSocket};

/// What the code that [`suite!`] makes names.
#[doc(hidden)]
pub mod names {
    pub use message_store::MessageStore;
    pub use server::{Context, Listener, Transport};
    pub use tokio;
}
