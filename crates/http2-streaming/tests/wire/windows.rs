//! The flow-control window in view (RFC 9113 §5.2, §6.9): a peer that opens none is waited for, and costs nothing.

use std::time::Duration;

use conformance::{Batch, Http2Streaming, Setup, next};
use server::Limits;

use crate::{
    Server,
    wire::{Frame, Wire, error, flag, kind, setting, settings_frame},
};

/// A cursor at the very begin of the log.
async fn begin(server: &Server) -> String {
    let mut client: Http2Streaming = server.connect(None).await;
    next(&mut client).await.cursor.expect("a cursor")
}

/// A stream whose window is shut has its head and nothing else, and nothing is kept for it: when the window opens, what
/// it gets is what the log has then, in one batch, with the number of those that it missed.
#[tokio::test]
async fn a_shut_window_holds_nothing_and_opens_to_one_batch() {
    let server = Server::with(Setup::with_history(10)).await;
    let cursor = begin(&server).await;
    let mut wire = Wire::open(&server, &[(setting::INITIAL_WINDOW_SIZE, 0)]).await;
    wire.get(1, &format!("/messages?after={cursor}")).await;
    assert_eq!(wire.until_of(1).await.status(), Some(200), "the head needs no window");
    server.fill((1..=25).map(|number| number.to_string())).await;
    assert_eq!(wire.round_trip().await, [], "nothing comes through a shut window");
    wire.open_window(1, 1 << 20).await;
    let batch = wire.batch(1).await;
    assert_eq!((batch.ids(), batch.missed), ((16..=25).collect(), Some(15)));
    // The same once more, in the midst of following.
    wire.send(&settings_frame(&[(setting::INITIAL_WINDOW_SIZE, 0)])).await;
    server.fill(["26".to_owned()]).await;
    assert_eq!(wire.batch(1).await.ids(), [26]);
    drop(wire);
    server.stop().await;
}

/// While following, too: what was said while the window was shut comes as one batch, not as one for each message.
#[tokio::test]
async fn what_was_said_meanwhile_comes_as_one_batch() {
    let server = Server::start().await;
    let cursor = begin(&server).await;
    let mut wire = Wire::open(&server, &[(setting::INITIAL_WINDOW_SIZE, 0)]).await;
    wire.get(1, &format!("/messages?after={cursor}")).await;
    // Enough for the first line, and for no more.
    let first = format!("{{\"messages\":[],\"cursor\":\"{cursor}\"}}\n");
    wire.open_window(1, u32::try_from(first.len()).expect("a line")).await;
    assert_eq!(wire.line(1, false).await + "\n", first);
    server.fill((1..=25).map(|number| number.to_string())).await;
    assert_eq!(wire.round_trip().await, [], "nothing comes through a shut window");
    wire.open_window(1, 1 << 20).await;
    assert_eq!(wire.batch(1).await.ids(), (1..=25).collect::<Vec<_>>());
    drop(wire);
    server.stop().await;
}

/// DATA never exceeds the window, whether it opens by octets or shrinks below zero by a setting (RFC 9113 §6.9.2); the
/// line is whole in the end.
#[tokio::test]
async fn data_never_exceeds_the_window() {
    let server = Server::start().await;
    server.fill(["x".repeat(2_000)]).await;
    let mut wire = Wire::open(&server, &[(setting::INITIAL_WINDOW_SIZE, 10)]).await;
    wire.get(1, "/messages").await;
    assert_eq!(wire.until_of(1).await.kind, kind::HEADERS);
    let mut text = Vec::new();
    let mut granted = 10;
    for by in [1, 7, 1, 100, 3, 1, 64] {
        while text.len() < granted {
            let data = wire.until_of(1).await;
            assert_eq!(data.kind, kind::DATA);
            text.extend_from_slice(&data.payload);
            assert!(text.len() <= granted, "{} octets came, the window is {granted}", text.len());
        }
        assert_eq!(wire.round_trip().await, [], "no more than the window");
        wire.open_window(1, by).await;
        granted += usize::try_from(by).expect("a window");
    }
    while text.len() < granted {
        text.extend_from_slice(&wire.until_of(1).await.payload);
    }
    // The window is 0, and 7 below it once the setting is taken.
    wire.send(&settings_frame(&[(setting::INITIAL_WINDOW_SIZE, 3)])).await;
    wire.until("an acknowledgement", |came| came.is(kind::SETTINGS, 0) && came.flags == flag::ACK).await;
    wire.open_window(1, 5).await;
    assert_eq!(wire.round_trip().await, [], "2 below zero");
    wire.open_window(1, 6).await;
    let data = wire.until_of(1).await;
    assert_eq!((data.kind, data.payload.len()), (kind::DATA, 4));
    text.extend_from_slice(&data.payload);
    wire.open_window(1, 60_000).await;
    text.extend(wire.line(1, true).await.into_bytes());
    let batch = Batch::parse(std::str::from_utf8(&text).expect("UTF-8"));
    assert_eq!(batch.ids(), [1], "the line is whole");
    drop(wire);
    server.stop().await;
}

