//! Lines of a head: what all of them share, and field lines, RFC 9112 §2.2 and §5.

use super::{
    super::{
        fields,
        span::{Rule, Span, Spans, Step, Stop},
        text,
    },
    Request,
};
use crate::explain::websocket;

/// A line that no span is on yet.
pub(super) struct Line<'a> {
    /// Without its end.
    pub(super) text: &'a [u8],
    /// Octets of its end: CR LF, or LF alone.
    pub(super) end: usize,
}

/// The next line.
pub(super) fn next<'a>(spans: &Spans<'a>, what: &'static str, rfc: &'static str) -> Result<Line<'a>, Stop> {
    let rest = spans.rest();
    let Some(at) = rest.iter().position(|octet| *octet == b'\n') else {
        return Err(Stop::Cut { what: what.into(), rfc: rfc.into() });
    };
    let before = rest.get(..at).unwrap_or_default();
    Ok(match before.strip_suffix(b"\r") {
        Some(text) => Line { text, end: 2 },
        None => Line { text: before, end: 1 },
    })
}

/// Puts a span on a line's end.
pub(super) fn add_end(spans: &mut Spans<'_>, octets: usize, meaning: &'static str, rfc: &'static str) {
    let value = if octets == 2 { "CR LF" } else { "LF" };
    let (meaning, rfc) = match octets {
        2 => (meaning.to_owned(), rfc),
        _ => (format!("{meaning} LF alone: it should be CR LF, but may be taken for it."), "RFC 9112 §2.2"),
    };
    spans.add(octets, Span::new("line end", value, meaning, rfc));
}

/// A field of a head.
#[derive(Debug)]
pub(super) struct Field {
    /// In lower case.
    pub(super) name: String,
    /// Without the white space around it.
    pub(super) value: String,
}

const RFC: &str = "RFC 9112 §5";

/// Puts spans on a field line: name, colon, value, line end.
pub(super) fn field(
    spans: &mut Spans<'_>,
    line: &Line<'_>,
    request: Option<&Request>,
) -> Result<Field, Stop> {
    if matches!(line.text.first(), Some(b' ' | b'\t')) {
        return Rule::broken(
            "a field line must not begin with white space: folding is obsolete",
            "RFC 9112 §5.2",
        );
    }
    let Some(colon) = line.text.iter().position(|octet| *octet == b':') else {
        return Rule::broken("a field line must have a colon behind its name", RFC);
    };
    let (name, rest) = line.text.split_at_checked(colon).unwrap_or_default();
    if matches!(name.last(), Some(b' ' | b'\t')) {
        return Rule::broken(
            "no white space may stand between a field's name and the colon",
            "RFC 9112 §5.1",
        );
    }
    if name.is_empty() || !name.iter().all(is_token_octet) {
        return Rule::broken(
            "a field's name must be a token, one or more letters, digits or !#$%&'*+-.^_`|~",
            "RFC 9110 §5.1",
        );
    }
    let gap = 1 + rest.iter().skip(1).take_while(|octet| is_white(octet)).count();
    let (separator, rest) = rest.split_at_checked(gap).unwrap_or_default();
    let trailing = rest.iter().rev().take_while(|octet| is_white(octet)).count();
    let (value, trailing) = rest.split_at_checked(rest.len() - trailing).unwrap_or_default();
    if value.iter().any(|octet| matches!(octet, 0 | b'\r')) {
        return Rule::broken("a field's value must hold no CR, LF or NUL", "RFC 9110 §5.5");
    }
    let lower = String::from_utf8_lossy(name).to_ascii_lowercase();
    let known = fields::known(&lower);
    let what =
        known.map_or("A field without an entry here: its meaning is its users' own.", |known| known.meaning);
    let rfc = known.map_or(RFC, |known| known.rfc);
    let meaning = "The field's name; capitals and small letters mean the same.";
    spans.add(name.len(), Span::new("field name", text::ascii(name), meaning, "RFC 9110 §5.1"));
    let meaning = "A colon ends the name; white space behind it is no part of the value.";
    spans.add(separator.len(), Span::new("colon", text::separators(separator), meaning, RFC));
    let shown = text::ascii(value);
    let (extra, steps) = worked_out(&lower, &shown, request);
    let meaning = format!("{what}{extra}");
    spans.add(value.len(), Span::new(lower.clone(), shown.clone(), meaning, rfc).steps(steps));
    let meaning = "White space behind a value is no part of it.";
    spans.add(trailing.len(), Span::new("white space", text::separators(trailing), meaning, RFC));
    add_end(spans, line.end, "Ends the field line.", RFC);
    Ok(Field { name: lower, value: shown })
}

/// What a value is worked out from, where it is: the proof of the WebSocket handshake.
fn worked_out(name: &str, value: &str, request: Option<&Request>) -> (String, Vec<Step>) {
    match name {
        "sec-websocket-key" => {
            let steps = websocket::accept_steps(value);
            let accept = steps.last().map_or("", |step| &step.value);
            (
                format!(" The server must answer with sec-websocket-accept {accept}, worked out from it."),
                steps,
            )
        }
        "sec-websocket-accept" => match request.and_then(|request| request.key.as_deref()) {
            Some(key) => {
                let steps = websocket::accept_steps(key);
                let accept = steps.last().map_or("", |step| &step.value);
                let verdict = if accept == value { "as it must be" } else { "so this value is wrong" };
                let worked: Vec<_> =
                    steps.iter().map(|step| format!("{}: {}", step.name, step.value)).collect();
                (format!(" Worked out: {}; {verdict}.", worked.join("; ")), steps)
            }
            None => (" The key that it answers is not in this capture.".to_owned(), Vec::new()),
        },
        _ => (String::new(), Vec::new()),
    }
}

const fn is_white(octet: &u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// An octet of a token, RFC 9110 §5.6.2.
pub(super) const fn is_token_octet(octet: &u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}
