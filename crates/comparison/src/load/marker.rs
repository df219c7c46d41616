//! The number of a message, in its text: `@@17@@`, found in whatever envelope a server puts around it.

use memchr::memmem;

const SIGN: &[u8] = b"@@";

/// The longest marker: two signs and a number of 64 bits.
const MARKER_BYTES: usize = 24;

/// The text of message `number`, so many octets of ASCII.
pub fn text(number: usize, octets: u32) -> String {
    let mut text = format!("@@{number}@@");
    let pad = (octets as usize).saturating_sub(text.len());
    // Words rather than one letter, so that a text compresses like one.
    text.extend(" the quick brown fox jumps over the lazy dog".chars().cycle().take(pad));
    text
}

/// Finds markers in octets that come in pieces.
#[derive(Debug, Default)]
pub struct Finder {
    rest: Vec<u8>,
}

impl Finder {
    /// The numbers in `octets`, in order; a marker may have begun in the piece before.
    pub fn find(&mut self, octets: &[u8], mut found: impl FnMut(usize)) {
        if self.rest.is_empty() {
            let taken = markers(octets, &mut found);
            self.keep(octets, taken);
        } else {
            let mut whole = std::mem::take(&mut self.rest);
            whole.extend_from_slice(octets);
            let taken = markers(&whole, &mut found);
            self.keep(&whole, taken);
        }
    }

    /// Forgets what came: the next octets are of another message.
    pub fn clear(&mut self) {
        self.rest.clear();
    }

    fn keep(&mut self, octets: &[u8], taken: usize) {
        let from = taken.max(octets.len().saturating_sub(MARKER_BYTES));
        self.rest.extend_from_slice(octets.get(from..).unwrap_or_default());
    }
}

/// Gives the numbers, and how far they reach.
fn markers(octets: &[u8], found: &mut impl FnMut(usize)) -> usize {
    let (mut at, mut taken) = (0, 0);
    while let Some(begin) = octets.get(at..).and_then(|rest| memmem::find(rest, SIGN)) {
        let digits = at + begin + SIGN.len();
        let rest = octets.get(digits..).unwrap_or_default();
        let length = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
        let number = rest.get(..length).and_then(|number| std::str::from_utf8(number).ok()?.parse().ok());
        // The next sign may begin with the second octet of this one.
        at += begin + 1;
        if let Some(number) = number
            && rest.get(length..).is_some_and(|rest| rest.starts_with(SIGN))
        {
            found(number);
            at = digits + length + SIGN.len();
            taken = at;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_its_length_and_its_number() {
        for octets in [24, 100, 2_000] {
            let text = text(123_456, octets);
            assert_eq!(text.len(), octets as usize);
            let mut numbers = Vec::new();
            Finder::default().find(text.as_bytes(), |number| numbers.push(number));
            assert_eq!(numbers, [123_456]);
        }
    }

    #[test]
    fn markers_are_found_once_wherever_the_pieces_end() {
        let octets = format!("{{\"a\":\"{}\",@@x@@ @{},{}", text(0, 40), text(17, 24), text(8_000, 60));
        for size in 1..octets.len() {
            let (mut finder, mut numbers) = (Finder::default(), Vec::new());
            octets
                .as_bytes()
                .chunks(size)
                .for_each(|piece| finder.find(piece, |number| numbers.push(number)));
            assert_eq!(numbers, [0, 17, 8_000], "in pieces of {size}");
        }
    }
}
