//! Spans tile any octets, and chunking never matters.

use proptest::{collection::vec, prelude::*, sample::Index};
use wire::explain::{Explainer, Protocol, Side, Unit};

use super::{Parts, explain, frame};

const PROTOCOLS: [Protocol; 3] = [Protocol::Http1, Protocol::Http2, Protocol::WebSocket];

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Client), Just(Side::Server)]
}

/// Pieces of what each protocol is made of, so that random octets get far.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&[u8]> = vec![
        b"GET / HTTP/1.1\r\n",
        b"HEAD /messages HTTP/1.1\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n",
        b"upgrade: websocket\r\nconnection: upgrade\r\n",
        b"sec-websocket-extensions: permessage-deflate\r\n",
        b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        b"content-length: 7\r\n",
        b"transfer-encoding: chunked\r\n",
        b"\r\n",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0\0\0\x04\0\0\0\0\0",
        b"\0\0\x06\x04\0\0\0\0\0\0\x01\0\0\x10\0",
        b"\x81\x05Hello",
        b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
        b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00",
        b"\x01\x04caf\xc3",
        b"\x80\x01\xa9",
        b"\x88\x05\x03\xe8bye",
    ];
    prop_oneof![
        4 => proptest::sample::select(known).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..40),
        3 => h2_frame(),
        1 => ws_frame(),
    ]
}

/// A frame with random content, often with a field block.
fn h2_frame() -> impl Strategy<Value = Vec<u8>> {
    let block = prop_oneof![
        vec(any::<u8>(), 0..30),
        vec(proptest::sample::select(vec![0x82_u8, 0x84, 0x86, 0x88, 0xbe, 0xbf]), 0..6),
        Just(b"\x40\x01a\x01b\x82".to_vec()),
    ];
    (0_u8..12, any::<u8>(), 0_u32..4, block)
        .prop_map(|(kind, flags, stream, block)| frame(kind, flags, stream, &block))
}

fn ws_frame() -> impl Strategy<Value = Vec<u8>> {
    (any::<u8>(), any::<bool>(), vec(any::<u8>(), 0..126)).prop_map(|(first, is_masked, payload)| {
        let length = u8::try_from(payload.len()).unwrap() | if is_masked { 0x80 } else { 0 };
        let key: &[u8] = if is_masked { &[1, 2, 3, 4] } else { &[] };
        [&[first, length], key, &payload].concat()
    })
}

fn parts() -> impl Strategy<Value = Parts> {
    vec((side(), vec(piece(), 1..6).prop_map(|pieces| pieces.concat())), 0..8)
}

/// The same conversation in other pieces.
fn explain_in_pieces(protocol: Protocol, parts: &Parts, cuts: &[Index]) -> Vec<Unit> {
    let mut explainer = Explainer::new(protocol);
    let mut units = Vec::new();
    let mut cuts = cuts.iter().cycle();
    for (side, octets) in parts {
        let mut rest = &octets[..];
        while !rest.is_empty() {
            let size = cuts.next().map_or(1, |cut| cut.index(rest.len()) + 1);
            let (piece, behind) = rest.split_at(size);
            units.extend(explainer.push(*side, piece));
            rest = behind;
        }
    }
    units.extend(explainer.finish());
    units
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// `explain` checks the tiling.
    #[test]
    fn chunking_never_matters(parts in parts(), cuts in vec(any::<Index>(), 1..20)) {
        for protocol in PROTOCOLS {
            let whole = explain(protocol, &parts);
            prop_assert_eq!(&explain_in_pieces(protocol, &parts, &cuts), &whole);
            prop_assert_eq!(&explain_in_pieces(protocol, &parts, &[]), &whole);
        }
    }

    #[test]
    fn any_octets_are_tiled(octets in vec(any::<u8>(), 0..2000), side in side()) {
        for protocol in PROTOCOLS {
            explain(protocol, &[(side, &octets)]);
        }
    }

    /// Behind a good beginning, so that garbage gets where it may do harm.
    #[test]
    fn garbage_behind_a_good_beginning_is_tiled(octets in vec(any::<u8>(), 0..300), kind in 0_u8..12, flags: u8) {
        let settings = frame(4, 0, 0, &[]);
        let behind = frame(kind, flags, 1, &octets);
        explain(Protocol::Http2, &[(Side::Server, &[settings, behind].concat())]);
    }
}

/// Sizes around each limit, in pieces around each limit: what is kept and what is yielded does not depend on it.
#[test]
fn chunking_never_matters_at_the_limits() {
    let long_field =
        |size: usize| format!("GET / HTTP/1.1\r\na: {}\r\n\r\nGET / HTTP/1.1\r\n\r\n", "x".repeat(size));
    let trailers = |size: usize| {
        let field = "x".repeat(size);
        format!(
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\na: {field}\r\n\r\nGET / HTTP/1.1\r\n\r\n"
        )
    };
    let upgrade = |size: usize| {
        let waiting = "x".repeat(size);
        format!("GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n\u{1}{waiting}")
    };
    for size in [65_500, 65_510, 65_530, 65_536, 65_540, 131_072, 140_000] {
        for octets in [long_field(size), trailers(size), upgrade(size)] {
            let whole = explain(Protocol::Http1, &[(Side::Client, &octets)]);
            for piece in [1000, 4096, 65_535, 65_537] {
                let mut explainer = Explainer::new(Protocol::Http1);
                let mut units: Vec<Unit> = Vec::new();
                for chunk in octets.as_bytes().chunks(piece) {
                    units.extend(explainer.push(Side::Client, chunk));
                }
                units.extend(explainer.finish());
                assert!(units == whole, "{size} in pieces of {piece}");
            }
        }
    }
}
