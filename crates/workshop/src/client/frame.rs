//! Frames, taken for what their headers say.

/// A frame as it came, taken for what its header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// All its octets.
    pub octets: Vec<u8>,
    /// The lower four bits of the first octet.
    pub opcode: u8,
    /// What follows the header.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The status code of a Close frame.
    pub fn code(&self) -> Option<u16> {
        self.payload.first_chunk().map(|code| u16::from_be_bytes(*code))
    }

    /// The payload without the mask of a client's frame.
    pub fn unmasked(&self) -> Vec<u8> {
        let key = self.octets.len().checked_sub(self.payload.len() + 4).and_then(|at| {
            let is_masked = self.octets.get(1).is_some_and(|octet| octet & 0x80 != 0);
            self.octets.get(at..at + 4).filter(|_| is_masked)
        });
        let Some(key) = key else { return self.payload.clone() };
        self.payload.iter().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key).collect()
    }

    /// In a few words.
    pub fn told(&self) -> String {
        let bytes = self.payload.len();
        match self.opcode {
            0 => format!("a continuation of {bytes} bytes"),
            1 => format!("a text of {bytes} bytes"),
            2 => format!("a binary message of {bytes} bytes"),
            8 => self
                .code()
                .map_or_else(|| "a Close without a code".to_owned(), |code| format!("Close {code}")),
            9 => format!("a ping of {bytes} bytes"),
            10 => format!("a pong of {bytes} bytes"),
            other => format!("a frame of the reserved opcode {other}"),
        }
    }

    pub(super) fn parse(octets: &[u8]) -> Option<Self> {
        let (&first, &second) = (octets.first()?, octets.get(1)?);
        let (length, start) = match second & 0x7f {
            126 => (u64::from(u16::from_be_bytes(*octets.get(2..)?.first_chunk()?)), 4),
            127 => (u64::from_be_bytes(*octets.get(2..)?.first_chunk()?), 10),
            short => (u64::from(short), 2),
        };
        let start = if second & 0x80 == 0 { start } else { start + 4 };
        let end = usize::try_from(length).ok()?.checked_add(start)?;
        let payload = octets.get(start..end)?.to_vec();
        Some(Self { octets: octets.get(..end)?.to_vec(), opcode: first & 15, payload })
    }
}

/// A frame of a client, masked with `key`.
pub fn masked(fin_and_opcode: u8, payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    let mut frame = vec![fin_and_opcode];
    let length = payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => frame.push(0x80 | short),
        (_, Ok(length)) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(key);
    frame.extend(payload.iter().zip(key.into_iter().cycle()).map(|(octet, key)| octet ^ key));
    frame
}
