//! Payloads: unmasked, inflated, and read as what their message is, RFC 6455 §5.3 to §5.6.

use super::{
    super::{
        span::{Span, Spans, Step},
        text::{self, Shown},
    },
    close,
    extensions::{Deflate, Extensions},
    header::{Header, Opcode},
    inflate::{Inflate, Inflated},
};
use crate::explain::Side;

/// The octets whose unmasking is shown one by one.
const UNMASKED_STEPS: usize = 8;

/// A message under way.
#[derive(Debug)]
struct Message {
    is_text: bool,
    is_compressed: bool,
    /// The octets of a character that the frame before ended inside of.
    carry: Vec<u8>,
    /// Octets of the text were not kept.
    is_loose: bool,
    is_first: bool,
}

/// The messages of one side.
#[derive(Debug)]
pub(super) struct Messages {
    side: Side,
    extensions: Extensions,
    message: Option<Message>,
    inflate: Inflate,
}

/// A payload as it is after unmasking, with what there is to say of that.
struct Unmasked {
    octets: Vec<u8>,
    meaning: String,
    steps: Vec<Step>,
}

impl Messages {
    pub(super) fn new(side: Side, extensions: Extensions) -> Self {
        Self { side, extensions, message: None, inflate: Inflate::default() }
    }

    pub(super) const fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Sees what the frame is to its message.
    pub(super) fn begin_frame(&mut self, header: &Header, spans: &mut Spans<'_>) {
        let begins = match header.opcode {
            Opcode::Text | Opcode::Binary => true,
            Opcode::Continuation => false,
            _ => return,
        };
        match (&mut self.message, begins) {
            (Some(message), false) => message.is_first = false,
            (None, false) => spans.note(
                " No message in fragments is under way: this breaks a rule (RFC 6455 §5.4), or the capture begins behind its first frame.",
            ),
            (Some(_), true) => {
                spans.note(" The message before is not ended yet: this breaks a rule (RFC 6455 §5.4).");
            }
            (None, true) => {}
        }
        if begins {
            let is_text = header.opcode == Opcode::Text;
            let is_compressed = header.is_compressed && self.extensions.deflate != Deflate::No;
            self.message =
                Some(Message { is_text, is_compressed, carry: Vec::new(), is_loose: false, is_first: true });
        }
    }

    /// Explains the payload of a data frame from octet `sent` on, and gives its summary.
    /// `kept` gets the payload as it is then.
    pub(super) fn data(
        &mut self,
        spans: &mut Spans<'_>,
        header: &Header,
        sent: u64,
        kept: &mut Vec<u8>,
    ) -> String {
        let wire = spans.rest();
        let to = sent + wire.len() as u64;
        let ends = header.is_final && to == header.payload_len;
        let unmasked = unmask(wire, header, sent);
        let place = place(header, sent, to);
        let Some(message) = &mut self.message else {
            // Of a message whose beginning is not here: text or not cannot be known.
            let shown = text::show(&unmasked.octets);
            let summary = format!("continuation, {}, {}", place.short, text::quoted(&shown.text));
            let meaning = format!("{}{}", place.long, unmasked.meaning);
            spans.add(
                wire.len(),
                Span::new("payload", shown.text, meaning, "RFC 6455 §5.4").steps(unmasked.steps),
            );
            *kept = unmasked.octets;
            return summary;
        };
        let mut meaning = place.long;
        let place_len = meaning.len();
        let mut size = place.short;
        let mut rfc = "RFC 6455 §5.6";
        let content = if message.is_compressed {
            let mut inflated = self.inflate.push(&unmasked.octets);
            if ends {
                self.inflate.finish(keeps_window(&self.extensions, self.side), &mut inflated);
            }
            rfc = "RFC 7692 §7.2.2";
            size = format!("{size} inflate to {}", inflated.total);
            meaning += &on_inflating(&inflated, &unmasked.octets);
            inflated
        } else {
            Inflated { shown: unmasked.octets, total: to - sent, failed: None }
        };
        meaning += &unmasked.meaning;
        let shown = read(message, &content, ends, &mut meaning);
        if wire.is_empty() {
            // A last frame without payload may still show that its message is wrong.
            spans.note(meaning.get(place_len..).unwrap_or_default());
        }
        let fragment = match (message.is_first, header.is_final) {
            (true, true) => "",
            (true, false) => ", first fragment",
            (false, true) => ", last fragment",
            (false, false) => ", fragment",
        };
        let compressed = if message.is_compressed { ", compressed" } else { "" };
        let name = header.opcode.name();
        let summary = format!("{name}{fragment}{compressed}, {size}, {}", text::quoted(&shown.text));
        *kept = content.shown;
        spans.add(wire.len(), Span::new("payload", shown.text, meaning, rfc).steps(unmasked.steps));
        if ends {
            self.message = None;
        }
        summary
    }
}

