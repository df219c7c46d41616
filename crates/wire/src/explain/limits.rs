//! What an explainer keeps at most, whatever it is fed.

/// The most octets of one unit. A longer content or frame is yielded in pieces of this size.
pub const MAX_UNIT_BYTES: usize = 65_536;

/// The most octets of a message's head, of a chunk's line, or of a trailer section (HTTP/1.1).
pub const MAX_HEAD_BYTES: usize = 65_536;

/// The most octets of content or payload that a span's value shows; the value then says how many there are.
pub const MAX_SHOWN_BYTES: usize = 16_384;

/// The most octets that a sentence of meaning shows in hex.
pub const MAX_HEX_BYTES: usize = 16;

/// The most requests without an answer that are remembered, to pair answers with them.
pub const MAX_WAITING_REQUESTS: usize = 1024;

/// The most octets of a `sec-websocket-key` that is remembered for the answer.
pub const MAX_KEY_BYTES: usize = 256;

/// The most octets of an HPACK dynamic table, RFC 7541 §4.1. An encoder that sets more is not followed.
pub const MAX_TABLE_BYTES: usize = 1 << 20;

/// The most octets of one HPACK representation, all frames that it lies in together, and of a string in it once
/// Huffman is undone.
pub const MAX_REPRESENTATION_BYTES: usize = 65_536;

/// The most octets of names and values that the spans of one piece of a header block show.
pub const MAX_FIELDS_SHOWN_BYTES: usize = 262_144;

/// The most octets that one compressed WebSocket message is inflated to.
pub const MAX_INFLATED_BYTES: usize = 1 << 20;

/// The most octets of a string whose Huffman codes are shown one by one.
pub const MAX_CODES_SHOWN_BYTES: usize = 64;
