//! permessage-deflate in a connection: RSV1, fragments, limits, UTF-8 and memory.

use bytes::{Bytes, BytesMut};
use raw_websocket::close::{CloseCode, CloseReason};
use raw_websocket::connection::{Connection, Event};
use raw_websocket::deflate::{
    Compression, Deflater, InflateError, Parameters, WindowBits, max_compressed_bytes,
};
use raw_websocket::failure::Failure;
use raw_websocket::frame::{Opcode, Role};
use raw_websocket::message::MessageLimits;

use super::{CLIENT, events, frame, hex, masked, read, text, with_binary};

/// What the chat agrees on.
pub(crate) const NO_TAKEOVER: Parameters = Parameters {
    server_no_context_takeover: true,
    client_no_context_takeover: true,
    server_max_window_bits: WindowBits::MAX,
    client_max_window_bits: WindowBits::MAX,
};

pub(crate) const TAKEOVER: Parameters =
    Parameters { server_no_context_takeover: false, client_no_context_takeover: false, ..NO_TAKEOVER };

pub(crate) fn end(role: Role, parameters: Parameters) -> Connection {
    Connection::new(role, with_binary()).with_deflate(Some(parameters))
}

fn server() -> Connection {
    end(Role::Server, NO_TAKEOVER)
}

/// The payload of a compressed message.
pub(crate) fn deflate(message: &[u8]) -> Vec<u8> {
    let compression = Compression { context_takeover: true, window_bits: WindowBits::MAX };
    Deflater::new(compression).with_min_bytes(0).compress(message).unwrap().into()
}

/// What a server says to these octets; it says nothing to all but the last.
fn refused(octets: &[u8]) -> Failure {
    let (last, before) = octets.split_last().unwrap();
    let mut connection = server();
    assert_eq!(read(&mut connection, [before]), (vec![], None));
    let (events, failure) = read(&mut connection, [&[*last][..]]);
    assert_eq!(events, []);
    assert_eq!(connection.buffered(), 0);
    failure.unwrap()
}

/// RFC 7692 §7.2.3, one after another on one connection: from a server and, masked, from a client.
#[test]
fn examples_of_the_rfc() {
    let (mut client, mut server) = (end(CLIENT, TAKEOVER), end(Role::Server, TAKEOVER));
    for (payload, message) in [
        // §7.2.3.1, and §7.2.3.2: the second refers to the first.
        ("f2 48 cd c9 c9 07 00", "Hello"),
        ("f2 00 11 00 00", "Hello"),
        // §7.2.3.3: not compressed; §7.2.3.4: BFINAL; §7.2.3.5: two blocks.
        ("00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"),
        ("f3 48 cd c9 c9 07 00 00", "Hello"),
        ("f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello"),
        // §7.2.3.6.
        ("00", ""),
    ] {
        let payload = hex(payload);
        assert_eq!(events(&mut client, &frame(0xc1, None, &payload)), [text(message)], "{payload:02x?}");
        assert_eq!(events(&mut server, &masked(0xc1, &payload)), [text(message)], "{payload:02x?}");
    }
}

/// RFC 7692 §6.1: compressed as a whole, then cut; RSV1 in the first fragment alone, control frames between.
#[test]
fn a_compressed_message_in_fragments() {
    let payload = deflate("é€𝄞 ".repeat(50).as_bytes());
    for cut in 0..payload.len() {
        let (first, last) = payload.split_at(cut);
        let octets =
            [masked(0x41, first), masked(0x89, b"p"), masked(0x00, b""), masked(0x80, last)].concat();
        let expected = [Event::Ping("p".into()), text(&"é€𝄞 ".repeat(50))];
        assert_eq!(events(&mut server(), &octets), expected, "cut at {cut}");
    }
}

/// RFC 7692 §6: messages without RSV1 are not compressed, also between those that are.
#[test]
fn compressed_and_not_in_turn() {
    let mut connection = end(Role::Server, TAKEOVER);
    let mut octets = Vec::new();
    let mut deflater = Deflater::new(TAKEOVER.sent(CLIENT)).with_min_bytes(0);
    let mut expected = Vec::new();
    for i in 0..6 {
        let message = format!("message {i}, to be or not to be");
        let payload = deflater.compress(message.as_bytes()).unwrap();
        octets.extend(masked(0xc2, &payload));
        octets.extend(masked(0x81, message.as_bytes()));
        expected.extend([Event::Binary(message.clone().into()), text(&message)]);
    }
    assert_eq!(events(&mut connection, &octets), expected);
}

