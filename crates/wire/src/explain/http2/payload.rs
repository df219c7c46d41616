//! The payloads of frames without fields or settings, RFC 9113 §6.

use super::{
    super::{
        span::{BitRow, Rule, Span, Spans, Stop},
        text,
    },
    codes,
    frame::{ACK, Header, PADDED},
};

pub(super) fn padding() -> Span {
    Span::new("padding", "zeros", "Hides how long the content is; it has no meaning.", "RFC 9113 §10.7")
}

/// Puts a span on the length of the padding, which must leave room for itself among `length` octets.
pub(super) fn pad_length(spans: &mut Spans<'_>, length: u64) -> Result<usize, Stop> {
    let [padding] = spans.peek_array("pad length", "RFC 9113 §6.1")?;
    let meaning = format!("The frame ends with {} of padding.", text::octets(padding));
    spans.add(1, Span::new("pad length", padding.to_string(), meaning, "RFC 9113 §6.1"));
    if u64::from(padding) >= length {
        return Rule::broken("the padding must be shorter than the payload", "RFC 9113 §6.1");
    }
    Ok(usize::from(padding))
}

pub(super) fn data(spans: &mut Spans<'_>, header: &Header) -> Result<String, Stop> {
    let mut octets = header.length as usize;
    let mut padded = 0;
    if header.has(PADDED) {
        padded = pad_length(spans, u64::from(header.length))?;
        octets -= 1 + padded;
    }
    let rest = spans.rest();
    let content = rest.get(..octets).unwrap_or(rest);
    let shown = text::show(content);
    let which = if content.len() < octets {
        format!(", cut off by the capture's end after {}", content.len())
    } else {
        String::new()
    };
    let meaning = format!(
        "{} of content{which}, {}.{}",
        text::octets(octets as u64),
        text::form(&shown),
        text::cut(&shown)
    );
    spans.add(octets, Span::new("data", shown.text, meaning, "RFC 9113 §6.1"));
    spans.add(padded, padding());
    Ok(text::octets(octets as u64))
}

pub(super) fn priority(spans: &mut Spans<'_>) -> Result<String, Stop> {
    priority_fields(spans)?;
    Ok(String::new())
}

/// Dependency and weight, which RFC 9113 §5.3 has dropped.
pub(super) fn priority_fields(spans: &mut Spans<'_>) -> Result<(), Stop> {
    const RFC: &str = "RFC 9113 §6.3";
    let dependency = u32::from_be_bytes(spans.peek_array("stream dependency", RFC)?);
    let (exclusive, stream) = (dependency >> 31 != 0, dependency & 0x7fff_ffff);
    let mut bits = BitRow::default();
    bits.flag("exclusive", exclusive, "The other streams come behind this one.");
    bits.add(31, "stream dependency", stream.to_string(), "The stream that comes first.");
    let meaning = "The stream that comes before this one; nobody needs to heed it any more.";
    spans.add(4, Span::new("stream dependency", stream.to_string(), meaning, RFC).bits(bits));
    let [weight] = spans.peek_array("weight", RFC)?;
    let value = (u16::from(weight) + 1).to_string();
    let meaning = "The share among streams that depend on the same, 1 to 256: the octet and 1.";
    spans.add(1, Span::new("weight", value, meaning, RFC));
    Ok(())
}

pub(super) fn rst_stream(spans: &mut Spans<'_>) -> Result<String, Stop> {
    error_code(spans, "RFC 9113 §6.4")
}

/// An error code by name, RFC 9113 §7.
fn error_code(spans: &mut Spans<'_>, rfc: &'static str) -> Result<String, Stop> {
    let code = u32::from_be_bytes(spans.peek_array("error code", rfc)?);
    let (name, meaning) = codes::error(code);
    spans.add(4, Span::new("error code", format!("{code} {name}"), meaning, "RFC 9113 §7"));
    Ok(name.to_owned())
}

pub(super) fn ping(spans: &mut Spans<'_>, header: &Header) -> Result<String, Stop> {
    let octets = spans.peek(8, "opaque data", "RFC 9113 §6.7")?;
    let meaning = if header.has(ACK) {
        "That of the PING that this answers."
    } else {
        "The answer must bring it back."
    };
    spans.add(8, Span::new("opaque data", text::hex(octets), meaning, "RFC 9113 §6.7"));
    Ok(String::new())
}

pub(super) fn goaway(spans: &mut Spans<'_>) -> Result<String, Stop> {
    const RFC: &str = "RFC 9113 §6.8";
    let last = u32::from_be_bytes(spans.peek_array("last stream identifier", RFC)?);
    let (reserved, last) = (last >> 31 != 0, last & 0x7fff_ffff);
    let mut bits = BitRow::default();
    bits.flag("reserved", reserved, "It must be 0, and is ignored.");
    bits.add(31, "last stream identifier", last.to_string(), "Streams above it were not processed.");
    let meaning =
        "The last stream that the sender may have processed: those above may be tried again elsewhere.";
    spans.add(4, Span::new("last stream identifier", last.to_string(), meaning, RFC).bits(bits));
    let code = error_code(spans, RFC)?;
    let rest = spans.rest();
    let shown = text::show(rest);
    let quoted = if rest.is_empty() { String::new() } else { format!(", {}", text::quoted(&shown.text)) };
    let meaning = "Why, for people who debug.";
    spans.add(rest.len(), Span::new("additional debug data", shown.text, meaning, RFC));
    Ok(format!("{code}, last stream {last}{quoted}"))
}

pub(super) fn window_update(spans: &mut Spans<'_>) -> Result<String, Stop> {
    const RFC: &str = "RFC 9113 §6.9";
    let octets = u32::from_be_bytes(spans.peek_array("window size increment", RFC)?);
    let (reserved, increment) = (octets >> 31 != 0, octets & 0x7fff_ffff);
    let meaning = match increment {
        0 => "It must not be 0: this breaks a rule.",
        _ => "So many octets of DATA more may be sent, on this stream or on the whole connection.",
    };
    let mut bits = BitRow::default();
    bits.flag("reserved", reserved, "It must be 0, and is ignored.");
    bits.add(31, "window size increment", increment.to_string(), meaning);
    spans.add(4, Span::new("window size increment", increment.to_string(), meaning, RFC).bits(bits));
    Ok(format!("{increment} more octets"))
}

pub(super) fn unknown(spans: &mut Spans<'_>, header: &Header) -> String {
    let rest = spans.rest();
    let meaning = "The payload of a type that is not explained here.";
    let rfc = codes::extension(header.number).map_or("RFC 9113 §5.5", |(_, rfc)| rfc);
    spans.add(rest.len(), Span::new("payload", text::hex(rest), meaning, rfc));
    text::octets(header.length)
}
