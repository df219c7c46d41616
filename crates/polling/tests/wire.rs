//! What only polling puts on the wire: answers at once, and entity tags that are cursors.

use std::time::Duration;

use conformance::{Batch, Http1, Request, Response, Setup, Target, draft, raw_exchange, soon};

conformance::subject!(polling::TRANSPORT, polling::serve, conformance::Polling);

type Server = Target<Subject>;

/// The batch of a `200`.
fn batch(response: &Response) -> Batch {
    assert_eq!(response.status, 200, "{response}");
    assert_eq!(response.field("content-type"), Some("application/json"), "{response}");
    Batch::parse(response.text())
}

/// The entity tag, which has to be the cursor in quotes.
fn etag_of(response: &Response, batch: &Batch) -> String {
    let cursor = batch.cursor.as_deref().expect("the cursor of a batch");
    let etag = format!("\"{cursor}\"");
    assert_eq!(response.field("etag"), Some(etag.as_str()), "etag of {response}");
    etag
}

/// An answer comes at once, with news or without: never a wait, never a 204.
#[tokio::test]
async fn an_answer_comes_at_once() {
    let server = Server::start().await;
    let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
    let first = soon("an answer", http.exchange(&Request::get("/messages"))).await.expect("an answer");
    let empty = batch(&first);
    assert!(!empty.has_news(), "nothing was said yet: {first}");
    first.expect_common_fields("an empty batch");
    let cursor = empty.cursor.as_deref().expect("a cursor").to_owned();
    // What long polling knows as a wait says nothing here.
    for query in
        [format!("after={cursor}"), format!("after={cursor}&wait=50"), format!("wait=x&after={cursor}")]
    {
        let asked = std::time::Instant::now();
        let request = Request::get(format!("/messages?{query}"));
        let again = soon("an answer", http.exchange(&request)).await.expect("an answer");
        assert_eq!(batch(&again), empty, "{again}");
        etag_of(&again, &empty);
        assert!(asked.elapsed() < Duration::from_secs(5), "{query}: {:?}", asked.elapsed());
    }
    server.stop().await;
}

/// The entity tag is the cursor in quotes; a client that has it gets 304 with the tag and no content, however it
/// names it, until there is something new (RFC 9110 §13.1.2, §15.4.5).
#[tokio::test]
async fn a_cursor_in_if_none_match_is_304_until_there_is_news() {
    let server = Server::start().await;
    server.fill(["one".to_owned(), "two".to_owned()]).await;
    let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
    let all = soon("an answer", http.exchange(&Request::get("/messages"))).await.expect("an answer");
    let got = batch(&all);
    let etag = etag_of(&all, &got);
    let cursor = got.cursor.as_deref().expect("a cursor");
    let targets = ["/messages".to_owned(), format!("/messages?after={cursor}")];
    for target in &targets {
        for (status, tags) in [
            (304, etag.clone()),
            (304, format!("W/{etag}")),
            (304, format!("\"other\", {etag}")),
            (304, format!("W/\"other\",W/{etag},\"more\"")),
            (304, "*".to_owned()),
            (200, "\"other\"".to_owned()),
            (200, cursor.to_owned()),
            (200, format!("w/{etag}")),
            (200, String::new()),
        ] {
            for method in ["GET", "HEAD"] {
                let request = Request::new(method, target).with("if-none-match", &tags);
                // On one connection: content after a 304 would be read as the begin of the next answer.
                let response = soon("an answer", http.exchange(&request)).await.expect("an answer");
                assert_eq!(response.status, status, "{method} {target} with {tags}: {response}");
                assert_eq!(response.field("etag"), Some(etag.as_str()), "{response}");
                response.expect_common_fields("an answer with an etag");
                if status == 304 {
                    assert_eq!(response.field("content-type"), None, "a 304 has no content: {response}");
                    assert_eq!(response.field("content-length"), None, "a 304 states no length: {response}");
                }
            }
        }
        let two_lines = Request::get(target).with("if-none-match", "\"other\"").with("if-none-match", &etag);
        let response = soon("an answer", http.exchange(&two_lines)).await.expect("an answer");
        assert_eq!(response.status, 304, "two field lines are one list: {response}");
    }
    server.fill(["three".to_owned()]).await;
    for (target, ids) in targets.iter().zip([vec![1, 2, 3], vec![3]]) {
        let request = Request::get(target).with("if-none-match", &etag);
        let response = soon("an answer", http.exchange(&request)).await.expect("an answer");
        assert_eq!(batch(&response).ids(), ids, "news behind the tag: {response}");
        assert_ne!(etag_of(&response, &batch(&response)), etag);
    }
    server.stop().await;
}

