//! Each rule of RFC 6455 broken once: the status code, and the octet that is enough for it.

use raw_websocket::close::MAX_REASON_BYTES;
use raw_websocket::connection::{Connection, State};
use raw_websocket::deflate::InflateError;
use raw_websocket::failure::Failure;
use raw_websocket::frame::{Opcode, Role};
use raw_websocket::message::MessageLimits;

use super::{CLIENT, hex, masked, read, server};

/// What a server says to octets that break a rule with their last one, and to no earlier one. Payloads are
/// masked with a key of zeros, so that they can be read here.
fn refused(digits: &str) -> Failure {
    let octets = hex(digits);
    let (last, before) = octets.split_last().unwrap();
    let mut connection = server();
    let (_, failure) = read(&mut connection, before.chunks(1));
    assert_eq!(failure, None, "{digits}: refused before its last octet");
    let (events, failure) = read(&mut connection, [&[*last][..]]);
    assert_eq!(events, [], "{digits}");
    assert_eq!(connection.state(), State::CloseDue, "{digits}");
    assert_eq!(connection.buffered(), 0, "{digits}");
    failure.unwrap_or_else(|| panic!("{digits}: not refused"))
}

#[test]
fn headers_1002() {
    for (octets, failure) in [
        ("c1", Failure::ReservedBits { bits: 0b100 }),
        ("a1", Failure::ReservedBits { bits: 0b010 }),
        ("91", Failure::ReservedBits { bits: 0b001 }),
        ("f1", Failure::ReservedBits { bits: 0b111 }),
        ("83", Failure::ReservedOpcode { opcode: 3 }),
        ("87", Failure::ReservedOpcode { opcode: 7 }),
        ("8b", Failure::ReservedOpcode { opcode: 11 }),
        ("8f", Failure::ReservedOpcode { opcode: 15 }),
        ("08", Failure::FragmentedControlFrame { opcode: Opcode::Close }),
        ("09", Failure::FragmentedControlFrame { opcode: Opcode::Ping }),
        ("0a", Failure::FragmentedControlFrame { opcode: Opcode::Pong }),
        // Not masked: with an ordinary length, an extended one, and in a control frame.
        ("81 02", Failure::UnmaskedFrame),
        ("81 7e", Failure::UnmaskedFrame),
        ("89 00", Failure::UnmaskedFrame),
        ("88 fe", Failure::ControlFrameTooLong { opcode: Opcode::Close }),
        ("89 fe", Failure::ControlFrameTooLong { opcode: Opcode::Ping }),
        ("8a ff", Failure::ControlFrameTooLong { opcode: Opcode::Pong }),
        ("81 fe 0005", Failure::LengthNotMinimal { payload_len: 5, octets: 2 }),
        ("81 ff 0000000000000100", Failure::LengthNotMinimal { payload_len: 256, octets: 8 }),
        ("81 ff 80", Failure::LengthOutOfRange),
        ("81 ff ff", Failure::LengthOutOfRange),
    ] {
        assert_eq!(refused(octets), failure, "{octets}");
        assert_eq!(failure.code().get(), 1002, "{octets}");
    }
}

#[test]
fn a_client_refuses_masked_frames_1002() {
    let mut client = Connection::new(CLIENT, MessageLimits::default());
    let (events, failure) = read(&mut client, [&hex("81 82")[..]]);
    assert_eq!((events, &failure), (vec![], &Some(Failure::MaskedFrame)));
    assert_eq!(failure.map(|failure| failure.code().get()), Some(1002));
}

#[test]
fn fragments_1002() {
    for (octets, failure) in [
        ("80", Failure::UnexpectedContinuation),
        ("00", Failure::UnexpectedContinuation),
        // A message begins before the last one has ended.
        ("01 81 00000000 61 81", Failure::ExpectedContinuation { opcode: Opcode::Text }),
        ("01 81 00000000 61 01", Failure::ExpectedContinuation { opcode: Opcode::Text }),
        ("01 81 00000000 61 82", Failure::ExpectedContinuation { opcode: Opcode::Binary }),
    ] {
        assert_eq!(refused(octets), failure, "{octets}");
        assert_eq!(failure.code().get(), 1002, "{octets}");
    }
    // The same after a ping between.
    let (events, failure) = read(&mut server(), [&hex("01 80 00000000 89 80 00000000 81")[..]]);
    assert_eq!((events.len(), failure), (1, Some(Failure::ExpectedContinuation { opcode: Opcode::Text })));
    // A continuation after a message that is whole.
    let (events, failure) = read(&mut server(), [&hex("81 80 00000000 80")[..]]);
    assert_eq!((events.len(), failure), (1, Some(Failure::UnexpectedContinuation)));
}

