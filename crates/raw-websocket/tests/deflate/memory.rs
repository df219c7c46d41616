//! Memory, counted by the allocator: what `src/deflate.rs` states, octet for octet.

use allocation_counter::measure;
use bytes::BytesMut;
use http::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_EXTENSIONS};
use raw_websocket::connection::{Connection, Event};
use raw_websocket::deflate::{
    Compression, Deflater, EXTENSION, InflateError, Inflater, Preferences, compress_shared,
};
use raw_websocket::frame::Role;
use raw_websocket::message::MessageLimits;

use super::bombs::deflate;
use super::{NO_TAKEOVER, TAKEOVER, bits, noise};

/// zlib's inflating state.
const INFLATE_BYTES: usize = 47_552;

/// Octets that live on after `work`, which must be what `capacity` says.
fn held<T>(work: impl FnOnce() -> T, capacity: impl FnOnce(&T) -> usize) -> (T, usize) {
    let mut result = None;
    let bytes = measure(|| result = Some(work())).bytes_current;
    let result = result.unwrap();
    let bytes = usize::try_from(bytes).unwrap();
    assert_eq!(bytes, capacity(&result));
    (result, bytes)
}

/// The most octets that live at once during `work`.
fn peak(work: impl FnOnce()) -> usize {
    usize::try_from(measure(work).bytes_max).unwrap()
}

fn push(inflater: &mut Inflater, octets: &[u8]) {
    inflater.push(octets, |_| Ok::<_, InflateError>(())).unwrap();
}

#[test]
fn an_inflater_between_messages_and_within_one() {
    let payload = deflate(&noise(3000));
    for (compression, after) in [(NO_TAKEOVER, 0), (TAKEOVER, 3000)] {
        let (mut inflater, before) = held(|| Inflater::new(compression, 32_768), Inflater::capacity);
        assert_eq!(before, 0);
        for _ in 0..2 {
            let before = inflater.capacity();
            let (first, last) = payload.split_at(payload.len() - 1);
            let info = measure(|| push(&mut inflater, first));
            let grown = usize::try_from(info.bytes_current).unwrap();
            assert_eq!(before + grown, inflater.capacity());
            assert!(grown >= INFLATE_BYTES);
            push(&mut inflater, last);
            inflater.finish().unwrap();
        }
        assert_eq!(inflater.capacity(), if after == 0 { 0 } else { 6000 });
    }
}

/// Whatever is said, the windows of both ends do not outgrow what was agreed on.
#[test]
fn windows_stay_within_what_was_agreed() {
    let text = noise(2500);
    for window_bits in (9..=15).map(bits) {
        let compression = Compression { context_takeover: true, window_bits };
        let window = window_bits.octets();
        let ((deflater, inflater), bytes) = held(
            || {
                let (mut deflater, mut inflater) =
                    (Deflater::new(compression), Inflater::new(compression, 32_768));
                for _ in 0..20 {
                    push(&mut inflater, &deflater.compress(&text).unwrap());
                    inflater.finish().unwrap();
                }
                deflater.release();
                (deflater, inflater)
            },
            |(deflater, inflater)| deflater.capacity() + inflater.capacity(),
        );
        assert_eq!(bytes, 2 * window, "{window_bits:?}");
        assert_eq!((deflater.capacity(), inflater.capacity()), (window, window));
    }
}

/// An idle connection of the chat, context takeover both ways: what was said, up to twice.
#[test]
fn an_idle_connection_holds_what_was_said() {
    let text = r#"{"id":7,"user":"brian","text":"hi","time":1763600000000,"nonce":"b7c1"}"#;
    let (_, bytes) = held(
        || {
            let (mut deflater, mut inflater) = (Deflater::new(TAKEOVER), Inflater::new(TAKEOVER, 32_768));
            push(&mut inflater, &deflater.compress(text.as_bytes()).unwrap());
            inflater.finish().unwrap();
            deflater.release();
            (deflater, inflater)
        },
        |(deflater, inflater)| deflater.capacity() + inflater.capacity(),
    );
    assert_eq!(bytes, 2 * text.len());
}

