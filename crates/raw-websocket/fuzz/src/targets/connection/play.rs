//! What both sides do, read from a script.

use flate2::{Compress, FlushCompress};

use crate::close::{CloseCode, CloseReason};
use crate::deflate::{Parameters, WindowBits};
use crate::message::MessageLimits;
use crate::model::receiver::{Deflate, Rules};
use crate::model::wire::{frame, masked, shortest};
use crate::script::{Script, pieces};
use crate::targets::text;

/// What this side does when so much of the peer's has come.
#[derive(Debug)]
pub(super) enum Act {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Close(Option<CloseReason>),
    /// Give back what only makes the next message quicker.
    Release,
    /// Only a cut.
    Nothing,
}

/// Both sides.
pub(super) struct Play {
    pub(super) server: bool,
    pub(super) answers_late: bool,
    pub(super) limits: MessageLimits,
    pub(super) deflate: Option<Parameters>,
    pub(super) cuts: Vec<u8>,
    /// All octets of the peer.
    pub(super) wire: Vec<u8>,
    pub(super) acts: Vec<(usize, Act)>,
}

/// The peer while its octets are written.
struct Peer {
    wire: Vec<u8>,
    key: Option<[u8; 4]>,
    /// A message is under way.
    under_way: bool,
    compressor: Option<Compress>,
    takeover: bool,
}

impl Play {
    /// Input: an octet that picks (bit 0: client; bit 1: permessage-deflate; bits 2 and 3: no context takeover of the
    /// server, of the client; bit 4: answers at the end; bit 5: no binary; bits 6 and 7: limits), one for the windows,
    /// lengths of pieces (a length octet, and as many), a masking key if this is a server, then steps: see [`Play::step`].
    pub(super) fn read(script: &mut Script<'_>) -> Self {
        let (picks, windows) = (script.octet(), script.octet());
        let bits = |bits: u8| WindowBits::new(8 + bits % 8).unwrap_or(WindowBits::MAX);
        let deflate = (picks & 2 != 0).then(|| Parameters {
            server_no_context_takeover: picks & 4 != 0,
            client_no_context_takeover: picks & 8 != 0,
            server_max_window_bits: bits(windows),
            client_max_window_bits: bits(windows >> 4),
        });
        let (max_message_bytes, max_fragments) =
            [(32 * 1024, 64), (300, 4), (70_000, 64), (0, 1)][usize::from(picks >> 6)];
        let mut play = Self {
            server: picks & 1 == 0,
            answers_late: picks & 16 != 0,
            limits: MessageLimits { max_message_bytes, max_fragments, accept_binary: picks & 32 == 0 },
            deflate,
            cuts: script.string().to_vec(),
            wire: Vec::new(),
            acts: Vec::new(),
        };
        let heard = play.heard().deflate;
        let mut peer = Peer {
            wire: Vec::new(),
            key: play.server.then(|| std::array::from_fn(|_| script.octet())),
            under_way: false,
            compressor: heard.map(|deflate| {
                // zlib does not compress with 2^8: what reaches farther stays within a message.
                let bits = deflate.window.ilog2().clamp(9, 15);
                Compress::new_with_window_bits(flate2::Compression::new(6), false, bits as u8)
            }),
            takeover: heard.is_some_and(|deflate| deflate.takeover && deflate.window > 256),
        };
        while !script.is_empty() && peer.wire.len() < 150_000 && play.acts.len() < 200 {
            play.step(script, &mut peer);
        }
        play.wire = peer.wire;
        play
    }

    /// One octet says what, the next ones with what.
    fn step(&mut self, script: &mut Script<'_>, peer: &mut Peer) {
        let what = script.octet();
        let act = match what % 16 {
            0 => return peer.wire.extend(script.string()),
            1 => return peer.message(1, &[], text(script.string()).as_bytes()),
            2 => return peer.message(2, script.string(), script.string()),
            3 => return peer.message(1, script.string(), script.string()),
            4 => {
                let pattern = script.string();
                let times = 1 + usize::from(script.octet());
                return peer.message(1, &[], text(pattern).repeat(times).as_bytes());
            }
            5 => return peer.fragment(what & 0x80 != 0, script.string()),
            6 => return peer.control(9 + (what >> 4 & 1), script.string(), what & 0x80 == 0),
            7 => return peer.control(8, script.string(), what & 0x80 == 0),
            8 => return peer.compressed(what, script),
            9 => return peer.any_frame(script),
            10 => return peer.damage(script),
            11 => Act::Nothing,
            12 => {
                Act::Text(text(script.string()).repeat(1 + usize::from(what >> 4) * usize::from(what >> 4)))
            }
            13 => Act::Ping(script.string().to_vec()),
            14 if what & 0x80 != 0 => Act::Binary(script.string().to_vec()),
            14 if what & 0x40 != 0 => Act::Release,
            14 => return peer.header(script),
            _ => Act::Close(
                CloseCode::new(script.number()).map(|code| CloseReason::new(code, text(script.string()))),
            ),
        };
        self.acts.push((peer.wire.len(), act));
    }

    /// The pieces that this part of the wire comes in.
    pub(super) fn cut(&self, part: std::ops::Range<usize>) -> impl Iterator<Item = std::ops::Range<usize>> {
        pieces(part.len(), &self.cuts)
            .into_iter()
            .map(move |piece| part.start + piece.start..part.start + piece.end)
    }