#[test]
fn close_bodies_1002_and_1007() {
    assert_eq!(refused("88 81"), Failure::CloseBodyOfOneOctet);
    assert_eq!(Failure::CloseBodyOfOneOctet.code().get(), 1002);
    for code in [0_u16, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        let failure = refused(&format!("88 82 00000000 {code:04x}"));
        assert_eq!(failure, Failure::InvalidCloseCode { code });
        assert_eq!(failure.code().get(), 1002, "{code}");
    }
    for reason in ["fffe", "c328", "eda080", "e282"] {
        let len = 0x80 + 2 + reason.len() / 2;
        let failure = refused(&format!("88 {len:02x} 00000000 03e8 {reason}"));
        assert_eq!(failure, Failure::CloseReasonNotUtf8, "{reason}");
        assert_eq!(failure.code().get(), 1007, "{reason}");
    }
}

/// Text is refused with the first octet that cannot be right: here each frame announces more than comes.
#[test]
fn text_1007_before_the_message_ends() {
    for (octets, position) in [
        ("81 84 00000000 c328", 0),
        ("81 90 00000000 eda0", 0),
        ("81 90 00000000 c0", 0),
        ("81 90 00000000 f490", 0),
        ("81 90 00000000 616263 ff", 3),
        ("81 fe 0800 00000000 616263 ff", 3),
        // The code point begins in one fragment and goes wrong in the next.
        ("01 81 00000000 c3 80 81 00000000 28", 0),
        ("01 82 00000000 61e2 00 80 00000000 00 81 00000000 82 80 90 00000000 28", 1),
    ] {
        let failure = refused(octets);
        assert_eq!(failure, Failure::InvalidUtf8 { position }, "{octets}");
        assert_eq!(failure.code().get(), 1007, "{octets}");
    }
}

#[test]
fn text_1007_that_ends_inside_a_code_point() {
    for (octets, position) in
        [("81 81 00000000 c3", 0), ("81 84 00000000 61f09d84", 1), ("01 81 00000000 c3 80 80 00000000", 0)]
    {
        let failure = refused(octets);
        assert_eq!(failure, Failure::IncompleteUtf8 { position }, "{octets}");
        assert_eq!(failure.code().get(), 1007, "{octets}");
    }
}

/// On the first octet, before its length or key.
#[test]
fn binary_1003() {
    for octets in ["82", "02"] {
        let failure = refused(octets);
        assert_eq!(failure, Failure::BinaryNotAccepted);
        assert_eq!(failure.code().get(), 1003);
    }
}

/// On the last octet of the length: no key, no payload, no memory.
#[test]
fn too_big_1009_on_the_length() {
    let limit = 32 * 1024;
    for (octets, announced) in [
        ("81 fe 8001", 32_769),
        ("81 fe ffff", 65_535),
        ("81 ff 0000000000010000", 65_536),
        ("81 ff 4000000000000000", 1 << 62),
        ("81 ff 7fffffffffffffff", (1 << 63) - 1),
        ("01 ff 7fffffffffffffff", (1 << 63) - 1),
        // The fragments together: one octet, then as many as the limit; and again with almost 2^63.
        ("01 81 00000000 61 80 fe 8000", 32_769),
        ("01 81 00000000 61 00 ff 7fffffffffffffff", 1 << 63),
    ] {
        let failure = refused(octets);
        assert_eq!(failure, Failure::MessageTooBig { announced, limit }, "{octets}");
        assert_eq!(failure.code().get(), 1009, "{octets}");
    }
}

#[test]
fn messages_of_just_the_limit() {
    let text = "a".repeat(32 * 1024);
    let (half, rest) = text.as_bytes().split_at(20_000);
    for octets in [masked(0x81, text.as_bytes()), [masked(0x01, half), masked(0x80, rest)].concat()] {
        assert_eq!(super::events(&mut server(), &octets), [super::text(&text)]);
    }
    // An empty fragment after them is no octet too many, one of one octet is.
    let full = [masked(0x01, text.as_bytes()), masked(0x00, b"")].concat();
    let (_, failure) = read(&mut server(), [&full[..], &[0x80, 0x81]]);
    assert_eq!(failure, Some(Failure::MessageTooBig { announced: 32_769, limit: 32_768 }));
}

