//! Batches as frames, RFC 6455 §5.6: encoded once for all clients that can take the same octets, and compressed
//! once for all with the same window (RFC 7692).

use bytes::{Bytes, BytesMut};
use message_store::Cursor;

use crate::{
    deflate::{WindowBits, compress_shared, shared_window_bits},
    frame::{FrameHeader, MAX_HEADER_BYTES, Opcode},
};

/// Appends a text frame of a server for a client that has agreed on this window, or on no compression.
pub(crate) fn encode_text(json: &[u8], deflate: Option<WindowBits>, output: &mut BytesMut) {
    let compressed = deflate.and_then(|window| compress_shared(window, json));
    let payload = compressed.as_deref().unwrap_or(json);
    let header = FrameHeader::new(Opcode::Text, payload.len() as u64, None);
    let header = if compressed.is_some() { header.compressed() } else { header };
    output.reserve(MAX_HEADER_BYTES + payload.len());
    header.encode_with(payload, output);
}

/// A batch as it stands on the wire, and the places before and after it.
pub(crate) struct Broadcast {
    pub(crate) frames: BatchFrames,
    pub(crate) before: Cursor,
    pub(crate) after: Cursor,
}

/// A batch, and the frames that were made of it.
pub(crate) struct BatchFrames {
    json: Bytes,
    /// By the window they are compressed with: one not compressed, and at most seven.
    frames: Vec<(Option<WindowBits>, Bytes)>,
}

impl BatchFrames {
    pub(crate) const fn new(json: Bytes) -> Self {
        Self { json, frames: Vec::new() }
    }

    /// The frame for a client that has agreed on this window, or on no compression.
    pub(crate) fn frame(&mut self, deflate: Option<WindowBits>) -> &[u8] {
        let window = deflate.and_then(|agreed| shared_window_bits(agreed, self.json.len()));
        let made = self.frames.iter().position(|(with, _)| *with == window);
        let at = made.unwrap_or_else(|| {
            let mut frame = BytesMut::new();
            encode_text(&self.json, window, &mut frame);
            self.frames.push((window, frame.freeze()));
            self.frames.len() - 1
        });
        self.frames.get(at).map_or(&[], |(_, frame)| frame)
    }
}