    /// The rules for what this side hears.
    pub(super) fn heard(&self) -> Rules {
        let MessageLimits { max_message_bytes, max_fragments, accept_binary } = self.limits;
        let deflate = self.deflate.map(|agreed| agreement(agreed, !self.server));
        Rules {
            server: self.server,
            deflate,
            max_message: max_message_bytes,
            max_fragments,
            binary: accept_binary,
        }
    }

    /// The rules for what this side says.
    pub(super) fn spoken(&self) -> Rules {
        let MessageLimits { max_message_bytes, max_fragments, accept_binary } = self.limits_of_peer();
        let deflate = self.deflate.map(|agreed| agreement(agreed, self.server));
        Rules {
            server: !self.server,
            deflate,
            max_message: max_message_bytes,
            max_fragments,
            binary: accept_binary,
        }
    }

    /// A peer that takes all messages, each in one frame.
    pub(super) const fn limits_of_peer(&self) -> MessageLimits {
        MessageLimits { max_message_bytes: 1 << 20, max_fragments: 1, accept_binary: true }
    }

    /// Twice a message, a control frame, and with compression a window and the state of each direction.
    pub(super) const fn most_memory(&self) -> usize {
        let message = 2 * self.limits.max_message_bytes + 512;
        if self.deflate.is_some() { message + 2 * 32_768 + 47_552 + 380_032 } else { message }
    }
}

/// How one side compresses.
fn agreement(agreed: Parameters, by_server: bool) -> Deflate {
    let (no_takeover, bits) = match by_server {
        true => (agreed.server_no_context_takeover, agreed.server_max_window_bits),
        false => (agreed.client_no_context_takeover, agreed.client_max_window_bits),
    };
    Deflate { takeover: !no_takeover, window: 1 << bits.get() }
}

impl Peer {
    fn frame(&mut self, first: u8, payload: &[u8]) {
        self.wire.extend(frame(first, shortest(payload.len()), self.key, payload));
    }

    /// A whole message in fragments of these lengths and the rest.
    fn message(&mut self, first: u8, lengths: &[u8], mut payload: &[u8]) {
        let mut first = if self.under_way { 0 } else { first };
        for &len in lengths {
            let (fragment, rest) = payload.split_at(payload.len().min(len.into()));
            self.frame(first, fragment);
            (first, payload) = (0, rest);
        }
        self.frame(first | 0x80, payload);
        self.under_way = false;
    }

    fn fragment(&mut self, fin: bool, payload: &[u8]) {
        let first = u8::from(!self.under_way) | u8::from(fin) << 7;
        self.frame(first, payload);
        self.under_way = !fin;
    }

    fn control(&mut self, opcode: u8, payload: &[u8], is_right: bool) {
        let most = if is_right { 125 } else { 255 };
        self.frame(0x80 | opcode, &payload[..payload.len().min(most)]);
    }

    /// The header that should come next, but for these bits, of any length, and what there is of its payload.
    fn header(&mut self, script: &mut Script<'_>) {
        let flipped = script.octet();
        let len = (1_u64 << (script.octet() % 64)).wrapping_add_signed(script.octet().cast_signed().into());
        let mask = if self.key.is_some() { 0x80 } else { 0 };
        self.wire.push((0x80 | u8::from(!self.under_way)) ^ flipped);
        let octets = len.to_be_bytes();
        match usize::try_from(len).map(shortest) {
            Ok(0) => self.wire.push(mask | octets[7]),
            Ok(2) => self.wire.extend([mask | 126, octets[6], octets[7]]),
            _ => self.wire.extend([&[mask | 127], &octets[..]].concat()),
        }
        self.wire.extend(self.key.iter().flatten());
        self.wire.extend(masked(script.string(), self.key));
    }

    /// A compressed message: as our compressor makes it, or as it stands in the script.
    fn compressed(&mut self, what: u8, script: &mut Script<'_>) {
        let (lengths, octets) = (script.string(), script.string());
        let message = octets.repeat(1 + usize::from(what >> 6) * usize::from(script.octet()));
        let payload = match &mut self.compressor {
            Some(compressor) if what & 16 == 0 => {
                let mut payload = Vec::with_capacity(message.len() + message.len() / 8 + 64);
                if !self.takeover {
                    compressor.reset();
                }
                let _ = compressor.compress_vec(&message, &mut payload, FlushCompress::Sync);
                payload.truncate(payload.len().saturating_sub(4));
                payload
            }
            _ => message,
        };
        let opcode = if what & 32 == 0 { 0x41 } else { 0x42 };
        self.message(opcode, lengths, &payload);
    }

    /// Any first octet, any form of length.
    fn any_frame(&mut self, script: &mut Script<'_>) {
        let (first, form, payload) = (script.octet(), script.octet(), script.string());
        let key = if form & 4 == 0 { self.key } else { self.key.xor(Some([form; 4])) };
        let form = [shortest(payload.len()), 0, 2, 8][usize::from(form & 3)];
        self.wire.extend(frame(first, form, key, payload));
    }

    /// One octet of the last ones changes.
    fn damage(&mut self, script: &mut Script<'_>) {
        let (back, change) = (usize::from(script.octet()), script.octet());
        let at = self.wire.len().saturating_sub(1 + back);
        if let Some(octet) = self.wire.get_mut(at) {
            *octet ^= change;
        }
    }
}
