//! How a target reads its input: a few octets that say what to do, each followed by what it takes.

/// The input, read from front to back. Past its end it goes on with nothing, so every input means something.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    rest: &'a [u8],
}

impl<'a> Script<'a> {
    /// The script in these octets.
    pub const fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    /// Whether all is read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next octet; 0 past the end.
    pub fn octet(&mut self) -> u8 {
        self.octets(1).first().copied().unwrap_or_default()
    }

    /// The next two octets as a number.
    pub fn number(&mut self) -> u16 {
        u16::from_be_bytes([self.octet(), self.octet()])
    }

    /// The next `len` octets, or as many as there are.
    pub fn octets(&mut self, len: usize) -> &'a [u8] {
        let (octets, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        octets
    }

    /// As many octets as the next one says.
    pub fn string(&mut self) -> &'a [u8] {
        let len = self.octet().into();
        self.octets(len)
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        self.octets(usize::MAX)
    }
}

/// Where to cut what is as long as `len`: a script of distances, walked around until the end is reached.
pub fn pieces(len: usize, distances: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for i in 0.. {
        if start >= len {
            break;
        }
        let distance = if distances.is_empty() { len } else { distances[i % distances.len()].max(1).into() };
        let end = len.min(start + distance);
        pieces.push(start..end);
        start = end;
    }
    pieces
}
