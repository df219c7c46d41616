//! What is fuzzed: `check` of each takes any octets.

pub mod connection;
pub mod deflate;
pub mod frame;
pub mod handshake;
pub mod message;

use bytes::{Bytes, BytesMut};

use crate::close::CloseReason;
use crate::connection::{Connection, Event};
use crate::failure::Failure;
use crate::frame::Role;
use crate::model::receiver::Said;

std::thread_local! {
    static KEYS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// The keys of a client, the same for the same input.
pub(crate) fn masking_key() -> [u8; 4] {
    KEYS.with(|keys| {
        keys.set(keys.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        keys.get().to_be_bytes()
    })
}

/// The role, its keys begun anew.
pub(crate) fn role(server: bool) -> Role {
    KEYS.set(0);
    if server { Role::Server } else { Role::Client { masking_key } }
}

/// An event in the model's words.
pub(crate) fn said(event: &Event) -> Said {
    match event {
        Event::Text(text) => Said::Text(text.clone()),
        Event::Binary(octets) => Said::Binary(octets.to_vec()),
        Event::Ping(data) => Said::Ping(data.to_vec()),
        Event::Pong(data) => Said::Pong(data.to_vec()),
        Event::Close(reason) => Said::Close(reason.as_ref().map(reason_of)),
    }
}

pub(crate) fn reason_of(reason: &CloseReason) -> (u16, String) {
    (reason.code().get(), reason.reason().to_owned())
}

/// Hands a piece over, and tells what comes of it.
pub(crate) fn receive(connection: &mut Connection, piece: &[u8]) -> (Vec<Event>, Option<Failure>) {
    let mut input = BytesMut::from(piece);
    let mut events = Vec::new();
    loop {
        match connection.receive(&mut input) {
            Ok(Some(event)) => events.push(event),
            Ok(None) => break,
            Err(failure) => {
                assert!(input.is_empty(), "a failure discards the input");
                assert_eq!(connection.receive(&mut input), Ok(None), "a connection fails once");
                return (events, Some(failure));
            }
        }
    }
    assert!(input.is_empty(), "what is no event yet is kept by the connection");
    (events, None)
}

/// A text out of any octets.
pub(crate) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

pub(crate) fn ping(data: &[u8]) -> Event {
    Event::Ping(Bytes::copy_from_slice(data))
}
