//! The stream of batches, what runs beside it on its connection, and how both end.

use std::time::Duration;

use bytes::Bytes;
use conformance::{Batch, Http2, Request, Setup, draft, http2::frame, soon};
use server::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    Server,
    wire::{Wire, error, flag, get_fields, headers, kind, reset_frame, setting},
};

/// A batch is a line; silence is an empty one; and the stream goes on.
#[tokio::test]
async fn a_batch_is_a_line_and_silence_an_empty_one() {
    let limits = Limits { heartbeat: Duration::from_millis(50), ..Limits::default() };
    let server = Server::with(Setup::with_limits(limits)).await;
    let mut wire = Wire::open(&server, &[]).await;
    wire.get(1, "/messages").await;
    let head = wire.until_of(1).await;
    assert!(head.is(kind::HEADERS, 1) && !head.ends_stream(), "{head:?}");
    assert_eq!(head.status(), Some(200), "{head:?}");
    let first = Batch::parse(&wire.line(1, true).await);
    assert!(!first.has_news(), "an empty batch, for there is nothing: {first:?}");
    for _ in 0..3 {
        assert_eq!(wire.line(1, true).await, "", "an empty line");
    }
    for id in 1..=3 {
        server.fill([format!("line\nfeed {id}")]).await;
        let batch = wire.batch(1).await;
        assert_eq!(batch.ids(), [id], "one message, one line");
        assert_eq!(wire.line(1, true).await, "", "silence again");
    }
    drop(wire);
    server.stop().await;
}

/// `HEAD` has the head of the stream and ends it, without a line.
#[tokio::test]
async fn head_ends_the_stream_without_a_line() {
    let server = Server::start().await;
    let mut wire = Wire::open(&server, &[]).await;
    let fields = get_fields("/messages", "localhost")
        .map(|field| if field.0 == ":method" { (":method", "HEAD") } else { field });
    wire.send(&headers(1, &fields, true)).await;
    let head = wire.until_of(1).await;
    assert_eq!((head.kind, head.status()), (kind::HEADERS, Some(200)));
    let data = if head.ends_stream() { None } else { Some(wire.until_of(1).await) };
    assert!(data.iter().all(|data| data.ends_stream() && data.payload.is_empty()), "{data:?}");
    assert_eq!(wire.round_trip().await, []);
    drop(wire);
    server.stop().await;
}

/// Posts go on the connection of the stream: the answer on its own stream, the message on the one that follows, with
/// the same octets.
#[tokio::test]
async fn a_post_goes_beside_the_stream() {
    let server = Server::start().await;
    let mut wire = Wire::open(&server, &[]).await;
    wire.get(1, "/messages").await;
    wire.batch(1).await;
    let json = draft("brian", "beside", Some("n-1"));
    let post = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/messages"),
        (":authority", "localhost"),
        ("content-type", "application/json"),
    ];
    wire.send(&headers(3, &post, false)).await;
    wire.send(&frame(kind::DATA, 0, 3, &json[..10])).await;
    wire.send(&frame(kind::DATA, flag::END_STREAM, 3, &json[10..])).await;
    let (mut answer, mut line) = (Vec::new(), Vec::new());
    let mut has_ended = false;
    while !has_ended || line.last() != Some(&b'\n') {
        let came = soon("the answer and the message", wire.next()).await.expect("the connection lives");
        match (came.kind, came.stream) {
            (kind::DATA, 1) => line.extend_from_slice(&came.payload),
            (kind::DATA, 3) => answer.extend_from_slice(&came.payload),
            _ => {}
        }
        has_ended |= came.stream == 3 && came.ends_stream();
    }
    let batch = Batch::parse(std::str::from_utf8(&line).expect("UTF-8").trim_end());
    assert_eq!(batch.messages[0].json.as_bytes(), answer, "the same octets");
    drop(wire);
    server.stop().await;
}

