//! What the core costs: ns a frame (`item/s` is frames), and octets a second of payload (`B/s`).
//!
//! Masking stands beside `copy_from_slice` of as many octets in the same run: that is as fast as memory goes.
//!
//! ```text
//! cargo bench -p raw-websocket --bench codec              all
//! cargo bench -p raw-websocket --bench codec -- mask      some
//! ```
#![allow(clippy::print_stdout, reason = "a benchmark reports to who runs it")]
#![allow(clippy::indexing_slicing, reason = "a benchmark may end with a panic")]

use bytes::{Bytes, BytesMut};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box, black_box_drop};
use raw_websocket::connection::{Connection, Event};
use raw_websocket::deflate::{Compression, Deflater, InflateError, Inflater, WindowBits, compress_shared};
use raw_websocket::frame::{Opcode, Role, encode_frame};
use raw_websocket::mask::apply_mask;
use raw_websocket::message::MessageLimits;
use raw_websocket::utf8::Utf8Decoder;

/// Payloads at the borders of the three forms of a length, and one of many pages.
const PAYLOADS: [usize; 4] = [0, 125, 126, 64 << 10];
/// From a chat's line to what no first cache holds.
const MASKED: [usize; 5] = [16, 125, 1 << 10, 64 << 10, 1 << 20];
/// Octets that are compressed: a message, a batch, a history.
const COMPRESSED: [usize; 3] = [151, 4 << 10, 64 << 10];

/// Short frames are measured so many at a time, so that the clock costs nothing.
const BATCH_BYTES: usize = 64 << 10;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const LIMITS: MessageLimits =
    MessageLimits { max_message_bytes: 1 << 20, max_fragments: 64, accept_binary: true };

fn main() {
    show_ratios();
    divan::main();
}

/// Octets that nothing compresses, the same each time: a xorshift generator.
fn random(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .flatten()
    .take(len)
    .collect()
}

