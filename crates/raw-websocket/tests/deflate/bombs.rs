//! Few octets that inflate to many, or ask for much work: all end at a limit, counted.

use flate2::{Compress, FlushCompress};
use raw_websocket::deflate::{InflateError, Inflater, MAX_FINAL_BLOCKS, max_compressed_bytes};

use super::{NO_TAKEOVER, hex, inflate, noise};

/// The chat's.
const LIMIT: usize = 32 * 1024;

/// `octets` compressed by zlib at level 9, ready to be a message's payload.
pub(crate) fn deflate(octets: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(flate2::Compression::best(), false);
    let mut compressed = Vec::with_capacity(octets.len() / 64 + 64);
    let mut rest = octets;
    loop {
        compressed.reserve(64);
        let before = compress.total_in();
        compress.compress_vec(rest, &mut compressed, FlushCompress::Sync).unwrap();
        rest = &rest[usize::try_from(compress.total_in() - before).unwrap()..];
        if rest.is_empty() && compressed.len() < compressed.capacity() {
            break;
        }
    }
    compressed.truncate(compressed.len() - 4);
    compressed
}

/// How a message ends, and how many octets the sink was given.
fn taken<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Result<(), InflateError>, usize) {
    let mut inflater = Inflater::new(NO_TAKEOVER, LIMIT);
    let mut taken = 0;
    let result = pieces
        .into_iter()
        .try_for_each(|piece| {
            inflater.push(piece, |octets| {
                taken += octets.len();
                Ok(())
            })
        })
        .and_then(|()| inflater.finish());
    if result.is_err() {
        assert_eq!(inflater.capacity(), 0);
    }
    (result, taken)
}

#[test]
fn a_bomb_ends_at_the_limit() {
    let bomb = deflate(&vec![b'a'; 8 << 20]);
    assert!(bomb.len() < 10_000, "{}", bomb.len());
    let error = InflateError::MessageTooBig { limit: LIMIT };
    assert_eq!(error.code().get(), 1009);
    let too_big = Err(error);
    assert_eq!(taken([&bomb[..]]), (too_big, LIMIT));
    assert_eq!(taken(bomb.chunks(bomb.len().div_ceil(64))), (too_big, LIMIT));
    assert_eq!(taken(bomb.chunks(1)), (too_big, LIMIT));
}

/// Only what is a message's own is inflated.
#[test]
fn a_bomb_in_a_message_is_a_message() {
    let bomb = deflate(&vec![b'a'; 8 << 20]);
    let nested = deflate(&bomb);
    assert!(nested.len() < bomb.len() / 10);
    assert_eq!(taken([&nested[..]]), (Ok(()), bomb.len()));
}

#[test]
fn the_limit_itself_is_taken() {
    for (octets, within) in [(vec![b'a'; LIMIT], true), (vec![b'a'; LIMIT + 1], false)] {
        let payload = deflate(&octets);
        for cut in [1, 2, 7, payload.len()] {
            let (result, taken) = taken(payload.chunks(cut));
            assert_eq!((result.is_ok(), taken), (within, LIMIT), "{cut}");
        }
    }
    let limits = [0, 1, 4095, 4096, 4097];
    for limit in limits {
        let mut inflater = Inflater::new(NO_TAKEOVER, limit);
        assert_eq!(inflate(&mut inflater, [&deflate(&noise(limit))[..]]).unwrap(), noise(limit));
        let error = inflate(&mut inflater, [&deflate(&noise(limit + 1))[..]]).unwrap_err();
        assert_eq!(error, InflateError::MessageTooBig { limit });
    }
}

/// Each octet is read once, and the length of the payload is the connection's to judge.
#[test]
fn empty_blocks_give_nothing() {
    let blocks = hex("00 00 00 ff ff").repeat(max_compressed_bytes(LIMIT) / 5);
    assert_eq!(taken([&blocks[..], &[0]]), (Ok(()), 0));
    assert_eq!(taken(blocks.chunks(1).chain([&[0][..]])), (Ok(()), 0));
}

#[test]
fn final_blocks_are_counted() {
    let most = [&hex("03 00").repeat(MAX_FINAL_BLOCKS)[..], &[0]].concat();
    assert_eq!(taken([&most[..]]), (Ok(()), 0));
    // In each message.
    let mut inflater = Inflater::new(NO_TAKEOVER, LIMIT);
    for _ in 0..2 {
        assert_eq!(inflate(&mut inflater, [&most[..]]).unwrap(), b"");
    }
    let error = InflateError::TooManyFinalBlocks { limit: MAX_FINAL_BLOCKS };
    assert_eq!(error.code().get(), 1008);
    let too_many = Err(error);
    let endless = hex("03 00").repeat(LIMIT);
    assert_eq!(taken([&endless[..]]), (too_many, 0));
    assert_eq!(taken(endless.chunks(3)), (too_many, 0));
}

/// A message that fits inflated fits compressed, also if it does not shrink.
#[test]
fn what_does_not_shrink_has_room() {
    for len in [0, 1, 100, 4096, LIMIT, 200_000] {
        assert!(deflate(&noise(len)).len() <= max_compressed_bytes(len));
    }
}