/// The server says what it takes, a hundred streams and 16 KiB of header list; one stream more is refused, and may be
/// asked for again when another has gone (RFC 9113 §5.1.2, §8.7).
#[tokio::test]
async fn a_hundred_streams_are_taken_and_one_more_is_refused() {
    let server = Server::start().await;
    let mut raw = conformance::Http1::connect(&server.link()).await.expect("the server accepts");
    raw.send_raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.expect("a preface is sent");
    let (mut socket, mut buffer) = raw.into_parts();
    let settings = loop {
        if let Some(settings) = crate::wire::Frame::take(&mut buffer) {
            break settings;
        }
        soon("settings", tokio::io::AsyncReadExt::read_buf(&mut socket, &mut buffer))
            .await
            .expect("settings");
    };
    let has = |name: u16, value: u32| {
        let pair = [name.to_be_bytes().as_slice(), &value.to_be_bytes()].concat();
        settings.payload.chunks(6).any(|setting| setting == pair)
    };
    assert!(settings.is(kind::SETTINGS, 0) && settings.flags == 0, "{settings:?}");
    assert!(
        has(setting::MAX_CONCURRENT_STREAMS, 100) && has(setting::MAX_HEADER_LIST_SIZE, 16 * 1024),
        "{settings:?}"
    );

    let mut wire = Wire::open(&server, &[]).await;
    for number in 0..101 {
        wire.get(2 * number + 1, "/messages").await;
    }
    let mut answered = 0;
    let refused = loop {
        let came = soon("101 answers", wire.next()).await.expect("the connection lives");
        match came.kind {
            kind::HEADERS => answered += 1,
            kind::RST_STREAM => break came,
            _ => {}
        }
    };
    assert_eq!((refused.stream, refused.code()), (201, error::REFUSED_STREAM));
    while answered < 100 {
        let head = wire.until("an answer", |came| came.kind == kind::HEADERS).await;
        assert_eq!(head.status(), Some(200));
        answered += 1;
    }
    wire.send(&reset_frame(1, error::CANCEL)).await;
    wire.get(203, "/messages").await;
    assert_eq!(wire.until_of(203).await.status(), Some(200), "there is room again");
    server.fill(["to all".to_owned()]).await;
    wire.until("the message on the last stream", |came| {
        came.is(kind::DATA, 203) && came.payload.windows(6).any(|octets| octets == b"to all")
    })
    .await;
    drop((socket, wire));
    server.stop().await;
}

/// Following and going, again and again on one connection, costs nothing that stays: each stream gives its place back.
#[tokio::test]
async fn streams_that_are_reset_give_their_place_back() {
    let server = Server::start().await;
    let mut wire = Wire::open(&server, &[]).await;
    let mut stream = 1;
    for _ in 0..300 {
        wire.get(stream, "/messages").await;
        let data =
            wire.until("the first line", |came| came.stream == stream && came.kind != kind::HEADERS).await;
        assert_eq!(data.kind, kind::DATA, "{data:?}");
        wire.send(&reset_frame(stream, error::CANCEL)).await;
        stream += 2;
    }
    for _ in 0..100 {
        wire.get(stream, "/messages").await;
        let head = wire.until_of(stream).await;
        assert_eq!(
            (head.kind, head.status()),
            (kind::HEADERS, Some(200)),
            "a hundred at once are still taken"
        );
        stream += 2;
    }
    drop(wire);
    server.stop().await;
}

/// Posts that never end are answered when their time is over, and give their place back.
#[tokio::test]
async fn posts_without_end_are_408_and_give_their_place_back() {
    let limits =
        Limits { body: Duration::from_millis(300), linger: Duration::from_millis(100), ..Limits::default() };
    let server = Server::with(Setup::with_limits(limits)).await;
    let mut http = Http2::connect(&server.link()).await.expect("an HTTP/2 connection");
    let mut posts = Vec::new();
    for _ in 0..100 {
        let (response, mut content) =
            http.open(&Request::post(draft("brian", "hi", None))).await.expect("a stream");
        content.send_data(Bytes::from_static(b"{"), false).expect("the begin is sent");
        posts.push((response, content));
    }
    for (response, content) in posts {
        let response =
            soon("the answer to a post without end", Http2::whole(response)).await.expect("an answer");
        assert_eq!(response.status, 408, "{response}");
        drop(content);
    }
    let ready = soon("an answer", http.exchange(&Request::get("/healthz"))).await.expect("an answer");
    assert_eq!(ready.status, 200, "{ready}");
    drop(http);
    server.stop().await;
}

