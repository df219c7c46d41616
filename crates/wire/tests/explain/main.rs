//! What the explainer says of examples, recordings, random traffic and garbage.

#![cfg(test)]

mod deflate;
mod hpack;
mod http1;
mod http2;
mod oracle;
mod program;
mod recordings;
mod tiling;
mod websocket;

use wire::explain::{Bits, Explainer, Protocol, Side, Span, Unit};

/// What one side says, and the other, in order.
type Parts = Vec<(Side, Vec<u8>)>;

/// All units of a conversation; they tile it.
fn explain(protocol: Protocol, parts: &[(Side, impl AsRef<[u8]>)]) -> Vec<Unit> {
    let mut explainer = Explainer::new(protocol);
    let mut units = Vec::new();
    for (side, octets) in parts {
        units.extend(explainer.push(*side, octets.as_ref()));
    }
    units.extend(explainer.finish());
    for side in [Side::Client, Side::Server] {
        let said = parts.iter().filter(|(from, _)| *from == side).map(|(_, octets)| octets.as_ref().len());
        assert_tiles(&units, side, said.sum());
    }
    units
}

/// All units of what one side says.
fn explain_one(protocol: Protocol, side: Side, octets: impl AsRef<[u8]>) -> Vec<Unit> {
    explain(protocol, &[(side, octets)])
}

/// The spans of what one side says.
fn spans(protocol: Protocol, side: Side, octets: impl AsRef<[u8]>) -> Vec<Span> {
    explain_one(protocol, side, octets).into_iter().flat_map(|unit| unit.spans).collect()
}

fn summaries(units: &[Unit]) -> Vec<&str> {
    units.iter().map(|unit| &*unit.summary).collect()
}

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found = spans.iter().find(|span| span.name == name);
    found.unwrap_or_else(|| {
        panic!("no {name} in {:?}", spans.iter().map(|span| &span.name).collect::<Vec<_>>())
    })
}

/// Value and range of each bit row.
fn bits(span: &Span) -> Vec<(u32, u32, &str, &str)> {
    span.bits.iter().map(|Bits { from, to, name, value, .. }| (*from, *to, &**name, &**value)).collect()
}

/// The units of a side follow each other from its first octet to its last, their spans tile them, bits tile spans, and
/// everything says something.
fn assert_tiles(units: &[Unit], side: Side, len: usize) {
    let mut at = 0;
    for unit in units.iter().filter(|unit| unit.side == side) {
        assert_eq!(unit.start, at, "{unit:?}");
        assert!(!unit.summary.is_empty() && !unit.kind.is_empty(), "{unit:?}");
        for span in &unit.spans {
            assert_eq!(span.start, at, "{unit:?}");
            assert!(span.end > span.start, "an empty span in {unit:?}");
            assert!(!span.name.is_empty() && !span.meaning.is_empty() && !span.rfc.is_empty(), "{span:?}");
            let mut bit = 0;
            for bits in &span.bits {
                assert_eq!(bits.from, bit, "{span:?}");
                assert!(bits.to >= bits.from, "{span:?}");
                assert!(!bits.name.is_empty() && !bits.meaning.is_empty(), "{span:?}");
                bit = bits.to + 1;
            }
            assert!(bit == 0 || u64::from(bit) == 8 * (span.end - span.start), "bits do not tile {span:?}");
            at = span.end;
        }
        assert_eq!(unit.end, at, "{unit:?}");
    }
    assert_eq!(at, len as u64, "octets of {side:?} without a span");
}

/// Octets of a listing in hex; what stands behind `|` is a comment.
fn hex(listing: &str) -> Vec<u8> {
    let digits: String = listing
        .lines()
        .map(|line| line.split('|').next().unwrap_or_default())
        .flat_map(str::chars)
        .filter(char::is_ascii_hexdigit)
        .collect();
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// An HTTP/2 frame.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
