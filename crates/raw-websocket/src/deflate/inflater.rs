//! Decompression as octets arrive, RFC 7692 §7.2.2, that stops at the limit of a message.

use flate2::{Decompress, FlushDecompress, Status};

use super::window::Window;
use super::{Compression, TAIL, WindowBits};
use crate::close::CloseCode;

/// The most DEFLATE blocks with BFINAL set that a message may have: after each, decompression starts anew from
/// the window, which takes about 2 µs and may be asked for with 2 octets.
pub const MAX_FINAL_BLOCKS: usize = 1024;

/// Octets of memory that zlib takes while a message is under way, whatever the window.
pub(super) const STATE_BYTES: usize = 47_552;

/// Octets inflated at once.
const CHUNK_BYTES: usize = 4096;

/// An empty final block, with fixed codes: what could follow a message, if the message is whole.
const FINAL_BLOCK: [u8; 2] = [0x03, 0x00];

/// What is wrong with a compressed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// Inflated, the message is too big.
    #[error("a message must have at most {limit} octets when it is inflated (RFC 6455 §10.4)")]
    MessageTooBig {
        /// The most that are taken.
        limit: usize,
    },
    /// Not a DEFLATE block, or a distance to before the start of the window.
    #[error(
        "compressed data must be DEFLATE blocks: what follows octet {position} of the message is not (RFC 7692 §7.2)"
    )]
    Corrupt {
        /// Octets of the message that were inflated before.
        position: usize,
    },
    /// The data ends within a DEFLATE block, or not with the empty one whose end is left out.
    #[error("compressed data must end with an empty stored block without its 00 00 ff ff (RFC 7692 §7.2.1)")]
    Truncated,
    /// Too many blocks that are each the last.
    #[error("a message must have at most {limit} DEFLATE blocks with BFINAL (RFC 6455 §10.4)")]
    TooManyFinalBlocks {
        /// The most that are taken.
        limit: usize,
    },
}

impl InflateError {
    /// The status code for the peer, RFC 6455 §7.4.1.
    pub const fn code(&self) -> CloseCode {
        match self {
            Self::MessageTooBig { .. } => CloseCode::MESSAGE_TOO_BIG,
            Self::Corrupt { .. } | Self::Truncated => CloseCode::INVALID_FRAME_PAYLOAD_DATA,
            Self::TooManyFinalBlocks { .. } => CloseCode::POLICY_VIOLATION,
        }
    }
}

/// The most octets to take for a message of `inflated` octets. DEFLATE adds 5 octets to what it stores as a block:
/// there is room for blocks of 40.
pub const fn max_compressed_bytes(inflated: usize) -> usize {
    inflated.saturating_add(inflated / 8).saturating_add(64)
}

/// Decompresses the messages of one direction.
///
/// The verdict on a message is the same however its octets are cut. A distance past the agreed window is taken
/// if it stays in the message; what lies before the message is kept as far as the agreed window reaches.
#[derive(Debug)]
pub struct Inflater {
    context_takeover: bool,
    max_message_bytes: usize,
    /// The last octets inflated.
    window: Window,
    /// zlib's own, while a message is under way.
    state: Option<Decompress>,
    /// Octets of the message inflated so far.
    inflated: usize,
    final_blocks: usize,
}

impl Inflater {
    /// An inflater for messages of at most `max_message_bytes` octets inflated. It holds no memory yet.
    pub const fn new(compression: Compression, max_message_bytes: usize) -> Self {
        Self {
            context_takeover: compression.context_takeover,
            max_message_bytes,
            window: Window::new(compression.window_bits),
            state: None,
            inflated: 0,
            final_blocks: 0,
        }
    }

    /// Takes the next unmasked octets of the message's payload, and gives `sink` what they inflate to, at most
    /// 4 KiB at a time. The sink gets no octet past the limit.
    ///
    /// # Errors
    /// The data is not DEFLATE, inflates to too much, or the sink fails. The inflater is of no further use then,
    /// and holds no memory.
    pub fn push<E: From<InflateError>>(
        &mut self,
        octets: &[u8],
        sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let result = self.inflate(octets, sink);
        if result.is_err() {
            self.release();
        }
        result
    }

