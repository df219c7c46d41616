//! Octets as a person reads them.

use std::fmt::Write as _;

use super::limits::{MAX_HEX_BYTES, MAX_SHOWN_BYTES};

/// The most characters of a text that a summary quotes.
const QUOTED_CHARS: usize = 40;

/// `1 octet`, `2 octets`.
pub(super) fn octets(count: impl Into<u64>) -> String {
    counted(count, "octet")
}

/// `1 field`, `2 fields`.
pub(super) fn counted(count: impl Into<u64>, what: &str) -> String {
    let count = count.into();
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// All these octets in hex, `81 05 48`, as far as a value shows them.
pub(super) fn hex(octets: &[u8]) -> String {
    hex_up_to(octets, MAX_SHOWN_BYTES)
}

/// The first of these octets in hex, for a sentence.
pub(super) fn short_hex(octets: &[u8]) -> String {
    hex_up_to(octets, MAX_HEX_BYTES)
}

fn hex_up_to(octets: &[u8], limit: usize) -> String {
    let mut hex = String::with_capacity(3 * octets.len().min(limit));
    for (index, octet) in octets.iter().take(limit).enumerate() {
        let gap = if index > 0 { " " } else { "" };
        // Writing to a String does not fail.
        let _ = write!(hex, "{gap}{octet:02x}");
    }
    if octets.len() > limit {
        hex.push_str(" …");
    }
    hex
}

/// Octets as they are shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// Text, with `\x…` for the ends of characters that were cut; or hex.
    pub(super) text: String,
    /// They are text, but for characters cut at either end.
    pub(super) is_text: bool,
    /// The octets at the end that begin a character.
    pub(super) cut: usize,
}

/// Shows a content: as text where it is UTF-8 without control characters, else in hex. It may be a piece: it may
/// begin and end inside a character.
pub(super) fn show(octets: &[u8]) -> Shown {
    let kept = octets.get(..MAX_SHOWN_BYTES).unwrap_or(octets);
    let head = kept.iter().take(3).take_while(|octet| (0x80..0xc0).contains(*octet)).count();
    let shown = show_from(octets, head);
    let is_text = !shown.text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r'));
    let is_cut_only = octets.len() <= head + shown.cut;
    if is_text && !is_cut_only { shown } else { Shown { text: hex(octets), is_text: false, cut: 0 } }
}

/// Shows what must be UTF-8 and begins a character: as text, whatever its characters, or in hex. It may end inside
/// a character.
pub(super) fn show_utf8(octets: &[u8]) -> Shown {
    show_from(octets, 0)
}

/// Shows what is UTF-8 behind `head` octets.
fn show_from(octets: &[u8], head: usize) -> Shown {
    let kept = octets.get(..MAX_SHOWN_BYTES).unwrap_or(octets);
    let (before, body) = kept.split_at_checked(head).unwrap_or_default();
    let (text, tail) = match std::str::from_utf8(body) {
        Ok(text) => (text, &[][..]),
        Err(error) if error.error_len().is_none() => {
            let (valid, tail) = body.split_at_checked(error.valid_up_to()).unwrap_or_default();
            (std::str::from_utf8(valid).unwrap_or_default(), tail)
        }
        Err(_) => return Shown { text: hex(octets), is_text: false, cut: 0 },
    };
    let is_text = true;
    let mut shown = escaped(before) + text;
    if octets.len() > kept.len() {
        let _ = write!(shown, "… ({} octets in all)", octets.len());
        return Shown { text: shown, is_text, cut: 0 };
    }
    shown.push_str(&escaped(tail));
    Shown { text: shown, is_text, cut: tail.len() }
}

fn escaped(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("\\x{octet:02x}")).collect()
}

/// Octets of a head: text, each octet that is not ASCII or a control character as `\x…`.
pub(super) fn ascii(octets: &[u8]) -> String {
    let kept = octets.get(..MAX_SHOWN_BYTES).unwrap_or(octets);
    let mut text = match std::str::from_utf8(kept) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        _ => {
            let character = |octet: &u8| match octet {
                b'\t' | b' '..=b'~' => char::from(*octet).to_string(),
                _ => format!("\\x{octet:02x}"),
            };
            kept.iter().map(character).collect()
        }
    };
    if octets.len() > kept.len() {
        let _ = write!(text, "… ({} octets in all)", octets.len());
    }
    text
}

/// White space and line ends by name: `SP`, `HTAB`, `CR LF`.
pub(super) fn separators(octets: &[u8]) -> String {
    let names = octets.iter().map(|octet| match octet {
        b' ' => "SP".to_owned(),
        b'\t' => "HTAB".to_owned(),
        b'\r' => "CR".to_owned(),
        b'\n' => "LF".to_owned(),
        b':' => ":".to_owned(),
        other => format!("{other:02x}"),
    });
    names.collect::<Vec<_>>().join(" ")
}

/// The beginning of a text in quotes, for a summary.
pub(super) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTED_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

/// The beginning of a line, for a summary.
pub(super) fn short(text: &str) -> String {
    let mut short: String = text.chars().take(3 * QUOTED_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// What a shown content is, in a sentence.
pub(super) const fn form(shown: &Shown) -> &'static str {
    if shown.is_text { "text" } else { "no text, so in hex" }
}

/// A sentence on the character that a content ends inside of, if it does.
pub(super) fn cut(shown: &Shown) -> String {
    if shown.cut == 0 {
        return String::new();
    }
    format!(" It ends inside a character, of which the last {} are here.", octets(shown.cut as u64))
}
