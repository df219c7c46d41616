//! HTTP/2: each frame's spans, and what frames break.

use wire::explain::{Protocol, Side, Unit};

use super::{bits, explain, explain_one, frame, hex, named, summaries};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Frames of the server, behind its SETTINGS.
fn server(frames: &[Vec<u8>]) -> Vec<Unit> {
    let mut units =
        explain_one(Protocol::Http2, Side::Server, [frame(4, 0, 0, &[]), frames.concat()].concat());
    units.remove(0);
    units
}

#[test]
fn preface_and_settings() {
    let settings = frame(4, 0, 0, &hex("0001 00010000  0003 00000064  0a0a 00000007"));
    let units =
        explain_one(Protocol::Http2, Side::Client, [PREFACE, &settings, &frame(4, 1, 0, &[])].concat());
    assert_eq!(summaries(&units), ["connection preface", "SETTINGS, 3 settings", "SETTINGS ACK"]);
    let found: Vec<_> =
        units[1].spans.iter().map(|span| (span.start - 24, &*span.name, &*span.value)).collect();
    let expected = [
        (0, "length", "18"),
        (3, "type", "0x04 SETTINGS"),
        (4, "flags", "none"),
        (5, "stream identifier", "0"),
        (9, "setting identifier", "0x1 HEADER_TABLE_SIZE"),
        (11, "HEADER_TABLE_SIZE", "65536"),
        (15, "setting identifier", "0x3 MAX_CONCURRENT_STREAMS"),
        (17, "MAX_CONCURRENT_STREAMS", "100"),
        (21, "setting identifier", "0xa0a unknown"),
        (23, "unknown", "7"),
    ];
    assert_eq!(found, expected);
    assert_eq!(bits(&units[1].spans[3]), [(0, 0, "reserved", "0"), (1, 31, "stream identifier", "0")]);
    assert_eq!(units[2].spans[2].value, "ACK");
}

#[test]
fn frames_of_each_type() {
    let units = server(&[
        frame(0, 0x9, 1, b"\x02hi\0\0"),
        frame(1, 0x2c, 1, &hex("01 80000003 0f  88  00")),
        frame(2, 0, 1, &hex("00000000 ff")),
        frame(3, 0, 1, &hex("00000008")),
        frame(5, 4, 1, &hex("00000002 82 84")),
        frame(6, 0, 0, b"12345678"),
        frame(7, 0, 0, &hex("00000005 0000000b 63616c6d")),
        frame(8, 0, 0, &hex("0000ffff")),
        frame(0x10, 0, 0, &hex("00000001 753d31")),
        frame(0xfa, 0xff, 3, b"any"),
    ]);
    let expected = [
        "DATA stream 1, 2 octets, END_STREAM",
        "HEADERS stream 1, 200",
        "PRIORITY stream 1",
        "RST_STREAM stream 1, CANCEL",
        "PUSH_PROMISE stream 1, promises stream 2, GET /",
        "PING",
        "GOAWAY, ENHANCE_YOUR_CALM, last stream 5, \"calm\"",
        "WINDOW_UPDATE, 65535 more octets",
        "PRIORITY_UPDATE, 7 octets",
        "type 0xfa stream 3, 3 octets",
    ];
    assert_eq!(summaries(&units), expected);
    let kinds: Vec<_> = units.iter().map(|unit| unit.kind).collect();
    let expected = [
        "DATA",
        "HEADERS",
        "PRIORITY",
        "RST_STREAM",
        "PUSH_PROMISE",
        "PING",
        "GOAWAY",
        "WINDOW_UPDATE",
        "UNKNOWN",
        "UNKNOWN",
    ];
    assert_eq!(kinds, expected);
    let names = |unit: &Unit| unit.spans.iter().skip(4).map(|span| span.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&units[0]), ["pad length", "data", "padding"]);
    assert_eq!(names(&units[1]), ["pad length", "stream dependency", "weight", "indexed field", "padding"]);
    assert_eq!(bits(&units[1].spans[5]), [(0, 0, "exclusive", "1"), (1, 31, "stream dependency", "3")]);
    assert_eq!(named(&units[1].spans, "weight").value, "16");
    assert_eq!(named(&units[1].spans, "flags").value, "PRIORITY, PADDED, END_HEADERS");
    assert_eq!(named(&units[3].spans, "error code").value, "8 CANCEL");
    assert_eq!(
        named(&units[5].spans, "opaque data").value,
        "12345678".bytes().map(|o| format!("{o:02x}")).collect::<Vec<_>>().join(" ")
    );
    assert_eq!(units[0].stream, Some(1));
}

#[test]
fn a_representation_cut_between_frames() {
    // :status: 302 as a literal, with its table entry, which the next stream points to.
    let block = hex("4803 333032");
    for cut in 0..=block.len() {
        let units = server(&[
            frame(1, 0, 1, &block[..cut]),
            frame(9, 4, 1, &block[cut..]),
            frame(1, 5, 3, &hex("be")),
        ]);
        assert_eq!(units[2].summary, "HEADERS stream 3, 302, END_STREAM", "cut at {cut}");
        let whole = if cut == block.len() { &units[0] } else { &units[1] };
        let field = named(&whole.spans, "literal field with incremental indexing");
        assert_eq!(field.value, ":status: 302");
        let is_cut = (1..block.len()).contains(&cut);
        assert_eq!(field.meaning.contains(&format!("Its first {cut} octet")), is_cut, "{}", field.meaning);
        assert_eq!(field.bits.is_empty(), is_cut);
    }
}

