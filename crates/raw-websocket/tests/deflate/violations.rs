//! Data that is not what the two sides agreed on: 1007, at the same octet however it is cut.

use proptest::prelude::*;
use raw_websocket::deflate::{Compression, InflateError, Inflater};

use super::bombs::deflate;
use super::{Bits, LIMIT, NO_TAKEOVER, TAKEOVER, bits, hex, inflate, inflate_first, noise};

/// A block of one match that reaches 16,385 octets back.
fn far_match() -> Vec<u8> {
    Bits::default().fixed_block(false).far_match(0).end_block().flush()
}

#[test]
fn what_is_no_deflate() {
    for (octets, position) in [
        // Block type 11.
        ("07", 0),
        // A stored block whose length is not the complement of its complement.
        ("00 05 00 00 00 48 65 6c 6c 6f 00", 0),
        // Dynamic codes with more lengths than there are.
        ("ff ff ff ff", 0),
        // "Hello", then block type 11.
        ("f2 48 cd c9 c9 07 18", 5),
    ] {
        let error = inflate_first(NO_TAKEOVER, &hex(octets)).unwrap_err();
        assert_eq!(error, InflateError::Corrupt { position }, "{octets}");
        assert_eq!(error.code().get(), 1007);
    }
}

#[test]
fn a_distance_to_before_the_start() {
    let start = Bits::default().fixed_block(false).code(1, 7).code(0, 5).end_block().flush();
    let second = Bits::default().fixed_block(false).literal(b'a').code(1, 7).code(1, 5).end_block().flush();
    for (payload, position) in [(start, 0), (second, 1), (far_match(), 0)] {
        for compression in [TAKEOVER, NO_TAKEOVER] {
            let error = inflate_first(compression, &payload).unwrap_err();
            assert_eq!(error, InflateError::Corrupt { position });
        }
    }
}

#[test]
fn a_distance_into_the_message_before_without_takeover() {
    let mut inflater = Inflater::new(NO_TAKEOVER, LIMIT);
    inflate(&mut inflater, [&hex("f2 48 cd c9 c9 07 00")[..]]).unwrap();
    let error = inflate(&mut inflater, [&hex("f2 00 11 00 00")[..]]).unwrap_err();
    assert_eq!(error, InflateError::Corrupt { position: 1 });
    assert_eq!(error.code().get(), 1007);
}

/// The window that was agreed on is all that is kept of the messages before.
#[test]
fn a_distance_past_the_window_into_a_message_before() {
    let said = noise(20_000);
    for (bits, reaches) in [(bits(14), false), (bits(15), true)] {
        let compression = Compression { context_takeover: true, window_bits: bits };
        let mut inflater = Inflater::new(compression, LIMIT);
        assert_eq!(inflate(&mut inflater, [&deflate(&said)[..]]).unwrap(), said);
        let result = inflate(&mut inflater, [&far_match()[..]]);
        let start = said.len() - 16_385;
        match result {
            Ok(message) => assert_eq!((&message[..], reaches), (&said[start..start + 3], true)),
            Err(error) => assert_eq!((error, reaches), (InflateError::Corrupt { position: 0 }, false)),
        }
    }
}

/// Within the message the whole 32 KiB are there, however it is cut.
#[test]
fn a_distance_past_the_window_within_a_message() {
    let said = noise(20_000);
    let mut payload = deflate(&said);
    // The beginning of an empty stored block stands at its end: complete it, and go on.
    payload.extend(hex("00 00 ff ff"));
    payload.extend(far_match());
    let compression = Compression { context_takeover: false, window_bits: bits(9) };
    for cut in [1, 100, payload.len()] {
        let message = inflate(&mut Inflater::new(compression, LIMIT), payload.chunks(cut)).unwrap();
        assert_eq!(message[20_000..], said[3615..3618]);
    }
}

