//! How large a request's head may be, and how long it may take.

use conformance::{Http1, Link, Request, Setup, soon};
use server::Limits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
};

use crate::common::{LAST, Server, WAIT, answers, said, short, statuses};

/// The most octets of a head.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// `LAST`, made this many octets long by one field.
fn head_of(octets: usize) -> String {
    let empty = LAST.replace("\r\n\r\n", "\r\nx: \r\n\r\n");
    LAST.replace("\r\n\r\n", &format!("\r\nx: {}\r\n\r\n", "y".repeat(octets - empty.len())))
}

/// 16 KiB are a head, one octet more is 431 and the end.
#[tokio::test]
async fn a_head_of_16_kib_is_taken_and_one_past_it_is_431() {
    let server = Server::start().await;
    assert_eq!(head_of(MAX_HEAD_BYTES).len(), MAX_HEAD_BYTES, "what is sent");
    assert_eq!(answers(&server, head_of(MAX_HEAD_BYTES).as_bytes()).await, [200], "16 KiB");
    for past in [1, 2, 100, 4_000, 50_000, 484_000] {
        let octets = head_of(MAX_HEAD_BYTES + past);
        assert_eq!(answers(&server, octets.as_bytes()).await, [431], "{past} past it");
    }
    server.stop().await;
}

/// 64 field lines are taken, one more is 431 and the end, however short they are; `host` is one of them.
#[tokio::test]
async fn a_head_of_64_fields_is_taken_and_one_past_it_is_431() {
    let server = Server::start().await;
    // `LAST` has two of its own.
    let with = |count: usize| LAST.replace("\r\n\r\n", &format!("\r\n{}\r\n", "x:\r\n".repeat(count - 2)));
    assert_eq!(answers(&server, with(64).as_bytes()).await, [200], "64");
    for count in [65, 66, 101, 2_000] {
        assert_eq!(answers(&server, with(count).as_bytes()).await, [431], "{count}");
    }
    server.stop().await;
}

/// A target that is too long by itself is 414 or 431, and the end.
#[tokio::test]
async fn a_target_that_is_too_long_is_refused() {
    let server = Server::start().await;
    for length in [17_000, 64 * 1024, 70_000, 300_000] {
        let octets = LAST.replace("/healthz", &format!("/messages?after={}", "a".repeat(length)));
        let answers = answers(&server, octets.as_bytes()).await;
        assert!(answers == [414] || answers == [431], "{answers:?} to a target of {length} octets");
    }
    server.stop().await;
}

