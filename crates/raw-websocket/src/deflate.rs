//! permessage-deflate, RFC 7692: messages compressed one by one, with or without the memory of those before.
//!
//! - [`Preferences::accept`] and [`Offer::judge`]: the negotiation, §5 and §7.1, of the server and of the client
//! - [`Inflater`]: decompresses as octets arrive, §7.2.2, and stops at the limit of a message
//! - [`Deflater`]: compresses, §7.2.1; [`compress_shared`]: once for all clients of a broadcast
//!
//! A compressed message has RSV1 set in its first frame, and in no other (§6): the frames are not told apart
//! here. A message without RSV1 is not compressed, passes by, and enters nobody's window.
//!
//! # What a window is, and what it costs
//!
//! DEFLATE replaces octets that were there before by a distance and a length. The distance reaches back over
//! the *window*, 2^[`WindowBits`] octets. With *context takeover* the window goes on from message to message, so
//! both sides keep the last octets of what was said. This is all that both sides must keep: compression
//! starts anew, at an octet, with each message (§7.2.1). So that is what they do keep while nothing is said:
//!
//! | octets a connection | no context takeover | context takeover |
//! | --- | --- | --- |
//! | inflater, between messages | 0 | up to twice what was said, at most 2^bits |
//! | inflater, a message under way | 47,552 and the window | the same |
//! | deflater, idle: [`Deflater::release`] | 0 | up to twice what was said, at most 2^bits |
//! | deflater, between messages | 0 | 251,008 (9 bits) to 380,032 (15), and the window |
//!
//! A connection that has agreed on it holds 400 octets more for the two themselves. The chat agrees on no context
//! takeover, so that is all it holds while nothing is said.
//!
//! zlib itself keeps the state of both for ever. To begin one anew from its window costs about 2 µs for the
//! inflater and 10 µs (window of 4 KiB) to 37 µs (32 KiB) for the deflater.

mod deflater;
mod extensions;
mod inflater;
mod negotiation;
mod window;

use crate::frame::Role;

pub use deflater::{Deflater, LEVEL, MIN_COMPRESSED_BYTES, compress_shared, shared_window_bits};
pub use extensions::MalformedExtensions;
pub use inflater::{InflateError, Inflater, MAX_FINAL_BLOCKS, max_compressed_bytes};
pub use negotiation::{Agreement, NegotiationError, Offer, Preferences};

/// The name of the extension, RFC 7692 §7.
pub const EXTENSION: &str = "permessage-deflate";

/// The end of an empty stored block, RFC 7692 §7.2.1: each compressed message ends with it, so it is left out.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The size of an LZ77 sliding window, as the base-2 logarithm of its octets: 8 to 15, RFC 7692 §7.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// 256 octets. zlib inflates with it but does not compress: a server declines to compress so, a client
    /// that is told to sends its messages uncompressed.
    pub const MIN: Self = Self(8);
    /// 512 octets, the least that zlib compresses with.
    pub const MIN_COMPRESSING: Self = Self(9);
    /// 32 KiB, the default.
    pub const MAX: Self = Self(15);

    /// The window of 2^`bits` octets; `None` unless `bits` is 8 to 15.
    pub const fn new(bits: u8) -> Option<Self> {
        if bits < Self::MIN.0 || bits > Self::MAX.0 { None } else { Some(Self(bits)) }
    }

    /// The logarithm.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Octets of the window.
    pub const fn octets(self) -> usize {
        1 << self.0
    }

    /// Reads a parameter's value.
    fn parse(value: &str) -> Option<Self> {
        // RFC 7692 §7.1.2: a decimal integer without leading zeroes.
        let bits = value.parse().ok().and_then(Self::new)?;
        (bits.0.to_string() == value).then_some(bits)
    }
}

/// What both sides have agreed on, RFC 7692 §7.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parameters {
    /// The server compresses each message by itself, §7.1.1.1.
    pub server_no_context_takeover: bool,
    /// The client compresses each message by itself, §7.1.1.2.
    pub client_no_context_takeover: bool,
    /// The window that the server compresses with, §7.1.2.1.
    pub server_max_window_bits: WindowBits,
    /// The window that the client compresses with, §7.1.2.2.
    pub client_max_window_bits: WindowBits,
}

/// How messages in one direction are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Compression {
    /// The window goes on from one message to the next.
    pub context_takeover: bool,
    /// The window's size.
    pub window_bits: WindowBits,
}

impl Parameters {
    /// How this end compresses what it sends.
    pub const fn sent(self, role: Role) -> Compression {
        match role {
            Role::Server => self.of_server(),
            Role::Client { .. } => self.of_client(),
        }
    }

    /// How the peer compressed what this end receives.
    pub const fn received(self, role: Role) -> Compression {
        match role {
            Role::Server => self.of_client(),
            Role::Client { .. } => self.of_server(),
        }
    }

    const fn of_server(self) -> Compression {
        Compression {
            context_takeover: !self.server_no_context_takeover,
            window_bits: self.server_max_window_bits,
        }
    }

    const fn of_client(self) -> Compression {
        Compression {
            context_takeover: !self.client_no_context_takeover,
            window_bits: self.client_max_window_bits,
        }
    }
}
