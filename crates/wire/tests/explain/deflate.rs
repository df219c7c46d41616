//! The examples of RFC 7692, and compression that fails.

use wire::explain::{Explainer, Protocol, Side};

use super::{explain_one, named, spans};

/// Frames behind a handshake that agreed on these extensions.
fn with_extensions(agreed: &str, octets: &[u8]) -> Vec<String> {
    let mut explainer = Explainer::new(Protocol::WebSocket).with_extensions(agreed);
    let mut units = explainer.push(Side::Server, octets);
    units.extend(explainer.finish());
    units.into_iter().map(|unit| unit.summary).collect()
}

#[test]
fn the_examples_of_rfc_7692_section_7_2_3() {
    let deflate = "permessage-deflate";
    let hello = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00";
    let expected = "text, compressed, 7 octets inflate to 5, \"Hello\"";
    assert_eq!(with_extensions(deflate, hello), [expected]);
    // The same without knowing of the handshake.
    assert_eq!(explain_one(Protocol::WebSocket, Side::Server, hello)[0].summary, expected);
    let fragments = b"\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00";
    let units = with_extensions(deflate, fragments);
    assert!(units[0].starts_with("text, first fragment, compressed, 3 octets inflate to "), "{units:?}");
    assert!(
        units[1].starts_with("continuation, last fragment, compressed, 4 octets inflate to "),
        "{units:?}"
    );
    // §7.2.3.2: the window goes on, so that the second is shorter.
    let twice = [&hello[..], b"\xc1\x05\xf2\x00\x11\x00\x00"].concat();
    let second = "text, compressed, 5 octets inflate to 5, \"Hello\"";
    assert_eq!(with_extensions(deflate, &twice), [expected, second]);
    // §7.2.3.3 to §7.2.3.5: no compression, BFINAL, two blocks.
    let stored = b"\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00";
    assert_eq!(with_extensions(deflate, stored), ["text, compressed, 11 octets inflate to 5, \"Hello\""]);
    let last = b"\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00";
    assert_eq!(with_extensions(deflate, last), ["text, compressed, 8 octets inflate to 5, \"Hello\""]);
    let blocks = b"\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00";
    assert_eq!(with_extensions(deflate, blocks), ["text, compressed, 13 octets inflate to 5, \"Hello\""]);
    // Without context takeover the window is forgotten.
    let forgotten = with_extensions("permessage-deflate; server_no_context_takeover", &twice);
    assert_eq!(forgotten[1], "text, compressed, 5 octets inflate to 0, \"\"");
}

#[test]
fn compression_that_is_wrong_says_so() {
    for octets in [&b"\xc1\x03\xff\xff\xff"[..], b"\xc1\x02\x00\x05"] {
        let spans = spans(Protocol::WebSocket, Side::Server, octets);
        assert!(named(&spans, "payload").meaning.contains("Not understood: the compressed data"));
    }
    // The last frame may have no payload to say it on.
    let spans = spans(Protocol::WebSocket, Side::Server, b"\x41\x02\x00\x05\x80\x00");
    assert!(
        spans[3].meaning.contains("Not understood: the compressed data ends within a DEFLATE block"),
        "{spans:?}"
    );
    // What stands by itself behind it is inflated again.
    let hello = b"\xc1\x03\xff\xff\xff\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00";
    assert_eq!(
        with_extensions("permessage-deflate", hello)[1],
        "text, compressed, 7 octets inflate to 5, \"Hello\""
    );
}

#[test]
fn a_bomb_is_inflated_to_the_limit_alone() {
    use flate2::{Compress, Compression, FlushCompress};
    let mut compressed = Vec::with_capacity(40_000);
    let mut compress = Compress::new(Compression::best(), false);
    compress.compress_vec(&vec![b'a'; 8 << 20], &mut compressed, FlushCompress::Sync).unwrap();
    let length = u16::try_from(compressed.len()).unwrap().to_be_bytes();
    let octets = [&[0xc1, 126][..], &length, &compressed, b"\x81\x02ok"].concat();
    let units = explain_one(Protocol::WebSocket, Side::Server, octets);
    assert!(named(&units[0].spans, "payload").meaning.contains("inflates to more than is inflated here"));
    assert_eq!(units[1].summary, "text, 2 octets, \"ok\"");
}

#[test]
fn not_agreed() {
    let not_agreed = "not understood: RSV1 must be 0: permessage-deflate was not agreed on";
    assert_eq!(with_extensions("", b"\xc1\x00")[0], not_agreed);
    // An extension that is not known here may mean anything by it.
    let other = with_extensions("x-other", b"\x71\x02hi\xc3\x03any\x80\x00");
    let expected = [
        "text, first fragment, 2 octets, \"hi\"",
        "reserved, 3 octets, \"any\"",
        "continuation, last fragment, 0 octets, \"\"",
    ];
    assert_eq!(other, expected);
}

/// A compressed message of several pieces and fragments is one.
#[test]
fn a_long_compressed_message() {
    use flate2::{Compress, Compression, FlushCompress};
    let text: Vec<u8> = (0_u32..120_000)
        .flat_map(|n| (n.wrapping_mul(2_654_435_761) % 997).to_string().into_bytes())
        .collect();
    let mut compressed = Vec::with_capacity(200_000);
    Compress::new(Compression::fast(), false)
        .compress_vec(&text, &mut compressed, FlushCompress::Sync)
        .unwrap();
    compressed.truncate(compressed.len() - 4);
    assert!(compressed.len() > 70_000, "of more than one piece: {}", compressed.len());
    let length = (compressed.len() as u64).to_be_bytes();
    let octets = [&b"\xc1\x7f"[..], &length, &compressed].concat();
    let units = explain_one(Protocol::WebSocket, Side::Server, octets);
    let inflated =
        |summary: &str| summary.split("inflate to ").nth(1)?.split(',').next()?.parse::<usize>().ok();
    assert_eq!(units.iter().filter_map(|unit| inflated(&unit.summary)).sum::<usize>(), text.len());
    assert!(units.len() > 1);
}