/// The window of the connection binds all streams together, and that of a stream only itself: others go on.
#[tokio::test]
async fn a_shut_stream_stops_no_other() {
    let server = Server::start().await;
    let mut wire = Wire::open(&server, &[(setting::INITIAL_WINDOW_SIZE, 0)]).await;
    wire.get(1, "/messages").await;
    assert_eq!(wire.until_of(1).await.status(), Some(200));
    wire.get(3, "/healthz").await;
    wire.open_window(3, 1_000).await;
    let ready = wire.until("another answer", |came| came.is(kind::DATA, 3)).await;
    assert_eq!(&ready.payload[..], b"ready\n");
    wire.get(5, "/messages").await;
    wire.open_window(5, 60_000).await;
    wire.batch(5).await;
    server.fill(["to the open one".to_owned()]).await;
    assert_eq!(wire.batch(5).await.ids(), [1]);
    drop(wire);
    server.stop().await;
}

/// Of the streams of a connection, one at a time holds a line for which its window is too small, so that a peer that opens
/// its windows by octets costs one batch and not a hundred; the next one reads the log when it is its turn. What fits
/// into a window waits for none of them.
#[tokio::test]
async fn one_stream_at_a_time_holds_more_than_its_window() {
    let server = Server::start().await;
    server.fill(["one".to_owned()]).await;
    let mut wire = Wire::open(&server, &[(setting::INITIAL_WINDOW_SIZE, 0)]).await;
    for stream in [1, 3, 5] {
        wire.get(stream, "/messages").await;
        assert_eq!(wire.until_of(stream).await.status(), Some(200));
    }
    wire.open_window(1, 5).await;
    let begin = wire.until("the begin of a line", |came| came.kind == kind::DATA).await;
    assert_eq!((begin.stream, begin.payload.len()), (1, 5));
    wire.open_window(3, 5).await;
    assert_eq!(wire.round_trip().await, [], "the second has to wait");
    wire.open_window(5, 60_000).await;
    let fits = wire.until("a line that fits", |came| came.kind == kind::DATA).await;
    assert_eq!((fits.stream, ids(&[&fits])), (5, vec![1]), "the third waits for nobody");
    server.fill(["two".to_owned()]).await;
    let fits = wire.until("news that fit", |came| came.kind == kind::DATA).await;
    assert_eq!((fits.stream, ids(&[&fits])), (5, vec![2]));

    wire.open_window(1, 60_000).await;
    let rest = wire.until("the rest of the line", |came| came.is(kind::DATA, 1)).await;
    assert_eq!(ids(&[&begin, &rest]), [1], "what the first had in hand");
    let begin = wire.until("the second's turn", |came| came.is(kind::DATA, 3)).await;
    wire.open_window(3, 60_000).await;
    let rest = wire.until("the rest of its line", |came| came.is(kind::DATA, 3)).await;
    assert_eq!(ids(&[&begin, &rest]), [1, 2], "the second had nothing in hand");
    drop(wire);
    server.stop().await;
}

/// The ids of the messages of a line in these DATA.
fn ids(parts: &[&Frame]) -> Vec<u64> {
    let line = parts.iter().map(|part| part.payload.as_ref()).collect::<Vec<_>>().concat();
    Batch::parse(std::str::from_utf8(&line).expect("UTF-8").trim_end()).ids()
}

/// A stream whose window stays shut for too long is reset; its connection goes on.
#[tokio::test]
async fn a_stalled_stream_is_reset() {
    let limits = Limits { stalled: Duration::from_millis(300), ..Limits::default() };
    let server = Server::with(Setup::with_limits(limits)).await;
    server.fill(["one".to_owned()]).await;
    let mut wire = Wire::open(&server, &[(setting::INITIAL_WINDOW_SIZE, 0)]).await;
    wire.get(1, "/messages").await;
    wire.get(3, "/messages").await;
    // Opened a little: stalls within a line.
    wire.open_window(3, 5).await;
    // An answer with content stalls as a stream of batches does.
    wire.get(5, "/healthz").await;
    let mut reset = Vec::new();
    while reset.len() < 3 {
        let came = wire.until("a reset", |came| came.kind == kind::RST_STREAM).await;
        assert_eq!(came.code(), error::CANCEL, "{came:?}");
        reset.push(came.stream);
    }
    reset.sort_unstable();
    assert_eq!(reset, [1, 3, 5]);
    wire.get(7, "/healthz").await;
    wire.open_window(7, 1_000).await;
    assert_eq!(&wire.until("an answer", |came| came.is(kind::DATA, 7)).await.payload[..], b"ready\n");
    drop(wire);
    server.stop().await;
}

/// A stop ends a stream whose window is shut as any other: an empty DATA needs no window (RFC 9113 §6.9).
#[tokio::test]
async fn a_stop_ends_a_stream_whose_window_is_shut() {
    let server = Server::start().await;
    let mut wire = Wire::open(&server, &[(setting::INITIAL_WINDOW_SIZE, 0)]).await;
    wire.get(1, "/messages").await;
    assert_eq!(wire.until_of(1).await.status(), Some(200));
    server.begin_stop();
    let frames = wire.until_closed().await;
    let last = frames.iter().rfind(|came| came.stream == 1).expect("an end of the stream");
    assert!(last.is(kind::DATA, 1) && last.ends_stream() && last.payload.is_empty(), "{frames:?}");
    server.stop().await;
}