#[test]
fn reserved_bits_1002() {
    for (octets, failure) in [
        ("a1", Failure::ReservedBits { bits: 0b010 }),
        ("e1", Failure::ReservedBits { bits: 0b010 }),
        ("d1", Failure::ReservedBits { bits: 0b001 }),
        ("f1", Failure::ReservedBits { bits: 0b011 }),
        ("c0", Failure::MisplacedRsv1 { opcode: Opcode::Continuation }),
        ("c8", Failure::MisplacedRsv1 { opcode: Opcode::Close }),
        ("c9", Failure::MisplacedRsv1 { opcode: Opcode::Ping }),
        ("ca", Failure::MisplacedRsv1 { opcode: Opcode::Pong }),
        // Within a message: whether that is compressed or not.
        ("01 81 00000000 61 c0", Failure::MisplacedRsv1 { opcode: Opcode::Continuation }),
        ("41 81 00000000 f2 40", Failure::MisplacedRsv1 { opcode: Opcode::Continuation }),
        ("41 81 00000000 f2 c1", Failure::ExpectedContinuation { opcode: Opcode::Text }),
    ] {
        assert_eq!(refused(&hex(octets)), failure, "{octets}");
        assert_eq!(failure.code().get(), 1002, "{octets}");
    }
    // Without permessage-deflate RSV1 has no meaning.
    let (_, failure) = read(&mut super::server(), [&[0xc1][..]]);
    assert_eq!(failure, Some(Failure::ReservedBits { bits: 0b100 }));
}

#[test]
fn data_that_does_not_inflate_1007() {
    for (octets, error) in [
        // A block of the reserved type 11.
        ("c1 81 00000000 07", InflateError::Corrupt { position: 0 }),
        // A distance to before the first octet.
        ("c1 85 00000000 f2 00 11 00 00", InflateError::Corrupt { position: 1 }),
        // Cut off; nothing at all; cut off in fragments.
        ("c1 83 00000000 f2 48 cd", InflateError::Truncated),
        ("c1 80 00000000", InflateError::Truncated),
        ("41 83 00000000 f2 48 cd 80 80 00000000", InflateError::Truncated),
    ] {
        let octets = hex(octets);
        let (events, failure) = read(&mut server(), [&octets[..]]);
        assert_eq!(events, [], "{octets:02x?}");
        let failure = failure.unwrap();
        assert_eq!(failure, Failure::Inflate(error), "{octets:02x?}");
        assert_eq!(failure.code().get(), 1007, "{octets:02x?}");
    }
}

/// Inflated text is judged as it arrives, before the message or even the frame ends.
#[test]
fn inflated_text_that_is_not_utf8_1007() {
    // Stored blocks say octet for octet what they inflate to: `abc` and then ff, of 9 announced.
    let octets = [&hex("c1 90 00000000 00 0900 f6ff")[..], b"abc\xff"].concat();
    assert_eq!(refused(&octets), Failure::InvalidUtf8 { position: 3 });
    // A code point that is cut: fine between fragments, not at the end of the message.
    let payload = deflate("𝄞".as_bytes());
    assert_eq!(events(&mut server(), &masked(0xc1, &payload)), [text("𝄞")]);
    let payload = deflate(b"a\xf0\x9d");
    assert_eq!(refused(&masked(0xc1, &payload)), Failure::IncompleteUtf8 { position: 1 });
    // Binary may be anything.
    let expected = Event::Binary(Bytes::from_static(b"a\xf0\x9d"));
    assert_eq!(events(&mut server(), &masked(0xc2, &payload)), [expected]);
}

