//! Where a message ends, RFC 9112 §6 and §7: whoever could be understood in two ways is answered once, and the
//! connection closes.

use conformance::{Http1, Request, draft, post, soon};

use crate::common::{LAST, Server, answers, post_head, said, shown, statuses};

/// What an attacker would have a second reader see. It would be answered with 404.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A length beside chunks is 400, or one answer to the chunks; what stands behind is never a request
/// (RFC 9112 §6.1).
#[tokio::test]
async fn a_length_beside_chunks_is_answered_once() {
    let server = Server::start().await;
    for fields in [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
        "content-length: 4\r\ntransfer-encoding: Chunked\r\n",
        "content-length: 0\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\ncontent-length: 4\r\n",
    ] {
        let octets = format!("{}0\r\n\r\n{SMUGGLED}", post_head(fields));
        let answers = answers(&server, octets.as_bytes()).await;
        assert_eq!(answers, [400], "the answers to {octets:?}");
    }
    server.stop().await;
}

/// A length that is none, or two that differ, are 400 and the end (RFC 9110 §8.6).
#[tokio::test]
async fn a_broken_length_is_400_and_the_end() {
    let server = Server::start().await;
    for fields in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 5, 5\r\n",
        "content-length: +5\r\n",
        "content-length: -1\r\n",
        "content-length: 0x5\r\n",
        "content-length: 5 5\r\n",
        "content-length: 18446744073709551617\r\n",
        "content-length: \r\n",
        "content-length: five\r\n",
    ] {
        let octets = format!("{}hello{SMUGGLED}", post_head(fields));
        assert_eq!(answers(&server, octets.as_bytes()).await, [400], "the answers to {octets:?}");
    }
    server.stop().await;
}

/// Two equal lengths are one length, or 400: either way the content is five octets and no more.
#[tokio::test]
async fn two_equal_lengths_are_one() {
    let server = Server::start().await;
    let head = post_head("content-length: 5\r\ncontent-length: 5\r\n");
    let answers = answers(&server, format!("{head}hello{LAST}").as_bytes()).await;
    assert!(answers == [400] || answers == [400, 200], "{answers:?}");
    server.stop().await;
}

/// A transfer coding that does not end in `chunked`, or chunks in HTTP/1.0, leave the end unknown
/// (RFC 9112 §6.1, §6.3).
#[tokio::test]
async fn an_unknown_transfer_coding_is_400_and_the_end() {
    let server = Server::start().await;
    for fields in [
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        "transfer-encoding: \r\n",
        "transfer-encoding : chunked\r\n",
        "transfer-encoding: chunked\r\n : x\r\n",
    ] {
        let octets = format!("{}0\r\n\r\n{SMUGGLED}", post_head(fields));
        let answers = answers(&server, octets.as_bytes()).await;
        assert_eq!(answers, [400], "the answers to {octets:?}");
    }
    let old = post_head("transfer-encoding: chunked\r\n").replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(answers(&server, format!("{old}0\r\n\r\n{SMUGGLED}").as_bytes()).await, [400], "{old:?}");
    server.stop().await;
}

/// A field line that a second reader could read otherwise is 400 and the end (RFC 9112 §5.1, §5.2; RFC 9110 §5.5).
#[tokio::test]
async fn a_broken_field_line_is_400_and_the_end() {
    let server = Server::start().await;
    for line in
        ["x : y\r\n", "x: y\r\n folded\r\n", "x: a\rb\r\n", "x: a\0b\r\n", "x(a): b\r\n", ": y\r\n", "x\r\n"]
    {
        let octets = format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{line}\r\n{SMUGGLED}");
        assert_eq!(answers(&server, octets.as_bytes()).await, [400], "the answers to {octets:?}");
    }
    server.stop().await;
}

/// A bare LF may end a line (RFC 9112 §2.2); it does not make two requests of one.
#[tokio::test]
async fn a_bare_line_feed_makes_no_second_request() {
    let server = Server::start().await;
    let octets = LAST.replace("\r\n", "\n");
    let answers = answers(&server, octets.as_bytes()).await;
    assert!(answers == [200] || answers == [400], "{answers:?}");
    server.stop().await;
}

/// Chunks that are none are 400, with the problem that says so, and the end: never 413, never 500.
#[tokio::test]
async fn broken_chunks_are_400_and_the_end() {
    let server = Server::start().await;
    let endless = "f".repeat(17);
    let extension = format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(64 * 1024));
    let trailer = format!("0\r\nx: {}\r\n\r\n", "t".repeat(64 * 1024));
    for chunks in [
        "zz\r\n",
        endless.as_str(),
        "5\nhello\n0\n\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        &extension,
        &trailer,
    ] {
        let octets = format!("{}{chunks}{SMUGGLED}", post_head("transfer-encoding: chunked\r\n"));
        let said = said(&server, octets.as_bytes()).await;
        let sent = shown(chunks.as_bytes());
        assert_eq!(statuses(&said), [400], "the answers to {sent}: {said}");
        let said = said.to_ascii_lowercase();
        assert!(
            said.contains("\r\nconnection: close\r\n"),
            "the answer to {sent} ends the connection: {said}"
        );
        assert!(said.contains("application/problem+json"), "the answer to {sent} is a problem: {said}");
    }
    server.stop().await;
}

