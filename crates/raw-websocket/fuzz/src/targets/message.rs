//! One message: in fragments, cut in pieces, as text or not, at its limits; and the UTF-8 decoder by itself.
//!
//! Input: an octet that picks (bit 0: binary; bit 1: its last fragment does not come; bit 2: pings between; bits 3 and
//! 4: how many fragments are taken), the limit in octets (two), lengths of fragments and of pieces (a length octet and
//! as many of each), then the message.

use bytes::BytesMut;

use crate::connection::{Connection, Event};
use crate::failure::Failure;
use crate::frame::Role;
use crate::message::MessageLimits;
use crate::model::wire::{frame, shortest};
use crate::script::{Script, pieces};
use crate::targets::{ping, receive};
use crate::utf8::Utf8Decoder;

/// What a text of these octets gets.
#[derive(Debug)]
enum Expected {
    Message,
    /// With the octet that makes `after`, of which `position` were right.
    InvalidUtf8 {
        after: usize,
        position: usize,
    },
    IncompleteUtf8 {
        position: usize,
    },
}

/// Checks one input.
pub fn check(data: &[u8]) {
    let mut script = Script::new(data);
    let picks = script.octet();
    let limits = MessageLimits {
        max_message_bytes: script.number().into(),
        max_fragments: [64, 1, 2, 7][usize::from(picks >> 3 & 3)],
        accept_binary: true,
    };
    let (fragments, cuts) = (script.string(), script.string());
    let message = script.rest();
    let text = picks & 1 == 0;
    let expected = if text { judge(message) } else { Expected::Message };
    if text {
        decodes_as_std(message, cuts, &expected);
    }
    let mut sent = Sent::new(message, fragments, text, picks & 4 != 0);
    if picks & 2 != 0 {
        sent.without_last_frame();
    }
    receives(&sent, cuts, limits, &expected, || match text {
        true => Event::Text(String::from_utf8_lossy(message).into_owned()),
        false => Event::Binary(message.to_vec().into()),
    });
}

/// `std::str::from_utf8`, on the whole and on what comes until it is certain.
fn judge(message: &[u8]) -> Expected {
    let Err(error) = std::str::from_utf8(message) else { return Expected::Message };
    let position = error.valid_up_to();
    if error.error_len().is_none() {
        return Expected::IncompleteUtf8 { position };
    }
    let hopeless = |&after: &usize| {
        std::str::from_utf8(&message[position..after]).is_err_and(|error| error.error_len().is_some())
    };
    let after = (position + 1..=message.len()).find(hopeless).unwrap_or(message.len());
    Expected::InvalidUtf8 { after, position }
}

/// The decoder alone, piece by piece: refused in the piece whose octet makes it certain, not before and not after.
fn decodes_as_std(message: &[u8], cuts: &[u8], expected: &Expected) {
    let mut decoder = Utf8Decoder::default();
    for piece in pieces(message.len(), cuts) {
        let pushed = decoder.push(&message[piece.clone()]);
        match expected {
            Expected::InvalidUtf8 { after, position } if *after <= piece.end => {
                assert_eq!(pushed.map_err(|error| error.position), Err(*position));
                return;
            }
            _ => assert_eq!(pushed, Ok(())),
        }
        assert!(decoder.capacity() <= 8 + 2 * piece.end, "memory only for what has come");
    }
    match expected {
        Expected::IncompleteUtf8 { position } => {
            assert_eq!(decoder.finish().map_err(|error| error.position), Err(*position));
        }
        _ => assert_eq!(decoder.finish().map(String::into_bytes).as_deref(), Ok(message)),
    }
}

/// A frame of the message: where it stands on the wire, and how much of the message it completes.
#[derive(Clone, Copy)]
struct Frame {
    start: usize,
    payload: usize,
    end: usize,
    completes: usize,
}

/// A message on the wire.
struct Sent {
    octets: Vec<u8>,
    frames: Vec<Frame>,
    is_whole: bool,
    pings: bool,
}

