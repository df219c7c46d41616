//! UTF-8 that arrives in pieces, RFC 6455 §8.1 and RFC 3629.

use std::str;

/// The most octets of one code point.
const MAX_CODE_POINT_BYTES: usize = 4;

/// Text that grows as octets arrive, cut anywhere, and is well-formed at every moment.
///
/// An octet that cannot be right is refused when it comes, not when the message ends: surrogates, overlong
/// forms and what lies above U+10FFFF at their second octet.
#[derive(Debug, Default)]
pub struct Utf8Decoder {
    text: String,
    /// A code point of which `partial_len` octets have come, and others are still to come.
    partial: [u8; MAX_CODE_POINT_BYTES],
    partial_len: usize,
}

/// The octets are not UTF-8, and no further octet can mend that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sequence at octet {position} is not UTF-8")]
pub struct InvalidUtf8 {
    /// Where the malformed sequence begins, in octets from the start of the text.
    pub position: usize,
}

/// The text ends inside a code point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the code point at octet {position} is incomplete")]
pub struct IncompleteUtf8 {
    /// Where the code point begins, in octets from the start of the text.
    pub position: usize,
}

impl Utf8Decoder {
    /// Takes the next octets.
    ///
    /// # Errors
    /// Whatever follows, this is not UTF-8. The decoder is of no further use then.
    pub fn push(&mut self, mut octets: &[u8]) -> Result<(), InvalidUtf8> {
        // region: push-utf8
        // First the code point in which the piece before was cut.
        while self.partial_len > 0 {
            let Some((&octet, rest)) = octets.split_first() else { return Ok(()) };
            self.push_partial(octet)?;
            octets = rest;
        }
        if let Ok(text) = str::from_utf8(octets) {
            self.text.push_str(text);
        } else if let Some(chunk) = octets.utf8_chunks().next() {
            self.text.push_str(chunk.valid());
            // At most three octets are left, or a wrong one is among the next four.
            for &octet in octets.iter().skip(chunk.valid().len()) {
                self.push_partial(octet)?;
            }
        }
        Ok(())
        // endregion: push-utf8
    }

    /// Takes one octet of a code point that has not come whole.
    fn push_partial(&mut self, octet: u8) -> Result<(), InvalidUtf8> {
        let invalid = InvalidUtf8 { position: self.text.len() };
        *self.partial.get_mut(self.partial_len).ok_or(invalid)? = octet;
        self.partial_len += 1;
        match str::from_utf8(self.partial.get(..self.partial_len).ok_or(invalid)?) {
            Ok(code_point) => {
                self.text.push_str(code_point);
                self.partial_len = 0;
                Ok(())
            }
            // `None`: well-formed as far as it goes.
            Err(error) if error.error_len().is_none() => Ok(()),
            Err(_) => Err(invalid),
        }
    }

    /// The text, when no more octets come.
    ///
    /// # Errors
    /// The last code point is incomplete.
    pub fn finish(self) -> Result<String, IncompleteUtf8> {
        if self.partial_len > 0 {
            return Err(IncompleteUtf8 { position: self.text.len() });
        }
        Ok(self.text)
    }

    /// Octets of memory held for the text.
    pub fn capacity(&self) -> usize {
        self.text.capacity()
    }
}