/// Chunks may be of one octet, have extensions and trailers (RFC 9112 §7.1): the content is the same.
#[tokio::test]
async fn chunks_of_one_octet_are_one_content() {
    let server = Server::start().await;
    let json = draft("brian", "hi", Some("n"));
    let mut chunks = String::new();
    for octet in String::from_utf8(json).expect("JSON").chars() {
        chunks += &format!("1;name=\"value\"\r\n{octet}\r\n");
    }
    let octets =
        format!("{}{chunks}0\r\nx-trailer: y\r\n\r\n{LAST}", post_head("transfer-encoding: chunked\r\n"));
    assert_eq!(answers(&server, octets.as_bytes()).await, [201, 200]);
    server.stop().await;
}

/// Requests in one write are answered in their order; the first that is broken is answered with 400 and is the last.
#[tokio::test]
async fn pipelined_requests_are_answered_in_order_up_to_a_broken_one() {
    let server = Server::start().await;
    let mut octets = String::new();
    for number in 1..=100 {
        let json = String::from_utf8(draft("brian", &format!("{number}"), None)).expect("JSON");
        octets += &match number {
            50 => "GET /healthz\tHTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned(),
            _ => format!("{}{json}", post_head(&format!("content-length: {}\r\n", json.len()))),
        };
    }
    let said = said(&server, octets.as_bytes()).await;
    let expected: Vec<_> = [201; 49].into_iter().chain([400]).collect();
    assert_eq!(statuses(&said), expected);
    let mut rest = said.as_str();
    for number in 1..50 {
        let member = format!("\"text\":\"{number}\"");
        rest = rest.split_once(&member).unwrap_or_else(|| panic!("{member} is not in its place: {said}")).1;
    }
    let batch = server.store.follow(None).read();
    assert_eq!(batch.len(), 49, "nothing behind the broken one is done");
    server.stop().await;
}

/// What is no HTTP/1.1 is closed, with 400 or without a word.
#[tokio::test]
async fn what_is_no_http_is_closed() {
    let server = Server::start().await;
    let every_octet: Vec<u8> = (0..=255).collect();
    let client_hello = [b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03".as_slice(), &[7; 36]].concat();
    for octets in [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".as_slice(),
        &client_hello,
        &every_octet,
        b"\0\0\0\0",
        b"GET /healthz HTTP/9.9\r\nhost: localhost\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"\r\n\r\n\r\nGET\r\n\r\n",
    ] {
        let sent = shown(octets);
        let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
        http.send_raw(octets).await.expect("octets are sent");
        // The server may need to see that no more comes.
        http.finish().await.expect("the sending side closes");
        let said = soon(format!("the end after {sent}"), http.until_closed()).await;
        let said = String::from_utf8_lossy(&said).into_owned();
        let answers = statuses(&said);
        assert!(answers.is_empty() || answers == [400], "{answers:?} to {sent}");
    }
    for octets in ["", "GET /healthz HT", "GET /healthz HTTP/1.1\r\nhost: localhost\r\n"] {
        let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
        http.send_raw(octets.as_bytes()).await.expect("octets are sent");
        http.finish().await.expect("the sending side closes");
        let said = soon("the end after a FIN", http.until_closed()).await;
        assert_eq!(String::from_utf8_lossy(&said), "", "to a client that went after {octets:?}");
    }
    let alive = server.request(&Request::get("/healthz")).await;
    assert_eq!(alive.status, 200, "the server goes on: {alive}");
    server.stop().await;
}

/// The forms of a target, RFC 9112 §3.2: the authority of the absolute form is the host, `*` is for OPTIONS,
/// and nobody is tunnelled anywhere.
#[tokio::test]
async fn a_target_has_four_forms() {
    let server = Server::start().await;
    for (line, status) in [
        ("GET http://localhost/healthz", 200),
        ("GET https://LOCALHOST:1/healthz", 200),
        ("GET http://evil.example/healthz", 421),
        ("GET http://user@localhost/healthz", 400),
        ("GET *", 400),
        ("OPTIONS *", 405),
        ("CONNECT evil.example:80", 405),
        ("CONNECT localhost:80", 405),
        ("TRACE /messages", 405),
        ("TRACE /", 405),
    ] {
        let octets = format!(
            "{line} HTTP/1.1\r\nhost: localhost\r\nx-secret: not echoed\r\nconnection: close\r\n\r\n"
        );
        let said = said(&server, octets.as_bytes()).await;
        assert_eq!(statuses(&said), [status], "the answer to {line}: {said}");
        assert!(!said.contains("not echoed"), "{line} echoes: {said}");
        if status == 405 {
            assert!(said.to_ascii_lowercase().contains("\r\nallow: "), "{line}: {said}");
        }
    }
    server.stop().await;
}

/// What was refused left nothing behind: the next post is the first message.
#[tokio::test]
async fn a_broken_post_leaves_nothing_in_the_log() {
    let server = Server::start().await;
    let head = post_head("transfer-encoding: chunked\r\n");
    let octets = format!("{head}24\r\n{{\"user\":\"brian\",\"text\":\"cut\",\"x\":1}}\r\nzz\r\n");
    assert_eq!(answers(&server, octets.as_bytes()).await, [400]);
    let mut client = server.connect(None).await;
    assert_eq!(post(&mut client, &draft("brian", "hi", None)).await.message().id, 1);
    server.stop().await;
}
