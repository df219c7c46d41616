//! Text as it is shown: cut where a reader can follow, with the number of octets that are left out.

/// Behind one of these a text is cut, if it must be.
const SEAMS: [char; 7] = [',', ';', '}', ']', '>', ' ', '\n'];

/// The longest that is said of what is left out.
const LEFT_OUT: &str = " … 1,000,000 octets more";

/// The text in lines of at most `width` columns, as many as are allowed; behind a cut stands how many octets are
/// left out.
pub(super) fn lines(text: &str, width: usize, most: usize) -> Vec<String> {
    lines_of(text, text.len(), width, most)
}

/// Likewise of the beginning of a text that has so many octets in all.
pub(super) fn lines_of(text: &str, all: usize, width: usize, most: usize) -> Vec<String> {
    let unknown = all.saturating_sub(text.len());
    let mut rest = text;
    let mut lines = Vec::new();
    while columns(rest) > width && lines.len() + 1 < most {
        let (line, more) = at_seam(rest, width);
        lines.push(visible(line).trim_end().to_owned());
        rest = more;
    }
    if !rest.is_empty() {
        lines.push(line(rest, unknown, width));
    }
    lines
}

/// The text in one line of at most `width` columns; `unknown` octets more are behind it.
fn line(text: &str, unknown: usize, width: usize) -> String {
    if unknown == 0 && columns(text) <= width {
        return visible(text);
    }
    let (head, rest) = at_seam(text, width.saturating_sub(LEFT_OUT.chars().count()));
    format!("{} … {} octets more", visible(head).trim_end(), thousands(rest.len() + unknown))
        .trim_start()
        .to_owned()
}

/// A text in two, behind the last seam that leaves at most `width` columns before it. One too far back is none: a long
/// word is cut in its midst.
fn at_seam(text: &str, width: usize) -> (&str, &str) {
    let mut taken = 0;
    let is_over = |(_, character): &(usize, char)| {
        taken += columns_of(*character);
        taken > width
    };
    let end = text.char_indices().find(is_over).map_or(text.len(), |(at, _)| at);
    let (head, _) = text.split_at_checked(end).unwrap_or((text, ""));
    let seam = head.char_indices().rev().find(|(_, character)| SEAMS.contains(character));
    let seam = seam.map(|(at, seam)| at + seam.len_utf8()).filter(|at| at * 2 > end);
    text.split_at_checked(seam.unwrap_or(end)).unwrap_or((text, ""))
}

/// Columns of a terminal that a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// Emoji, and what East Asian scripts have, are as wide as two letters.
const fn columns_of(character: char) -> usize {
    match character {
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' => 2,
        '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'.. => 2,
        _ => 1,
    }
}

/// With line feeds that are seen.
fn visible(text: &str) -> String {
    let seen = |character| match character {
        '\n' => '␊',
        character if character.is_control() => '·',
        character => character,
    };
    text.chars().map(seen).collect()
}

/// Digits in groups of three.
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_behind_a_member_and_the_rest_is_counted() {
        let text =
            format!("{{\"nonce\":\"n100-bbdr\",\"user\":\"brian\",\"text\":\"{}\"}}", "x".repeat(2_000));
        let shown = lines(&text, 70, 1);
        assert_eq!(shown, ["{\"nonce\":\"n100-bbdr\",\"user\":\"brian\", … 2,010 octets more"]);
        assert_eq!(lines("{\"a\":1}\n", 70, 1), ["{\"a\":1}␊"]);
        let broken = lines("{\"one\":1,\"two\":2,\"three\":3}", 18, 3);
        assert_eq!(broken, ["{\"one\":1,\"two\":2,", "\"three\":3}"]);
    }

    #[test]
    fn octets_are_counted_not_characters() {
        let shown = lines(&"ü".repeat(100), 40, 1).concat();
        let (head, told) = shown.split_once(" … ").unwrap();
        assert_eq!(told, format!("{} octets more", 200 - head.len()));
        assert!(columns(&shown) <= 40, "{shown}");
        assert_eq!(lines(&"😀".repeat(30), 40, 2), ["😀".repeat(20), "😀".repeat(10)]);
    }
}
