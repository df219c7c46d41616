//! The core without I/O: bytes in, events and bytes out.

#![cfg(test)]

mod closing;
mod deflate;
mod deflate_properties;
mod frame;
mod handshake;
mod handshake_client;
mod mask;
mod message;
mod splits;
mod utf8;
mod violations;

use bytes::BytesMut;
use raw_websocket::connection::{Connection, Event};
use raw_websocket::failure::Failure;
use raw_websocket::frame::Role;
use raw_websocket::message::MessageLimits;

/// The key of the examples in RFC 6455 §5.7.
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const CLIENT: Role = Role::Client { masking_key: || KEY };

/// The chat's limits, but binary messages are taken.
fn with_binary() -> MessageLimits {
    MessageLimits { accept_binary: true, ..MessageLimits::default() }
}

fn server() -> Connection {
    Connection::new(Role::Server, MessageLimits::default())
}

/// Octets from hexadecimal digits; white space is for the eye.
fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<_> = digits.chars().filter(|c| !c.is_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&String::from_iter(pair), 16).unwrap()).collect()
}

/// A frame written out by hand, not by the code under test: its first octet as given, the shortest length.
fn frame(first: u8, key: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mask = if key.is_some() { 0x80 } else { 0 };
    let len = (payload.len() as u64).to_be_bytes();
    let mut frame = vec![first];
    match payload.len() {
        0..=125 => frame.push(mask | len[7]),
        126..=65_535 => frame.extend([mask | 126, len[6], len[7]]),
        _ => frame.extend([&[mask | 127][..], &len].concat()),
    }
    if let Some(key) = key {
        frame.extend(key);
    }
    let key = key.unwrap_or([0; 4]);
    frame.extend(payload.iter().enumerate().map(|(i, octet)| octet ^ key[i % 4]));
    frame
}

/// A client's frame.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, Some(KEY), payload)
}

/// All that a connection makes of these octets, which arrive in these pieces.
fn read<'a>(
    connection: &mut Connection,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Event>, Option<Failure>) {
    let mut events = Vec::new();
    let mut failure = None;
    for piece in pieces {
        let mut input = BytesMut::from(piece);
        loop {
            match connection.receive(&mut input) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(failure, None, "a connection fails once");
                    failure = Some(error);
                }
            }
        }
        assert!(input.is_empty(), "what is not an event yet is kept by the connection");
    }
    (events, failure)
}

/// The events of octets that break no rule.
fn events(connection: &mut Connection, octets: &[u8]) -> Vec<Event> {
    let (events, failure) = read(connection, [octets]);
    assert_eq!(failure, None);
    events
}

fn text(text: &str) -> Event {
    Event::Text(text.into())
}
