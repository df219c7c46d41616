//! HTTP/1.1: start lines, fields, contents, and which answer is whose.

use wire::explain::{Explainer, Protocol, Side};

use super::{explain, explain_one, named, spans, summaries};

fn request(octets: impl AsRef<[u8]>) -> Vec<(&'static str, String)> {
    let units = explain_one(Protocol::Http1, Side::Client, octets);
    units.into_iter().map(|unit| (unit.kind, unit.summary)).collect()
}

#[test]
fn a_request_span_by_span() {
    let head = b"POST /messages?a=b HTTP/1.1\r\nhost:a \r\nContent-Length: 2\r\n\r\n{}";
    let spans = spans(Protocol::Http1, Side::Client, head);
    let found: Vec<_> = spans.iter().map(|span| (span.start, span.end, &*span.name, &*span.value)).collect();
    let expected = [
        (0, 4, "method", "POST"),
        (4, 5, "space", "SP"),
        (5, 18, "request target", "/messages?a=b"),
        (18, 19, "space", "SP"),
        (19, 27, "version", "HTTP/1.1"),
        (27, 29, "line end", "CR LF"),
        (29, 33, "field name", "host"),
        (33, 34, "colon", ":"),
        (34, 35, "host", "a"),
        (35, 36, "white space", "SP"),
        (36, 38, "line end", "CR LF"),
        (38, 52, "field name", "Content-Length"),
        (52, 54, "colon", ": SP"),
        (54, 55, "content-length", "2"),
        (55, 57, "line end", "CR LF"),
        (57, 59, "line end", "CR LF"),
        (59, 61, "content", "{}"),
    ];
    assert_eq!(found, expected);
    assert_eq!(named(&spans, "content-length").rfc, "RFC 9110 §8.6");
}