#[test]
fn rules_that_are_broken() {
    for (octets, explained, rule) in [
        (frame(0, 0, 0, b"x"), 9, "DATA must be on a stream, not on 0"),
        (frame(4, 0, 1, &[]), 9, "SETTINGS must be on stream 0, the connection"),
        (frame(6, 0, 0, b"1234567"), 9, "PING must have 8 octets"),
        (frame(4, 1, 0, b"123456"), 9, "SETTINGS with ACK must have 0 octets"),
        (frame(4, 0, 0, b"12345"), 9, "SETTINGS must have 6 octets for each setting"),
        (frame(9, 4, 1, &[]), 9, "CONTINUATION must follow a frame without END_HEADERS"),
        (frame(0, 8, 1, b"\x02a"), 10, "the padding must be shorter than the payload"),
        (frame(7, 0, 0, b"1234567"), 9, "this GOAWAY must have at least 8 octets"),
        (
            [frame(1, 0, 1, &[0x88]), frame(6, 0, 0, b"12345678")].concat(),
            19,
            "the field block of stream 1 must go on in a CONTINUATION, before any other frame",
        ),
    ] {
        let units = server(&[octets, b"rest".to_vec()]);
        let last = units.last().unwrap();
        assert_eq!((last.kind, &*last.summary), ("not understood", &*format!("not understood: {rule}")));
        assert_eq!(last.start - 9, explained, "{rule}");
    }
    let pushed = [PREFACE, &frame(4, 0, 0, &[]), &frame(5, 4, 1, &hex("00000002 82"))].concat();
    let units = explain_one(Protocol::Http2, Side::Client, pushed);
    assert_eq!(units.last().unwrap().summary, "not understood: a client must not send PUSH_PROMISE");
}

/// What the server's SETTINGS allow the client, if they are in the capture.
#[test]
fn settings_hold_for_the_peer() {
    let block = |listing: &str| frame(1, 5, 1, &hex(listing));
    let client = |frames: &[u8], settings: Option<&str>| {
        let client = [PREFACE, &frame(4, 0, 0, &[]), frames].concat();
        let server = settings.map(|settings| frame(4, 0, 0, &hex(settings))).unwrap_or_default();
        let units = explain(Protocol::Http2, &[(Side::Server, server), (Side::Client, client)]);
        units.into_iter().flat_map(|unit| unit.spans).last().unwrap().meaning.to_string()
    };
    // 3f e1 3f is a table of 8,192 octets.
    let refused = "the table's size, 8192, must be at most what the peer's SETTINGS allow, 4096";
    assert!(client(&block("3f e1 3f"), Some("")).contains(refused));
    for settings in [None, Some("0001 00002000")] {
        assert!(
            client(&block("3f e1 3f"), settings)
                .starts_with("The sender's dynamic table may have 8192 octets")
        );
    }
    let refused = "a frame must have at most 16384 octets, as the receiver's SETTINGS say";
    let large = frame(0, 0, 1, &[b'x'; 16_385]);
    assert!(client(&large, Some("")).contains(refused));
    for settings in [None, Some("0005 00004001")] {
        assert!(client(&large, settings).starts_with("16385 octets of content"));
    }
}

#[test]
fn a_cut_fragment_does_not_end_its_block() {
    let units = server(&[frame(1, 0xc, 1, &hex("02 4803333032 0000"))[..13].to_vec()]);
    let last = units[0].spans.last().unwrap();
    assert_eq!(
        (units[0].kind, &*last.name, &*last.value),
        ("incomplete", "representation, first part", "48 03 33")
    );
}

#[test]
fn garbage_is_not_taken_for_frames() {
    for side in [Side::Client, Side::Server] {
        let units = explain_one(Protocol::Http2, side, b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!((units.len(), units[0].kind), (1, "not understood"));
    }
    let units = explain_one(Protocol::Http2, Side::Client, b"hello");
    let expected = "not understood: a client must begin with the connection preface, PRI * HTTP/2.0";
    assert_eq!(summaries(&units), [expected]);
    let not_settings = [PREFACE, &frame(6, 0, 0, b"12345678")].concat();
    let units = explain_one(Protocol::Http2, Side::Client, not_settings);
    assert_eq!(units[1].summary, "not understood: a client's preface must be followed by SETTINGS");
}

#[test]
fn a_capture_may_begin_behind_the_beginning() {
    let units = explain_one(Protocol::Http2, Side::Client, frame(1, 5, 7, &hex("82 84")));
    assert_eq!(summaries(&units), ["HEADERS stream 7, GET /, END_STREAM"]);
    assert!(units[0].spans[0].meaning.contains("The connection's beginning is not in this capture"));
}

#[test]
fn long_frames_come_in_pieces() {
    let data = [&[3][..], &[b'x'; 200_000], &[0; 3]].concat();
    let units = server(&[frame(0, 8, 1, &data), frame(6, 0, 0, b"12345678")]);
    let kinds: Vec<_> = units.iter().map(|unit| unit.kind).collect();
    assert_eq!(kinds, ["DATA", "DATA", "DATA", "DATA", "PING"]);
    let last = &units[3].spans;
    assert_eq!(last.iter().map(|span| &*span.name).collect::<Vec<_>>(), ["data", "padding"]);
    let units = server(&[frame(1, 4, 1, &vec![0x88; 70_000]), frame(1, 4, 3, &[0x88])]);
    assert!(units[2].spans[4].meaning.contains("an earlier frame was too long"), "{units:?}");
}

#[test]
fn the_incomplete_rest() {
    let units = server(&[frame(0, 0, 1, b"hello")[..11].to_vec()]);
    assert_eq!((units[0].kind, &*units[0].spans[4].value), ("incomplete", "he"));
    let units = server(&[b"\0\0".to_vec()]);
    assert_eq!((units[0].kind, &*units[0].spans[0].name), ("incomplete", "incomplete: frame header"));
}
