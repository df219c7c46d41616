//! The chat over a WebSocket written by hand: RFC 6455 from the first byte after the HTTP/1.1 upgrade.
//!
//! The core does no I/O, so that it can be tested with bytes and read beside the RFC:
//!
//! - [`handshake`]: the opening handshake, §4: judges a request, gives the answer's fields; the client's side too.
//! - [`frame`]: a frame's header, §5.2: read and written in the order of the wire.
//! - [`mask`]: masking, §5.3.
//! - [`message`]: from frames to messages, §5.4, and the limits of a message.
//! - [`utf8`]: text judged as its octets arrive, §8.1.
//! - [`close`]: status codes and reasons, §7.4.
//! - [`failure`]: every rule a peer can break, and the status code it gets, §7.1.7.
//! - [`connection`]: the state machine: octets in, events and octets out; the closing handshake, §7.1.
#![forbid(unsafe_code)]

pub mod close;
pub mod connection;
pub mod failure;
pub mod frame;
pub mod handshake;
pub mod mask;
pub mod message;
mod receiver;
pub mod utf8;