/// Whether the window goes on to the side's next message.
const fn keeps_window(extensions: &Extensions, side: Side) -> bool {
    match (extensions.deflate, side) {
        (Deflate::Yes { client_no_context_takeover, .. }, Side::Client) => !client_no_context_takeover,
        (Deflate::Yes { server_no_context_takeover, .. }, Side::Server) => !server_no_context_takeover,
        (Deflate::No | Deflate::Assumed, _) => true,
    }
}

fn on_inflating(inflated: &Inflated, octets: &[u8]) -> String {
    if octets.is_empty() && inflated.failed.is_none() {
        return String::new();
    }
    let compressed = format!(" Compressed octets: {}.", text::short_hex(octets));
    match inflated.failed {
        Some(reason) if octets.is_empty() => format!(" Not understood: {reason}."),
        Some(reason) => format!(" Not understood: {reason}.{compressed}"),
        None => {
            format!(" Compressed with DEFLATE: inflated it has {}.{compressed}", text::octets(inflated.total))
        }
    }
}

/// Reads a frame's content as what its message is.
fn read(message: &mut Message, content: &Inflated, ends: bool, meaning: &mut String) -> Shown {
    if !message.is_text {
        return Shown { text: text::hex(&content.shown), is_text: false, cut: 0 };
    }
    let mut octets = std::mem::take(&mut message.carry);
    if !octets.is_empty() {
        *meaning +=
            &format!(" It begins with the rest of the character that {} before began.", text::hex(&octets));
    }
    octets.extend_from_slice(&content.shown);
    message.is_loose |= content.total > content.shown.len() as u64;
    if message.is_loose {
        // Not all octets are kept, so characters cannot be followed from frame to frame any more.
        return text::show(&octets);
    }
    let mut shown = text::show_utf8(&octets);
    shown.cut = match std::str::from_utf8(&octets) {
        Ok(_) => 0,
        Err(error) if error.error_len().is_none() => octets.len() - error.valid_up_to(),
        Err(_) => {
            *meaning += " Not understood as text: it must be UTF-8 (RFC 6455 §8.1).";
            return shown;
        }
    };
    if shown.cut > 0 && ends {
        *meaning += " It ends inside a character, which breaks a rule: text must be UTF-8 (RFC 6455 §8.1).";
    } else if shown.cut > 0 {
        *meaning += &text::cut(&shown);
        *meaning += " The rest comes with what follows.";
    }
    message.carry = octets.split_off(octets.len() - shown.cut);
    shown
}

struct Place {
    short: String,
    long: String,
}

/// Which octets of the payload these are.
fn place(header: &Header, sent: u64, to: u64) -> Place {
    let size = text::octets(header.payload_len);
    if sent == 0 && to == header.payload_len {
        return Place { long: format!("The payload, {size}."), short: size };
    }
    let short = format!("octets {sent} to {to} of {}", header.payload_len);
    Place { long: format!("Octets {sent} to {to} of the payload's {}.", header.payload_len), short }
}

