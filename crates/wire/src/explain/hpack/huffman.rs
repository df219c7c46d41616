//! The Huffman code of HPACK, RFC 7541 §5.2 and Appendix B.

use std::sync::LazyLock;

use super::super::{
    limits::{MAX_CODES_SHOWN_BYTES, MAX_REPRESENTATION_BYTES},
    span::BitRow,
};

/// Bits of each symbol's code, Appendix B. The code is canonical: among codes of one length, and from one length to
/// the next, they count up in the order of the symbols, so the lengths say it all. Symbol 256 is EOS.
#[rustfmt::skip]
const CODE_BITS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// The end-of-string symbol, which must not stand in a string.
const EOS: u16 = 256;

/// The codes of one length: the first, and the symbols in the order of their codes.
#[derive(Debug, Default)]
struct Length {
    first: u32,
    symbols: Vec<u16>,
}

/// The codes by their length in bits.
static LENGTHS: LazyLock<Vec<Length>> = LazyLock::new(|| {
    let mut code = 0;
    let mut lengths = Vec::new();
    for bits in 0..=30 {
        code <<= 1;
        let symbols = (0_u16..).zip(CODE_BITS).filter(|(_, length)| *length == bits);
        let symbols: Vec<u16> = symbols.map(|(symbol, _)| symbol).collect();
        let first = code;
        code += u32::try_from(symbols.len()).unwrap_or_default();
        lengths.push(Length { first, symbols });
    }
    lengths
});

/// Decodes a string, and puts each code's bits into `row` where the string is short.
///
/// # Errors
/// The rule that it breaks.
pub(super) fn decode(octets: &[u8], row: &mut BitRow) -> Result<Vec<u8>, String> {
    let shows_codes = octets.len() <= MAX_CODES_SHOWN_BYTES;
    let mut text = Vec::new();
    let (mut code, mut bits) = (0_u32, 0_usize);
    for octet in octets {
        for shift in (0..8).rev() {
            code = code << 1 | u32::from(octet >> shift & 1);
            bits += 1;
            let Some(length) = LENGTHS.get(bits) else {
                return Err("a Huffman code has at most 30 bits".to_owned());
            };
            let Some(symbol) = code.checked_sub(length.first).and_then(|at| length.symbols.get(at as usize))
            else {
                continue;
            };
            let Ok(symbol) = u8::try_from(*symbol) else {
                return Err(format!("the Huffman symbol {EOS}, EOS, must not stand in a string"));
            };
            if text.len() >= MAX_REPRESENTATION_BYTES {
                return Err(format!(
                    "a string of more than {MAX_REPRESENTATION_BYTES} octets is not read here"
                ));
            }
            if shows_codes {
                row.add(
                    bits,
                    "code",
                    format!("{code:0bits$b} = {}", character(symbol)),
                    "A character's Huffman code.",
                );
            }
            text.push(symbol);
            (code, bits) = (0, 0);
        }
    }
    // RFC 7541 §5.2: padding is the first bits of EOS, all ones, and shorter than an octet.
    if bits > 7 || code != (1 << bits) - 1 {
        return Err("a Huffman string must be padded by fewer than 8 bits, all 1".to_owned());
    }
    if shows_codes {
        row.add(bits, "padding", "1".repeat(bits), "Fills the last octet.");
    } else {
        row.add(
            8 * octets.len(),
            "string",
            super::text::ascii(&text),
            "Huffman codes of 5 to 30 bits a character.",
        );
    }
    Ok(text)
}

fn character(symbol: u8) -> String {
    if symbol.is_ascii_graphic() { char::from(symbol).to_string() } else { format!("0x{symbol:02x}") }
}
