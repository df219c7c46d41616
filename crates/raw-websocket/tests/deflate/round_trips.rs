//! What is compressed inflates to what it was: between our two sides, and judged by others.

use flate2::{Compress, FlushCompress};
use proptest::prelude::*;
use raw_websocket::deflate::{
    Compression, Deflater, InflateError, Inflater, WindowBits, compress_shared, shared_window_bits,
};

use super::bombs::deflate;
use super::{LIMIT, NO_TAKEOVER, bits, inflate, noise, oracle};

fn compressions() -> impl Strategy<Value = Compression> {
    (any::<bool>(), 9..=15_u8).prop_map(|(context_takeover, window_bits)| Compression {
        context_takeover,
        window_bits: bits(window_bits),
    })
}

/// Messages that resemble one another, some longer than a window.
fn messages() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let message = prop_oneof![
        4 => "\\{\"id\":[0-9]{1,3},\"user\":\"(brian|ada)\",\"text\":\"[a-e ]{0,80}\"\\}".prop_map(String::into_bytes),
        2 => ("[a-z]{1,30}", 1..200_usize).prop_map(|(text, count)| text.repeat(count).into_bytes()),
        1 => (0..70_000_usize).prop_map(noise),
        1 => Just(Vec::new()),
    ];
    prop::collection::vec(message, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn between_our_sides(
        compression in compressions(),
        messages in messages(),
        min_bytes in prop::sample::select(vec![0_usize, 64]),
        cut in 1..5000_usize,
        releases in any::<u8>(),
    ) {
        let mut deflater = Deflater::new(compression).with_min_bytes(min_bytes);
        let mut inflater = Inflater::new(compression, LIMIT);
        for (index, message) in messages.iter().enumerate() {
            let Some(payload) = deflater.compress(message) else { continue };
            prop_assert_eq!(&inflate(&mut inflater, payload.chunks(cut)).unwrap(), message);
            if releases >> index & 1 == 1 {
                deflater.release();
            }
            let window = if compression.context_takeover { compression.window_bits.octets() } else { 0 };
            prop_assert!(inflater.capacity() <= window);
        }
    }

    /// What we compress is what RFC 1951 says, and refers no farther back than was agreed on.
    #[test]
    fn within_the_window(compression in compressions(), messages in messages(), releases in any::<u8>()) {
        let mut deflater = Deflater::new(compression);
        let mut said = Vec::new();
        for (index, message) in messages.iter().enumerate() {
            let Some(payload) = deflater.compress(message) else { continue };
            let (inflated, farthest) = oracle::inflate(&payload, &said);
            prop_assert_eq!(&inflated, message);
            prop_assert!(farthest <= compression.window_bits.octets());
            if compression.context_takeover {
                said.extend(inflated);
            }
            if releases >> index & 1 == 1 {
                deflater.release();
            }
        }
    }

    #[test]
    fn from_zlib_to_us(
        compression in compressions(),
        messages in messages(),
        level in 0..=9_u32,
        cut in 1..5000_usize,
    ) {
        let begin = || {
            let level = flate2::Compression::new(level);
            Compress::new_with_window_bits(level, false, compression.window_bits.get())
        };
        let mut zlib = begin();
        let mut inflater = Inflater::new(compression, LIMIT);
        for message in messages.iter().filter(|message| !message.is_empty()) {
            if !compression.context_takeover {
                zlib = begin();
            }
            let mut payload = Vec::with_capacity(message.len() * 2 + 100);
            zlib.compress_vec(message, &mut payload, FlushCompress::Sync).unwrap();
            prop_assert!(payload.ends_with(&[0, 0, 0xff, 0xff]));
            payload.truncate(payload.len() - 4);
            prop_assert_eq!(&inflate(&mut inflater, payload.chunks(cut)).unwrap(), message);
        }
    }

    /// Made once for a window, it is right for each that is as large, with or without takeover.
    #[test]
    fn shared(compression in compressions(), messages in messages()) {
        let mut inflater = Inflater::new(compression, LIMIT);
        for message in messages {
            let made_for = shared_window_bits(compression.window_bits, message.len()).unwrap();
            prop_assert!(made_for <= compression.window_bits);
            let Some(payload) = compress_shared(made_for, &message) else { continue };
            prop_assert!(payload.len() < message.len());
            prop_assert!(oracle::inflate(&payload, &[]).1 <= made_for.octets());
            prop_assert_eq!(compress_shared(compression.window_bits, &message).unwrap(), &payload);
            prop_assert_eq!(&inflate(&mut inflater, [&payload[..]]).unwrap(), &message);
        }
    }
}

#[test]
fn one_form_for_all_windows() {
    let of = |agreed, len| shared_window_bits(bits(agreed), len).map(WindowBits::get);
    assert_eq!([of(9, 250), of(15, 250), of(15, 0)], [Some(9); 3]);
    assert_eq!([of(9, 251), of(10, 251), of(15, 251)], [Some(9), Some(10), Some(10)]);
    assert_eq!(
        [of(15, 32_506), of(15, 32_507), of(15, usize::MAX), of(12, usize::MAX)],
        [Some(15), Some(15), Some(15), Some(12)]
    );
    assert_eq!([of(8, 0), of(8, 1000)], [None; 2]);
}

/// The window of 2^8 is one that zlib does not compress with: messages go as they are, and come.
#[test]
fn the_smallest_window() {
    let text = "to be or not to be, that is the question ".repeat(20).into_bytes();
    for context_takeover in [false, true] {
        let compression = Compression { context_takeover, window_bits: WindowBits::MIN };
        assert_eq!(Deflater::new(compression).compress(&text), None);
        let sender = Compression { context_takeover, window_bits: bits(9) };
        let (mut deflater, mut inflater) = (Deflater::new(sender), Inflater::new(compression, LIMIT));
        for _ in 0..3 {
            let payload = deflater.compress(&text).unwrap();
            assert_eq!(inflate(&mut inflater, [&payload[..]]).unwrap(), text);
        }
    }
}

/// What has come is inflated as it comes, so that text is judged at once: also the rest of a match that did not fit.
#[test]
fn nothing_is_held_back() {
    let delivered = |pieces: std::slice::Chunks<'_, u8>| {
        let mut inflater = Inflater::new(NO_TAKEOVER, LIMIT);
        let mut delivered = 0;
        for piece in pieces {
            let count = |octets: &[u8]| {
                delivered += octets.len();
                Ok::<_, InflateError>(())
            };
            inflater.push(piece, count).unwrap();
        }
        delivered
    };
    for len in 8192..8450 {
        let payload = deflate(&vec![b'a'; len]);
        for end in 1..=payload.len() {
            let part = &payload[..end];
            assert_eq!(delivered(part.chunks(end)), delivered(part.chunks(1)), "{end} octets of {len}");
        }
    }
}

/// A window that is not kept to is seen.
#[test]
fn the_oracle_sees_the_distance() {
    let said = noise(5000);
    let (message, farthest) = oracle::inflate(&deflate(&said.repeat(2)), &[]);
    assert_eq!((message, farthest), (said.repeat(2), 5000));
}

#[test]
fn what_does_not_shrink_goes_as_it_is() {
    let compression = Compression { context_takeover: false, window_bits: WindowBits::MAX };
    assert_eq!(Deflater::new(compression).compress(&noise(1000)), None);
    assert_eq!(compress_shared(WindowBits::MAX, &noise(1000)), None);
}
