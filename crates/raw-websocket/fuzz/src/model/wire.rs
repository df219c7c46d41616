//! Frames, RFC 6455 §5.2: read bit by bit, and built with any breach one likes.

/// A rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breach {
    /// How many octets had to come to show it.
    pub at: usize,
    /// The status code it is answered with, §7.4.1.
    pub code: u16,
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// FIN.
    pub fin: bool,
    /// RSV1.
    pub rsv1: bool,
    /// Four bits.
    pub opcode: u8,
    /// The masking key, if MASK is set.
    pub key: Option<[u8; 4]>,
    /// Octets of payload.
    pub payload_len: u64,
    /// Octets of the header.
    pub len: usize,
}

/// Who reads the frame, and what is agreed on.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// The reader is a server.
    pub server: bool,
    /// permessage-deflate is agreed on.
    pub deflate: bool,
}

/// The rules that a header breaks by itself, and what is known at that octet to judge by other rules.
pub trait Judge {
    /// After the first octet: FIN, RSV1, opcode. A status code refuses it.
    fn start(&mut self, fin: bool, rsv1: bool, opcode: u8) -> Result<(), u16>;
    /// After the length.
    fn length(&mut self, rsv1: bool, opcode: u8, payload_len: u64) -> Result<(), u16>;
}

/// Judges nothing.
#[derive(Clone, Copy, Debug)]
pub struct Anything;

impl Judge for Anything {
    fn start(&mut self, _: bool, _: bool, _: u8) -> Result<(), u16> {
        Ok(())
    }
    fn length(&mut self, _: bool, _: u8, _: u64) -> Result<(), u16> {
        Ok(())
    }
}

/// Reads a header; `None` where octets are missing.
///
/// # Errors
/// The first rule it breaks, by octet, then by bit.
pub fn header(octets: &[u8], reader: Reader, judge: &mut impl Judge) -> Result<Option<Header>, Breach> {
    let refuse = |at: usize| move |code: u16| Breach { at, code };
    let Some(&first) = octets.first() else { return Ok(None) };
    let bits: Vec<bool> = (0..8).rev().map(|bit| first & (1 << bit) != 0).collect();
    let opcode = first % 16;
    let (fin, rsv1) = (bits[0], bits[1]);
    let broken = bits[2]
        || bits[3]
        || rsv1 && !(reader.deflate && (opcode == 1 || opcode == 2))
        || ![0, 1, 2, 8, 9, 10].contains(&opcode)
        || opcode >= 8 && !fin;
    if broken {
        return Err(Breach { at: 1, code: 1002 });
    }
    judge.start(fin, rsv1, opcode).map_err(refuse(1))?;

    let Some(&second) = octets.get(1) else { return Ok(None) };
    let masked = second >= 128;
    if masked != reader.server || opcode >= 8 && second % 128 > 125 {
        return Err(Breach { at: 2, code: 1002 });
    }
    let (extended, least) = match second % 128 {
        126 => (2, 126),
        127 => (8, 65_536),
        _ => (0, 0),
    };
    if extended == 8 && octets.get(2).is_some_and(|&octet| octet >= 128) {
        return Err(Breach { at: 3, code: 1002 });
    }
    let mut len = 2 + extended;
    if octets.len() < len {
        return Ok(None);
    }
    let payload_len = match extended {
        0 => u64::from(second % 128),
        _ => octets[2..len].iter().fold(0, |number, &octet| number * 256 + u64::from(octet)),
    };
    if payload_len < least {
        return Err(Breach { at: len, code: 1002 });
    }
    judge.length(rsv1, opcode, payload_len).map_err(refuse(len))?;
    let mut key = None;
    if masked {
        if octets.len() < len + 4 {
            return Ok(None);
        }
        key = Some([octets[len], octets[len + 1], octets[len + 2], octets[len + 3]]);
        len += 4;
    }
    Ok(Some(Header { fin, rsv1, opcode, key, payload_len, len }))
}

/// A frame in these octets: its first octet as given, `form` octets of extended length (0, 2 or 8).
pub fn frame(first: u8, form: usize, key: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mask = if key.is_some() { 0x80 } else { 0 };
    let len = (payload.len() as u64).to_be_bytes();
    let mut frame = vec![first];
    match form {
        0 => frame.push(mask | len[7] & 0x7f),
        2 => frame.push(mask | 126),
        _ => frame.push(mask | 127),
    }
    frame.extend(&len[8 - form..]);
    frame.extend(key.unwrap_or_default().iter().take(if key.is_some() { 4 } else { 0 }));
    frame.extend(masked(payload, key));
    frame
}

/// How many octets of extended length are fewest.
pub const fn shortest(payload_len: usize) -> usize {
    match payload_len {
        0..126 => 0,
        126..65_536 => 2,
        _ => 8,
    }
}

/// Each octet XOR that of the key, §5.3.
pub fn masked(payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let key = key.unwrap_or_default();
    payload.iter().enumerate().map(|(i, octet)| octet ^ key[i % 4]).collect()
}