impl Sent {
    fn new(message: &[u8], fragments: &[u8], text: bool, pings: bool) -> Self {
        // Not `pieces`: a length of 0 is an empty fragment.
        let mut ends: Vec<usize> = fragments
            .iter()
            .scan(0, |end, &len| {
                *end = message.len().min(*end + usize::from(len));
                Some(*end)
            })
            .collect();
        if ends.last() != Some(&message.len()) {
            ends.push(message.len());
        }
        let mut sent = Self { octets: Vec::new(), frames: Vec::new(), is_whole: true, pings };
        let mut taken = 0;
        for (i, &completes) in ends.iter().enumerate() {
            let opcode = if i > 0 { 0 } else { 2 - u8::from(text) };
            let fin = if i + 1 == ends.len() { 0x80 } else { 0 };
            let key = Some([0x37, 0xfa, 0x21, i.to_le_bytes()[0]]);
            let payload = &message[taken..completes];
            let start = sent.octets.len();
            sent.octets.extend(frame(fin | opcode, shortest(payload.len()), key, payload));
            let end = sent.octets.len();
            sent.frames.push(Frame { start, payload: end - payload.len(), end, completes });
            if pings && fin == 0 {
                sent.octets.extend(frame(0x89, 0, key, &i.to_le_bytes()));
            }
            taken = completes;
        }
        sent
    }

    fn without_last_frame(&mut self) {
        if let Some(Frame { start, .. }) = self.frames.pop() {
            self.octets.truncate(start);
            self.is_whole = false;
        }
    }

    /// After how many octets on the wire this much of the message has come.
    fn place(&self, after: usize) -> Option<usize> {
        let frame = self.frames.iter().find(|frame| frame.completes >= after)?;
        Some(frame.end - (frame.completes - after))
    }

    /// The first frame past a limit: after how many octets, and the status code.
    fn refused(&self, limits: &MessageLimits) -> Option<(usize, u16)> {
        self.frames.iter().enumerate().find_map(|(i, frame)| {
            if i == limits.max_fragments {
                return Some((frame.start + 1, 1008));
            }
            // The length is known before the key, which is 4 octets.
            (frame.completes > limits.max_message_bytes).then_some((frame.payload - 4, 1009))
        })
    }
}

/// A connection, piece by piece: the message when it is whole, or the first of what is wrong with the octet that
/// shows it.
fn receives(
    sent: &Sent,
    cuts: &[u8],
    limits: MessageLimits,
    expected: &Expected,
    message: impl FnOnce() -> Event,
) {
    let utf8 = match *expected {
        Expected::InvalidUtf8 { after, .. } => sent.place(after).map(|at| (at, 1007)),
        Expected::IncompleteUtf8 { .. } if sent.is_whole => Some((sent.octets.len(), 1007)),
        _ => None,
    };
    let refused = [utf8, sent.refused(&limits)].into_iter().flatten().min();
    let mut connection = Connection::new(Role::Server, limits);
    let mut said = Vec::new();
    for piece in pieces(sent.octets.len(), cuts) {
        let (events, failure) = receive(&mut connection, &sent.octets[piece.clone()]);
        said.extend(events);
        if let Some((at, code)) = refused.filter(|(at, _)| *at <= piece.end) {
            let failure = failure.unwrap_or_else(|| panic!("not refused: {at} octets, {code}"));
            assert_eq!(failure.code().get(), code, "{failure}");
            tells_what_it_was(&failure, expected, &limits);
            assert_eq!(connection.buffered(), 0, "a failure gives back all memory");
            return;
        }
        assert_eq!(failure, None, "{expected:?}");
        assert!(connection.buffered() <= 256 + 2 * limits.max_message_bytes.min(piece.end));
    }
    let pings = if sent.pings { sent.frames.len() - usize::from(sent.is_whole) } else { 0 };
    let mut expected: Vec<_> = (0..pings).map(|i| ping(&i.to_le_bytes())).collect();
    if sent.is_whole {
        expected.push(message());
        assert_eq!(connection.buffered(), 0, "between messages nothing is held");
    }
    assert_eq!(said, expected);
    let mut output = BytesMut::new();
    connection.close(None, &mut output);
    assert_eq!(output, &[0x88, 0][..]);
}

fn tells_what_it_was(failure: &Failure, expected: &Expected, limits: &MessageLimits) {
    match (failure, expected) {
        (Failure::InvalidUtf8 { position: ours }, Expected::InvalidUtf8 { position, .. })
        | (Failure::IncompleteUtf8 { position: ours }, Expected::IncompleteUtf8 { position }) => {
            assert_eq!(ours, position);
        }
        (Failure::MessageTooBig { announced, limit }, _) => {
            assert!(*limit == limits.max_message_bytes && *announced > *limit as u64);
        }
        (Failure::TooManyFragments { limit }, _) => assert_eq!(*limit, limits.max_fragments),
        _ => panic!("{failure}, not {expected:?}"),
    }
}