    fn inflate<E: From<InflateError>>(
        &mut self,
        mut octets: &[u8],
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut chunk = [0; CHUNK_BYTES];
        // zlib may have read all and not written all.
        let mut is_full = false;
        while is_full || !octets.is_empty() {
            // At the limit there is room for the octet that breaks it.
            let room = (self.max_message_bytes - self.inflated).clamp(1, CHUNK_BYTES);
            let chunk = chunk.get_mut(..room).unwrap_or_default();
            let step = self.step(&mut octets, chunk)?;
            self.take(chunk.get(..step.written).unwrap_or_default(), &mut sink)?;
            is_full = step.written == room;
            let is_stuck = step.read + step.written == 0 && !octets.is_empty();
            match step.status {
                Ok(Status::StreamEnd) => self.end_final_block()?,
                Ok(Status::Ok | Status::BufError) if !is_stuck => {}
                _ => return Err(InflateError::Corrupt { position: self.inflated }.into()),
            }
        }
        Ok(())
    }

    /// Lets zlib read and write as far as it can.
    fn step(&mut self, octets: &mut &[u8], chunk: &mut [u8]) -> Result<Step, InflateError> {
        let position = self.inflated;
        let window = self.window.octets();
        let state = match &mut self.state {
            Some(state) => state,
            None => self.state.insert(begin(window).ok_or(InflateError::Corrupt { position })?),
        };
        let (read, written) = (state.total_in(), state.total_out());
        let status = state.decompress(octets, chunk, FlushDecompress::None);
        let read = usize::try_from(state.total_in() - read).unwrap_or(usize::MAX);
        let written = usize::try_from(state.total_out() - written).unwrap_or(usize::MAX);
        *octets = octets.get(read..).unwrap_or_default();
        Ok(Step { read, written, status: status.map_err(drop) })
    }

    /// Gives inflated octets to the sink, and lets them into the window.
    fn take<E: From<InflateError>>(
        &mut self,
        inflated: &[u8],
        sink: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if inflated.is_empty() {
            return Ok(());
        }
        // RFC 6455 §10.4, and RFC 7692 §8: few octets may inflate to very many.
        if self.inflated == self.max_message_bytes {
            return Err(InflateError::MessageTooBig { limit: self.max_message_bytes }.into());
        }
        sink(inflated)?;
        self.inflated += inflated.len();
        self.window.push(inflated);
        Ok(())
    }

    /// RFC 7692 §7.2.1: a block with BFINAL may be followed by others. zlib ends there, so it begins anew.
    fn end_final_block(&mut self) -> Result<(), InflateError> {
        self.state = None;
        self.final_blocks += 1;
        if self.final_blocks > MAX_FINAL_BLOCKS {
            return Err(InflateError::TooManyFinalBlocks { limit: MAX_FINAL_BLOCKS });
        }
        Ok(())
    }

    /// Ends the message: all of its payload has come.
    ///
    /// # Errors
    /// The data is cut off. The inflater is of no further use then, and holds no memory.
    pub fn finish(&mut self) -> Result<(), InflateError> {
        let whole = self.ends_whole();
        if !whole || !self.context_takeover {
            self.window.release();
        }
        self.state = None;
        self.inflated = 0;
        self.final_blocks = 0;
        if whole { Ok(()) } else { Err(InflateError::Truncated) }
    }

    fn ends_whole(&mut self) -> bool {
        // RFC 7692 §7.2.2: append what the sender left out.
        match self.read_unwritten(&TAIL) {
            // zlib does not tell whether it stands between blocks. If so, a final block ends the data here.
            Some(Status::Ok | Status::BufError) => {
                self.read_unwritten(&FINAL_BLOCK) == Some(Status::StreamEnd)
            }
            // The empty block had BFINAL.
            Some(Status::StreamEnd) => true,
            None => false,
        }
    }

    /// Reads these octets whole; `None` if they are not read whole, or inflate to anything.
    fn read_unwritten(&mut self, octets: &[u8]) -> Option<Status> {
        let mut rest = octets;
        let step = self.step(&mut rest, &mut [0; 16]).ok()?;
        step.status.ok().filter(|_| rest.is_empty() && step.written == 0)
    }

    /// Gives back all memory. The messages that come after cannot refer to those before.
    pub fn release(&mut self) {
        self.state = None;
        self.window.release();
    }

    /// Octets of memory held.
    pub fn capacity(&self) -> usize {
        self.window.capacity() + if self.state.is_some() { STATE_BYTES } else { 0 }
    }
}

/// What one call of zlib did.
struct Step {
    read: usize,
    written: usize,
    status: Result<Status, ()>,
}

/// Decompression that goes on from this window. It always reaches back 32 KiB: told a smaller window, zlib-rs does
/// so all the same, and zlib tells a distance past it only where its output happens to be cut.
fn begin(window: &[u8]) -> Option<Decompress> {
    let mut state = Decompress::new_with_window_bits(false, WindowBits::MAX.get());
    if !window.is_empty() {
        state.set_dictionary(window).ok()?;
    }
    Some(state)
}