/// `missed` and `reset` are news: a tag that happens to fit does not hide them.
#[tokio::test]
async fn a_tag_hides_neither_missed_nor_reset() {
    let server = Server::with(Setup::with_history(2)).await;
    server.fill((1..=5).map(|number| number.to_string())).await;
    let all = server.request(&Request::get("/messages")).await;
    let etag = etag_of(&all, &batch(&all));
    let cursor = batch(&all).cursor.expect("a cursor");
    let epoch = cursor.split_once('-').expect("an epoch").0;
    for (after, missed, reset) in [
        (format!("{epoch}-1"), Some(2), false),
        ("other-5".to_owned(), None, true),
        (format!("{epoch}-9"), None, true),
    ] {
        let request = Request::get(format!("/messages?after={after}")).with("if-none-match", &etag);
        let response = server.request(&request).await;
        let got = batch(&response);
        assert_eq!((got.missed, got.reset), (missed, reset), "after {after}: {response}");
        assert_eq!(got.ids(), [4, 5], "{response}");
    }
    server.stop().await;
}

/// A batch that holds not all says where to read on: its tag is the cursor after its own last message, which is not
/// the newest.
#[tokio::test]
async fn the_tag_of_a_part_is_its_own_cursor() {
    let server = Server::start().await;
    // In JSON 8 KB each: together more than the 256 KiB of a batch.
    server.fill((0..100).map(|_| "\u{1f600}".repeat(2_000))).await;
    let mut after = String::new();
    let mut last = 0;
    while last < 100 {
        let response = server.request(&Request::get(format!("/messages{after}"))).await;
        let got = batch(&response);
        assert!(got.size <= 256 * 1024, "{} octets in a batch", got.size);
        let etag = etag_of(&response, &got);
        let ids = got.ids();
        assert_eq!(ids.first(), Some(&(last + 1)), "nothing is left out");
        last = *ids.last().expect("news");
        let known = Request::get(format!("/messages{after}")).with("if-none-match", &etag);
        // The client that asks from where it stood has news, whatever it also has.
        let status = server.request(&known).await.status;
        assert_eq!(status, if after.is_empty() { 304 } else { 200 }, "after {last}");
        after = format!("?after={}", got.cursor.expect("a cursor"));
    }
    server.stop().await;
}

/// A post and the poll behind it, in one write: the poll has the message.
#[tokio::test]
async fn a_poll_behind_a_post_has_its_message() {
    let server = Server::start().await;
    let authority = server.authority();
    let mut octets = Request::post(draft("brian", "hi", Some("n"))).to_http1(&authority);
    octets.extend(Request::get("/messages").with("connection", "close").to_http1(&authority));
    let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
    http.send_raw(&octets).await.expect("two requests are sent");
    let posted = soon("the first answer", http.response_to("POST")).await.expect("an answer");
    assert_eq!(posted.status, 201, "{posted}");
    let polled = soon("the second answer", http.response_to("GET")).await.expect("an answer");
    assert_eq!(batch(&polled).messages[0].json, posted.text(), "the same octets");
    assert!(soon("the end", http.rest()).await.expect("a close in good order").is_empty());
    server.stop().await;
}

