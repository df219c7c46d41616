//! The examples of RFC 6455 and RFC 7692, and the rules.

use wire::explain::{Explainer, Protocol, Side};

use super::{bits, explain, explain_one, named, spans, summaries};

const REQUEST: &[u8] =
    b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

/// What each frame is of one side.
fn frames(side: Side, octets: &[u8]) -> Vec<String> {
    explain_one(Protocol::WebSocket, side, octets).into_iter().map(|unit| unit.summary).collect()
}

#[test]
fn the_handshake_of_section_1_3() {
    let units = explain(Protocol::Http1, &[(Side::Client, REQUEST), (Side::Server, ANSWER)]);
    assert_eq!(summaries(&units), ["GET /chat", "101 Switching Protocols"]);
    let accept = named(&units[1].spans, "sec-websocket-accept");
    assert_eq!(accept.value, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    let steps: Vec<_> = accept.steps.iter().map(|step| (&*step.name, &*step.value)).collect();
    let expected = [
        ("the client's key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("with the GUID behind it", "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11"),
        ("SHA-1 of that", "b3 7a 4f 2c c0 62 4f 16 90 f6 46 06 cf 38 59 45 b2 be c4 ea"),
        ("base64 of that", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ];
    assert_eq!(steps, expected);
    assert!(accept.meaning.ends_with("as it must be."), "{}", accept.meaning);
    assert_eq!(accept.rfc, "RFC 6455 §4.2.2");
}

#[test]
fn a_wrong_accept_is_called_wrong() {
    let answer = String::from_utf8_lossy(ANSWER).replace("s3p", "S3p");
    let units = explain(Protocol::Http1, &[(Side::Client, REQUEST), (Side::Server, answer.as_bytes())]);
    let accept = named(&units[1].spans, "sec-websocket-accept");
    assert!(accept.meaning.ends_with("so this value is wrong."), "{}", accept.meaning);
}

#[test]
fn behind_an_accepted_handshake_both_sides_speak_frames() {
    // The client may not know yet: its octets wait for the answer.
    let mut explainer = Explainer::new(Protocol::Http1);
    assert_eq!(summaries(&explainer.push(Side::Client, REQUEST)), ["GET /chat"]);
    let masked = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(explainer.push(Side::Client, masked), []);
    let units = explainer.push(Side::Server, &[ANSWER, b"\x81\x05Hello"].concat());
    let expected = ["101 Switching Protocols", "text, 5 octets, \"Hello\"", "text, 5 octets, \"Hello\""];
    assert_eq!(summaries(&units), expected);
    assert_eq!(
        units.iter().map(|unit| unit.side).collect::<Vec<_>>(),
        [Side::Server, Side::Client, Side::Server]
    );
    assert_eq!(explainer.finish(), []);
}

#[test]
fn behind_a_refused_handshake_http_goes_on() {
    let refused = b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno";
    let parts =
        [(Side::Client, REQUEST), (Side::Server, refused), (Side::Client, REQUEST), (Side::Server, ANSWER)];
    let expected = [
        "GET /chat",
        "426 Upgrade Required",
        "content, 2 octets, \"no\"",
        "GET /chat",
        "101 Switching Protocols",
    ];
    assert_eq!(summaries(&explain(Protocol::Http1, &parts)), expected);
}

#[test]
fn one_side_of_a_handshake_and_its_frames() {
    let client = [REQUEST, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"].concat();
    for protocol in [Protocol::Http1, Protocol::WebSocket] {
        let units = explain_one(protocol, Side::Client, &client);
        assert_eq!(summaries(&units), ["GET /chat", "text, 5 octets, \"Hello\""]);
        let server = [ANSWER, b"\x81\x05Hello"].concat();
        let units = explain_one(protocol, Side::Server, server);
        assert_eq!(summaries(&units), ["101 Switching Protocols", "text, 5 octets, \"Hello\""]);
    }
}

#[test]
fn the_examples_of_section_5_7() {
    assert_eq!(frames(Side::Server, b"\x81\x05\x48\x65\x6c\x6c\x6f"), ["text, 5 octets, \"Hello\""]);
    let masked = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(frames(Side::Client, masked), ["text, 5 octets, \"Hello\""]);
    let fragments = b"\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f";
    let expected =
        ["text, first fragment, 3 octets, \"Hel\"", "continuation, last fragment, 2 octets, \"lo\""];
    assert_eq!(frames(Side::Server, fragments), expected);
    assert_eq!(frames(Side::Server, b"\x89\x05\x48\x65\x6c\x6c\x6f"), ["ping, 5 octets, \"Hello\""]);
    let pong = b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(frames(Side::Client, pong), ["pong, 5 octets, \"Hello\""]);
    let binary = [&b"\x82\x7e\x01\x00"[..], &[7; 256]].concat();
    assert_eq!(
        frames(Side::Server, &binary),
        [format!("binary, 256 octets, \"{}…\"", &"07 ".repeat(14)[..40])]
    );
    let binary = [&b"\x82\x7f\0\0\0\0\0\x01\0\0"[..], &[7; 65_536]].concat();
    let units = frames(Side::Server, &binary);
    assert!(units[0].starts_with("binary, octets 0 to 65526 of 65536"), "{units:?}");
    assert!(units[1].starts_with("binary, octets 65526 to 65536 of 65536"), "{units:?}");
}

#[test]
fn a_frame_bit_by_bit() {
    let spans = spans(
        Protocol::WebSocket,
        Side::Client,
        b"\x81\xfe\x00\x7e\x37\xfa\x21\x3d".iter().chain(&[0x37; 126]).copied().collect::<Vec<u8>>(),
    );
    let ranges: Vec<_> = spans.iter().map(|span| (span.start, span.end, &*span.name, &*span.rfc)).collect();
    let expected = [
        (0, 1, "FIN, RSV, opcode", "RFC 6455 §5.2"),
        (1, 2, "MASK, payload length", "RFC 6455 §5.2"),
        (2, 4, "extended payload length", "RFC 6455 §5.2"),
        (4, 8, "masking key", "RFC 6455 §5.3"),
        (8, 134, "payload", "RFC 6455 §5.6"),
    ];
    assert_eq!(ranges, expected);
    let first = [
        (0, 0, "FIN", "1"),
        (1, 1, "RSV1", "0"),
        (2, 2, "RSV2", "0"),
        (3, 3, "RSV3", "0"),
        (4, 7, "opcode", "0x1 text"),
    ];
    assert_eq!(bits(&spans[0]), first);
    assert_eq!(bits(&spans[1]), [(0, 0, "MASK", "1"), (1, 7, "payload length", "126")]);
    assert_eq!((&*spans[2].value, &*spans[3].value), ("126", "37 fa 21 3d"));
    assert_eq!((&*spans[4].steps[1].name, &*spans[4].steps[1].value), ("37 XOR fa", "cd"));
}

/// Behind 14 octets of header, the second piece does not begin with the key's first octet.
#[test]
fn a_long_masked_frame_in_pieces() {
    let text: String = ('a'..='z').cycle().take(150_000).collect();
    let key = [1, 2, 3, 4];
    let masked: Vec<u8> = text.bytes().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key).collect();
    let octets = [&b"\x81\xff"[..], &150_000_u64.to_be_bytes(), &key, &masked].concat();
    let units = explain_one(Protocol::WebSocket, Side::Client, octets);
    let found: Vec<_> =
        units.iter().map(|unit| (unit.end, unit.spans.last().unwrap().value.chars().next())).collect();
    let letter = |at: usize| text.chars().nth(at);
    assert_eq!(found, [(65_536, letter(0)), (131_072, letter(65_522)), (150_014, letter(131_058))]);
}

#[test]
fn closing() {
    let frame = b"\x88\x05\x03\xe8bye";
    assert_eq!(frames(Side::Server, frame), ["close, 1000 NORMAL_CLOSURE, \"bye\""]);
    let spans = spans(Protocol::WebSocket, Side::Server, frame);
    assert_eq!(named(&spans, "status code").value, "1000 NORMAL_CLOSURE");
    assert_eq!(named(&spans, "reason").value, "bye");
    assert_eq!(frames(Side::Server, b"\x88\x00"), ["close, without a status code"]);
    assert_eq!(frames(Side::Server, b"\x88\x02\x03\xf1"), ["close, 1009 MESSAGE_TOO_BIG"]);
    assert_eq!(frames(Side::Server, b"\x88\x01\x03"), ["close, without a whole status code"]);
}

#[test]
fn a_character_cut_between_fragments() {
    let octets = b"\x01\x05caf\xe2\x82\x89\x00\x80\x02\xac!";
    let units = explain_one(Protocol::WebSocket, Side::Server, octets);
    assert_eq!(summaries(&units)[0], "text, first fragment, 5 octets, \"caf\\\\xe2\\\\x82\"");
    assert_eq!(summaries(&units)[1], "ping, 0 octets");
    assert_eq!(summaries(&units)[2], "continuation, last fragment, 2 octets, \"€!\"");
    let cut = named(&units[0].spans, "payload");
    assert!(
        cut.meaning.contains("ends inside a character, of which the last 2 octets are here"),
        "{}",
        cut.meaning
    );
    // At the end of the message that breaks a rule, as do other octets.
    for (octets, rule) in [(&b"\x81\x02\xe2\x82"[..], "§8.1"), (b"\x81\x02\xff\xff", "§8.1")] {
        let spans = spans(Protocol::WebSocket, Side::Server, octets);
        assert!(named(&spans, "payload").meaning.contains(rule));
    }
}

#[test]
fn what_loses_the_shape_is_not_understood() {
    for (octets, explained, rule) in [
        (&b"\x83\x00more"[..], 1, "opcode 0x3 is reserved"),
        (b"\x91\x00more", 1, "RSV2 and RSV3 must be 0: no extension was agreed on that uses them"),
        (b"\x09\x00more", 1, "a control frame must not be fragmented: FIN must be 1"),
        (b"\x89\x7e\0\x7emore", 2, "a control frame must have at most 125 octets of payload"),
        (b"\x81\x7e\0\x05more", 4, "a length of 5 must be written in fewer octets"),
        (b"\x81\x7f\x80\0\0\0\0\0\0\0more", 10, "the first bit of a 64-bit length must be 0"),
    ] {
        let units = explain_one(Protocol::WebSocket, Side::Server, octets);
        let expected = format!("not understood: {rule}");
        assert_eq!(summaries(&units), [&*expected, &*expected]);
        assert_eq!(units[0].end, explained);
        assert_eq!((&*units[1].spans[0].name, units[1].kind), ("not understood", "not understood"));
    }
}

#[test]
fn the_rule_is_known_before_the_end() {
    let mut explainer = Explainer::new(Protocol::WebSocket);
    explainer.push(Side::Server, b"\x83\x00more");
    let (from, rule) = explainer.not_understood(Side::Server).unwrap();
    assert_eq!((from, &*rule.rule, &*rule.rfc), (1, "opcode 0x3 is reserved", "RFC 6455 §5.2"));
    assert_eq!(explainer.not_understood(Side::Client), None);
}

#[test]
fn what_breaks_a_rule_and_keeps_its_shape_is_explained() {
    let meaning = |side, octets: &[u8], name| {
        named(&spans(Protocol::WebSocket, side, octets), name).meaning.to_string()
    };
    assert!(meaning(Side::Client, b"\x81\x05Hello", "MASK, payload length").contains("a client must mask"));
    let masked = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert!(meaning(Side::Server, masked, "MASK, payload length").contains("a server must not mask"));
    assert!(meaning(Side::Server, b"\x80\x01x", "FIN, RSV, opcode").contains("§5.4"));
    let twice = explain_one(Protocol::WebSocket, Side::Server, b"\x01\x01a\x81\x01b");
    assert!(twice[1].spans[0].meaning.contains("The message before is not ended yet"));
}

#[test]
fn the_incomplete_rest() {
    let rest = |octets: &[u8]| {
        let units = explain_one(Protocol::WebSocket, Side::Client, octets);
        let unit = units.last().unwrap();
        assert_eq!(unit.kind, "incomplete");
        unit.spans.last().unwrap().clone()
    };
    assert_eq!(rest(b"\x81").name, "FIN, RSV, opcode");
    assert_eq!(rest(b"\x81\xfe\x01").name, "incomplete: extended payload length");
    assert_eq!(rest(b"\x81\x85\x37\xfa").name, "incomplete: masking key");
    let cut = rest(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f");
    assert_eq!((&*cut.name, &*cut.value), ("payload", "He"));
    assert!(cut.meaning.starts_with("Octets 0 to 2 of the payload's 5."), "{}", cut.meaning);
}
