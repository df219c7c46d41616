//! Integers and strings of HPACK, RFC 7541 §5.

use super::{
    super::{limits::MAX_REPRESENTATION_BYTES, span::BitRow},
    huffman, text,
};

/// The largest integer that is read: no length, index or size is above it.
const MAX_INTEGER: u64 = 0xffff_ffff;

/// Octets read in the order of the wire, with the bits that they are made of.
pub(super) struct Bitwise<'a> {
    octets: &'a [u8],
    at: usize,
    pub(super) row: BitRow,
}

/// Why there is no value: the octets end before it does, or break a rule.
pub(super) enum Unread {
    More,
    Broken(String),
}

/// A string, decoded.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) octets: Vec<u8>,
    /// Its size on the wire where that is Huffman code.
    pub(super) huffman_len: Option<usize>,
}

impl<'a> Bitwise<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0, row: BitRow::default() }
    }

    /// Octets read.
    pub(super) const fn read(&self) -> usize {
        self.at
    }

    /// An integer whose prefix is the last `prefix` bits of the next octet, §5.1. The bits before are the caller's.
    pub(super) fn integer(
        &mut self,
        prefix: u32,
        name: &'static str,
        meaning: &'static str,
    ) -> Result<u64, Unread> {
        let first = *self.octets.get(self.at).ok_or(Unread::More)?;
        let full = (1_u64 << prefix) - 1;
        let mut value = u64::from(first) & full;
        self.at += 1;
        let bits = prefix as usize;
        if value < full {
            self.row.add(bits, name, value.to_string(), meaning);
            return Ok(value);
        }
        let (mut shift, mut octets) = (0, 0);
        loop {
            let octet = *self.octets.get(self.at).ok_or(Unread::More)?;
            self.at += 1;
            octets += 1;
            // Five octets hold 35 bits; a sixth adds nothing that may be there.
            if octets > 5 {
                return Err(Unread::Broken(
                    "an integer of more than 5 octets behind its prefix is not read here".to_owned(),
                ));
            }
            value += u64::from(octet & 0x7f) << shift;
            shift += 7;
            if octet & 0x80 == 0 {
                break;
            }
        }
        if value > MAX_INTEGER {
            return Err(Unread::Broken(format!("an integer above {MAX_INTEGER} is not read here")));
        }
        let prefixed = format!("{name}, prefix");
        self.row.add(
            bits,
            prefixed,
            full.to_string(),
            "All ones: the number goes on in the next octets, 7 bits in each.",
        );
        let sum = format!("{} + {full} = {value}", value - full);
        self.row.add(8 * octets, name, sum, meaning);
        Ok(value)
    }

    /// A string literal, §5.2.
    pub(super) fn string(&mut self, name: &'static str) -> Result<Decoded, Unread> {
        let first = *self.octets.get(self.at).ok_or(Unread::More)?;
        let is_huffman = first & 0x80 != 0;
        let meaning = if is_huffman { "Huffman code follows." } else { "Plain octets follow." };
        self.row.flag("H", is_huffman, meaning);
        let length = self.integer(7, "string length", "The octets of the string as it is here.")?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > MAX_REPRESENTATION_BYTES {
            let rule = format!("a string of more than {MAX_REPRESENTATION_BYTES} octets is not read here");
            return Err(Unread::Broken(rule));
        }
        let octets = self.octets.get(self.at..self.at + length).ok_or(Unread::More)?;
        self.at += length;
        if is_huffman {
            let decoded = huffman::decode(octets, &mut self.row).map_err(Unread::Broken)?;
            return Ok(Decoded { octets: decoded, huffman_len: Some(length) });
        }
        self.row.add(8 * length, name, text::ascii(octets), "Plain octets, one a character.");
        Ok(Decoded { octets: octets.to_vec(), huffman_len: None })
    }
}

/// Octets that an integer takes with a prefix of 7 bits.
const fn integer_len(value: usize) -> usize {
    let mut rest = value;
    let mut len = 1;
    if value >= 127 {
        rest -= 127;
        len += 1;
        while rest >= 128 {
            rest /= 128;
            len += 1;
        }
    }
    len
}

/// Octets that a field takes without table and Huffman: a literal with its name.
pub(super) fn plain_len(name: &[u8], value: &[u8]) -> usize {
    1 + integer_len(name.len()) + name.len() + integer_len(value.len()) + value.len()
}
