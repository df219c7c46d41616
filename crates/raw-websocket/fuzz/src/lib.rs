//! What the core of raw-websocket promises, as properties to fuzz, and models of the RFCs to judge it by.
//!
//! - [`targets`]: one module each. `check` takes any octets, and panics where a promise is broken.
//! - [`script`]: how those octets are read.
//! - [`model`]: the RFCs once more, plain and slow, with all of the input at once. It uses no line of the core.
#![forbid(unsafe_code)]

/// The core's own files, compiled here: around them the crate has a whole server, and to build that with
/// instrumentation takes longer than to fuzz.
#[path = "../../src"]
mod core {
    pub mod close;
    pub mod connection;
    pub mod deflate;
    pub mod failure;
    pub mod frame;
    pub mod handshake;
    pub mod mask;
    pub mod message;
    pub(crate) mod receiver;
    pub mod utf8;
}

// The core's files know each other by these paths.
pub(crate) use core::receiver;
pub use core::{close, connection, deflate, failure, frame, handshake, mask, message, utf8};

pub mod model;
pub mod script;
pub mod targets;
