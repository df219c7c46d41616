//! Masking.

use proptest::prelude::*;
use raw_websocket::mask::apply_mask;

use super::{KEY, hex};

/// RFC 6455 §5.3 as it stands there: octet i of the data XOR octet i MOD 4 of the key.
fn by_the_rfc(payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    payload.iter().enumerate().map(|(i, octet)| octet ^ key[i % 4]).collect()
}

#[test]
fn example_of_the_rfc() {
    let mut payload = hex("7f 9f 4d 51 58");
    apply_mask(&mut payload, KEY, 0);
    assert_eq!(payload, b"Hello");
}

#[test]
fn every_length_at_every_offset() {
    for len in 0..40 {
        for offset in 0..12 {
            let whole: Vec<u8> = (0..).take(offset + len).collect();
            let mut piece = whole[offset..].to_vec();
            apply_mask(&mut piece, KEY, offset);
            assert_eq!(piece, by_the_rfc(&whole, KEY)[offset..], "{len} octets at {offset}");
        }
    }
}

proptest! {
    /// In pieces as in one, and twice is not at all.
    #[test]
    fn cut_anywhere(payload: Vec<u8>, key: [u8; 4], cuts in prop::collection::vec(0..100_usize, 0..8)) {
        let mut masked = payload.clone();
        let mut rest = masked.as_mut_slice();
        let mut offset = 0;
        for cut in cuts {
            let (piece, after) = rest.split_at_mut(cut.min(rest.len()));
            apply_mask(piece, key, offset);
            offset += piece.len();
            rest = after;
        }
        apply_mask(rest, key, offset);
        prop_assert_eq!(&masked, &by_the_rfc(&payload, key));
        apply_mask(&mut masked, key, 0);
        prop_assert_eq!(masked, payload);
    }
}