/// HTTP/1.0 is answered and closed, unless it asks for more.
#[tokio::test]
async fn http_1_0_is_answered_and_closed() {
    let server = Server::start().await;
    let octets = b"GET /messages HTTP/1.0\r\nhost: localhost\r\n\r\n";
    let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
    http.send_raw(octets).await.expect("a request is sent");
    let said = soon("the end", http.rest()).await.expect("a close in good order");
    let said = String::from_utf8(said).expect("UTF-8");
    assert!(said.starts_with("HTTP/1.0 200 OK\r\n") && said.contains("\"messages\":[]"), "{said}");
    server.stop().await;
}

/// Opened as a page, what was said is no page: JSON that a browser may not take for anything else.
#[tokio::test]
async fn messages_are_never_a_page() {
    let server = Server::start().await;
    server.fill(["<img src=x onerror=alert(1)>".to_owned()]).await;
    let response = server.request(&Request::get("/messages").with("accept", "text/html")).await;
    assert_eq!(batch(&response).messages[0].text, "<img src=x onerror=alert(1)>");
    response.expect_common_fields("messages");
    let said =
        raw_exchange(server.address, b"GET /messages/<script> HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(
        !String::from_utf8_lossy(&said).contains("<script>"),
        "an answer repeats no octets of the target"
    );
    server.stop().await;
}

/// A server that has run out of descriptors lives, does not spin, says so at most once a second, and serves again
/// when some are free.
#[cfg(unix)]
#[tokio::test]
async fn a_server_without_descriptors_lives() {
    use std::{
        io::{BufRead, BufReader, Read},
        net::SocketAddr,
        process::{Command, Stdio},
    };

    const DESCRIPTORS: usize = 64;
    let program = env!("CARGO_BIN_EXE_polling");
    let mut server = Program(
        Command::new("sh")
            .args(["-c", &format!("ulimit -n {DESCRIPTORS} && exec {program} --port 0 --listen 127.0.0.1")])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell"),
    );
    let mut line = String::new();
    let mut said = BufReader::new(server.0.stdout.take().expect("a pipe"));
    said.read_line(&mut line).expect("the line that says where it listens");
    let port = line.trim_end().trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
    let address: SocketAddr = ([127, 0, 0, 1], port.expect("a port in the line")).into();
    let link = conformance::Link::to(address);

    // The system accepts what the server cannot yet.
    let mut clients = Vec::new();
    for _ in 0..2 * DESCRIPTORS {
        let mut http = Http1::connect(&link).await.expect("the system accepts");
        http.send(&Request::get("/healthz")).await.expect("a request is sent");
        clients.push(http);
    }
    let mut first = clients.remove(0);
    let response = soon("the first's answer", first.response_to("GET")).await.expect("an answer");
    assert_eq!(response.status, 200, "{response}");
    let mut last = clients.pop().expect("clients");
    drop(clients);
    let response = soon("the last's answer", last.response_to("GET")).await.expect("an answer");
    assert_eq!(response.status, 200, "who waited is served when others have left: {response}");
    let response = soon("an answer", first.exchange(&Request::get("/healthz"))).await.expect("an answer");
    assert_eq!(response.status, 200, "who was there is still there: {response}");

    let mut log = server.0.stderr.take().expect("a pipe");
    assert!(server.0.try_wait().expect("a child").is_none(), "the server is still there");
    drop(server);
    let mut said = String::new();
    log.read_to_string(&mut said).expect("the log");
    let warnings = said.lines().filter(|line| line.contains("cannot accept")).count();
    assert!((1..=20).contains(&warnings), "{warnings} warnings:\n{said}");
}

/// A running program, killed when it is dropped.
#[cfg(unix)]
struct Program(std::process::Child);

#[cfg(unix)]
impl Drop for Program {
    fn drop(&mut self) {
        // It fails only for a program that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
