//! Events are the same however the octets are cut; and no octets at all do harm.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use raw_websocket::close::{CloseCode, CloseReason};
use raw_websocket::connection::{Connection, Event, State};
use raw_websocket::frame::Role;
use raw_websocket::message::MessageLimits;

use super::{CLIENT, frame, masked, read, text, with_binary};

/// A conversation with each kind of frame, each length form and code points of each length.
fn conversation() -> (Vec<u8>, Vec<Event>) {
    let long = "é€𝄞 ".repeat(20);
    let close = [&1000_u16.to_be_bytes()[..], "adiós".as_bytes()].concat();
    let octets = [
        masked(0x81, b"Hello"),
        masked(0x89, b"ping"),
        masked(0x81, long.as_bytes()),
        masked(0x01, &"€".as_bytes()[..1]),
        masked(0x8a, b""),
        masked(0x00, &"€".as_bytes()[1..]),
        masked(0x80, b""),
        masked(0x82, &[0, 255, 128]),
        masked(0x88, &close),
        masked(0x81, b"ignored"),
    ]
    .concat();
    let events = vec![
        text("Hello"),
        Event::Ping("ping".into()),
        text(&long),
        Event::Pong(Bytes::new()),
        text("€"),
        Event::Binary(Bytes::from_static(&[0, 255, 128])),
        Event::Close(Some(CloseReason::new(CloseCode::NORMAL_CLOSURE, "adiós"))),
    ];
    (octets, events)
}

#[test]
fn cut_at_every_octet() {
    let (octets, expected) = conversation();
    for cut in 0..=octets.len() {
        let (first, second) = octets.split_at(cut);
        let mut connection = Connection::new(Role::Server, with_binary());
        assert_eq!(read(&mut connection, [first, second]), (expected.clone(), None), "cut at {cut}");
    }
}

#[test]
fn in_pieces_of_every_size() {
    let (octets, expected) = conversation();
    for size in 1..=octets.len() {
        let mut connection = Connection::new(Role::Server, with_binary());
        assert_eq!(read(&mut connection, octets.chunks(size)), (expected.clone(), None), "pieces of {size}");
    }
}

/// A message of the three length forms, octet by octet.
#[test]
fn long_messages_octet_by_octet() {
    let limits = MessageLimits { max_message_bytes: 65_536, ..MessageLimits::default() };
    for len in [125, 126, 127, 65_535, 65_536] {
        let message = "x".repeat(len);
        let mut connection = Connection::new(Role::Server, limits);
        let (events, failure) = read(&mut connection, masked(0x81, message.as_bytes()).chunks(1));
        assert!(failure.is_none() && events == [text(&message)], "{len}");
    }
}

/// Frames that mostly keep the rules, and now and then break one.
fn any_frame(key: Option<[u8; 4]>) -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        12 => prop::sample::select(vec![0x81, 0x01, 0x00, 0x80, 0x82, 0x02, 0x89, 0x8a]),
        1 => Just(0x88),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        8 => any::<String>().prop_map(String::into_bytes),
        2 => prop::collection::vec(any::<u8>(), 0..6),
        1 => (1000..1016_u16).prop_map(|code| code.to_be_bytes().to_vec()),
        1 => (100..400_usize).prop_map(|len| vec![b'x'; len]),
    ];
    (first, payload).prop_map(move |(first, payload)| frame(first, key, &payload))
}

fn octets(key: Option<[u8; 4]>) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::collection::vec(any_frame(key), 0..12).prop_map(|frames| frames.concat()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        // Heads of any length, with little behind them.
        1 => (any::<u8>(), any::<[u8; 13]>()).prop_map(|(first, rest)| [&[first][..], &rest].concat()),
    ]
}

fn either_role() -> impl Strategy<Value = (Role, Vec<u8>)> {
    prop_oneof![
        octets(Some([0x37, 0xfa, 0x21, 0x3d])).prop_map(|octets| (Role::Server, octets)),
        octets(None).prop_map(|octets| (CLIENT, octets)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// In pieces as in one, breaches included: same events, same failure, same state.
    #[test]
    fn cut_anywhere(
        (role, octets) in either_role(),
        sizes in prop::collection::vec(1..20_usize, 1..8),
        binary: bool,
    ) {
        let limits = MessageLimits { max_message_bytes: 300, max_fragments: 4, accept_binary: binary };
        let mut whole = Connection::new(role, limits);
        let mut cut = Connection::new(role, limits);
        let mut pieces = Vec::new();
        let mut rest = octets.as_slice();
        for size in sizes.into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at(size.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        prop_assert_eq!(read(&mut cut, pieces), read(&mut whole, [octets.as_slice()]));
        prop_assert_eq!(cut.state(), whole.state());
    }

    /// Whatever comes, memory stays within the limits, and a connection ends only once.
    #[test]
    fn any_octets((role, octets) in either_role(), size in 1..64_usize) {
        let limits = MessageLimits { max_message_bytes: 300, max_fragments: 4, accept_binary: true };
        let mut connection = Connection::new(role, limits);
        let mut output = BytesMut::new();
        let mut arrived = 0;
        for piece in octets.chunks(size) {
            arrived += piece.len();
            let mut input = BytesMut::from(piece);
            loop {
                match connection.receive(&mut input) {
                    Ok(Some(Event::Text(text))) => prop_assert!(text.len() <= 300),
                    Ok(Some(Event::Binary(data))) => prop_assert!(data.len() <= 300),
                    Ok(Some(event)) => connection.answer(&event, &mut output),
                    Ok(None) => break,
                    Err(failure) => {
                        connection.fail(&failure, &mut output);
                        prop_assert_eq!(connection.state(), State::Closed);
                    }
                }
                // A vector doubles; and it begins with 8.
                prop_assert!(connection.buffered() <= (2 * arrived + 16).min(2 * (300 + 125)));
            }
            prop_assert!(input.is_empty());
        }
        // What was answered is what the other end takes without a complaint, at most one Close among it.
        let other = if matches!(role, Role::Server) { CLIENT } else { Role::Server };
        let (answers, failure) = read(&mut Connection::new(other, limits), [&output[..]]);
        prop_assert_eq!(failure, None);
        prop_assert_eq!(matches!(answers.last(), Some(Event::Close(_))), connection.state() == State::Closed);
    }

    /// What one end sends, the other receives.
    #[test]
    fn one_end_hears_the_other(messages in prop::collection::vec(any::<String>(), 0..6), data: Vec<u8>) {
        for (sender, receiver) in [(Role::Server, CLIENT), (CLIENT, Role::Server)] {
            let mut from = Connection::new(sender, with_binary());
            let mut output = BytesMut::new();
            for message in &messages {
                prop_assert_eq!(from.send_text(message, &mut output), Ok(()));
            }
            prop_assert_eq!(from.send_binary(&data, &mut output), Ok(()));
            let mut expected: Vec<_> = messages.iter().map(|message| text(message)).collect();
            expected.push(Event::Binary(data.clone().into()));
            prop_assert_eq!(read(&mut Connection::new(receiver, with_binary()), [&output[..]]), (expected, None));
        }
    }
}