/// Messages as the log encodes them, of words that come again and again as in talk, cut at `len` octets.
fn chat(len: usize) -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "the",
        "server",
        "sends",
        "a",
        "frame",
        "when",
        "it",
        "has",
        "something",
        "to",
        "say",
        "and",
        "I",
        "wait",
        "für",
        "você",
    ];
    const USERS: [&str; 4] = ["brian", "dana", "Zoë", "m0nk"];
    let mut words = random(len).into_iter();
    let mut pick = move || usize::from(words.next().unwrap_or(7));
    let mut json = String::from(r#"{"messages":["#);
    for id in 1.. {
        let text: Vec<_> = (0..5 + pick() % 12).map(|_| WORDS[pick() % WORDS.len()]).collect();
        let (user, time) = (USERS[pick() % USERS.len()], 1_763_600_000_000_u64 + id * 1_733);
        json += &format!(r#"{{"id":{id},"user":"{user}","text":"{}","time":{time}}},"#, text.join(" "));
        if json.len() >= len {
            break;
        }
    }
    json.into_bytes().into_iter().take(len).collect()
}

/// Text with letters of two octets in it, not cut in one.
fn text(len: usize) -> Vec<u8> {
    let mut text = chat(len);
    // What `take` has cut off is replaced by letters of one octet.
    let valid = text.utf8_chunks().next().map_or(0, |chunk| chunk.valid().len());
    text.truncate(valid);
    text.resize(len, b'.');
    text
}

/// How many frames of `len` octets make a round.
fn frames(len: usize) -> usize {
    (BATCH_BYTES / len.max(16)).max(1)
}

fn parse(bencher: Bencher<'_, '_>, opcode: Opcode, payload: &[u8]) {
    let frames = frames(payload.len());
    let mut wire = BytesMut::new();
    for _ in 0..frames {
        encode_frame(opcode, payload, Some(KEY), &mut wire);
    }
    let mut server = Connection::new(Role::Server, LIMITS);
    bencher
        .counter(BytesCount::new(frames * payload.len()))
        .counter(ItemsCount::new(frames))
        .with_inputs(|| BytesMut::from(&wire[..]))
        .bench_local_refs(|input| {
            for _ in 0..frames {
                match server.receive(input) {
                    Ok(Some(event @ (Event::Text(_) | Event::Binary(_)))) => black_box_drop(event),
                    other => unreachable!("the frame is whole and keeps the rules: {other:?}"),
                }
            }
        });
}

/// A client's frames to messages: header, unmasking, UTF-8, and the message's own memory.
#[divan::bench(args = PAYLOADS)]
fn parse_text(bencher: Bencher<'_, '_>, len: usize) {
    parse(bencher, Opcode::Text, &text(len));
}

/// The same without UTF-8.
#[divan::bench(args = PAYLOADS)]
fn parse_binary(bencher: Bencher<'_, '_>, len: usize) {
    parse(bencher, Opcode::Binary, &random(len));
}

fn encode(bencher: Bencher<'_, '_>, len: usize, key: Option<[u8; 4]>) {
    let (payload, frames) = (random(len), frames(len));
    let mut out = BytesMut::with_capacity(2 * BATCH_BYTES);
    bencher.counter(BytesCount::new(frames * len)).counter(ItemsCount::new(frames)).bench_local(|| {
        out.clear();
        for _ in 0..frames {
            encode_frame(Opcode::Text, black_box(&payload), key, &mut out);
        }
        black_box(&out);
    });
}

/// A server's frames: header and payload into a buffer that has room.
#[divan::bench(args = PAYLOADS)]
fn encode_server(bencher: Bencher<'_, '_>, len: usize) {
    encode(bencher, len, None);
}

/// A client's frames, masked.
#[divan::bench(args = PAYLOADS)]
fn encode_client(bencher: Bencher<'_, '_>, len: usize) {
    encode(bencher, len, Some(KEY));
}

/// Masking, in place.
#[divan::bench(args = MASKED, sample_size = 100)]
fn mask(bencher: Bencher<'_, '_>, len: usize) {
    let mut payload = random(len);
    bencher.counter(BytesCount::new(len)).bench_local(|| apply_mask(black_box(&mut payload), KEY, 0));
}

/// The same in the middle of a payload, at an octet of the key and an address that are odd.
#[divan::bench(args = MASKED, sample_size = 100)]
fn mask_odd(bencher: Bencher<'_, '_>, len: usize) {
    let mut payload = random(len + 1);
    bencher.counter(BytesCount::new(len)).bench_local(|| {
        if let Some((_, payload)) = black_box(&mut payload).split_first_mut() {
            apply_mask(payload, KEY, 3);
        }
    });
}

/// `memcpy` of as many octets: it reads as much and writes as much, elsewhere.
#[divan::bench(args = MASKED, sample_size = 100)]
fn mask_beside_memcpy(bencher: Bencher<'_, '_>, len: usize) {
    let (source, mut target) = (random(len), vec![0; len]);
    bencher
        .counter(BytesCount::new(len))
        .bench_local(|| black_box(&mut target[..]).copy_from_slice(black_box(&source)));
}

/// Text judged and kept as it comes, in pieces of 1,460 octets as from a network.
#[divan::bench(args = [125, 64 << 10])]
fn utf8_of_packets(bencher: Bencher<'_, '_>, len: usize) {
    utf8(bencher, &text(len));
}

/// The same for text of which every letter has two octets or more.
#[divan::bench(args = [125, 64 << 10])]
fn utf8_of_packets_beyond_ascii(bencher: Bencher<'_, '_>, len: usize) {
    let mut letters = "ζωή 生活 жизнь ".repeat(len / 8).into_bytes();
    let valid = letters[..len].utf8_chunks().next().map_or(0, |chunk| chunk.valid().len());
    letters.truncate(valid);
    utf8(bencher, &letters);
}

fn utf8(bencher: Bencher<'_, '_>, text: &[u8]) {
    bencher.counter(BytesCount::new(text.len())).bench_local(|| {
        let mut decoder = Utf8Decoder::default();
        for piece in black_box(text).chunks(1_460) {
            decoder.push(piece).expect("it is UTF-8");
        }
        decoder.finish().expect("it is whole")
    });
}

/// A message as the hub compresses it, once for all clients of a kind. `None` where it would not shrink.
fn compressed(message: &[u8]) -> Option<Bytes> {
    compress_shared(WindowBits::MAX, message)
}

fn show_ratios() {
    for len in COMPRESSED {
        for (name, message) in [("chat", chat(len)), ("random", random(len))] {
            match compressed(&message) {
                Some(bytes) => println!(
                    "{name}, {len} octets: {} compressed, ratio {:.2}",
                    bytes.len(),
                    len as f64 / bytes.len() as f64
                ),
                None => println!("{name}, {len} octets: sent as they are"),
            }
        }
    }
}

/// A message compressed by itself, which begins with zlib's tables anew.
#[divan::bench(args = COMPRESSED)]
fn deflate_chat(bencher: Bencher<'_, '_>, len: usize) {
    let message = chat(len);
    bencher.counter(BytesCount::new(len)).bench_local(|| compressed(black_box(&message)));
}

/// The same where nothing is won: so much is spent before that is known.
#[divan::bench(args = COMPRESSED)]
fn deflate_random(bencher: Bencher<'_, '_>, len: usize) {
    let message = random(len);
    bencher.counter(BytesCount::new(len)).bench_local(|| compressed(black_box(&message)));
}

/// A client's messages one after the other with context takeover.
#[divan::bench(args = COMPRESSED)]
fn deflate_chat_takeover(bencher: Bencher<'_, '_>, len: usize) {
    // Longer than the window: nothing is said again while it is remembered.
    let talk = chat(1 << 20);
    let mut messages = talk.chunks_exact(len).cycle();
    let mut deflater = Deflater::new(Compression { context_takeover: true, window_bits: WindowBits::MAX });
    bencher
        .counter(BytesCount::new(len))
        .with_inputs(|| messages.next().expect("it goes round"))
        .bench_local_values(|message| deflater.compress(black_box(message)));
}

/// A compressed message inflated, `B/s` of what it inflates to.
#[divan::bench(args = COMPRESSED)]
fn inflate_chat(bencher: Bencher<'_, '_>, len: usize) {
    let message = compressed(&chat(len)).expect("it shrinks");
    inflate(bencher, &message, len);
}

/// The same where nothing was won: random octets in stored blocks, which another sender may send.
#[divan::bench(args = COMPRESSED)]
fn inflate_random(bencher: Bencher<'_, '_>, len: usize) {
    let mut deflater = Deflater::new(Compression { context_takeover: true, window_bits: WindowBits::MAX });
    let message = deflater.compress(&random(len)).expect("context takeover sends what it has compressed");
    inflate(bencher, &message, len);
}

fn inflate(bencher: Bencher<'_, '_>, message: &[u8], len: usize) {
    let alone = Compression { context_takeover: false, window_bits: WindowBits::MAX };
    let mut inflater = Inflater::new(alone, LIMITS.max_message_bytes);
    let mut inflated = Vec::with_capacity(len);
    bencher.counter(BytesCount::new(len)).bench_local(|| {
        inflated.clear();
        let sink = |octets: &[u8]| -> Result<(), InflateError> {
            inflated.extend_from_slice(octets);
            Ok(())
        };
        inflater.push(black_box(message), sink).and_then(|()| inflater.finish()).expect("it is DEFLATE");
        assert_eq!(inflated.len(), len, "all of it came back");
    });
}
