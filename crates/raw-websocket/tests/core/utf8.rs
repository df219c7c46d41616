//! UTF-8 in pieces.

use proptest::prelude::*;
use raw_websocket::utf8::{IncompleteUtf8, InvalidUtf8, Utf8Decoder};

use super::hex;

/// Feeds octet by octet: the place of the octet that was refused, with the error.
fn refused(octets: &[u8]) -> Option<(usize, InvalidUtf8)> {
    let mut decoder = Utf8Decoder::default();
    octets.iter().enumerate().find_map(|(i, &octet)| Some((i, decoder.push(&[octet]).err()?)))
}

/// RFC 3629 §4, row by row of its grammar: the first octet that cannot be right is refused, not a later one.
#[test]
fn refuses_at_the_first_octet_that_cannot_be_right() {
    for (octets, at) in [
        ("80", 0), // a continuation octet first
        ("bf", 0),
        ("c0 80", 0), // overlong: C0 and C1 begin nothing
        ("c1 bf", 0),
        ("c3 28", 1), // the second octet is none
        ("c3 c3", 1),
        ("e0 80 80", 1), // overlong
        ("e0 9f bf", 1),
        ("e1 80 7f", 2),
        ("ed a0 80", 1), // surrogates
        ("ed bf bf", 1),
        ("ef bf c0", 2),
        ("f0 80 80 80", 1), // overlong
        ("f0 8f bf bf", 1),
        ("f1 80 80 c0", 3),
        ("f4 90 80 80", 1), // above U+10FFFF
        ("f5 80 80 80", 0),
        ("ff", 0),
    ] {
        let octets = hex(octets);
        let error = InvalidUtf8 { position: 0 };
        assert_eq!(refused(&octets), Some((at, error)), "{octets:02x?}");
        // The same after other text, all at once.
        let octets = ["é€𝄞a".as_bytes(), &octets].concat();
        let error = InvalidUtf8 { position: 10 };
        assert_eq!(Utf8Decoder::default().push(&octets), Err(error), "{octets:02x?}");
    }
}

/// The least and the greatest code point of each length, and those around the surrogates.
#[test]
fn code_points_cut_anywhere() {
    for c in [
        '\0',
        '\x7f',
        '\u{80}',
        '\u{7ff}',
        '\u{800}',
        '\u{d7ff}',
        '\u{e000}',
        '\u{ffff}',
        '\u{10000}',
        '\u{10ffff}',
    ] {
        let whole = format!("a{c}{c}b");
        for cut in 0..=whole.len() {
            let (first, second) = whole.as_bytes().split_at(cut);
            let mut decoder = Utf8Decoder::default();
            assert_eq!(decoder.push(first), Ok(()));
            assert_eq!(decoder.push(second), Ok(()));
            assert_eq!(decoder.finish().as_ref(), Ok(&whole), "cut at {cut}");
        }
    }
}

#[test]
fn tells_a_text_that_ends_inside_a_code_point() {
    for end in ["c3", "e2", "e2 82", "f0", "f0 9d", "f0 9d 84"] {
        let mut decoder = Utf8Decoder::default();
        assert_eq!(decoder.push(&[b"ab", &hex(end)[..]].concat()), Ok(()));
        assert_eq!(decoder.finish(), Err(IncompleteUtf8 { position: 2 }), "{end}");
    }
}

/// Octets that are near UTF-8: whole code points, cut ones, and any others.
fn near_utf8() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
        1 => (any::<char>(), 0..4_usize).prop_map(|(c, len)| {
            let mut octets = c.to_string().into_bytes();
            octets.truncate(len);
            octets
        }),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// The standard library is the judge: an octet is refused when no continuation can be UTF-8.
    #[test]
    fn agrees_with_the_standard_library(octets in near_utf8()) {
        let expected = (1..=octets.len()).find_map(|len| {
            let error = std::str::from_utf8(&octets[..len]).err()?;
            error.error_len().map(|_| (len - 1, InvalidUtf8 { position: error.valid_up_to() }))
        });
        prop_assert_eq!(refused(&octets), expected);
    }

    /// In pieces as in one.
    #[test]
    fn cut_anywhere(octets in near_utf8(), lens in prop::collection::vec(0..6_usize, 0..12)) {
        let decode = |lens: &[usize]| {
            let mut decoder = Utf8Decoder::default();
            let mut rest = octets.as_slice();
            for &len in lens {
                let (piece, after) = rest.split_at(len.min(rest.len()));
                decoder.push(piece).map_err(|error| error.position)?;
                rest = after;
            }
            decoder.push(rest).map_err(|error| error.position)?;
            decoder.finish().map_err(|error| error.position)
        };
        prop_assert_eq!(decode(&lens), decode(&[]));
        prop_assert_eq!(decode(&[]).ok(), String::from_utf8(octets.clone()).ok());
    }
}
