//! permessage-deflate: any octets inflated as the model inflates them, and what is deflated inflated again.
//!
//! Input: an octet that picks (bits 0 to 2: the window; bit 3: context takeover; bit 4: round trip), one for the limit of
//! a message, lengths of pieces (a length octet, and as many), then for each message two octets of length and the message.

use crate::deflate::{
    Compression, Deflater, InflateError, Inflater, WindowBits, compress_shared, max_compressed_bytes,
    shared_window_bits,
};
use crate::model::inflate::{Inflated, Stop, inflate};
use crate::script::{Script, pieces};

/// What the documents say a message may have.
const MAX_FINAL_BLOCKS: usize = 1024;

/// Longer than the largest window.
const MAX_MESSAGE_BYTES: usize = 40_000;

/// What zlib holds while a message is under way, as the documents say.
const STATE_BYTES: usize = 47_552;

/// Checks one input.
pub fn check(data: &[u8]) {
    let mut script = Script::new(data);
    let picks = script.octet();
    let Some(window_bits) = WindowBits::new(8 + (picks & 7)) else { unreachable!() };
    let compression = Compression { context_takeover: picks & 8 != 0, window_bits };
    let limit = match script.octet() {
        exact @ ..128 => usize::from(exact),
        power => 1 << (7 + power % 10),
    };
    let cuts = script.string();
    if picks & 16 == 0 {
        inflates_as_the_model(compression, limit, cuts, &mut script);
    } else {
        inflates_what_was_deflated(compression, cuts, &mut script);
    }
}

/// The window between messages, as RFC 7692 §7.1.1 has it.
struct Context {
    compression: Compression,
    said: Vec<u8>,
}

impl Context {
    fn push(&mut self, message: &[u8]) {
        if self.compression.context_takeover {
            self.said.extend(message);
            let surplus = self.said.len().saturating_sub(self.window());
            self.said.drain(..surplus);
        }
    }

    /// What may be held between messages: nothing, or twice what was said, within the window.
    fn most_memory(&self) -> usize {
        (2 * self.said.len()).min(self.window())
    }

    const fn window(&self) -> usize {
        1 << self.compression.window_bits.get()
    }
}

/// Hands a payload over in pieces: what it inflated to, and what ended it after how many octets.
fn push(
    inflater: &mut Inflater,
    payload: &[u8],
    cuts: &[u8],
) -> (Vec<u8>, Option<(std::ops::Range<usize>, InflateError)>) {
    let mut message = Vec::new();
    for piece in pieces(payload.len(), cuts) {
        let pushed = inflater.push(&payload[piece.clone()], |octets| {
            assert!(!octets.is_empty() && octets.len() <= 4096);
            message.extend_from_slice(octets);
            Ok::<_, InflateError>(())
        });
        if let Err(error) = pushed {
            return (message, Some((piece, error)));
        }
    }
    (message, None)
}

/// Each message gets the verdict, the octets, and no more than the limit; at the octet that decides.
fn inflates_as_the_model(compression: Compression, limit: usize, cuts: &[u8], script: &mut Script<'_>) {
    let mut inflater = Inflater::new(compression, limit);
    let mut context = Context { compression, said: Vec::new() };
    while !script.is_empty() {
        let len = script.number().into();
        let payload = script.octets(len);
        let model = inflate(payload, &context.said, context.window(), limit, MAX_FINAL_BLOCKS);
        let plain: Vec<u8> = model.octets.iter().map(|(octet, _)| *octet).collect();
        let (message, error) = push(&mut inflater, payload, cuts);
        assert_eq!(message, plain);
        assert!(message.len() <= limit);
        let position = plain.len();
        let expected = match model.stop {
            Stop::More => None,
            Stop::Corrupt => Some(InflateError::Corrupt { position }),
            Stop::TooBig => Some(InflateError::MessageTooBig { limit }),
            Stop::TooManyFinal => Some(InflateError::TooManyFinalBlocks { limit: MAX_FINAL_BLOCKS }),
        };
        if let Some((piece, error)) = error {
            assert_eq!(Some(error), expected);
            assert!(piece.start < model.at && model.at <= piece.end, "{piece:?}, the model {}", model.at);
            assert_eq!(inflater.capacity(), 0, "an error gives back all memory");
            return;
        }
        assert_eq!(expected, None);
        assert!(inflater.capacity() <= STATE_BYTES + context.window());
        assert_eq!(inflater.finish(), if model.whole { Ok(()) } else { Err(InflateError::Truncated) });
        if !model.whole {
            assert_eq!(inflater.capacity(), 0, "an error gives back all memory");
            return;
        }
        agrees_with_miniz(payload, &context.said, &plain);
        context.push(&plain);
        assert!(inflater.capacity() <= context.most_memory());
    }
}

/// Another inflater of DEFLATE's makes the same of a message that refers to no other.
fn agrees_with_miniz(payload: &[u8], said: &[u8], message: &[u8]) {
    let stream = [payload, &[0, 0, 0xff, 0xff, 0x03, 0x00]].concat();
    if said.is_empty() {
        let mut plain = vec![0; message.len() + 1];
        let inflated = miniz_oxide::inflate::decompress_slice_iter_to_slice(
            &mut plain,
            std::iter::once(&stream[..]),
            false,
            true,
        );
        // It ends at the first block with BFINAL.
        assert!(inflated.is_ok_and(|len| message.starts_with(&plain[..len])));
    }
}

/// RFC 7692 §7.2: what is compressed comes back, within the window that was agreed on.
fn inflates_what_was_deflated(compression: Compression, cuts: &[u8], script: &mut Script<'_>) {
    let mut deflater = Deflater::new(compression).with_min_bytes(cuts.len() % 64);
    let mut inflater = Inflater::new(compression, usize::MAX / 4);
    let mut context = Context { compression, said: Vec::new() };
    while !script.is_empty() {
        let how = script.octet();
        let len = script.number().into();
        let mut message = script.octets(len).repeat(1 + usize::from(how & 15) * usize::from(how & 15));
        message.truncate(MAX_MESSAGE_BYTES);
        let payload = match how & 0x60 {
            0x20 => compress_shared(compression.window_bits, &message),
            0x40 => {
                deflater.release();
                assert!(deflater.capacity() <= context.most_memory());
                deflater.compress(&message)
            }
            _ => deflater.compress(&message),
        };
        let Some(payload) = payload else { continue };
        assert!(compression.window_bits >= WindowBits::MIN_COMPRESSING, "zlib does not compress so");
        assert!(compression.context_takeover || payload.len() < message.len(), "it must shrink");
        assert!(payload.len() <= max_compressed_bytes(message.len()), "a receiver takes it");
        let Inflated { octets, stop, whole, farthest, .. } =
            inflate(&payload, &context.said, context.window(), message.len(), 0);
        assert!(stop == Stop::More && whole, "{stop:?}");
        assert!(octets.iter().map(|(octet, _)| octet).eq(&message));
        assert!(farthest <= context.window(), "{farthest} is past the window");
        let (inflated, error) = push(&mut inflater, &payload, cuts);
        assert_eq!((error, inflater.finish()), (None, Ok(())));
        assert_eq!(inflated, message);
        if how & 0x60 == 0x20 {
            // It refers to no other message; who sends such, sends all such.
            assert!(shared_window_bits(compression.window_bits, message.len()).is_some());
            return;
        }
        context.push(&message);
    }
}