/// After silence there is a PING; a peer that answers stays, one that does not is dropped (RFC 9113 §6.7).
#[tokio::test]
async fn silence_is_pinged_and_then_ends() {
    let wait = Duration::from_millis(200);
    // Time enough for an answer, so that only one that never comes is missed.
    let limits = Limits { ping_after: wait, pong_within: 5 * wait, ..Limits::default() };
    let server = Server::with(Setup::with_limits(limits)).await;
    let mut wire = Wire::open(&server, &[]).await;
    wire.get(1, "/messages").await;
    wire.batch(1).await;
    while wire.pings < 3 {
        // Nothing comes but pings: what is waited for is the time of the next.
        let _ = tokio::time::timeout(wait / 4, wire.next()).await;
    }
    server.fill(["still there".to_owned()]).await;
    assert_eq!(wire.batch(1).await.ids(), [1], "one that answers stays");
    wire.answers_pings = false;
    let before = wire.pings;
    let frames = wire.until_closed().await;
    assert!(wire.pings > before, "it was asked once more: {frames:?}");
    server.stop().await;
}

/// A stop ends in good order: GOAWAY that takes no new streams, END_STREAM on each that follows, the GOAWAY that says how
/// far it came, and the end (RFC 9113 §6.8).
#[tokio::test]
async fn a_stop_is_goaway_and_the_end_of_each_stream() {
    let server = Server::start().await;
    let mut wire = Wire::open(&server, &[]).await;
    for stream in [1, 3, 5] {
        wire.get(stream, "/messages").await;
        wire.until("a first line", |came| came.is(kind::DATA, stream)).await;
    }
    server.begin_stop();
    let frames = wire.until_closed().await;
    let goaways: Vec<_> = frames.iter().filter(|came| came.kind == kind::GOAWAY).collect();
    assert!(!goaways.is_empty() && goaways.iter().all(|came| came.code() == error::NO_ERROR), "{frames:?}");
    assert_eq!(
        &goaways[0].payload[..4],
        (u32::MAX >> 1).to_be_bytes(),
        "the first refuses nothing under way"
    );
    assert_eq!(&goaways[goaways.len() - 1].payload[..4], 5_u32.to_be_bytes(), "the last says what was done");
    for stream in [1, 3, 5] {
        let last = frames.iter().rfind(|came| came.stream == stream).expect("an end of the stream");
        assert!(last.is(kind::DATA, stream) && last.ends_stream(), "the end of stream {stream}: {last:?}");
    }
    server.stop().await;
}

/// A connection that asks nothing more is told that it ends. A peer that does not answer the PING behind that, by which h2
/// learns that no request is under way, is dropped, however much it says.
#[tokio::test]
async fn who_asks_nothing_more_is_dropped_also_if_it_talks_on() {
    let wait = Duration::from_millis(500);
    let limits = Limits { idle: wait, pong_within: wait, ..Limits::default() };
    let server = Server::with(Setup::with_limits(limits)).await;
    let mut wire = Wire::open(&server, &[]).await;
    wire.get(1, "/healthz").await;
    assert_eq!(wire.until_of(1).await.status(), Some(200));
    wire.answers_pings = false;
    let goaway = wire.until("GOAWAY", |came| came.kind == kind::GOAWAY).await;
    assert_eq!(goaway.code(), error::NO_ERROR);
    let (mut socket, mut buffer) = wire.into_parts();
    let ping = frame(kind::PING, 0, 0, b"am here!");
    let talking = async {
        while socket.write_all(&ping).await.is_ok() && matches!(socket.read_buf(&mut buffer).await, Ok(1..)) {
        }
    };
    soon("the connection's end", talking).await;
    server.stop().await;
}

