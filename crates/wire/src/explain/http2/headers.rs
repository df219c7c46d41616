//! HEADERS, PUSH_PROMISE and CONTINUATION up to their field block fragment, RFC 9113 §6.2, §6.6, §6.10.

use super::{
    super::{
        hpack::Fields,
        span::{BitRow, Rule, Span, Spans, Stop},
        text,
    },
    frame::{Header, PADDED, PRIORITY, Type},
    payload,
};

/// Where the field block fragment is.
pub(super) struct Fragment {
    /// Its octets.
    pub(super) octets: usize,
    /// Octets of padding behind it.
    pub(super) padding: usize,
    /// The stream that a PUSH_PROMISE promises.
    promised: Option<u32>,
}

/// Puts spans on what stands before the fragment.
pub(super) fn explain(spans: &mut Spans<'_>, header: &Header) -> Result<Fragment, Stop> {
    let end = spans.position() + u64::from(header.length);
    let mut padding = 0;
    if header.has(PADDED) && header.kind != Type::Continuation {
        padding = payload::pad_length(spans, u64::from(header.length))?;
    }
    if header.has(PRIORITY) && header.kind == Type::Headers {
        payload::priority_fields(spans)?;
    }
    let promised = if header.kind == Type::PushPromise { Some(promised_stream(spans)?) } else { None };
    let left = usize::try_from(end - spans.position()).unwrap_or(usize::MAX);
    let Some(octets) = left.checked_sub(padding) else {
        return Rule::broken("the padding must leave room for the fields before the block", "RFC 9113 §6.2");
    };
    Ok(Fragment { octets, padding, promised })
}

fn promised_stream(spans: &mut Spans<'_>) -> Result<u32, Stop> {
    const RFC: &str = "RFC 9113 §6.6";
    let octets = u32::from_be_bytes(spans.peek_array("promised stream identifier", RFC)?);
    let (reserved, stream) = (octets >> 31 != 0, octets & 0x7fff_ffff);
    let mut bits = BitRow::default();
    bits.flag("reserved", reserved, "It must be 0, and is ignored.");
    bits.add(31, "promised stream identifier", stream.to_string(), "The stream of the answer to come.");
    let meaning = "The stream that the answer will come on; the fields are those of the request it answers.";
    spans.add(4, Span::new("promised stream identifier", stream.to_string(), meaning, RFC).bits(bits));
    Ok(stream)
}

/// Method and path or status where the fragment has them, else how many fields.
pub(super) fn summary(fragment: &Fragment, fields: &Fields) -> String {
    let mut parts = Vec::new();
    if let Some(stream) = fragment.promised {
        parts.push(format!("promises stream {stream}"));
    }
    if fields.headline.is_empty() {
        parts.push(text::counted(fields.count, "field"));
    } else {
        parts.push(fields.headline.join(" "));
    }
    parts.join(", ")
}
