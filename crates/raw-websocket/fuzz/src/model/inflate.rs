//! DEFLATE, RFC 1951, a bit at a time, as RFC 7692 §7.2.2 uses it. Tells with which octet of the input each octet of
//! the output is certain.
//!
//! Where RFC 1951 is silent this follows zlib: codes must be complete, but one length or distance may have a
//! code of one bit alone; at most 286 lengths and 30 distances may be declared.

/// What ends reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The input ends.
    More,
    /// These are not DEFLATE blocks.
    Corrupt,
    /// One octet past the limit.
    TooBig,
    /// Too many blocks with BFINAL.
    TooManyFinal,
}

/// A message's payload, inflated.
#[derive(Clone, Debug)]
pub struct Inflated {
    /// The octets, each with the count of payload octets that it took.
    pub octets: Vec<(u8, usize)>,
    /// Why there are no more.
    pub stop: Stop,
    /// How many payload octets that took.
    pub at: usize,
    /// With the 4 octets that the sender leaves out (§7.2.1) it is whole.
    pub whole: bool,
    /// The largest distance.
    pub farthest: usize,
}

/// Inflates a payload behind what was `said`, of which the last `window` octets may be referred to.
pub fn inflate(payload: &[u8], said: &[u8], window: usize, limit: usize, max_final: usize) -> Inflated {
    let mut stream = Stream::new(payload, said, window, limit, max_final);
    let stop = stream.blocks();
    let at = stream.octets_read();
    let (octets, farthest) = (stream.out.split_off(said.len()), stream.farthest);
    let mut whole = false;
    if stop == Stop::More {
        let octets_and_tail = [payload, &[0, 0, 0xff, 0xff]].concat();
        let mut stream = Stream::new(&octets_and_tail, said, window, limit, max_final);
        stream.judged = payload.len();
        whole = stream.blocks() == Stop::More
            && stream.boundary == 8 * octets_and_tail.len()
            && stream.out.len() == said.len() + octets.len();
    }
    Inflated { octets, stop, at, whole, farthest }
}

struct Stream<'a> {
    octets: &'a [u8],
    /// Bits read.
    bit: usize,
    /// Where the last block ended, in bits.
    boundary: usize,
    /// What was said, then this message.
    out: Vec<(u8, usize)>,
    /// Distances reach back to here at most.
    base: usize,
    window: usize,
    most: usize,
    final_blocks: usize,
    max_final: usize,
    /// Blocks with BFINAL that end past this octet do not count.
    judged: usize,
    farthest: usize,
}

/// Huffman codes, RFC 1951 §3.2.2: how many there are of each length, and the symbols in the order of the codes.
struct Codes {
    counts: [usize; 16],
    symbols: Vec<usize>,
    longest: usize,
}

impl Codes {
    /// `lone`: a code of one bit may be alone.
    fn new(lengths: &[usize], lone: bool) -> Result<Self, Stop> {
        let mut counts = [0; 16];
        let mut symbols = Vec::new();
        for (len, count) in counts.iter_mut().enumerate().skip(1) {
            let before = symbols.len();
            symbols.extend((0..lengths.len()).filter(|&symbol| lengths[symbol] == len));
            *count = symbols.len() - before;
        }
        let longest = (1..16).rev().find(|&len| counts[len] > 0).unwrap_or(0);
        let used: usize = (1..16).map(|len| counts[len] << (15 - len)).sum();
        let complete = used == 1 << 15;
        let incomplete_but_right = longest == 0 || lone && longest == 1 && symbols.len() == 1;
        if complete || incomplete_but_right {
            Ok(Self { counts, symbols, longest: longest.max(1) })
        } else {
            Err(Stop::Corrupt)
        }
    }
}

impl<'a> Stream<'a> {
    fn new(octets: &'a [u8], said: &[u8], window: usize, limit: usize, max_final: usize) -> Self {
        Self {
            octets,
            bit: 0,
            boundary: 0,
            out: said.iter().map(|&octet| (octet, 0)).collect(),
            base: said.len().saturating_sub(window),
            window,
            most: said.len() + limit,
            final_blocks: 0,
            max_final,
            judged: usize::MAX,
            farthest: 0,
        }
    }

    const fn octets_read(&self) -> usize {
        self.bit.div_ceil(8)
    }

    fn blocks(&mut self) -> Stop {
        loop {
            if let Err(stop) = self.block() {
                return stop;
            }
            self.boundary = self.bit;
        }
    }

    fn bits(&mut self, count: usize) -> Result<usize, Stop> {
        let end = self.bit + count;
        let Some(octets) = self.octets.get(self.bit / 8..end.div_ceil(8)) else { return Err(Stop::More) };
        let value = octets.iter().rev().fold(0, |value, &octet| value << 8 | usize::from(octet));
        let value = value >> (self.bit % 8) & ((1 << count) - 1);
        self.bit = end;
        Ok(value)
    }

