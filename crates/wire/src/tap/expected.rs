//! The size that the RFCs make one expect of a unit, and why it can differ.

use serde::Serialize;

use crate::explain::{Side, Span, Unit, limits::MAX_SHOWN_BYTES};

/// Octets that a unit would have by the rules alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// Octets.
    pub octets: u64,
    /// How they come together, and what can make a difference.
    pub why: String,
}

/// What is expected of `unit`, where the rules say.
pub(super) fn of(unit: &Unit) -> Option<Expected> {
    match unit.kind {
        "text" | "binary" => websocket(unit),
        "DATA" => {
            let data = length(unit, "data");
            let why = format!(
                "9 octets of frame header and {data} of data (RFC 9113 §4.1); padding would add to it"
            );
            Some(Expected { octets: 9 + data, why })
        }
        "HEADERS" => Some(headers(unit)),
        "chunk" => {
            let data = length(unit, "chunk data");
            let digits = format!("{data:x}").len() as u64;
            let why = format!(
                "{digits} octets of size, two line ends and {data} of data (RFC 9112 §7.1); the last chunk has no data, and a line end more"
            );
            Some(Expected { octets: digits + data + 4, why })
        }
        _ => None,
    }
}

fn length(unit: &Unit, name: &str) -> u64 {
    unit.spans.iter().filter(|span| span.name == name).map(|span| span.end - span.start).sum()
}

/// Header, masking key and payload, uncompressed, RFC 6455 §5.2.
fn websocket(unit: &Unit) -> Option<Expected> {
    let payload = unit.content.len();
    if payload >= MAX_SHOWN_BYTES {
        // Compressed, there may be more of it than is kept.
        return None;
    }
    let (header, key) = (if payload < 126 { 2 } else { 4 }, if unit.side == Side::Client { 4 } else { 0 });
    let masked = if key > 0 { ", 4 of masking key" } else { "" };
    let why = format!(
        "{header} octets of header{masked} and {payload} of payload (RFC 6455 §5.2); permessage-deflate makes the payload smaller, or a little larger (RFC 7692)"
    );
    Some(Expected { octets: (header + key + payload) as u64, why })
}

/// Each field as a literal with a literal name, without Huffman, RFC 7541 §6.2.2.
fn headers(unit: &Unit) -> Expected {
    let fields = unit.spans.iter().filter_map(field);
    let (count, octets) = fields.fold((0_u64, 0_u64), |(count, octets), (name, value)| {
        (count + 1, octets + 1 + string(name) + string(value))
    });
    let why = format!(
        "9 octets of frame header and {count} fields, each as a literal without Huffman (RFC 7541 §6.2.2); the static table, the dynamic one and Huffman make it smaller"
    );
    Expected { octets: 9 + octets, why }
}

fn field(span: &Span) -> Option<(&str, &str)> {
    let is_field = span.rfc.starts_with("RFC 7541 §6.1") || span.rfc.starts_with("RFC 7541 §6.2");
    if !is_field {
        return None;
    }
    // A pseudo-field's name begins with a colon.
    let (name, value) = span.value.split_once(": ")?;
    Some((name, value))
}

/// A string's length, seven bits and then as many as it takes, and its octets, RFC 7541 §5.
fn string(text: &str) -> u64 {
    let octets = text.len() as u64;
    let mut prefix = 1;
    let mut left = octets.checked_sub(127);
    while let Some(rest) = left {
        prefix += 1;
        left = (rest >= 128).then_some(rest / 128);
    }
    prefix + octets
}