/// A peer that will open no more streams, and says so by GOAWAY, keeps those that it has (RFC 9113 §6.8).
#[tokio::test]
async fn a_goaway_of_the_peer_leaves_its_streams() {
    let server = Server::start().await;
    let mut wire = Wire::open(&server, &[]).await;
    wire.get(1, "/messages").await;
    wire.batch(1).await;
    wire.send(&frame(kind::GOAWAY, 0, 0, &[0; 8])).await;
    for id in 1..=3 {
        server.fill([id.to_string()]).await;
        assert_eq!(wire.batch(1).await.ids(), [id]);
    }
    drop(wire);
    server.stop().await;
}

/// Requests that HTTP/2 allows and the protocol does not are answered; malformed ones are an error of their stream
/// (RFC 9113 §8.1.1). The connection goes on.
#[tokio::test]
async fn a_malformed_request_harms_its_stream_only() {
    let server = Server::start().await;
    let mut wire = Wire::open(&server, &[]).await;
    let mut stream = 1;
    for (fields, status) in [
        (get("/healthz", "localhost"), Some(200)),
        ([without_authority(), vec![("host", "localhost")]].concat(), Some(200)),
        (without_authority(), Some(400)),
        (with("host", "localhost"), Some(200)),
        (get("//evil.example/", "localhost"), Some(404)),
        (get("/%00", "localhost"), Some(404)),
        (get("/healthz", "user@localhost"), Some(400)),
        (with("connection", "close"), None),
        (with("transfer-encoding", "chunked"), None),
        (with("content-length", "5"), None),
        (get("", "localhost"), None),
    ] {
        wire.send(&headers(stream, &fields, true)).await;
        let came = wire.until_of(stream).await;
        match status {
            Some(_) => assert_eq!((came.kind, came.status()), (kind::HEADERS, status), "{fields:?}"),
            None => {
                assert_eq!((came.kind, came.code()), (kind::RST_STREAM, error::PROTOCOL_ERROR), "{fields:?}");
            }
        }
        stream += 2;
    }
    assert!(wire.round_trip().await.iter().all(|came| came.kind != kind::GOAWAY), "the connection goes on");
    drop(wire);
    server.stop().await;
}

/// Names and values that HTTP cannot carry, with which HTTP/1.1 could be split, end the stream or the connection
/// (RFC 9113 §8.2.1).
#[tokio::test]
async fn a_field_that_could_split_a_message_is_an_error() {
    let server = Server::start().await;
    for (name, value) in
        [("x", "a\r\nb"), ("x", "a\nb"), ("x", "a\0b"), ("X", "y"), ("x y", "z"), ("x\r\n", "y"), ("", "y")]
    {
        let mut wire = Wire::open(&server, &[]).await;
        wire.send(&headers(1, &with(name, value), true)).await;
        let came = wire.until("an error", |came| came.stream == 1 || came.kind == kind::GOAWAY).await;
        assert!(matches!(came.kind, kind::RST_STREAM | kind::GOAWAY), "{name:?}: {value:?}: {came:?}");
        assert_ne!(came.code(), error::NO_ERROR, "{name:?}: {value:?}");
    }
    server.stop().await;
}

fn get<'a>(path: &'a str, authority: &'a str) -> Vec<(&'a str, &'a str)> {
    get_fields(path, authority).to_vec()
}

fn with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    [get("/healthz", "localhost"), vec![(name, value)]].concat()
}

fn without_authority() -> Vec<(&'static str, &'static str)> {
    let [method, scheme, path, _] = get_fields("/healthz", "localhost");
    vec![method, scheme, path]
}
