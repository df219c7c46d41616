//! HTTP/2, RFC 9113: the connection preface and frames.

mod codes;
mod frame;
mod headers;
mod payload;
mod settings;

use super::{
    Link,
    hpack::Decoder,
    lane::{Label, Size},
    limits::MAX_UNIT_BYTES,
    span::{Rule, Side, Span, Spans, Stop},
    text,
};
use frame::{Header, Type};
pub(super) use settings::Announced;

/// What a client begins with, RFC 9113 §3.4.
pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The largest frame before the receiver allows more, RFC 9113 §4.2.
const DEFAULT_MAX_FRAME_SIZE: u32 = 16_384;

#[derive(Debug)]
enum At {
    Preface,
    Frame,
    /// Within a frame that is yielded in pieces: `left` octets of its payload, then `padding`.
    Long {
        header: Header,
        left: u64,
        padding: u64,
    },
}

/// The frames of one side.
#[derive(Debug)]
pub(super) struct Http2 {
    side: Side,
    at: At,
    /// No frame was seen yet.
    is_first: bool,
    /// The capture begins behind the client's preface.
    lacks_preface: bool,
    /// The stream whose field block goes on in a CONTINUATION, RFC 9113 §6.10.
    open_block: Option<u32>,
    decoder: Decoder,
}

impl Http2 {
    pub(super) fn new(side: Side) -> Self {
        let at = if side == Side::Client { At::Preface } else { At::Frame };
        Self { side, at, is_first: true, lacks_preface: false, open_block: None, decoder: Decoder::default() }
    }

    /// The size of the next unit.
    pub(super) fn size(&mut self, octets: &[u8], link: &Link) -> Size {
        if matches!(self.at, At::Preface) {
            let alike = octets.iter().zip(PREFACE).take_while(|(octet, expected)| octet == expected).count();
            if alike == PREFACE.len() {
                return Size::Unit(PREFACE.len());
            }
            if alike == octets.len() {
                return Size::More;
            }
            self.at = At::Frame;
            self.lacks_preface = true;
        }
        let size = match &self.at {
            At::Long { left, padding, .. } => {
                usize::try_from(left.saturating_add(*padding)).unwrap_or(usize::MAX).min(MAX_UNIT_BYTES)
            }
            At::Preface | At::Frame => {
                let Some(header) = Header::read(octets) else { return Size::More };
                match self.broken_rule(&header, link) {
                    // Such octets need not be frames at all: not even their header is shown as one.
                    Some(rule) if self.is_first => return Size::Broken(rule),
                    Some(_) => frame::HEADER_BYTES,
                    None => (frame::HEADER_BYTES + header.length as usize).min(MAX_UNIT_BYTES),
                }
            }
        };
        if octets.len() < size { Size::More } else { Size::Unit(size) }
    }

    /// The rule that a frame breaks by its header alone, which ends the connection.
    fn broken_rule(&self, header: &Header, link: &Link) -> Option<Rule> {
        if self.is_first {
            let is_settings = header.kind == Type::Settings && header.flags & 1 == 0;
            let is_plausible = header.kind != Type::Unknown && header.length <= DEFAULT_MAX_FRAME_SIZE;
            match (self.side, self.lacks_preface) {
                (Side::Client, true) if header.reserved || !is_plausible => {
                    return Some(no_preface());
                }
                (Side::Client, false) if !is_settings => {
                    let rule = "a client's preface must be followed by SETTINGS";
                    return Some(Rule::new(rule, "RFC 9113 §3.4"));
                }
                (Side::Server, _) if !is_plausible => {
                    return Some(Rule::new("a server must begin with SETTINGS", "RFC 9113 §3.4"));
                }
                _ => {}
            }
        }
        if let Some(stream) = self.open_block
            && (header.kind != Type::Continuation || header.stream != stream)
        {
            let rule = format!(
                "the field block of stream {stream} must go on in a CONTINUATION, before any other frame"
            );
            return Some(Rule::new(rule, "RFC 9113 §6.10"));
        }
        // The client's octets may be captured alone: then nobody knows what the server allows.
        let limit = link.announced_by(self.side.peer()).map(|announced| announced.max_frame_size);
        if let Some(limit) = limit.filter(|limit| header.length > *limit) {
            let rule = format!("a frame must have at most {limit} octets, as the receiver's SETTINGS say");
            return Some(Rule::new(rule, "RFC 9113 §4.2"));
        }
        frame::broken_rule(header, self.side, self.open_block)
    }

    /// Explains a unit, or what there is of it where the capture ends.
    pub(super) fn explain(&mut self, spans: &mut Spans<'_>, link: &mut Link) -> Result<Label, Stop> {
        match self.at {
            At::Preface => {
                spans.peek(PREFACE.len(), "connection preface", "RFC 9113 §3.4")?;
                let meaning = "The client's connection preface: a server of HTTP/1.1 refuses it, one of HTTP/2 knows it.";
                let span = Span::new("connection preface", "PRI * HTTP/2.0 SM", meaning, "RFC 9113 §3.4");
                spans.add(PREFACE.len(), span);
                self.at = At::Frame;
                Ok(Label { kind: "preface", summary: "connection preface".to_owned(), ..Label::default() })
            }
            At::Frame => self.explain_frame(spans, link),
            At::Long { header, left, padding } => Ok(self.explain_rest(spans, header, left, padding)),
        }
    }