/// Fragments of one octet or of none, without end: the 65th ends it, on its first octet.
#[test]
fn too_many_fragments_1008() {
    for payload in [&b"a"[..], b""] {
        let mut octets = masked(0x01, payload);
        for _ in 1..64 {
            octets.extend(masked(0x00, payload));
        }
        let mut connection = server();
        let (events, failure) = read(&mut connection, [&octets[..]]);
        assert_eq!((events, failure), (vec![], None));
        assert!(connection.buffered() <= 128);

        let (_, failure) = read(&mut connection, [&[0x80][..]]);
        let failure = failure.unwrap();
        assert_eq!(failure, Failure::TooManyFragments { limit: 64 });
        assert_eq!(failure.code().get(), 1008);
    }
    // 64 are taken, and control frames between them do not count.
    let mut octets = masked(0x01, b"a");
    for i in 2..=64 {
        octets.extend(masked(0x89, b""));
        octets.extend(masked(if i == 64 { 0x80 } else { 0x00 }, b"a"));
    }
    let events = super::events(&mut server(), &octets);
    assert_eq!(events.len(), 64);
    assert_eq!(events.last(), Some(&super::text(&"a".repeat(64))));
}

/// Of two breaches the one whose octet comes first counts; in one octet, the one whose bits come first.
#[test]
fn the_first_breach_counts() {
    assert_eq!(refused("c3"), Failure::ReservedBits { bits: 0b100 });
    assert_eq!(refused("0b"), Failure::ReservedOpcode { opcode: 11 });
    // Binary, not masked: the opcode comes first. The whole frame at once gives the same.
    let (_, failure) = read(&mut server(), [&hex("82 02 6869")[..]]);
    assert_eq!(failure, Some(Failure::BinaryNotAccepted));
    // A ping of 126 octets, not masked: MASK comes first.
    assert_eq!(refused("89 7e"), Failure::UnmaskedFrame);
}

/// A mask key and payload after a MASK of 0: refused on the second octet, none of it is read.
#[test]
fn unmasked_with_the_key_in_place_1002() {
    let (events, failure) = read(
        &mut Connection::new(Role::Server, super::with_binary()),
        [&hex("81 02 00000000 6869")[..], &hex("81 82 00000000 6869")],
    );
    assert_eq!((events, failure), (vec![], Some(Failure::UnmaskedFrame)));
}

/// Each sentence fits into a Close frame whole, with the greatest numbers, and ends with its section.
#[test]
fn sentences_fit_into_a_close_frame() {
    let opcode = Opcode::Continuation;
    for failure in [
        Failure::ReservedBits { bits: 7 },
        Failure::MisplacedRsv1 { opcode },
        Failure::ReservedOpcode { opcode: 15 },
        Failure::FragmentedControlFrame { opcode: Opcode::Close },
        Failure::ControlFrameTooLong { opcode: Opcode::Close },
        Failure::UnmaskedFrame,
        Failure::MaskedFrame,
        Failure::LengthOutOfRange,
        Failure::LengthNotMinimal { payload_len: 65_535, octets: 8 },
        Failure::UnexpectedContinuation,
        Failure::ExpectedContinuation { opcode },
        Failure::CloseBodyOfOneOctet,
        Failure::InvalidCloseCode { code: 65_535 },
        Failure::CloseReasonNotUtf8,
        Failure::InvalidUtf8 { position: 4_294_967_295 },
        Failure::IncompleteUtf8 { position: 4_294_967_295 },
        Failure::BinaryNotAccepted,
        Failure::TooManyFragments { limit: 4_294_967_295 },
        Failure::MessageTooBig { announced: 1 << 63, limit: 4_294_967_295 },
        Failure::Inflate(InflateError::MessageTooBig { limit: 4_294_967_295 }),
        Failure::Inflate(InflateError::Corrupt { position: 4_294_967_295 }),
        Failure::Inflate(InflateError::Truncated),
        Failure::Inflate(InflateError::TooManyFinalBlocks { limit: 4_294_967_295 }),
    ] {
        let sentence = failure.to_string();
        assert!(sentence.len() <= MAX_REASON_BYTES, "{sentence}");
        assert!(
            (sentence.contains("(RFC 6455 §") || sentence.contains("(RFC 7692 §")) && sentence.ends_with(')'),
            "{sentence}"
        );
        assert_eq!(failure.close_reason().reason(), sentence);
        assert_eq!(failure.close_reason().code(), failure.code());
    }
}
