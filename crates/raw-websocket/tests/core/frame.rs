//! Frame headers, read and written.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use raw_websocket::connection::{Connection, Event};
use raw_websocket::failure::Failure;
use raw_websocket::frame::{
    FrameHeader, MAX_HEADER_BYTES, Opcode, Role, encode_frame, parse_length, parse_masking_key, parse_start,
};
use raw_websocket::message::MessageLimits;

use super::{CLIENT, KEY, events, frame, hex, text, with_binary};

/// Whether permessage-deflate is negotiated.
const DEFLATE: bool = true;

/// The three steps one after another.
fn parse(head: &[u8], role: Role) -> Result<Option<(FrameHeader, usize)>, Failure> {
    let Some(start) = parse_start(head, DEFLATE)? else { return Ok(None) };
    let Some(length) = parse_length(head, start, role)? else { return Ok(None) };
    Ok(parse_masking_key(head, start, length))
}

fn encoded(opcode: Opcode, payload: &[u8], masking_key: Option<[u8; 4]>) -> BytesMut {
    let mut out = BytesMut::new();
    encode_frame(opcode, payload, masking_key, &mut out);
    out
}

/// RFC 6455 §5.7, each example read and written.
#[test]
fn examples_of_the_rfc() {
    let binary_256: Vec<u8> = (0..=255).collect();
    let binary_64k = vec![0xa5; 65_536];
    let long = |head: &str, payload: &[u8]| [hex(head), payload.to_vec()].concat();
    let rows = [
        (CLIENT, hex("81 05 48 65 6c 6c 6f"), Opcode::Text, &b"Hello"[..], None),
        (Role::Server, hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"), Opcode::Text, b"Hello", Some(KEY)),
        (CLIENT, hex("89 05 48 65 6c 6c 6f"), Opcode::Ping, b"Hello", None),
        (Role::Server, hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58"), Opcode::Pong, b"Hello", Some(KEY)),
        (CLIENT, long("82 7e 01 00", &binary_256), Opcode::Binary, &binary_256, None),
        (CLIENT, long("82 7f 00 00 00 00 00 01 00 00", &binary_64k), Opcode::Binary, &binary_64k, None),
    ];
    for (reader, octets, opcode, payload, key) in rows {
        assert_eq!(encoded(opcode, payload, key), octets, "{opcode:?}");

        let limits = MessageLimits { max_message_bytes: 65_536, ..with_binary() };
        let data = Bytes::copy_from_slice(payload);
        let event = match opcode {
            Opcode::Text => text("Hello"),
            Opcode::Ping => Event::Ping(data),
            Opcode::Pong => Event::Pong(data),
            _ => Event::Binary(data),
        };
        assert_eq!(events(&mut Connection::new(reader, limits), &octets), [event]);
    }
}

/// RFC 6455 §5.7: "Hello" in two fragments.
#[test]
fn fragmented_example_of_the_rfc() {
    let octets = hex("01 03 48 65 6c  80 02 6c 6f");
    assert_eq!(events(&mut Connection::new(CLIENT, with_binary()), &octets), [text("Hello")]);

    let mut out = BytesMut::new();
    for (fin, opcode, payload) in [(false, Opcode::Text, "Hel"), (true, Opcode::Continuation, "lo")] {
        let payload_len = payload.len() as u64;
        FrameHeader { fin, ..FrameHeader::new(opcode, payload_len, None) }.encode(&mut out);
        out.extend_from_slice(payload.as_bytes());
    }
    assert_eq!(out, octets);
}

#[test]
fn three_length_forms() {
    let rows = [
        (0, "82 00"),
        (1, "82 01"),
        (125, "82 7d"),
        (126, "82 7e 00 7e"),
        (127, "82 7e 00 7f"),
        (65_535, "82 7e ff ff"),
        (65_536, "82 7f 00 00 00 00 00 01 00 00"),
        (1 << 62, "82 7f 40 00 00 00 00 00 00 00"),
        ((1 << 63) - 1, "82 7f 7f ff ff ff ff ff ff ff"),
    ];
    for (payload_len, octets) in rows {
        for (masking_key, reader) in [(None, CLIENT), (Some(KEY), Role::Server)] {
            let mut octets = hex(octets);
            if let Some(key) = masking_key {
                octets[1] |= 0x80;
                octets.extend(key);
            }
            let header = FrameHeader::new(Opcode::Binary, payload_len, masking_key);
            let mut out = BytesMut::new();
            header.encode(&mut out);
            assert_eq!(out, octets);
            assert_eq!(parse(&octets, reader), Ok(Some((header, octets.len()))));
            for cut in 0..octets.len() {
                assert_eq!(parse(&octets[..cut], reader), Ok(None), "{payload_len} cut at {cut}");
            }
        }
    }
}

/// A message of each length passes whole, in the form that the length asks for.
#[test]
fn messages_at_the_edges_of_the_length_forms() {
    let limits = MessageLimits { max_message_bytes: 65_536, ..with_binary() };
    for len in [0, 125, 126, 127, 65_535, 65_536] {
        let payload: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        let octets = frame(0x82, Some(KEY), &payload);
        assert_eq!(encoded(Opcode::Binary, &payload, Some(KEY)), octets);
        let mut server = Connection::new(Role::Server, limits);
        assert_eq!(events(&mut server, &octets), [Event::Binary(payload.into())], "{len}");
    }
}

/// Every first octet: which opcodes there are, and which octets no frame may begin with.
#[test]
fn every_first_octet() {
    for octet in 0..=255_u8 {
        let opcode = match octet & 0x0f {
            0x0 => Ok(Opcode::Continuation),
            0x1 => Ok(Opcode::Text),
            0x2 => Ok(Opcode::Binary),
            0x8 => Ok(Opcode::Close),
            0x9 => Ok(Opcode::Ping),
            0xa => Ok(Opcode::Pong),
            opcode => Err(Failure::ReservedOpcode { opcode }),
        };
        let fin = octet >= 0x80;
        let expected = match (octet >> 4 & 0b111, opcode.clone()) {
            (0, Ok(opcode)) if !fin && octet & 0x08 != 0 => Err(Failure::FragmentedControlFrame { opcode }),
            (0, opcode) => opcode.map(|opcode| (fin, opcode)),
            (bits, _) => Err(Failure::ReservedBits { bits }),
        };
        let got = parse_start(&[octet], !DEFLATE).map(|start| start.map(|start| (start.fin, start.opcode)));
        assert_eq!(got, expected.clone().map(Some), "{octet:#04x}");

        // With permessage-deflate RSV1 alone is taken, where a message begins.
        let rsv1 = octet & 0x40 != 0;
        let expected = match (octet >> 4 & 0b011, opcode) {
            (0, Ok(opcode)) if rsv1 && !matches!(opcode, Opcode::Text | Opcode::Binary) => {
                Err(Failure::MisplacedRsv1 { opcode })
            }
            (0, Ok(opcode)) if rsv1 => Ok((fin, opcode)),
            (0, Err(failure)) => Err(failure),
            (0, _) => expected,
            (bits, _) => Err(Failure::ReservedBits { bits }),
        };
        let got = parse_start(&[octet], DEFLATE)
            .map(|start| start.map(|start| (start.fin, start.rsv1, start.opcode)));
        assert_eq!(got, expected.map(|(fin, opcode)| Some((fin, rsv1, opcode))), "{octet:#04x}");
    }
}

/// Lengths in a longer form than they need: the greatest and the least of each.
#[test]
fn lengths_not_in_their_shortest_form() {
    for (payload_len, octets, head) in [
        (0, 2, "81 7e 00 00"),
        (125, 2, "81 7e 00 7d"),
        (0, 8, "81 7f 00 00 00 00 00 00 00 00"),
        (125, 8, "81 7f 00 00 00 00 00 00 00 7d"),
        (126, 8, "81 7f 00 00 00 00 00 00 00 7e"),
        (65_535, 8, "81 7f 00 00 00 00 00 00 ff ff"),
    ] {
        assert_eq!(
            parse(&hex(head), CLIENT),
            Err(Failure::LengthNotMinimal { payload_len, octets }),
            "{head}"
        );
    }
}

proptest! {
    /// What is written is read back, whatever follows it.
    #[test]
    fn headers_round_trip(
        opcode in prop::sample::select(vec![Opcode::Continuation, Opcode::Text, Opcode::Binary]),
        fin: bool,
        rsv1: bool,
        key: Option<[u8; 4]>,
        bits in 0..64_u32,
        low: u64,
        rest: Vec<u8>,
    ) {
        let payload_len = low & ((1 << bits) - 1);
        let rsv1 = rsv1 && opcode != Opcode::Continuation;
        let header = FrameHeader { fin, rsv1, opcode, payload_len, masking_key: key };
        let mut out = BytesMut::new();
        header.encode(&mut out);
        let header_len = out.len();
        prop_assert!(header_len <= MAX_HEADER_BYTES);
        out.extend_from_slice(&rest);
        let reader = if key.is_some() { Role::Server } else { CLIENT };
        prop_assert_eq!(parse(&out, reader), Ok(Some((header, header_len))));
    }

    /// The longest header is always enough for a verdict.
    #[test]
    fn fourteen_octets_are_a_verdict(octets: [u8; MAX_HEADER_BYTES]) {
        for role in [Role::Server, CLIENT] {
            prop_assert_ne!(parse(&octets, role), Ok(None));
        }
    }
}
