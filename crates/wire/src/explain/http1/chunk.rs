//! Chunks: the transfer coding of a content whose length is not known before, RFC 9112 §7.1.

use super::{
    super::{
        lane::{Label, Size},
        limits::{MAX_HEAD_BYTES, MAX_UNIT_BYTES},
        span::{Rule, Span, Spans, Stop},
        text,
    },
    line,
};

/// What a chunk is followed by.
pub(super) enum GoesOn {
    /// The next chunk.
    Chunk,
    /// More of this one.
    Data { size: u64, sent: u64 },
    /// The next message: this was the last chunk.
    Message,
}

const RFC: &str = "RFC 9112 §7.1";

/// Most digits of a chunk's size: 2^60 octets.
const MAX_SIZE_DIGITS: usize = 15;

/// The size of the unit that begins with a chunk's line.
pub(super) fn size(octets: &[u8]) -> Size {
    let within = octets.get(..MAX_HEAD_BYTES).unwrap_or(octets);
    let Some(line) = within.iter().position(|octet| *octet == b'\n').map(|at| at + 1) else {
        if within.len() == MAX_HEAD_BYTES {
            let rule = format!("a chunk's line of more than {MAX_HEAD_BYTES} octets is not read here");
            return Size::Broken(Rule::new(rule, RFC));
        }
        return Size::More;
    };
    match parse_size(octets.get(..line).unwrap_or_default()) {
        Err(rule) => Size::Broken(rule),
        Ok((0, _)) => match trailers_end(octets.get(line..).unwrap_or_default()) {
            Some(end) => Size::Unit(line + end),
            None if octets.len() - line >= MAX_HEAD_BYTES => {
                let rule = format!("a trailer section of more than {MAX_HEAD_BYTES} octets is not read here");
                Size::Broken(Rule::new(rule, "RFC 9112 §7.1.2"))
            }
            None => Size::More,
        },
        Ok((size, _)) => {
            let whole = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(line + 2);
            piece(octets, whole, line + MAX_UNIT_BYTES)
        }
    }
}

/// The size of the rest of a chunk, of which `sent` octets were before.
pub(super) fn rest_size(octets: &[u8], size: u64, sent: u64) -> Size {
    let whole = usize::try_from(size - sent).unwrap_or(usize::MAX).saturating_add(2);
    piece(octets, whole, MAX_UNIT_BYTES)
}

/// All of it, or a piece that leaves some data to the next: the line end never comes alone.
fn piece(octets: &[u8], whole: usize, limit: usize) -> Size {
    let size = if whole <= limit { whole } else { limit.min(whole - 3) };
    if octets.len() < size { Size::More } else { Size::Unit(size) }
}

/// The octets up to the empty line, with it.
fn trailers_end(octets: &[u8]) -> Option<usize> {
    let mut from = 0;
    let octets = octets.get(..MAX_HEAD_BYTES).unwrap_or(octets);
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        from += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            return Some(from);
        }
    }
    None
}

/// A chunk's size, and how many digits it has.
fn parse_size(line: &[u8]) -> Result<(u64, usize), Rule> {
    let digits = line.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
    let value = line.get(..digits).and_then(|digits| std::str::from_utf8(digits).ok());
    let value =
        value.filter(|_| digits <= MAX_SIZE_DIGITS).and_then(|value| u64::from_str_radix(value, 16).ok());
    let next = line.get(digits);
    match value {
        Some(value) if matches!(next, None | Some(b'\r' | b'\n' | b';' | b' ' | b'\t')) => {
            Ok((value, digits))
        }
        _ => {
            let rule = format!("a chunk must begin with its size, 1 to {MAX_SIZE_DIGITS} hexadecimal digits");
            Err(Rule::new(rule, RFC))
        }
    }
}

/// Explains a chunk from its line on.
pub(super) fn explain(spans: &mut Spans<'_>) -> Result<(Label, GoesOn), Stop> {
    let (size, digits) = parse_size(spans.rest()).map_err(Stop::Broken)?;
    let is_whole_line = spans.rest().contains(&b'\n');
    if !is_whole_line {
        return Err(Stop::Cut { what: "chunk's line".into(), rfc: RFC.into() });
    }
    let meaning = match size {
        0 => "A chunk of size 0 is the last: the content ends.".to_owned(),
        _ => format!("The size of this chunk in hexadecimal: {} of content follow.", text::octets(size)),
    };
    let shown = String::from_utf8_lossy(spans.rest().get(..digits).unwrap_or_default()).into_owned();
    spans.add(digits, Span::new("chunk size", format!("{shown} = {size}"), meaning, RFC));
    let line = line::next(spans, "chunk's line", RFC)?;
    let text = text::ascii(line.text);
    let meaning = "An extension of this chunk; one that is not known is ignored.";
    spans.add(line.text.len(), Span::new("chunk extension", text, meaning, "RFC 9112 §7.1.1"));
    line::add_end(spans, line.end, "Ends the chunk's line.", RFC);
    if size == 0 {
        return explain_trailers(spans).map(|label| (label, GoesOn::Message));
    }
    let (label, sent) = explain_rest(spans, size, 0)?;
    Ok((label, if sent == size { GoesOn::Chunk } else { GoesOn::Data { size, sent } }))
}

/// Explains a chunk's octets from `sent` on; gives how many were sent then.
pub(super) fn explain_rest(spans: &mut Spans<'_>, size: u64, sent: u64) -> Result<(Label, u64), Stop> {
    let left = usize::try_from(size - sent).unwrap_or(usize::MAX);
    let data = spans.rest();
    let data = data.get(..left).unwrap_or(data);
    let to = sent + data.len() as u64;
    let shown = text::show(data);
    let meaning = if to - sent == size {
        format!("The chunk's content, {}.", text::form(&shown))
    } else {
        format!("Octets {sent} to {to} of the chunk's {size}, {}.", text::form(&shown))
    };
    let summary = if to - sent == size {
        format!("chunk, {}, {}", text::octets(size), text::quoted(&shown.text))
    } else {
        format!("chunk, octets {sent} to {to} of {size}")
    };
    let meaning = meaning + &text::cut(&shown);
    spans.add(data.len(), Span::new("chunk data", shown.text, meaning, RFC));
    let label = Label { kind: "chunk", summary, ..Label::default() };
    match spans.rest() {
        [] => Ok((label, to)),
        b"\r\n" => {
            line::add_end(spans, 2, "Ends the chunk; it is no part of the content.", RFC);
            Ok((label, to))
        }
        b"\r" => Err(Stop::Cut { what: "CR LF behind a chunk's data".into(), rfc: RFC.into() }),
        _ => Rule::broken("a chunk's data must be followed by CR LF", RFC),
    }
}

fn explain_trailers(spans: &mut Spans<'_>) -> Result<Label, Stop> {
    let mut fields = 0_u64;
    loop {
        let line = line::next(spans, "trailer section", "RFC 9112 §7.1.2")?;
        if line.text.is_empty() {
            line::add_end(spans, line.end, "An empty line: the message ends here.", RFC);
            break;
        }
        line::field(spans, &line, None)?;
        fields += 1;
    }
    let summary = match fields {
        0 => "last chunk".to_owned(),
        _ => format!("last chunk, {}", text::counted(fields, "trailer field")),
    };
    Ok(Label { kind: "chunk", summary, ..Label::default() })
}
