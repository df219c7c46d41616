//! Messages: fragments, control frames between them, and the memory they take.

use bytes::{Bytes, BytesMut};
use raw_websocket::connection::{Connection, Event};
use raw_websocket::frame::Role;

use super::{events, masked, read, server, text, with_binary};

#[test]
fn two_frames_in_one_packet() {
    let octets = [masked(0x81, b"one"), masked(0x81, b"two")].concat();
    assert_eq!(events(&mut server(), &octets), [text("one"), text("two")]);
}

#[test]
fn one_event_is_taken_at_a_time() {
    let first = masked(0x81, b"one");
    let mut input = BytesMut::from(&[first, masked(0x89, b"p")].concat()[..]);
    let mut connection = server();
    assert_eq!(connection.receive(&mut input), Ok(Some(text("one"))));
    assert_eq!(input, masked(0x89, b"p"));
    assert_eq!(connection.receive(&mut input), Ok(Some(Event::Ping("p".into()))));
    assert_eq!(connection.receive(&mut input), Ok(None));
}

#[test]
fn control_frames_between_fragments() {
    let octets = [
        masked(0x01, b"Hel"),
        masked(0x89, b"one"),
        masked(0x00, b""),
        masked(0x8a, b"two"),
        masked(0x89, &[0xff; 125]),
        masked(0x80, b"lo"),
    ]
    .concat();
    let expected = [
        Event::Ping("one".into()),
        Event::Pong("two".into()),
        Event::Ping(Bytes::from_static(&[0xff; 125])),
        text("Hello"),
    ];
    assert_eq!(events(&mut server(), &octets), expected);
}

/// RFC 6455 §5.6: a fragment need not be UTF-8 by itself.
#[test]
fn a_code_point_in_four_fragments_with_pings_between() {
    let mut octets = masked(0x01, &"𝄞".as_bytes()[..1]);
    for (i, octet) in "𝄞".bytes().enumerate().skip(1) {
        octets.extend(masked(0x89, b""));
        octets.extend(masked(if i == 3 { 0x80 } else { 0x00 }, &[octet]));
    }
    assert_eq!(events(&mut server(), &octets).last(), Some(&text("𝄞")));
}

#[test]
fn empty_messages() {
    let mut connection = Connection::new(Role::Server, with_binary());
    let octets =
        [masked(0x81, b""), masked(0x82, b""), masked(0x01, b""), masked(0x00, b""), masked(0x80, b"")]
            .concat();
    assert_eq!(events(&mut connection, &octets), [text(""), Event::Binary(Bytes::new()), text("")]);
}

#[test]
fn ten_thousand_pings_in_one_packet() {
    let octets = masked(0x89, b"").repeat(10_000);
    let mut connection = server();
    assert_eq!(events(&mut connection, &octets), vec![Event::Ping(Bytes::new()); 10_000]);
    assert_eq!(connection.buffered(), 0);
}

/// Memory follows what came, not what was announced, and goes with the message.
#[test]
fn memory_grows_with_what_has_arrived() {
    for first in [0x81, 0x82] {
        let octets = masked(first, &[b'a'; 32 * 1024]);
        let mut connection = Connection::new(Role::Server, with_binary());
        let (head, payload) = octets.split_at(8);
        assert_eq!(events(&mut connection, head), []);
        assert_eq!(connection.buffered(), 0, "nothing for a head");
        let (before_last, last) = payload.split_at(payload.len() - 1);
        for (i, octet) in before_last.chunks(1).enumerate() {
            assert_eq!(events(&mut connection, octet), []);
            assert!(connection.buffered() <= 8 + 2 * (i + 1), "{} for {}", connection.buffered(), i + 1);
        }
        assert_eq!(events(&mut connection, last).len(), 1);
        assert_eq!(connection.buffered(), 0, "nothing between frames");
    }
}

#[test]
fn a_control_frame_takes_memory_only_while_it_arrives() {
    let octets = masked(0x89, &[1; 125]);
    let mut connection = server();
    let (events, _) = read(&mut connection, octets[..octets.len() - 1].chunks(7));
    assert_eq!(events, []);
    assert!((1..=256).contains(&connection.buffered()));
    assert_eq!(super::events(&mut connection, &octets[octets.len() - 1..]).len(), 1);
    assert_eq!(connection.buffered(), 0);
}

/// What an idle connection costs here, beside its socket and task.
#[test]
fn a_connection_is_small() {
    assert!(size_of::<Connection>() <= 256, "{}", size_of::<Connection>());
}
