//! permessage-deflate: negotiation, inflating, deflating, and what they cost.

#![cfg(test)]

mod answers;
mod bombs;
mod examples;
mod memory;
mod offers;
mod oracle;
mod round_trips;
mod violations;

use raw_websocket::deflate::{Compression, InflateError, Inflater, WindowBits};

/// Enough for every message here that is no bomb.
const LIMIT: usize = 1024 * 1024;

const TAKEOVER: Compression = Compression { context_takeover: true, window_bits: WindowBits::MAX };
const NO_TAKEOVER: Compression = Compression { context_takeover: false, window_bits: WindowBits::MAX };

fn bits(bits: u8) -> WindowBits {
    WindowBits::new(bits).unwrap()
}

/// Octets from hexadecimal digits; white space is for the eye.
fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<_> = digits.chars().filter(|c| !c.is_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&String::from_iter(pair), 16).unwrap()).collect()
}

/// A whole message whose payload comes in these pieces.
fn inflate<'a>(
    inflater: &mut Inflater,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<u8>, InflateError> {
    let mut message = Vec::new();
    for piece in pieces {
        inflater.push(piece, |octets| {
            message.extend_from_slice(octets);
            Ok::<_, InflateError>(())
        })?;
    }
    inflater.finish().map(|()| message)
}

/// A whole message, the first of its connection.
fn inflate_first(compression: Compression, payload: &[u8]) -> Result<Vec<u8>, InflateError> {
    inflate(&mut Inflater::new(compression, LIMIT), [payload])
}

/// Octets that do not compress, the same each time.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let step = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(step).take(len).collect()
}

/// Writes DEFLATE bit by bit (RFC 1951), for streams that no compressor makes.
#[derive(Default)]
struct Bits {
    octets: Vec<u8>,
    used: u8,
}

impl Bits {
    /// Appends the lowest `count` bits, the lowest first.
    fn put(mut self, value: u32, count: u8) -> Self {
        for bit in 0..count {
            if self.used.is_multiple_of(8) {
                self.octets.push(0);
                self.used = 0;
            }
            *self.octets.last_mut().unwrap() |= u8::from(value >> bit & 1 == 1) << self.used;
            self.used += 1;
        }
        self
    }

    /// Appends a Huffman code, its highest bit first.
    fn code(self, code: u32, len: u8) -> Self {
        (0..len).rev().fold(self, |bits, bit| bits.put(code >> bit, 1))
    }

    /// Begins a block with fixed codes.
    fn fixed_block(self, is_final: bool) -> Self {
        self.put(u32::from(is_final), 1).put(0b01, 2)
    }

    /// A literal below 144.
    fn literal(self, octet: u8) -> Self {
        self.code(0x30 + u32::from(octet), 8)
    }

    /// 3 octets from 16,385 + `extra` octets before: fixed length code 257, distance code 28 with 13 bits more.
    fn far_match(self, extra: u32) -> Self {
        self.code(1, 7).code(28, 5).put(extra, 13)
    }

    fn end_block(self) -> Self {
        self.code(0, 7)
    }

    /// The beginning of an empty stored block, without its last 4 octets.
    fn flush(self) -> Vec<u8> {
        let mut octets = self.put(0, 3).octets;
        octets.shrink_to_fit();
        octets
    }
}