/// Every payload cut short, down to none, but where the rest is the empty message.
#[test]
fn truncated_messages() {
    let stored = deflate(&noise(300));
    let dynamic = deflate("the quick brown fox, the lazy dog; ".repeat(20).as_bytes());
    for payload in [hex("f2 48 cd c9 c9 07 00"), hex("f3 48 cd c9 c9 07 00 00"), stored, dynamic] {
        assert!(inflate_first(TAKEOVER, &payload).is_ok());
        for len in (0..payload.len()).filter(|&len| payload[..len] != [0]) {
            let mut inflater = Inflater::new(TAKEOVER, LIMIT);
            let error = inflate(&mut inflater, [&payload[..len]]).unwrap_err();
            assert_eq!(error, InflateError::Truncated, "{len} of {}", payload.len());
            assert_eq!(error.code().get(), 1007);
            assert_eq!(inflater.capacity(), 0);
        }
    }
}

/// The empty block's last 4 octets MUST be left out (RFC 7692 §7.2.1).
#[test]
fn a_flush_that_was_not_removed() {
    let payload = hex("f2 48 cd c9 c9 07 00 00 00 ff ff");
    assert_eq!(inflate_first(NO_TAKEOVER, &payload), Err(InflateError::Truncated));
}

#[test]
fn a_sink_that_fails_ends_the_message() {
    #[derive(Debug, PartialEq)]
    enum Error {
        Inflate(InflateError),
        Sink,
    }
    impl From<InflateError> for Error {
        fn from(error: InflateError) -> Self {
            Self::Inflate(error)
        }
    }
    let mut inflater = Inflater::new(TAKEOVER, LIMIT);
    let payload = hex("f2 48 cd c9 c9 07 18");
    assert_eq!(inflater.push(&payload, |_| Err(Error::Sink)), Err(Error::Sink));
    assert_eq!(inflater.capacity(), 0);
    // What comes before the corrupt octet comes first.
    let mut inflater = Inflater::new(TAKEOVER, LIMIT);
    let mut taken = Vec::new();
    let result = inflater.push(&payload, |octets| {
        taken.extend_from_slice(octets);
        Ok(())
    });
    assert_eq!(result, Err(Error::Inflate(InflateError::Corrupt { position: 5 })));
    assert_eq!(taken, b"Hello");
}

proptest! {
    /// Whatever comes, the verdict and what was inflated before it do not depend on the cuts.
    #[test]
    fn cuts_do_not_matter(
        text in "[a-d ]{0,300}",
        repeat in 1..60_usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        cut in 1..50_usize,
        limit in prop::sample::select(vec![10_usize, 1000, 100_000]),
    ) {
        let mut payload = deflate(text.repeat(repeat).as_bytes());
        for (index, octet) in damage {
            let at = index.index(payload.len());
            payload[at] = octet;
        }
        let verdict = |pieces: std::slice::Chunks<'_, u8>| {
            let mut inflater = Inflater::new(NO_TAKEOVER, limit);
            let mut message = Vec::new();
            let result = pieces
                .into_iter()
                .try_for_each(|piece| inflater.push(piece, |octets| {
                    message.extend_from_slice(octets);
                    Ok(())
                }))
                .and_then(|()| inflater.finish());
            (result, message)
        };
        let whole = verdict(payload.chunks(payload.len()));
        prop_assert!(whole.1.len() <= limit);
        prop_assert_eq!(&verdict(payload.chunks(cut)), &whole);
        prop_assert_eq!(&verdict(payload.chunks(1)), &whole);
    }

    /// Random octets: no panic, and an inflater that goes on works.
    #[test]
    fn any_octets(octets in prop::collection::vec(any::<u8>(), 0..200), cut in 1..20_usize) {
        let mut inflater = Inflater::new(TAKEOVER, 1000);
        if let Err(error) = inflate(&mut inflater, octets.chunks(cut)) {
            prop_assert!([1007, 1009].contains(&error.code().get()));
            prop_assert_eq!(inflater.capacity(), 0);
        }
    }
}
