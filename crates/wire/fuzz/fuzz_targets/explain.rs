//! Fuzz target: any octets of both sides. Spans and bits tile them, and however they are cut, the units are the same.
//!
//! An input begins with an octet for the protocol. Then come turns: an octet whose first bit says whose turn it is, and
//! whose others say in pieces of what size the turn is cut the second time; the turn's length in two octets; the turn.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::explain::{Explainer, Protocol, Side, Unit};

/// What a side says at once.
struct Turn<'a> {
    side: Side,
    piece: usize,
    octets: &'a [u8],
}

fuzz_target!(|data: &[u8]| check(data));

fn check(data: &[u8]) {
    let [first, rest @ ..] = data else { return };
    let protocol = match first % 3 {
        0 => Protocol::Http1,
        1 => Protocol::Http2,
        _ => Protocol::WebSocket,
    };
    let turns = turns(rest);
    let whole = explain(protocol, &turns, |_| usize::MAX);
    let pieces = explain(protocol, &turns, |turn| turn.piece);
    assert!(whole == pieces, "the units depend on how the octets are cut");
    for side in [Side::Client, Side::Server] {
        let said = turns.iter().filter(|turn| turn.side == side).map(|turn| turn.octets.len() as u64);
        check_tiling(&whole, side, said.sum());
    }
}

fn turns(mut rest: &[u8]) -> Vec<Turn<'_>> {
    let mut turns = Vec::new();
    while let [how, l0, l1, behind @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*l0, *l1])).min(behind.len());
        let (octets, next) = behind.split_at(length);
        let side = if how & 0x80 == 0 { Side::Client } else { Side::Server };
        turns.push(Turn { side, piece: usize::from(how & 0x7f) + 1, octets });
        rest = next;
    }
    turns
}

fn explain(protocol: Protocol, turns: &[Turn<'_>], size: impl Fn(&Turn<'_>) -> usize) -> Vec<Unit> {
    let mut explainer = Explainer::new(protocol);
    let mut units = Vec::new();
    for turn in turns {
        for piece in turn.octets.chunks(size(turn)) {
            units.extend(explainer.push(turn.side, piece));
        }
    }
    units.extend(explainer.finish());
    units
}

fn check_tiling(units: &[Unit], side: Side, length: u64) {
    let mut at = 0;
    for unit in units.iter().filter(|unit| unit.side == side) {
        assert_eq!(unit.start, at, "a unit does not begin where the one before ends");
        for span in &unit.spans {
            assert_eq!(span.start, at, "a span does not begin where the one before ends");
            assert!(span.end > at, "an empty span");
            let mut bit = 0;
            for bits in &span.bits {
                assert!(bits.from == bit && bits.to >= bits.from, "bits do not follow each other");
                bit = bits.to + 1;
            }
            assert!(bit == 0 || u64::from(bit) == 8 * (span.end - span.start), "bits do not tile their span");
            at = span.end;
        }
        assert_eq!(unit.end, at, "spans do not tile their unit");
    }
    assert_eq!(at, length, "octets without a span");
}