/// The buffer grows by doubling: a few octets more may take twice what was said, but no more.
#[test]
fn a_window_takes_at_most_twice_what_was_said() {
    let mut inflater = Inflater::new(TAKEOVER, 32_768);
    let mut said = 0;
    let mut most = 0;
    for len in [100, 10, 1, 89, 1, 300, 3000, 30_000] {
        push(&mut inflater, &deflate(&noise(len)));
        inflater.finish().unwrap();
        said += len;
        most = most.max(100 * inflater.capacity() / said);
        assert!(inflater.capacity() <= (2 * said).min(32_768), "{} for {said}", inflater.capacity());
    }
    assert!(most > 150, "more than what was said: {most} %");
}

#[test]
fn a_deflater_between_messages() {
    let text = "to be or not to be ".repeat(10);
    for (window_bits, state) in [(9, 251_008), (12, 265_344), (15, 380_032)] {
        let compression = Compression { context_takeover: true, window_bits: bits(window_bits) };
        let work = || {
            let mut deflater = Deflater::new(compression);
            deflater.compress(text.as_bytes()).unwrap();
            deflater
        };
        let (_, bytes) = held(work, Deflater::capacity);
        assert_eq!(bytes, state + text.len());
        let (_, bytes) = held(
            || {
                let mut deflater = work();
                deflater.release();
                deflater
            },
            Deflater::capacity,
        );
        assert_eq!(bytes, text.len());
    }
    let alone = || {
        let mut deflater = Deflater::new(NO_TAKEOVER);
        deflater.compress(text.as_bytes()).unwrap();
        deflater
    };
    assert_eq!(held(alone, Deflater::capacity).1, 0);
}

/// zlib's state, the window, and nothing for what a bomb inflates to.
#[test]
fn a_bomb_does_not_grow_memory() {
    let bomb = deflate(&vec![b'a'; 8 << 20]);
    for window_bits in [9, 15].map(bits) {
        for context_takeover in [false, true] {
            let compression = Compression { context_takeover, window_bits };
            let limit = 256 * 1024;
            let mut ended = None;
            let bytes = peak(|| {
                let mut inflater = Inflater::new(compression, limit);
                ended = inflater.push(&bomb, |_| Ok::<_, InflateError>(())).err();
                assert_eq!(inflater.capacity(), 0);
            });
            assert_eq!(ended, Some(InflateError::MessageTooBig { limit }));
            assert!(bytes <= INFLATE_BYTES + 2 * window_bits.octets(), "{bytes}");
        }
    }
}

/// A broadcast leaves its own octets behind, and nothing else.
#[test]
fn a_broadcast_leaves_nothing_behind() {
    let text = "to be or not to be ".repeat(10);
    let compress = || compress_shared(bits(15), text.as_bytes()).unwrap();
    let mut compressed = None;
    let bytes = measure(|| compressed = Some(compress())).bytes_current;
    assert!(bytes > 0 && bytes < 256, "{bytes}");
    drop(compressed);
    assert_eq!(measure(|| drop(compress())).bytes_current, 0);
}

/// What permessage-deflate adds to an idle connection of the chat, after a message each way: two boxes.
#[test]
fn an_idle_connection_that_agreed_on_deflate() {
    let field = (SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(EXTENSION));
    let agreed = Preferences::default().accept(&HeaderMap::from_iter([field])).unwrap().unwrap();
    // RFC 7692 §7.2.3.1, masked with zeros.
    let hello = b"\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\0";
    let [without, with] = [None, Some(agreed.parameters)].map(|deflate| {
        let mut idle = None;
        let bytes = measure(|| {
            let mut connection =
                Connection::new(Role::Server, MessageLimits::default()).with_deflate(deflate);
            let mut output = BytesMut::new();
            connection.send_text(&"to be or not to be ".repeat(10), &mut output).unwrap();
            if deflate.is_some() {
                let event = connection.receive(&mut BytesMut::from(&hello[..]));
                assert_eq!(event, Ok(Some(Event::Text("Hello".into()))));
            }
            idle = Some(connection);
        })
        .bytes_current;
        assert_eq!(idle.map(|connection| connection.buffered()), Some(0));
        bytes
    });
    assert_eq!(without, 0);
    assert_eq!(with, 400);
}