#[test]
fn an_answer_span_by_span() {
    let head = b"HTTP/1.1 204 No Content\r\n\r\n";
    let spans = spans(Protocol::Http1, Side::Server, head);
    let found: Vec<_> = spans.iter().map(|span| (&*span.name, &*span.value)).collect();
    let expected = [
        ("version", "HTTP/1.1"),
        ("space", "SP"),
        ("status code", "204"),
        ("space", "SP"),
        ("reason phrase", "No Content"),
        ("line end", "CR LF"),
        ("line end", "CR LF"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn pipelined_requests_and_their_answers() {
    let requests = b"GET /a HTTP/1.1\r\n\r\nHEAD /b HTTP/1.1\r\n\r\nPOST /c HTTP/1.1\r\ncontent-length: 1\r\n\r\nxGET /d HTTP/1.1\r\n\r\n";
    let answers = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none\
        HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n\
        HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 5\r\n\r\nthree\
        HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n";
    let units = explain(Protocol::Http1, &[(Side::Client, &requests[..]), (Side::Server, answers)]);
    let expected = [
        "GET /a",
        "HEAD /b",
        "POST /c",
        "content, 1 octet, \"x\"",
        "GET /d",
        "200 OK",
        "content, 3 octets, \"one\"",
        "200 OK",
        "100 Continue",
        "201 Created",
        "content, 5 octets, \"three\"",
        "304 Not Modified",
    ];
    assert_eq!(summaries(&units), expected);
}

#[test]
fn chunks() {
    let octets = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nx: y\r\n\r\nHTTP/1.1 204 x\r\n\r\n";
    let units = explain_one(Protocol::Http1, Side::Server, octets);
    let expected = [
        "200 OK",
        "chunk, 5 octets, \"hello\"",
        "chunk, 26 octets, \"abcdefghijklmnopqrstuvwxyz\"",
        "last chunk, 1 trailer field",
        "204 x",
    ];
    assert_eq!(summaries(&units), expected);
    let found: Vec<_> = units[1].spans.iter().map(|span| (&*span.name, &*span.value)).collect();
    let expected = [
        ("chunk size", "5 = 5"),
        ("chunk extension", ";a=b"),
        ("line end", "CR LF"),
        ("chunk data", "hello"),
        ("line end", "CR LF"),
    ];
    assert_eq!(found, expected);
    assert_eq!(units[2].spans[0].value, "1A = 26");
}

#[test]
fn long_contents_and_chunks_come_in_pieces() {
    let body = "x".repeat(200_000);
    let octets = format!("POST / HTTP/1.1\r\ncontent-length: 200000\r\n\r\n{body}GET / HTTP/1.1\r\n\r\n");
    let kinds: Vec<_> = request(octets).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["request", "content", "content", "content", "content", "request"]);
    // Around the size of a piece: the line end never comes alone.
    for size in [65_533, 65_534, 65_535, 65_536, 65_537, 131_072, 200_000] {
        let body = "x".repeat(size);
        let octets = format!(
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
        );
        let units = request(octets);
        assert_eq!(units.last().unwrap(), &("request", "GET /".to_owned()), "{size}: {units:?}");
        assert!(units.iter().all(|(kind, _)| *kind != "not understood"), "{size}");
    }
}

#[test]
fn a_content_that_ends_with_the_connection() {
    let octets = "HTTP/1.1 200 OK\r\n\r\nall of this";
    let units = explain_one(Protocol::Http1, Side::Server, octets);
    assert_eq!(summaries(&units), ["200 OK", "content, octets 0 to 11"]);
    assert_eq!(units[1].kind, "content");
}

#[test]
fn rules_that_are_broken() {
    for (octets, rule) in [
        ("\x16\x03\x01", "a request must begin with a method, which is a token"),
        (
            "GET  / HTTP/1.1\r\n\r\n",
            "a request line must be method, target and version, a single space between them",
        ),
        ("GET / HTTP/2.0\r\n\r\n", "the version must be HTTP/1. and a digit"),
        (
            "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
            "no white space may stand between a field's name and the colon",
        ),
        ("GET / HTTP/1.1\r\nhost\r\n\r\n", "a field line must have a colon behind its name"),
        (
            "GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n",
            "a field line must not begin with white space: folding is obsolete",
        ),
        (
            "GET / HTTP/1.1\r\ncontent-length: +1\r\n\r\n",
            "content-length must be a decimal number below 2^64",
        ),
        (
            "GET / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "a message must not have two content-lengths that differ",
        ),
        (
            "GET / HTTP/1.1\r\ntransfer-encoding: chunked, gzip\r\n\r\n",
            "the last transfer coding of a request must be chunked",
        ),
        (
            "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0x5\r\n",
            "a chunk must begin with its size, 1 to 15 hexadecimal digits",
        ),
        (
            "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n",
            "a chunk's data must be followed by CR LF",
        ),
    ] {
        let (kind, summary) = request(format!("{octets}rest")).pop().unwrap();
        assert_eq!((kind, &*summary), ("not understood", &*format!("not understood: {rule}")));
    }
}

#[test]
fn an_answer_that_is_none() {
    for octets in [&b"\0\0\0\0\0\0"[..], b"\0\0", b"SSH-2.0"] {
        let units = explain_one(Protocol::Http1, Side::Server, octets);
        assert_eq!(summaries(&units), ["not understood: an answer must begin with HTTP/"]);
    }
}

#[test]
fn a_length_beside_chunks_is_overridden() {
    let octets =
        "POST / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    let kinds: Vec<_> = request(octets).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["request", "chunk", "chunk"]);
}

#[test]
fn line_feeds_alone_are_taken() {
    assert_eq!(request("GET / HTTP/1.0\nhost: a\n\n"), [("request", "GET /".to_owned())]);
}

#[test]
fn the_incomplete_rest() {
    let units = explain_one(Protocol::Http1, Side::Client, "GET / HTTP/1.1\r\nhost: a\r\nuser-ag");
    assert_eq!(units[0].kind, "incomplete");
    assert_eq!(units[0].spans.last().unwrap().value, "user-ag");
    let units = explain_one(Protocol::Http1, Side::Client, "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nab");
    assert_eq!((units[1].kind, &*units[1].spans[0].value), ("incomplete", "ab"));
}

#[test]
fn http2_and_tunnels() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let parts = [(Side::Client, &preface[..]), (Side::Server, b"\0\0\0\x04\0\0\0\0\0")];
    let units = explain(Protocol::Http1, &parts);
    assert_eq!(summaries(&units), ["connection preface", "SETTINGS, 0 settings", "SETTINGS, 0 settings"]);
    let parts = [
        (Side::Client, &b"CONNECT a:1 HTTP/1.1\r\n\r\n"[..]),
        (Side::Server, b"HTTP/1.1 200 OK\r\n\r\nany"),
        (Side::Client, b"thing"),
    ];
    let units = explain(Protocol::Http1, &parts);
    let tunnel = "not understood: what passes a tunnel is no HTTP and is not read here";
    assert_eq!(summaries(&units), ["CONNECT a:1", "200 OK", tunnel, tunnel]);
}

#[test]
fn memory_is_bounded_by_requests_without_answers() {
    let mut explainer = Explainer::new(Protocol::Http1);
    for _ in 0..2000 {
        assert_eq!(explainer.push(Side::Client, b"HEAD / HTTP/1.1\r\n\r\n").len(), 1);
    }
    // Which request this answers is not known any more, so it is read as any answer.
    let units = explainer.push(Side::Server, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    assert_eq!(summaries(&units), ["200 OK", "content, 2 octets, \"ok\""]);
}