/// The answer can be read although the client goes on sending: the server takes what comes for a while, and an RST
/// does not overtake the answer (RFC 9112 §9.6).
#[tokio::test]
async fn a_refusal_is_readable_although_the_client_goes_on_sending() {
    let server = Server::with(Setup::with_limits(Limits::default())).await;
    let post = "POST /messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let mut clients = JoinSet::new();
    for (status, begin, more) in [
        (431, "GET / HTTP/1.1\r\nhost: localhost\r\nx: ".to_owned(), "y"),
        (431, format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}", "x: y\r\n".repeat(64)), "x: y\r\n"),
        (413, format!("{post}content-length: 999999999\r\n\r\n"), "z"),
        (413, format!("{post}transfer-encoding: chunked\r\n\r\n"), "1\r\nz\r\n"),
        (400, format!("{post}transfer-encoding: chunked\r\n\r\nzz\r\n"), "z"),
        (
            415,
            "POST /messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999\r\n\r\n".to_owned(),
            "z",
        ),
        (404, "PUT /nothing HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999\r\n\r\n".to_owned(), "z"),
        (421, "PUT / HTTP/1.1\r\nhost: evil.example\r\ncontent-length: 99999999\r\n\r\n".to_owned(), "z"),
    ] {
        let link = server.link();
        clients.spawn(async move { (status, answer_while_sending(link, begin, more).await) });
    }
    while let Some(answered) = clients.join_next().await {
        let (status, answer) = answered.expect("an answer");
        assert_eq!(statuses(&answer), [status], "{answer}");
        assert!(answer.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{answer}");
    }
    server.stop().await;
}

/// All that is answered to a client that sends `begin`, and then `more` until it is cut off.
async fn answer_while_sending(link: Link, begin: String, more: &str) -> String {
    let socket = link.connect().await.expect("the server accepts");
    let (mut reading, mut writing) = tokio::io::split(socket);
    let part = more.repeat(1_000 / more.len());
    let flood = tokio::spawn(async move {
        writing.write_all(begin.as_bytes()).await?;
        loop {
            writing.write_all(part.as_bytes()).await?;
        }
    });
    let mut answer = Vec::new();
    let read = soon("the answer to a client that goes on sending", reading.read_to_end(&mut answer)).await;
    read.expect("the answer comes before an RST");
    // The server discards for as long as it lingers, then it is over.
    let ended: Result<(), std::io::Error> = soon("the end of the flood", flood).await.expect("no panic");
    ended.expect_err("it ends by being cut off");
    String::from_utf8(answer).expect("an answer in UTF-8")
}

/// A head that comes octet by octet without end is cut off when it is too large, not when it is over.
#[tokio::test]
async fn a_head_in_single_octets_is_cut_off_at_its_limit() {
    let server = Server::start().await;
    let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
    http.send_raw(b"GET / HTTP/1.1\r\nhost: localhost\r\nx: ").await.expect("the begin is sent");
    for _ in 0..MAX_HEAD_BYTES + 1 {
        http.send_raw(b"y").await.expect("an octet within the limit is sent");
    }
    // Nothing more is sent: the answer comes for what there is.
    let response = soon("the answer to a head past its limit", http.response_to("GET")).await;
    assert_eq!(response.expect("an answer").status, 431);
    server.stop().await;
}

/// Half a head is answered with 408 and closed, whether it stands still or trickles.
#[tokio::test]
async fn a_slow_head_is_408_and_the_end() {
    let server = Server::with(Setup::with_limits(short())).await;
    for begin in ["G", "GET /healthz HTTP/1.1\r\n", "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: "] {
        let said = said(&server, begin.as_bytes()).await;
        expect_408(&said);
    }
    // A second request on a connection has the same time.
    let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
    let first = soon("an answer", http.exchange(&Request::get("/healthz"))).await.expect("an answer");
    assert_eq!(first.status, 200, "{first}");
    http.send_raw(b"GET /healthz HTTP/1.1\r\nho").await.expect("half a head is sent");
    let second = soon("the end", http.rest()).await.expect("an end in good order");
    expect_408(&String::from_utf8(second).expect("an answer in UTF-8"));
    server.stop().await;
}

/// Five hundred slow heads are gone at their deadline, and nobody else notices them.
#[tokio::test]
async fn many_slow_heads_hold_up_nobody() {
    let server = Server::with(Setup::with_limits(short())).await;
    let mut slow = Vec::new();
    for _ in 0..500 {
        let mut http = Http1::connect(&server.link()).await.expect("the server accepts");
        http.send_raw(b"GET /healthz HTTP/1.1\r\nx: ").await.expect("half a head is sent");
        slow.push(http);
    }
    let alive = server.request(&Request::get("/healthz")).await;
    assert_eq!(alive.status, 200, "another client beside 500 slow ones: {alive}");
    for mut http in slow {
        let said = soon("the end of a slow head", http.until_closed()).await;
        expect_408(&String::from_utf8(said).expect("an answer in UTF-8"));
    }
    server.stop().await;
}

fn expect_408(said: &str) {
    assert_eq!(statuses(said), [408], "{said}");
    let head = said.to_ascii_lowercase();
    for field in [
        "\r\nconnection: close\r\n",
        "\r\ncontent-type: application/problem+json\r\n",
        "\r\ncache-control: no-store\r\n",
        "\r\nx-content-type-options: nosniff\r\n",
    ] {
        assert!(head.contains(field), "{field:?} is not in {said}");
    }
    let seconds = WAIT.as_secs_f32();
    assert!(said.contains(&format!("complete within {seconds} s")), "the problem names the limit: {said}");
}