    fn put(&mut self, octet: u8) -> Result<(), Stop> {
        if self.out.len() == self.most {
            return Err(Stop::TooBig);
        }
        self.out.push((octet, self.octets_read()));
        Ok(())
    }

    /// The next code's symbol; `None` where no code begins so.
    fn code(&mut self, codes: &Codes) -> Result<Option<usize>, Stop> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for len in 1..=codes.longest {
            code = 2 * code + self.bits(1)?;
            first *= 2;
            let count = codes.counts[len];
            if code < first + count {
                return Ok(Some(codes.symbols[index + code - first]));
            }
            index += count;
            first += count;
        }
        Ok(None)
    }

    /// §3.2.3.
    fn block(&mut self) -> Result<(), Stop> {
        let header = self.bits(3)?;
        match header / 2 {
            0 => self.stored()?,
            1 => {
                let literals = [vec![8; 144], vec![9; 112], vec![7; 24], vec![8; 8]].concat();
                self.compressed(&Codes::new(&literals, true)?, &Codes::new(&[5; 32], true)?)?;
            }
            2 => {
                let (literals, distances) = self.lengths()?;
                self.compressed(&literals, &distances)?;
            }
            _ => return Err(Stop::Corrupt),
        }
        if header % 2 == 1 {
            // RFC 7692 §7.2.1: others may follow. Their distances reach into the window that was agreed on.
            self.bit = self.bit.next_multiple_of(8);
            self.base = self.out.len().saturating_sub(self.window);
            self.final_blocks += usize::from(self.octets_read() <= self.judged);
            if self.final_blocks > self.max_final {
                return Err(Stop::TooManyFinal);
            }
        }
        Ok(())
    }

    /// §3.2.4.
    fn stored(&mut self) -> Result<(), Stop> {
        self.bit = self.bit.next_multiple_of(8);
        let (len, complement) = (self.bits(16)?, self.bits(16)?);
        if len ^ 0xffff != complement {
            return Err(Stop::Corrupt);
        }
        for _ in 0..len {
            let octet = self.bits(8)?;
            self.put(octet.to_le_bytes()[0])?;
        }
        Ok(())
    }

    /// §3.2.7.
    fn lengths(&mut self) -> Result<(Codes, Codes), Stop> {
        const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let counts = self.bits(14)?;
        let (literals, distances, codes) = (counts % 32 + 257, counts / 32 % 32 + 1, counts / 1024 + 4);
        if literals > 286 || distances > 30 {
            return Err(Stop::Corrupt);
        }
        let mut lengths = [0; 19];
        for &symbol in &ORDER[..codes] {
            lengths[symbol] = self.bits(3)?;
        }
        let codes = Codes::new(&lengths, false)?;
        let mut lengths = Vec::new();
        while lengths.len() < literals + distances {
            let (len, repeat) = match self.code(&codes)?.unwrap_or_default() {
                16 => (lengths.last().copied(), 3 + self.bits(2)?),
                17 => (Some(0), 3 + self.bits(3)?),
                18 => (Some(0), 11 + self.bits(7)?),
                len => (Some(len), 1),
            };
            lengths.extend(vec![len.ok_or(Stop::Corrupt)?; repeat]);
        }
        // No repetition may go past the end, and there must be a code for the end of the block.
        if lengths.len() > literals + distances || lengths[256] == 0 {
            return Err(Stop::Corrupt);
        }
        let distances = lengths.split_off(literals);
        Ok((Codes::new(&lengths, true)?, Codes::new(&distances, true)?))
    }

    /// §3.2.5: literals, and lengths with distances, up to the end of the block.
    fn compressed(&mut self, literals: &Codes, distances: &Codes) -> Result<(), Stop> {
        loop {
            let len = match self.code(literals)?.ok_or(Stop::Corrupt)? {
                literal @ ..256 => {
                    self.put(literal.to_le_bytes()[0])?;
                    continue;
                }
                256 => return Ok(()),
                code @ 257..265 => code - 254,
                285 => 258,
                code @ 265..285 => {
                    let extra = (code - 261) / 4;
                    (((code - 265) % 4 + 4) << extra) + 3 + self.bits(extra)?
                }
                _ => return Err(Stop::Corrupt),
            };
            let distance = match self.code(distances)?.ok_or(Stop::Corrupt)? {
                code @ ..4 => code + 1,
                code @ 4..30 => {
                    let extra = code / 2 - 1;
                    ((code % 2 + 2) << extra) + 1 + self.bits(extra)?
                }
                _ => return Err(Stop::Corrupt),
            };
            if distance > self.out.len() - self.base {
                return Err(Stop::Corrupt);
            }
            self.farthest = self.farthest.max(distance);
            for _ in 0..len {
                self.put(self.out[self.out.len() - distance].0)?;
            }
        }
    }
}
