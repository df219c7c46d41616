//! Peers that flood: they end with the error that says so, or cost next to nothing; nobody else notices.

use bytes::BytesMut;
use conformance::{Http2, Request, draft, http2::frame, next, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    Server,
    wire::{Frame, Wire, block, error, flag, get_fields, headers, kind, reset_frame, settings_frame, string},
};

/// How a connection took a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It ended with a GOAWAY of this error code.
    Ended(u32),
    /// It was closed without one.
    Closed,
    /// It took all, and answers.
    Lives,
}

/// Sends all parts while reading what comes, then a PING.
async fn flood(server: &Server, parts: impl Iterator<Item = Vec<u8>> + Send + 'static) -> Outcome {
    let wire = Wire::open(server, &[]).await;
    let (socket, mut buffer) = wire.into_parts();
    let (mut reading, mut writing) = tokio::io::split(socket);
    let sending = tokio::spawn(async move {
        let ping = frame(kind::PING, 0, 0, b"all sent");
        for part in parts.chain([ping]) {
            // A server that has ended the connection takes no more.
            if writing.write_all(&part).await.is_err() {
                break;
            }
        }
        writing
    });
    let mut outcome = Outcome::Closed;
    let judged = async {
        loop {
            while let Some(came) = Frame::take(&mut buffer) {
                match came.kind {
                    kind::GOAWAY => outcome = Outcome::Ended(came.code()),
                    kind::PING if came.payload[..] == b"all sent"[..] => return Outcome::Lives,
                    _ => {}
                }
            }
            if !matches!(reading.read_buf(&mut buffer).await, Ok(1..)) {
                return outcome;
            }
        }
    };
    let outcome = soon("the end of a flood", judged).await;
    drop(soon("the end of the sending", sending).await);
    outcome
}

/// Posts and follows on a connection of its own while `attack` runs; every post is answered and seen.
async fn beside<T: Send>(server: &Server, attack: impl Future<Output = T> + Send) -> T {
    let mut follower = server.connect(None).await;
    next(&mut follower).await;
    let mut poster = Http2::connect(&server.link()).await.expect("an HTTP/2 connection");
    let mut attack = std::pin::pin!(attack);
    let mut outcome = None;
    let mut number = 0;
    loop {
        number += 1;
        let neighbour = async {
            let text = format!("number {number}");
            let posted = poster.exchange(&Request::post(draft("neighbour", &text, None))).await;
            assert_eq!(posted.expect("an answer").status, 201);
            while next(&mut follower).await.messages.iter().all(|message| message.text != text) {}
        };
        let mut neighbour = std::pin::pin!(soon("a neighbour's message", neighbour));
        loop {
            tokio::select! {
                ended = &mut attack, if outcome.is_none() => outcome = Some(ended),
                () = &mut neighbour => break,
            }
        }
        if let Some(outcome) = outcome {
            return outcome;
        }
    }
}

fn stream_id(number: u32) -> u32 {
    2 * number + 1
}

/// A POST's fields.
fn post_fields() -> Vec<(&'static str, &'static str)> {
    vec![
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/messages"),
        (":authority", "localhost"),
        ("content-type", "application/json"),
    ]
}

/// Rapid reset (CVE-2023-44487): streams opened and reset at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rapid_reset_ends_with_enhance_your_calm() {
    let server = Server::start().await;
    let pairs = (0..20_000).map(|number| {
        let get = headers(stream_id(number), &get_fields("/messages", "localhost"), true);
        [get, reset_frame(stream_id(number), error::CANCEL)].concat()
    });
    // Fifty pairs a write, so that many are read at once.
    let writes: Vec<_> = pairs.collect::<Vec<_>>().chunks(50).map(<[_]>::concat).collect();
    let outcome = beside(&server, flood(&server, writes.into_iter())).await;
    assert_eq!(outcome, Outcome::Ended(error::ENHANCE_YOUR_CALM));
    server.stop().await;
}

/// "Made you reset" (CVE-2025-8671): the server is made to reset the streams itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_you_reset_ends_the_connection() {
    let server = Server::start().await;
    let writes = (0..5_000).map(|number| {
        let post = headers(stream_id(number), &post_fields(), false);
        [post, frame(kind::WINDOW_UPDATE, 0, stream_id(number), &[0; 4])].concat()
    });
    let outcome = beside(&server, flood(&server, writes)).await;
    assert!(
        matches!(outcome, Outcome::Ended(error::PROTOCOL_ERROR | error::ENHANCE_YOUR_CALM)),
        "{outcome:?}"
    );
    server.stop().await;
}

/// A header block that does not end (CVE-2024-27316), in large, empty and tiny CONTINUATION frames.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_block_without_end_ends_the_connection() {
    let server = Server::start().await;
    let large = block(&[("x", &"y".repeat(16_000))]);
    let tiny = block(&[("x", "y")]);
    for (what, part) in [("large", large), ("empty", Vec::new()), ("tiny", tiny)] {
        let begin = frame(kind::HEADERS, flag::END_STREAM, 1, &block(&get_fields("/", "localhost")));
        let more = std::iter::repeat_with(move || frame(kind::CONTINUATION, 0, 1, &part)).take(10_000);
        let outcome = beside(&server, flood(&server, std::iter::once(begin).chain(more))).await;
        assert_eq!(outcome, Outcome::Ended(error::ENHANCE_YOUR_CALM), "{what} parts");
    }
    server.stop().await;
}

