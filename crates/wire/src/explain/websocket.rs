//! WebSocket, RFC 6455: frames bit by bit, and the messages that they carry.

mod close;
mod extensions;
mod header;
mod inflate;
mod payload;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest as _, Sha1};

use super::{
    lane::{Label, Size},
    limits::MAX_UNIT_BYTES,
    span::{Side, Spans, Step, Stop},
    text,
};
pub(super) use extensions::Extensions;
use header::{Header, Opcode};
use payload::Messages;

/// The fixed GUID of the opening handshake, RFC 6455 §1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// How `sec-websocket-accept` is worked out from the key, RFC 6455 §4.2.2; the last step gives it.
pub(super) fn accept_steps(key: &str) -> Vec<Step> {
    let joined = format!("{key}{GUID}");
    let digest = Sha1::digest(joined.as_bytes());
    vec![
        Step::new("the client's key", key),
        Step::new("with the GUID behind it", joined),
        Step::new("SHA-1 of that", text::hex(&digest)),
        Step::new("base64 of that", STANDARD.encode(digest)),
    ]
}

/// Frames of one side.
#[derive(Debug)]
pub(super) struct WebSocket {
    side: Side,
    messages: Messages,
    /// A frame that is yielded in pieces, and how many octets of its payload were before.
    long: Option<(Header, u64)>,
}

impl WebSocket {
    pub(super) fn new(side: Side, extensions: Extensions) -> Self {
        Self { side, messages: Messages::new(side, extensions), long: None }
    }

    /// The size of the next frame, or of the next piece of one.
    pub(super) fn size(&self, octets: &[u8]) -> Size {
        let (header_len, left) = match &self.long {
            Some((header, sent)) => (0, header.payload_len - sent),
            None => match header::measure(octets, self.messages.extensions()) {
                Ok(Some((header, header_len))) => (header_len, header.payload_len),
                Ok(None) => return Size::More,
                // A rule that the header breaks is shown on the header's octets.
                Err(seen) => return Size::Unit(seen),
            },
        };
        let whole = usize::try_from(left).unwrap_or(usize::MAX).saturating_add(header_len);
        let size = whole.min(MAX_UNIT_BYTES);
        if octets.len() < size { Size::More } else { Size::Unit(size) }
    }

    /// Explains a frame, or a piece of one, or what there is of it where the capture ends.
    pub(super) fn explain(&mut self, spans: &mut Spans<'_>) -> Result<Label, Stop> {
        let (header, sent) = match self.long.take() {
            Some(long) => long,
            None => {
                let header = header::explain(spans, self.side, self.messages.extensions())?;
                self.messages.begin_frame(&header, spans);
                (header, 0)
            }
        };
        let had = spans.rest().len() as u64;
        let mut content = Vec::new();
        let summary = if header.opcode.is_control() || header.opcode == Opcode::Reserved {
            payload::outside_messages(spans, &header, sent)
        } else {
            self.messages.data(spans, &header, sent, &mut content)
        };
        let sent = sent + had;
        let is_cut = sent < header.payload_len;
        let kind = header.opcode.name();
        if is_cut {
            self.long = Some((header, sent));
        }
        Ok(Label { kind, summary, content, ..Label::default() })
    }
}
