//! An inflater written from RFC 1951 alone, to judge by: it tells how far back a stream refers, which zlib-rs does
//! not (it takes distances past the window it is told).

/// Inflates a message's payload, without its last 4 octets, behind what was `said`. Gives the message, and the largest
/// distance in it.
pub(crate) fn inflate(payload: &[u8], said: &[u8]) -> (Vec<u8>, usize) {
    let octets = [payload, &[0, 0, 0xff, 0xff]].concat();
    let mut stream = Stream { octets: &octets, bit: 0, out: said.to_vec(), farthest: 0 };
    while stream.bit < 8 * octets.len() {
        stream.block();
    }
    (stream.out.split_off(said.len()), stream.farthest)
}

struct Stream<'a> {
    octets: &'a [u8],
    /// Bits read.
    bit: usize,
    out: Vec<u8>,
    farthest: usize,
}

/// Huffman codes, RFC 1951 §3.2.2: how many there are of each length, and the symbols in the order of the codes.
struct Codes {
    counts: [usize; 16],
    symbols: Vec<usize>,
}

impl Codes {
    fn new(lengths: &[usize]) -> Self {
        let mut counts = [0; 16];
        let mut symbols = Vec::new();
        for (len, count) in counts.iter_mut().enumerate().skip(1) {
            let of_len = (0..lengths.len()).filter(|&symbol| lengths[symbol] == len);
            symbols.extend(of_len);
            *count = lengths.iter().filter(|&&length| length == len).count();
        }
        Self { counts, symbols }
    }
}

impl Stream<'_> {
    fn bits(&mut self, count: usize) -> usize {
        let bits = (0..count).map(|i| {
            let at = self.bit + i;
            usize::from(self.octets[at / 8] >> (at % 8) & 1) << i
        });
        let value = bits.sum();
        self.bit += count;
        value
    }

    fn symbol(&mut self, codes: &Codes) -> usize {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &codes.counts[1..] {
            code = 2 * code + self.bits(1);
            first *= 2;
            if code < first + count {
                return codes.symbols[index + code - first];
            }
            index += count;
            first += count;
        }
        panic!("no such code")
    }

    /// §3.2.3.
    fn block(&mut self) {
        self.bits(1);
        match self.bits(2) {
            0 => {
                self.bit = self.bit.next_multiple_of(8);
                let (len, complement) = (self.bits(16), self.bits(16));
                assert_eq!(len ^ 0xffff, complement);
                for _ in 0..len {
                    let octet = self.bits(8);
                    self.out.push(u8::try_from(octet).unwrap());
                }
            }
            1 => {
                let literals = [vec![8; 144], vec![9; 112], vec![7; 24], vec![8; 8]].concat();
                self.codes(&Codes::new(&literals), &Codes::new(&[5; 30]));
            }
            2 => {
                let (literals, distances) = self.lengths();
                self.codes(&Codes::new(&literals), &Codes::new(&distances));
            }
            _ => panic!("block type 11"),
        }
    }

    /// §3.2.7.
    fn lengths(&mut self) -> (Vec<usize>, Vec<usize>) {
        const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let (literals, distances, codes) = (self.bits(5) + 257, self.bits(5) + 1, self.bits(4) + 4);
        let mut lengths = [0; 19];
        for &symbol in &ORDER[..codes] {
            lengths[symbol] = self.bits(3);
        }
        let codes = Codes::new(&lengths);
        let mut lengths = Vec::new();
        while lengths.len() < literals + distances {
            let (len, repeat) = match self.symbol(&codes) {
                16 => (*lengths.last().unwrap(), 3 + self.bits(2)),
                17 => (0, 3 + self.bits(3)),
                18 => (0, 11 + self.bits(7)),
                len => (len, 1),
            };
            lengths.extend(vec![len; repeat]);
        }
        let distances = lengths.split_off(literals);
        (lengths, distances)
    }

    /// §3.2.5: literals, and lengths with distances, up to the end of the block.
    fn codes(&mut self, literals: &Codes, distances: &Codes) {
        loop {
            let len = match self.symbol(literals) {
                literal @ ..256 => {
                    self.out.push(u8::try_from(literal).unwrap());
                    continue;
                }
                256 => return,
                code @ 257..265 => code - 254,
                285 => 258,
                code => {
                    let extra = (code - 261) / 4;
                    (((code - 265) % 4 + 4) << extra) + 3 + self.bits(extra)
                }
            };
            let distance = match self.symbol(distances) {
                code @ ..4 => code + 1,
                code => {
                    let extra = code / 2 - 1;
                    ((code % 2 + 2) << extra) + 1 + self.bits(extra)
                }
            };
            self.farthest = self.farthest.max(distance);
            for _ in 0..len {
                self.out.push(self.out[self.out.len() - distance]);
            }
        }
    }
}