/// Undoes the masking, RFC 6455 §5.3.
fn unmask(wire: &[u8], header: &Header, sent: u64) -> Unmasked {
    let Some(key) = header.masking_key else {
        return Unmasked { octets: wire.to_vec(), meaning: String::new(), steps: Vec::new() };
    };
    let skipped = usize::try_from(sent % 4).unwrap_or_default();
    let keys = key.iter().cycle().skip(skipped);
    let octets: Vec<u8> = wire.iter().zip(keys.clone()).map(|(octet, key)| octet ^ key).collect();
    let steps = wire.iter().zip(keys).zip(&octets).take(UNMASKED_STEPS).map(|((masked, key), octet)| {
        let letter =
            if octet.is_ascii_graphic() { format!(" {}", char::from(*octet)) } else { String::new() };
        Step::new(format!("{masked:02x} XOR {key:02x}"), format!("{octet:02x}{letter}"))
    });
    let (masked, unmasked) = (text::short_hex(wire), text::short_hex(&octets));
    let meaning = format!(" On the wire, masked: {masked}; XORed with the masking key: {unmasked}.");
    Unmasked { steps: steps.collect(), octets, meaning }
}

/// Explains the payload of a control frame, or of one that an extension defines, and gives its summary.
pub(super) fn outside_messages(spans: &mut Spans<'_>, header: &Header, sent: u64) -> String {
    let wire = spans.rest();
    let unmasked = unmask(wire, header, sent);
    if header.opcode == Opcode::Close {
        return close_payload(spans, header, unmasked);
    }
    let place = place(header, sent, sent + wire.len() as u64);
    // Often a number or a time: shown as text only where it is all text.
    let shown = text::show(&unmasked.octets);
    let quoted = match (wire, shown.is_text) {
        ([], _) => String::new(),
        (_, true) => format!(", {}", text::quoted(&shown.text)),
        (_, false) => format!(", {}", text::short_hex(&unmasked.octets)),
    };
    let summary = format!("{}, {}{quoted}", header.opcode.name(), place.short);
    let (what, rfc) = match header.opcode {
        Opcode::Ping => (" The pong must bring it back.", "RFC 6455 §5.5.2"),
        Opcode::Pong => (" That of the ping that it answers.", "RFC 6455 §5.5.3"),
        _ => ("", "RFC 6455 §5.2"),
    };
    let meaning = format!("{}{what}{}", place.long, unmasked.meaning);
    spans.add(wire.len(), Span::new("payload", shown.text, meaning, rfc).steps(unmasked.steps));
    summary
}

/// Status code and reason, RFC 6455 §5.5.1.
fn close_payload(spans: &mut Spans<'_>, header: &Header, unmasked: Unmasked) -> String {
    let Unmasked { octets, meaning, steps } = unmasked;
    let Some((number, reason)) = octets.split_first_chunk() else {
        if octets.is_empty() && header.payload_len == 0 {
            return "close, without a status code".to_owned();
        }
        let rule = if header.payload_len == 1 {
            "Not understood: a close payload that is not empty must begin with a status code of 2 octets."
        } else {
            "The capture ends inside the status code."
        };
        let span = Span::new("payload", text::hex(&octets), format!("{rule}{meaning}"), "RFC 6455 §5.5.1");
        spans.add(octets.len(), span);
        return "close, without a whole status code".to_owned();
    };
    let number = u16::from_be_bytes(*number);
    let (name, why) = close::code(number);
    let value = format!("{number} {name}");
    let code = Span::new("status code", &*value, format!("{why}{meaning}"), "RFC 6455 §7.4.1").steps(steps);
    spans.add(2, code);
    let shown = text::show_utf8(reason);
    let meaning = match (shown.is_text, shown.cut) {
        (true, 0) => "The reason, for people who debug; UTF-8.",
        _ => "Not understood as text: the reason must be UTF-8.",
    };
    spans.add(reason.len(), Span::new("reason", &*shown.text, meaning, "RFC 6455 §5.5.1"));
    if reason.is_empty() {
        format!("close, {value}")
    } else {
        format!("close, {value}, {}", text::quoted(&shown.text))
    }
}