/// One header block of 30,000 fields with as many names (hyperium/h2#909).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_block_of_thirty_thousand_fields_is_refused() {
    let server = Server::start().await;
    let names: Vec<_> = (0..30_000).map(|number| format!("x{number}")).collect();
    let fields: Vec<_> = names.iter().map(|name| (name.as_str(), "y")).collect();
    let whole = [block(&get_fields("/healthz", "localhost")), block(&fields)].concat();
    let parts: Vec<_> = whole.chunks(16_000).map(<[u8]>::to_vec).collect();
    let last = parts.len() - 1;
    let writes = parts.into_iter().enumerate().map(move |(at, part)| match at {
        0 => frame(kind::HEADERS, flag::END_STREAM, 1, &part),
        _ => frame(kind::CONTINUATION, if at == last { flag::END_HEADERS } else { 0 }, 1, &part),
    });
    let outcome = beside(&server, flood(&server, writes)).await;
    assert_eq!(outcome, Outcome::Ended(error::ENHANCE_YOUR_CALM));
    server.stop().await;
}

/// An HPACK bomb: one large field in the dynamic table, named thousands of times by an octet each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hpack_bomb_is_refused() {
    let server = Server::start().await;
    // RFC 7541 §6.2.1: a literal that is added to the table, where 62 is its index then.
    let mut bomb = block(&get_fields("/healthz", "localhost"));
    bomb.push(0x40);
    string(&mut bomb, "x");
    string(&mut bomb, &"y".repeat(3_900));
    bomb.extend([0x80 | 62; 8_000]);
    let whole = flag::END_STREAM | flag::END_HEADERS;
    let mut block = bomb;
    let writes = (0..50).map(move |number| {
        let bytes = std::mem::replace(&mut block, {
            let mut again = crate::wire::block(&get_fields("/healthz", "localhost"));
            again.extend([0x80 | 62; 8_000]);
            again
        });
        frame(kind::HEADERS, whole, stream_id(number), &bytes)
    });
    let outcome = beside(&server, flood(&server, writes)).await;
    assert!(matches!(outcome, Outcome::Ended(error::ENHANCE_YOUR_CALM) | Outcome::Lives), "{outcome:?}");
    server.stop().await;
}

/// Frames that ask for nothing, many of them: pings, settings, priorities, windows by one, unknown ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_ask_for_nothing_hold_up_nobody() {
    let server = Server::start().await;
    for (what, one) in [
        ("PING", frame(kind::PING, 0, 0, b"a flood!")),
        ("SETTINGS", settings_frame(&[])),
        ("PRIORITY", frame(kind::PRIORITY, 0, 1, &[0, 0, 0, 0, 7])),
        ("WINDOW_UPDATE", frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ("unknown", frame(0xee, 0, 0, b"unknown")),
    ] {
        let write = one.repeat(1_000);
        let writes = std::iter::repeat_with(move || write.clone()).take(20);
        let outcome = beside(&server, flood(&server, writes)).await;
        assert!(
            matches!(outcome, Outcome::Lives | Outcome::Ended(error::ENHANCE_YOUR_CALM)),
            "{what}: {outcome:?}"
        );
    }
    server.stop().await;
}

/// Content in frames of nothing: it never ends, and no limit of octets is reached.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_data_without_end_ends_the_connection() {
    let server = Server::start().await;
    let begin = headers(1, &post_fields(), false);
    let write = frame(kind::DATA, 0, 1, &[]).repeat(1_000);
    let writes = std::iter::once(begin).chain(std::iter::repeat_with(move || write.clone()).take(100));
    let outcome = beside(&server, flood(&server, writes)).await;
    assert_eq!(outcome, Outcome::Ended(error::ENHANCE_YOUR_CALM));
    server.stop().await;
}

/// Windows beyond 2^31-1 are an error of the connection, or of the stream whose window it is (RFC 9113 §6.9.1).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_past_its_maximum_is_an_error() {
    const FLOW_CONTROL_ERROR: u32 = 3;
    let server = Server::start().await;
    let most = (u32::MAX >> 1).to_be_bytes();
    let of_connection = frame(kind::WINDOW_UPDATE, 0, 0, &most).repeat(2);
    let outcome = beside(&server, flood(&server, std::iter::once(of_connection))).await;
    assert_eq!(outcome, Outcome::Ended(FLOW_CONTROL_ERROR));
    let mut wire = Wire::open(&server, &[]).await;
    wire.get(1, "/messages").await;
    wire.batch(1).await;
    wire.open_window(1, u32::MAX >> 1).await;
    let reset = wire.until("a reset", |came| came.is(kind::RST_STREAM, 1)).await;
    assert_eq!(reset.code(), FLOW_CONTROL_ERROR);
    let _: Vec<Frame> = wire.round_trip().await;
    drop(wire);
    server.stop().await;
}

/// A peer that sends and takes nothing: the server stops reading it rather than keeping its answers, and drops it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_whose_answers_are_not_taken_end_the_connection() {
    let limits =
        server::Limits { stalled: std::time::Duration::from_millis(500), ..server::Limits::default() };
    let server = Server::with(conformance::Setup::with_limits(limits)).await;
    let wire = Wire::open(&server, &[]).await;
    let (mut socket, _): (_, BytesMut) = wire.into_parts();
    let pings = frame(kind::PING, 0, 0, b"a flood!").repeat(4_000);
    let sending = async {
        let mut sent = 0;
        while socket.write_all(&pings).await.is_ok() {
            sent += pings.len();
        }
        sent
    };
    let sent = beside(&server, soon("the end of a peer that takes nothing", sending)).await;
    assert!(sent < 64 << 20, "{sent} octets were taken from it");
    server.stop().await;
}
