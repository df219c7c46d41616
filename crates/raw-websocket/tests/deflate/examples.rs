//! The examples of RFC 7692 §7.2.3, octet for octet, and messages that zlib 1.3 compressed.

use raw_websocket::deflate::{Deflater, Inflater, compress_shared};

use super::{Bits, NO_TAKEOVER, TAKEOVER, hex, inflate, inflate_first};
use raw_websocket::deflate::Compression;

/// A deflater that compresses the smallest message.
fn deflater(compression: Compression) -> Deflater {
    Deflater::new(compression).with_min_bytes(0)
}

/// §7.2.3.1.
#[test]
fn one_compressed_block() {
    let hello = hex("f2 48 cd c9 c9 07 00");
    assert_eq!(inflate_first(NO_TAKEOVER, &hello).unwrap(), b"Hello");
    // In two fragments.
    let mut inflater = Inflater::new(NO_TAKEOVER, 100);
    assert_eq!(inflate(&mut inflater, [&hex("f2 48 cd")[..], &hex("c9 c9 07 00")]).unwrap(), b"Hello");
    assert_eq!(deflater(TAKEOVER).compress(b"Hello").unwrap(), hello);
}

/// §7.2.3.2: the second "Hello" refers to the first.
#[test]
fn sharing_the_window() {
    let (first, second) = (hex("f2 48 cd c9 c9 07 00"), hex("f2 00 11 00 00"));
    let mut inflater = Inflater::new(TAKEOVER, 100);
    assert_eq!(inflate(&mut inflater, [&first[..]]).unwrap(), b"Hello");
    assert_eq!(inflate(&mut inflater, [&second[..]]).unwrap(), b"Hello");

    let mut deflater = deflater(TAKEOVER);
    assert_eq!(deflater.compress(b"Hello").unwrap(), first);
    assert_eq!(deflater.compress(b"Hello").unwrap(), second);
}

/// §7.2.3.2, the same after the state was given back: the window is enough.
#[test]
fn sharing_the_window_after_release() {
    let mut deflater = deflater(TAKEOVER);
    assert_eq!(deflater.compress(b"Hello").unwrap(), hex("f2 48 cd c9 c9 07 00"));
    deflater.release();
    let second = deflater.compress(b"Hello").unwrap();
    assert!(second.len() < 7, "{second:?} refers to the first");
    let mut inflater = Inflater::new(TAKEOVER, 100);
    assert_eq!(inflate(&mut inflater, [&hex("f2 48 cd c9 c9 07 00")[..]]).unwrap(), b"Hello");
    assert_eq!(inflate(&mut inflater, [&second[..]]).unwrap(), b"Hello");
}

/// §7.2.3.3.
#[test]
fn a_block_with_no_compression() {
    let hello = hex("00 05 00 fa ff 48 65 6c 6c 6f 00");
    assert_eq!(inflate_first(NO_TAKEOVER, &hello).unwrap(), b"Hello");
}

/// §7.2.3.4.
#[test]
fn a_block_with_bfinal() {
    let hello = hex("f3 48 cd c9 c9 07 00 00");
    assert_eq!(inflate_first(NO_TAKEOVER, &hello).unwrap(), b"Hello");
    // It ends a block, not the window.
    let mut inflater = Inflater::new(TAKEOVER, 100);
    assert_eq!(inflate(&mut inflater, [&hello[..]]).unwrap(), b"Hello");
    assert_eq!(inflate(&mut inflater, [&hex("f2 00 11 00 00")[..]]).unwrap(), b"Hello");
}

/// §7.2.3.5.
#[test]
fn two_blocks() {
    let hello = hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00");
    assert_eq!(inflate_first(NO_TAKEOVER, &hello).unwrap(), b"Hello");
}

/// §7.2.3.6.
#[test]
fn an_empty_message() {
    assert_eq!(inflate_first(NO_TAKEOVER, &hex("00")).unwrap(), b"");
    assert_eq!(deflater(TAKEOVER).compress(b"").unwrap(), hex("00"));
    // Also where zlib has just flushed, and so would write nothing.
    let mut deflater = deflater(TAKEOVER);
    deflater.compress(b"Hello").unwrap();
    assert_eq!(deflater.compress(b"").unwrap(), hex("00"));
    assert_eq!(deflater.compress(b"Hello").unwrap(), hex("f2 00 11 00 00"));
    // What goes as it is does not grow.
    assert_eq!(self::deflater(NO_TAKEOVER).compress(b""), None);
}

/// §7.2.1: other blocks may follow one with BFINAL, which pads to an octet.
#[test]
fn blocks_after_bfinal() {
    let first = Bits::default().fixed_block(true).literal(b'a').end_block().octets;
    let second = Bits::default().fixed_block(true).literal(b'b').end_block().octets;
    let last = Bits::default().fixed_block(false).literal(b'c').end_block().flush();
    assert_eq!(inflate_first(NO_TAKEOVER, &[first, second, last].concat()).unwrap(), b"abc");
    // The empty block at the end may have it, too.
    let flush = Bits::default().fixed_block(false).literal(b'a').end_block().put(1, 3).octets;
    assert_eq!(inflate_first(NO_TAKEOVER, &flush).unwrap(), b"a");
}

#[test]
fn small_messages_go_as_they_are() {
    let text = "a".repeat(63);
    assert_eq!(Deflater::new(TAKEOVER).compress(text.as_bytes()), None);
    assert_eq!(compress_shared(TAKEOVER.window_bits, text.as_bytes()), None);
    let text = "a".repeat(64);
    assert!(Deflater::new(TAKEOVER).compress(text.as_bytes()).is_some());
    assert!(compress_shared(TAKEOVER.window_bits, text.as_bytes()).is_some());
}

/// Two messages as zlib 1.2.13 compresses them: with fixed codes (`Z_FIXED`, level 6), and stored (level 0).
#[test]
fn messages_of_zlib() {
    let texts = [
        r#"{"messages":[{"id":1,"user":"brian","text":"hi"}],"cursor":"k3f9-1"}"#,
        r#"{"messages":[{"id":2,"user":"brian","text":"hi again"}],"cursor":"k3f9-2"}"#,
    ];
    let first = "aa56ca4d2d2e4e4c4f2d56b28aae56ca4c51b232d4512a2d4e2d52b2524a2aca4ccc53d2512a49ad2801723332956a63\
                 7594924b8b8af341d2d9c66996ba864ab50000";
    let second = "aac634c308b7190a89e9899979584c3252aa0500";
    let stored = |text: &str| {
        let len = u16::try_from(text.len()).unwrap();
        [&[0][..], &len.to_le_bytes(), &(!len).to_le_bytes(), text.as_bytes(), &[0]].concat()
    };
    let mut inflater = Inflater::new(TAKEOVER, 100);
    for (payload, text) in [
        (hex(first), texts[0]),
        (hex(second), texts[1]),
        (stored(texts[0]), texts[0]),
        (hex(second), texts[1]),
        (stored(texts[1]), texts[1]),
    ] {
        assert_eq!(inflate(&mut inflater, [&payload[..]]).unwrap(), text.as_bytes());
    }
}