/// A message of the limit passes, a longer one is refused before it is inflated further.
#[test]
fn bombs_1009() {
    let limit = MessageLimits::default().max_message_bytes;
    let full = "a".repeat(limit);
    assert_eq!(events(&mut server(), &masked(0xc1, &deflate(full.as_bytes()))), [text(&full)]);
    for size in [limit + 1, 8 << 20] {
        let payload = deflate(&vec![b'a'; size]);
        assert!(payload.len() < limit);
        for octets in [masked(0xc1, &payload), [masked(0x42, &payload), masked(0x80, b"")].concat()] {
            let mut connection = server();
            let (events, failure) = read(&mut connection, [&octets[..]]);
            assert_eq!((events, connection.buffered()), (vec![], 0));
            let failure = failure.unwrap();
            assert_eq!(failure, Failure::Inflate(InflateError::MessageTooBig { limit }));
            assert_eq!(failure.code().get(), 1009);
        }
    }
}

/// What does not compress grows a little: that is taken, and no length beyond it, before any payload.
#[test]
fn compressed_lengths_have_a_limit_of_their_own() {
    let limit = max_compressed_bytes(32 * 1024);
    let announced = u16::try_from(limit + 1).unwrap();
    let octets = [&[0xc1, 0xfe][..], &announced.to_be_bytes()].concat();
    let expected = Failure::MessageTooBig { announced: u64::from(announced), limit };
    assert_eq!(refused(&octets), expected);
    // The same for the fragments together, whose later ones have no RSV1.
    let octets = [&masked(0x41, &hex("f2"))[..], &[0x80, 0xfe], &(announced - 1).to_be_bytes()].concat();
    assert_eq!(refused(&octets), expected);
    // A message without RSV1 keeps its own.
    let (_, failure) = read(&mut server(), [&hex("81 fe 8001")[..]]);
    assert_eq!(failure, Some(Failure::MessageTooBig { announced: 32_769, limit: 32_768 }));
}

/// Between messages: nothing without context takeover; with it the window, once the deflater was released.
#[test]
fn memory_between_messages() {
    let message = "to be or not to be ".repeat(20);
    for (parameters, idle) in [(NO_TAKEOVER, 0), (TAKEOVER, message.len())] {
        let mut server = end(Role::Server, parameters);
        let mut client = end(CLIENT, parameters);
        assert_eq!((server.buffered(), client.buffered()), (0, 0));
        let mut output = BytesMut::new();
        client.send_text(&message, &mut output).unwrap();
        assert!(output.len() < message.len());
        client.release();
        assert_eq!(client.buffered(), idle);
        let (last, before) = output.split_last().unwrap();
        assert_eq!(events(&mut server, before), []);
        assert!(server.buffered() > 0);
        assert_eq!(events(&mut server, &[*last]), [text(&message)]);
        assert_eq!(server.buffered(), idle);
        // A Close gives back everything: no message is sent after it.
        client.close(None, &mut output);
        assert_eq!(client.buffered(), 0);
    }
}

/// RFC 7692 §7.1.1: what is sent goes on from what was sent before, also over a release.
#[test]
fn context_takeover_makes_the_second_smaller() {
    let message = r#"{"user":"brian","text":"what was said twice is said in a few octets","nonce":"b7c1"}"#;
    let sizes = [NO_TAKEOVER, TAKEOVER].map(|parameters| {
        let (mut server, mut client) = (end(Role::Server, parameters), end(CLIENT, parameters));
        [(); 2].map(|()| {
            let mut output = BytesMut::new();
            server.send_text(message, &mut output).unwrap();
            server.release();
            assert_eq!(events(&mut client, &output), [text(message)]);
            output.len()
        })
    });
    let [[alone, again], [first, second]] = sizes;
    assert_eq!((alone, again), (first, first));
    assert!(second < 20 && first > 60, "{sizes:?}");
}

/// What is small goes as it is, and control frames always do.
#[test]
fn what_is_not_compressed() {
    let mut server = end(Role::Server, NO_TAKEOVER);
    let mut output = BytesMut::new();
    server.send_text("small", &mut output).unwrap();
    server.send_ping(&[b'p'; 125], &mut output).unwrap();
    server.close(Some(&CloseReason::new(CloseCode::NORMAL_CLOSURE, "c".repeat(123))), &mut output);
    let close = [&1000_u16.to_be_bytes()[..], &[b'c'; 123]].concat();
    let expected = [frame(0x81, None, b"small"), frame(0x89, None, &[b'p'; 125]), frame(0x88, None, &close)];
    assert_eq!(output, expected.concat());
}