    fn explain_frame(&mut self, spans: &mut Spans<'_>, link: &mut Link) -> Result<Label, Stop> {
        if self.is_first && self.lacks_preface && spans.rest().len() < frame::HEADER_BYTES {
            // Too little to be told for a frame.
            return Err(Stop::Broken(no_preface()));
        }
        spans.peek(frame::HEADER_BYTES, "frame header", "RFC 9113 §4.1")?;
        let Some(header) = Header::read(spans.rest()) else {
            return Rule::broken("a frame must have a header", "RFC 9113 §4.1");
        };
        frame::explain_header(spans, &header);
        if let Some(rule) = self.broken_rule(&header, link) {
            return Err(Stop::Broken(rule));
        }
        self.note_beginning(spans, &header);
        self.is_first = false;
        if header.length as usize + frame::HEADER_BYTES > MAX_UNIT_BYTES {
            return self.explain_long(spans, header);
        }
        let is_whole = spans.rest().len() == header.length as usize;
        let detail = match header.kind {
            Type::Data => payload::data(spans, &header)?,
            Type::Headers | Type::PushPromise | Type::Continuation => {
                let most_table =
                    link.announced_by(self.side.peer()).map(|announced| announced.header_table_size);
                let ends = header.has(frame::END_HEADERS);
                let fragment = headers::explain(spans, &header)?;
                // A fragment that the capture cuts off does not end the block.
                let fields = self.decoder.explain(spans, fragment.octets, ends && is_whole, most_table);
                spans.add(fragment.padding, payload::padding());
                self.open_block = (!ends).then_some(header.stream);
                headers::summary(&fragment, &fields)
            }
            Type::Settings => settings::explain(spans, &header, self.side, link)?,
            Type::Priority => payload::priority(spans)?,
            Type::RstStream => payload::rst_stream(spans)?,
            Type::Ping => payload::ping(spans, &header)?,
            Type::GoAway => payload::goaway(spans)?,
            Type::WindowUpdate => payload::window_update(spans)?,
            Type::Unknown => payload::unknown(spans, &header),
        };
        Ok(label(&header, &detail))
    }

    /// Where the capture begins behind the connection's beginning, its first frame says so.
    fn note_beginning(&self, spans: &mut Spans<'_>, header: &Header) {
        let begins = header.kind == Type::Settings && !self.lacks_preface;
        if self.is_first && !begins {
            spans.note(" The connection's beginning is not in this capture: a client begins with its preface, both sides with SETTINGS.");
        }
    }

    /// A frame above the size of a unit: DATA goes on in pieces, others are not taken apart.
    fn explain_long(&mut self, spans: &mut Spans<'_>, header: Header) -> Result<Label, Stop> {
        let mut padding = 0;
        if matches!(header.kind, Type::Headers | Type::PushPromise | Type::Continuation) {
            self.decoder.lose("an earlier frame was too long to be decoded here");
            self.open_block = (!header.has(frame::END_HEADERS)).then_some(header.stream);
        }
        let mut left = u64::from(header.length);
        if header.kind == Type::Data && header.has(frame::PADDED) {
            padding = payload::pad_length(spans, left)? as u64;
            left -= 1 + padding;
        }
        Ok(self.explain_rest(spans, header, left, padding))
    }

    fn explain_rest(&mut self, spans: &mut Spans<'_>, header: Header, left: u64, padding: u64) -> Label {
        let rest = spans.rest();
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        let data = rest.get(..here).unwrap_or_default();
        let (name, meaning, value) = if header.kind == Type::Data {
            let shown = text::show(data);
            (
                "data",
                format!("A piece of the content of stream {}, {}.", header.stream, text::form(&shown)),
                shown.text,
            )
        } else {
            (
                "payload",
                format!("Not explained: frames of more than {MAX_UNIT_BYTES} octets are not taken apart."),
                text::hex(data),
            )
        };
        spans.add(here, Span::new(name, value, meaning, "RFC 9113 §6"));
        let padded = rest.len() - here;
        spans.add(padded, payload::padding());
        let (left, padding) = (left - here as u64, padding.saturating_sub(padded as u64));
        self.at = if left + padding > 0 { At::Long { header, left, padding } } else { At::Frame };
        label(&header, &format!("{} of {}", here, text::octets(header.length)))
    }
}

fn no_preface() -> Rule {
    Rule::new("a client must begin with the connection preface, PRI * HTTP/2.0", "RFC 9113 §3.4")
}

fn label(header: &Header, detail: &str) -> Label {
    let comma = if detail.is_empty() { "" } else { ", " };
    let mut summary = format!("{} stream {}{comma}{detail}", header.title(), header.stream);
    if header.stream == 0 {
        summary = format!("{}{comma}{detail}", header.title());
    }
    if header.has(frame::END_STREAM) && matches!(header.kind, Type::Data | Type::Headers) {
        summary += ", END_STREAM";
    }
    Label { kind: header.kind.name(), summary, stream: Some(header.stream), ..Label::default() }
}
