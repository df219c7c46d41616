//! How large a post's content may be, how long it may take, and when it is read at all.

use conformance::{Http1, Request, Response, Setup, draft, soon};
use server::{Limits, Options};

use crate::common::{LAST, Server, WAIT, answers, post_head, said, statuses};

/// The most octets of content.
const MAX_BODY_BYTES: usize = 32 * 1024;

/// A draft of this many octets, most of them in a member that nobody knows.
fn draft_of(octets: usize) -> String {
    let empty = r#"{"user":"brian","text":"hi","x":""}"#;
    empty.replace("\"\"}", &format!("\"{}\"}}", "x".repeat(octets - empty.len())))
}

/// `content` in chunks of this many octets.
fn chunked(content: &str, octets: usize) -> String {
    let mut chunks = String::new();
    for chunk in content.as_bytes().chunks(octets) {
        chunks += &format!("{:x}\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).expect("ASCII"));
    }
    chunks + "0\r\n\r\n"
}

/// 32 KiB are taken, by length and in chunks of any size; one octet more is 413 and the end.
#[tokio::test]
async fn content_of_32_kib_is_taken_and_one_past_it_is_413() {
    let server = Server::start().await;
    let (most, past) = (draft_of(MAX_BODY_BYTES), draft_of(MAX_BODY_BYTES + 1));
    let by_length =
        |json: &str| format!("{}{json}", post_head(&format!("content-length: {}\r\n", json.len())));
    let in_chunks = |json: &str, octets| {
        format!("{}{}", post_head("transfer-encoding: chunked\r\n"), chunked(json, octets))
    };
    for octets in [by_length(&most), in_chunks(&most, 1), in_chunks(&most, 1_000), in_chunks(&most, 1 << 20)]
    {
        assert_eq!(answers(&server, (octets + LAST).as_bytes()).await, [201, 200]);
    }
    for octets in [by_length(&past), in_chunks(&past, 1), in_chunks(&past, 1_000), in_chunks(&past, 1 << 20)]
    {
        let said = said(&server, (octets + LAST).as_bytes()).await;
        assert_eq!(statuses(&said), [413], "{said}");
        assert!(said.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{said}");
    }
    server.stop().await;
}

/// Who waits for `100 Continue` gets it where the content will be read, and the refusal at once where it will not
/// (RFC 9110 §10.1.1).
#[tokio::test]
async fn the_expectation_100_continue_is_met_only_where_content_is_read() {
    let server = Server::start().await;
    let json = String::from_utf8(draft("brian", "hi", None)).expect("JSON");
    let fields = format!("content-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n", json.len());
    let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
    http.send_raw(post_head(&fields).as_bytes()).await.expect("a head is sent");
    let (mut socket, mut buffer) = http.into_parts();
    let expected = b"HTTP/1.1 100 Continue\r\n\r\n";
    while buffer.len() < expected.len() {
        let read = soon("100 Continue", tokio::io::AsyncReadExt::read_buf(&mut socket, &mut buffer)).await;
        assert!(read.expect("the connection goes on") > 0, "closed after {buffer:?}");
    }
    assert_eq!(&buffer[..], expected);
    tokio::io::AsyncWriteExt::write_all(&mut socket, json.as_bytes()).await.expect("the content is sent");
    let mut rest = Vec::new();
    let reading = tokio::io::AsyncReadExt::read_to_end(&mut socket, &mut rest);
    soon("the answer", reading).await.expect("the answer");
    assert_eq!(statuses(&String::from_utf8_lossy(&rest)), [201]);

    let expecting = |fields: &str| format!("{fields}expect: 100-continue\r\n");
    let too_large = format!("content-length: {}\r\n", MAX_BODY_BYTES + 1);
    for (status, head) in [
        (413, post_head(&expecting(&too_large))),
        (413, post_head(&expecting("content-length: 18446744073709551613\r\n"))),
        (415, post_head(&expecting("content-length: 9\r\n")).replace("application/json", "text/plain")),
        (404, post_head(&expecting("content-length: 9\r\n")).replace("/messages", "/nothing")),
        (405, post_head(&expecting("content-length: 9\r\n")).replace("POST", "PUT")),
        (421, post_head(&expecting("content-length: 9\r\n")).replace("localhost", "evil.example")),
        (403, post_head(&expecting("content-length: 9\r\norigin: null\r\n"))),
    ] {
        assert_eq!(answers(&server, head.as_bytes()).await, [status], "the answers to {head:?}");
    }
    server.stop().await;
}

/// Who posts too fast is told so before the content comes, and when to come again.
#[tokio::test]
async fn too_many_posts_are_429_before_the_content_is_read() {
    let options = Options { post_rate: 1, ..Options::default() };
    let server = Server::with(Setup { options, ..Setup::default() }).await;
    let head = post_head("content-length: 30000\r\n");
    let mut last = String::new();
    for _ in 0..20 {
        let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
        http.send_raw(head.as_bytes()).await.expect("a head is sent");
        http.send_raw(&[b' '; 100]).await.expect("a little content is sent");
        // Taken posts wait for their content; this client has left then.
        let waits = std::time::Duration::from_millis(200);
        let Ok(answer) = tokio::time::timeout(waits, http.rest()).await else { continue };
        last = String::from_utf8(answer.expect("the answer is readable")).expect("an answer in UTF-8");
        break;
    }
    assert_eq!(statuses(&last), [429], "{last}");
    let head = last.to_ascii_lowercase();
    assert!(head.contains("\r\nretry-after: 1\r\n") && head.contains("\r\nconnection: close\r\n"), "{last}");
    assert!(last.contains("\"retryAfter\":1"), "{last}");
    server.stop().await;
}

/// Content that does not end in time is 408 and the end, and no message.
#[tokio::test]
async fn slow_content_is_408_and_the_end() {
    // The head's deadline is far, so it is the content's own that ends this.
    let limits = Limits { body: WAIT, linger: WAIT, ..Limits::default() };
    let server = Server::with(Setup::with_limits(limits)).await;
    for octets in [
        format!("{}{{\"user\"", post_head("content-length: 100\r\n")),
        post_head("content-length: 1\r\n"),
        format!("{}5\r\n{{\"us", post_head("transfer-encoding: chunked\r\n")),
        format!("{}2\r\n{{}}\r\n", post_head("transfer-encoding: chunked\r\n")),
        format!("{}2\r\n{{}}\r\n0\r\n", post_head("transfer-encoding: chunked\r\n")),
    ] {
        let said = said(&server, octets.as_bytes()).await;
        assert_eq!(statuses(&said), [408], "the answer to {octets:?}: {said}");
        assert!(said.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{said}");
        assert!(said.contains("complete within 0.5 s"), "the problem names the limit: {said}");
    }
    assert!(server.store.follow(None).read().is_empty(), "half a post is no message");
    server.stop().await;
}

/// A connection that has its answer may ask again until it has been idle for too long; then it is closed without a
/// word.
#[tokio::test]
async fn an_idle_connection_is_closed_without_a_word() {
    let idle = 2 * WAIT;
    let server = Server::with(Setup::with_limits(Limits { idle, ..Limits::default() })).await;
    let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
    for _ in 0..3 {
        // Less than the limit each time, more than it together.
        tokio::time::sleep(idle / 2).await;
        let response = soon("an answer", http.exchange(&Request::get("/healthz"))).await;
        assert_eq!(response.expect("the connection is kept").status, 200);
    }
    let rest = soon("the end of an idle connection", http.rest()).await.expect("an end in good order");
    assert!(rest.is_empty(), "to nothing there is no answer: {rest:?}");
    server.stop().await;
}

/// A post on a connection that stays open, refused or not: the next request is read where the last one ended.
#[tokio::test]
async fn a_refused_draft_leaves_the_connection_open() {
    let server = Server::start().await;
    let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
    for (status, content) in [
        (400, b"{".to_vec()),
        (422, b"{}".to_vec()),
        (201, draft("brian", "hi", Some("n"))),
        (200, draft("brian", "hi again", Some("n"))),
        (422, draft("", "hi", Some("n-2"))),
        (400, Vec::new()),
    ] {
        let response = soon("an answer", http.exchange(&Request::post(content))).await;
        let response: Response = response.expect("the connection goes on");
        assert_eq!(response.status, status, "{response}");
        response.expect_common_fields("a post");
    }
    server.stop().await;
}
