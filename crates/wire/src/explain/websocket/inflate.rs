//! Compressed messages inflated, RFC 7692 §7.2.2, as far as the limit allows.

use flate2::{Decompress, FlushDecompress, Status};

use super::super::limits::{MAX_INFLATED_BYTES, MAX_SHOWN_BYTES};

/// The end of an empty stored block, which each message leaves out, §7.2.1.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The largest LZ77 window, §7.1.2: it holds what any smaller one does.
const WINDOW_BYTES: usize = 32_768;

/// An empty final block: what could follow a message that is whole.
const FINAL_BLOCK: [u8; 2] = [0x03, 0x00];

/// The most blocks of a message that are each the last: after each, zlib begins anew.
const MAX_FINAL_BLOCKS: usize = 1024;

/// Octets inflated at once.
const CHUNK_BYTES: usize = 4096;

/// Inflates the messages of one side.
#[derive(Debug, Default)]
pub(super) struct Inflate {
    /// The last octets inflated, kept from message to message: context takeover. Where it was not agreed on, the
    /// sender does not reach back, and they do no harm.
    window: Vec<u8>,
    /// zlib's state while a message is under way.
    state: Option<Decompress>,
    /// Octets of the message inflated so far.
    inflated: usize,
    final_blocks: usize,
    /// Why no more of this message is inflated.
    failed: Option<&'static str>,
}

/// What a frame's payload inflates to.
#[derive(Debug, Default)]
pub(super) struct Inflated {
    /// As far as it is shown.
    pub(super) shown: Vec<u8>,
    /// Octets, all of them.
    pub(super) total: u64,
    /// Why there are no more.
    pub(super) failed: Option<&'static str>,
}

impl Inflate {
    /// Inflates the next octets of a message.
    pub(super) fn push(&mut self, octets: &[u8]) -> Inflated {
        let mut inflated = Inflated { failed: self.failed, ..Inflated::default() };
        if self.failed.is_none() {
            self.failed = self.inflate(octets, &mut inflated).err();
            inflated.failed = self.failed;
        }
        inflated
    }

    /// Ends the message.
    pub(super) fn finish(&mut self, keeps_window: bool, inflated: &mut Inflated) {
        if self.failed.is_none() {
            if !self.ends_whole() {
                self.failed = Some("the compressed data ends within a DEFLATE block");
            }
            inflated.failed = self.failed;
        }
        self.state = None;
        self.inflated = 0;
        self.final_blocks = 0;
        if !keeps_window || self.failed.is_some() {
            // What reaches back behind a message that failed, fails too: zlib knows how far the window goes.
            self.window = Vec::new();
            self.failed = None;
        }
    }

    /// Between blocks, the tail and a final block are read and give nothing.
    fn ends_whole(&mut self) -> bool {
        let mut inflated = Inflated::default();
        let tail = self.inflate(&TAIL, &mut inflated);
        let was_final = tail.is_ok() && self.state.is_none();
        let is_whole =
            was_final || (self.inflate(&FINAL_BLOCK, &mut inflated).is_ok() && self.state.is_none());
        tail.is_ok() && is_whole && inflated.total == 0
    }

    fn inflate(&mut self, mut octets: &[u8], inflated: &mut Inflated) -> Result<(), &'static str> {
        const CORRUPT: &str = "the compressed data is not DEFLATE, or reaches back further than this capture";
        let mut chunk = [0; CHUNK_BYTES];
        if octets.is_empty() {
            return Ok(());
        }
        loop {
            let state = match &mut self.state {
                Some(state) => state,
                None => self.state.insert(begin(&self.window).ok_or(CORRUPT)?),
            };
            let (read, written) = (state.total_in(), state.total_out());
            let status = state.decompress(octets, &mut chunk, FlushDecompress::Sync).map_err(|_| CORRUPT)?;
            let read = usize::try_from(state.total_in() - read).unwrap_or(usize::MAX);
            let written = usize::try_from(state.total_out() - written).unwrap_or(usize::MAX);
            octets = octets.get(read..).unwrap_or_default();
            self.take(chunk.get(..written).unwrap_or_default(), inflated)?;
            match status {
                // A block with BFINAL may be followed by others, §7.2.1: zlib ends there, so it begins anew.
                Status::StreamEnd => {
                    self.state = None;
                    self.final_blocks += 1;
                    if self.final_blocks > MAX_FINAL_BLOCKS {
                        return Err("the message has more final DEFLATE blocks than are read here, 1,024");
                    }
                    if octets.is_empty() {
                        return Ok(());
                    }
                }
                Status::Ok | Status::BufError if read + written == 0 && !octets.is_empty() => {
                    return Err(CORRUPT);
                }
                Status::Ok | Status::BufError => {}
            }
            if octets.is_empty() && written < CHUNK_BYTES {
                return Ok(());
            }
        }
    }

    fn take(&mut self, octets: &[u8], inflated: &mut Inflated) -> Result<(), &'static str> {
        if self.inflated + octets.len() > MAX_INFLATED_BYTES {
            return Err("the message inflates to more than is inflated here, 1 MiB");
        }
        self.inflated += octets.len();
        inflated.total += octets.len() as u64;
        let room = (MAX_SHOWN_BYTES + 1).saturating_sub(inflated.shown.len());
        inflated.shown.extend_from_slice(octets.get(..room).unwrap_or(octets));
        self.window.extend_from_slice(octets);
        self.window.drain(..self.window.len().saturating_sub(WINDOW_BYTES));
        Ok(())
    }
}

/// zlib's state behind this window.
fn begin(window: &[u8]) -> Option<Decompress> {
    let mut state = Decompress::new(false);
    if !window.is_empty() {
        state.set_dictionary(window).ok()?;
    }
    Some(state)
}
