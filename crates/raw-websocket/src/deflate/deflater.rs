//! Compression, RFC 7692 §7.2.1: of one client's messages, or of one message for many clients.

use bytes::Bytes;
use flate2::{Compress, FlushCompress};

use super::window::Window;
use super::{Compression, TAIL, WindowBits};

/// zlib's level. Measured with zlib-rs on a log of JSON: at 1 KiB it compresses as well as level 6 does, at 16 KiB
/// to 1.2 times as much in a quarter of the time.
pub const LEVEL: u32 = 3;

/// Octets of the smallest message that is compressed: below it, there is little to gain.
pub const MIN_COMPRESSED_BYTES: usize = 64;

/// zlib does not use distances that reach into the last 262 octets of the window.
const UNUSED_WINDOW_BYTES: usize = 262;

/// Room for the end of a message, so that the flush is whole in one call.
const FLUSH_BYTES: usize = 64;

/// RFC 7692 §7.2.3.6: an empty message is an empty stored block, without its end.
const EMPTY_MESSAGE: [u8; 1] = [0x00];

/// Compresses the messages of one direction.
#[derive(Debug)]
pub struct Deflater {
    context_takeover: bool,
    window_bits: WindowBits,
    min_bytes: usize,
    /// The last octets compressed, if there is context takeover.
    window: Window,
    /// zlib's own, between messages only if there is context takeover.
    state: Option<Compress>,
}

impl Deflater {
    /// A deflater for messages from [`MIN_COMPRESSED_BYTES`] octets. It holds no memory yet.
    pub const fn new(compression: Compression) -> Self {
        Self {
            context_takeover: compression.context_takeover,
            window_bits: compression.window_bits,
            min_bytes: MIN_COMPRESSED_BYTES,
            window: Window::new(compression.window_bits),
            state: None,
        }
    }

    /// Compresses messages from this many octets.
    pub const fn with_min_bytes(mut self, min_bytes: usize) -> Self {
        self.min_bytes = min_bytes;
        self
    }

    /// Compresses a message: gives the payload of a message with RSV1 in its first frame. `None`: it goes without
    /// RSV1 and as it is, because it is small, would not shrink, or the window agreed on is 2^8 octets.
    ///
    /// With context takeover the peer's window has a compressed message in it, so it must be sent, and before
    /// the next is compressed.
    pub fn compress(&mut self, message: &[u8]) -> Option<Bytes> {
        if message.len() < self.min_bytes {
            return None;
        }
        if !self.context_takeover {
            return deflate_alone(shared_window_bits(self.window_bits, message.len())?, message);
        }
        if self.window_bits < WindowBits::MIN_COMPRESSING {
            return None;
        }
        if message.is_empty() {
            return Some(Bytes::from_static(&EMPTY_MESSAGE));
        }
        let mut state = match self.state.take() {
            Some(state) => state,
            None => begin(self.window_bits, self.window.octets())?,
        };
        let compressed = deflate(&mut state, message)?;
        self.state = Some(state);
        self.window.push(message);
        Some(compressed)
    }

    /// Gives back the memory of zlib's state, and keeps the window: the next message begins from it.
    pub fn release(&mut self) {
        self.state = None;
    }

    /// Octets of memory held.
    pub fn capacity(&self) -> usize {
        self.window.capacity() + self.state.as_ref().map_or(0, |_| state_bytes(self.window_bits))
    }
}

/// Compresses a message once for all clients whose window is 2^`window_bits` octets or more: gives the payload of
/// a message with RSV1 in its first frame, or `None` where it is better sent without RSV1 and as it is.
///
/// It refers to no other message, so it is right for each of those clients that gets all its messages so, also
/// where context takeover was agreed on (RFC 7692 §7.1.1: the sender need not make use of it).
pub fn compress_shared(window_bits: WindowBits, message: &[u8]) -> Option<Bytes> {
    if message.len() < MIN_COMPRESSED_BYTES {
        return None;
    }
    deflate_alone(shared_window_bits(window_bits, message.len())?, message)
}

/// The window that a message of `len` octets is compressed with for a client whose window is 2^`agreed` octets:
/// the smallest that makes no difference to it. Clients with the same share what [`compress_shared`] gives, and for
/// messages up to 250 octets those are all. `None`: `agreed` is 8, and zlib does not compress so.
pub fn shared_window_bits(agreed: WindowBits, len: usize) -> Option<WindowBits> {
    (WindowBits::MIN_COMPRESSING.get()..=agreed.get())
        .filter_map(WindowBits::new)
        .find(|&bits| bits == agreed || bits.octets() >= len.saturating_add(UNUSED_WINDOW_BYTES))
}

/// Compresses a message that refers to no other; `None` if it does not shrink.
fn deflate_alone(window_bits: WindowBits, message: &[u8]) -> Option<Bytes> {
    let compressed = deflate(&mut begin(window_bits, &[])?, message)?;
    (compressed.len() < message.len()).then_some(compressed)
}

/// Compression that goes on from this window.
fn begin(window_bits: WindowBits, window: &[u8]) -> Option<Compress> {
    let level = flate2::Compression::new(LEVEL);
    let mut state = Compress::new_with_window_bits(level, false, window_bits.get());
    if !window.is_empty() {
        state.set_dictionary(window).ok()?;
    }
    Some(state)
}

/// RFC 7692 §7.2.1: compress all, flush to an octet with an empty stored block, and leave out its last 4 octets.
fn deflate(state: &mut Compress, message: &[u8]) -> Option<Bytes> {
    let mut compressed = Vec::with_capacity(message.len() / 2 + FLUSH_BYTES);
    let mut rest = message;
    loop {
        let before = state.total_in();
        state.compress_vec(rest, &mut compressed, FlushCompress::Sync).ok()?;
        rest = rest.get(usize::try_from(state.total_in() - before).ok()?..)?;
        if rest.is_empty() && compressed.len() < compressed.capacity() {
            break;
        }
        compressed.reserve(compressed.len() / 2 + FLUSH_BYTES);
    }
    let len = compressed.strip_suffix(&TAIL)?.len();
    compressed.truncate(len);
    Some(compressed.into())
}

/// Octets of memory that zlib takes: twice the window and as much for its chains, a hash table of 128 KiB, and
/// 112 KiB for what waits to be coded and written.
const fn state_bytes(window_bits: WindowBits) -> usize {
    4 * window_bits.octets() + 248_960
}
