//! What a unit says: its title, its text, and what makes two of them alike.

use wire::explain::Unit;

/// Kinds whose text is shown beside their title, longer than the title has it.
const WITH_TEXT: [&str; 6] = ["content", "chunk", "text", "binary", "continuation", "DATA"];

/// The spans of a frame's header (RFC 6455 §5.2) come before one of these.
const PAYLOAD: [&str; 2] = ["payload", "status code"];

/// Spans that are the text of a unit.
const TEXTS: [&str; 4] = ["content", "chunk data", "payload", "data"];

/// The octets of a WebSocket frame's header; `None` if it is none.
pub(super) fn header_len(unit: &Unit) -> Option<usize> {
    unit.spans.first().filter(|span| span.name == "FIN, RSV, opcode")?;
    let end =
        unit.spans.iter().find(|span| PAYLOAD.contains(&&*span.name)).map_or(unit.end, |span| span.start);
    usize::try_from(end - unit.start).ok()
}

/// The unit in a few words, without its text.
pub(super) fn title(unit: &Unit) -> String {
    let quote = unit.summary.find(", \"").filter(|_| WITH_TEXT.contains(&unit.kind));
    unit.summary.get(..quote.unwrap_or(unit.summary.len())).unwrap_or(&unit.summary).to_owned()
}

/// What a unit says.
#[derive(Debug)]
pub(super) struct Said {
    /// Its text, as far as it is known.
    pub(super) text: String,
    /// How many octets it has in all.
    pub(super) all: usize,
}

/// The text of a unit, of which these are all octets that its side has sent; `None` where its title has all.
pub(super) fn said(unit: &Unit, octets: &[u8]) -> Option<Said> {
    let span = unit.spans.iter().find(|span| TEXTS.contains(&&*span.name));
    let span = span.filter(|_| WITH_TEXT.contains(&unit.kind))?;
    let on_wire = octets.get(usize::try_from(span.start).ok()?..usize::try_from(span.end).ok()?)?;
    let is_compressed = unit.summary.contains("compressed");
    let whole = if unit.content.is_empty() { on_wire } else { &*unit.content };
    let all = if is_compressed { whole.len() } else { on_wire.len() };
    let text = match std::str::from_utf8(whole) {
        Ok(text) => text.to_owned(),
        // Cut within its last character.
        Err(error) if error.error_len().is_none() => {
            String::from_utf8_lossy(whole.get(..error.valid_up_to())?).into_owned()
        }
        // What is no text has its digits there.
        Err(_) => return Some(Said { all: span.value.len(), text: span.value.clone() }),
    };
    Some(Said { text, all })
}

/// Whether nothing behind it is understood.
pub(super) fn is_broken(unit: &Unit) -> bool {
    unit.kind == "not understood"
}

/// What units have in common that are alike but for their text, their length and their stream.
pub(super) fn key(unit: &Unit) -> String {
    let title = title(unit);
    let all = match unit.kind {
        "content" | "chunk" | "text" | "binary" | "continuation" | "DATA" | "WINDOW_UPDATE" => &*title,
        "HEADERS" => return without_stream(&title),
        _ => return title,
    };
    all.chars().filter(|character| !character.is_ascii_digit()).collect()
}

fn without_stream(title: &str) -> String {
    let Some((before, behind)) = title.split_once("stream ") else { return title.to_owned() };
    format!("{before}stream{}", behind.trim_start_matches(|character: char| character.is_ascii_digit()))
}
