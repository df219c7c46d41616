//! What passes while a check runs: for `--trace`, and for the conversations that `explain` shows.

mod entries;
mod heads;
mod recorded;
mod shown;
mod telling;
mod units;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

pub use self::{
    recorded::{Recorded, recorded},
    telling::told,
};

/// The most pieces of octets that are kept of a check.
const MAX_PIECES: usize = 8_192;

/// The most notes and ends that are kept of a check.
const MAX_NOTES: usize = 1_024;

/// The most octets that are kept of what one side of a connection sends. Behind a cut nothing can be told of it but
/// how much it was.
const MAX_SIDE_BYTES: usize = 2 << 20;

/// Writes of so many octets and fewer are one piece with those before them, if these are as small: what comes octet
/// by octet is read as what it is in all.
const TRICKLE_BYTES: usize = 8;

/// What happened at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// One side sent octets.
    Octets(Octets),
    /// One side ended the connection.
    End {
        /// The connection, and who ended it.
        from: Who,
        /// Whether by a reset; else in good order.
        is_reset: bool,
    },
    /// What is no octets: what the check did beside, or saw, in a sentence.
    Note {
        /// What it is about, if only the last of several one after another counts: a measurement, say.
        about: Option<&'static str>,
        /// The sentence.
        text: String,
    },
}

/// A side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who {
    /// The connection, counted from 1.
    pub connection: usize,
    /// Whether it is our side.
    pub ours: bool,
    /// Whether the other side of ours is the page, and we are the server.
    pub to_page: bool,
}

/// What one side sent at once, or in small writes one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Octets {
    /// Who.
    pub from: Who,
    /// As many as are kept.
    pub kept: Vec<u8>,
    /// How many there were.
    pub length: usize,
    /// In how many writes, or reads where they are not ours.
    pub writes: usize,
}

#[derive(Default)]
struct Recorder {
    pieces: Vec<Piece>,
    /// Pieces of octets among them.
    octets: usize,
    /// Octets kept of each side.
    sides: BTreeMap<Who, usize>,
}

thread_local! {
    static RECORDER: RefCell<Option<Recorder>> = const { RefCell::new(None) };
    static CONNECTIONS: Cell<usize> = const { Cell::new(0) };
}

/// Begins to keep what this thread's clients send and read.
pub fn begin() {
    CONNECTIONS.set(0);
    RECORDER.set(Some(Recorder::default()));
}

/// Ends it, and gives what was kept.
pub fn end() -> Vec<Piece> {
    RECORDER.take().map(|recorder| recorder.pieces).unwrap_or_default()
}

/// The number of a new connection.
pub(crate) fn connection() -> usize {
    CONNECTIONS.set(CONNECTIONS.get() + 1);
    CONNECTIONS.get()
}

/// Keeps octets.
pub(crate) fn record(from: Who, octets: &[u8]) {
    with(|recorder| recorder.octets(from, octets));
}

/// Keeps that one side has ended the connection; once.
pub(crate) fn ended(from: Who, is_reset: bool) {
    with(|recorder| {
        let is_known = |piece: &Piece| matches!(piece, Piece::End { from: known, .. } if *known == from);
        if !recorder.pieces.iter().any(is_known) {
            recorder.note(Piece::End { from, is_reset });
        }
    });
}

/// Keeps what is no octets: what the check did, or saw.
pub(crate) fn note(text: impl Into<String>) {
    with(|recorder| recorder.note(Piece::Note { about: None, text: text.into() }));
}

/// Keeps what was measured; it takes the place of what was measured right before it of the same.
pub(crate) fn measured(about: &'static str, text: impl Into<String>) {
    with(|recorder| {
        recorder.last_about(about);
        recorder.note(Piece::Note { about: Some(about), text: text.into() });
    });
}

/// Keeps that time passes on a clock that is held; what passes at once is one note.
pub(crate) fn passed(milliseconds: u32) {
    with(|recorder| {
        let before = recorder.last_about("time");
        let before = before.and_then(|text| text.split(' ').next()?.parse::<u32>().ok()).unwrap_or_default();
        let all = milliseconds.saturating_add(before);
        if all > 0 {
            recorder.note(Piece::Note { about: Some("time"), text: format!("{all} ms pass in the page") });
        }
    });
}

fn with(keep: impl FnOnce(&mut Recorder)) {
    RECORDER.with_borrow_mut(|recorder| recorder.as_mut().map(keep));
}

impl Recorder {
    /// Takes away the last piece, if it is a note about this.
    fn last_about(&mut self, this: &str) -> Option<String> {
        let is_meant = |piece: &mut Piece| matches!(piece, Piece::Note { about, .. } if *about == Some(this));
        match self.pieces.pop_if(is_meant) {
            Some(Piece::Note { text, .. }) => Some(text),
            _ => None,
        }
    }

    fn note(&mut self, piece: Piece) {
        if self.pieces.len() - self.octets < MAX_NOTES {
            self.pieces.push(piece);
        }
    }

    fn octets(&mut self, from: Who, octets: &[u8]) {
        let side = self.sides.entry(from).or_default();
        let kept = octets.get(..MAX_SIDE_BYTES - *side).unwrap_or(octets);
        if let Some(Piece::Octets(last)) = self.pieces.last_mut()
            && last.from == from
            && octets.len() <= TRICKLE_BYTES
            && last.length <= TRICKLE_BYTES * last.writes
        {
            *side += kept.len();
            last.kept.extend_from_slice(kept);
            (last.length, last.writes) = (last.length + octets.len(), last.writes + 1);
        } else if self.octets < MAX_PIECES {
            *side += kept.len();
            let (kept, length) = (kept.to_vec(), octets.len());
            self.pieces.push(Piece::Octets(Octets { from, kept, length, writes: 1 }));
            self.octets += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WE: Who = Who { connection: 1, ours: true, to_page: false };
    const YOU: Who = Who { ours: false, ..WE };

    fn recorded(happen: impl FnOnce()) -> Vec<String> {
        begin();
        happen();
        told(&end())
    }

    fn upgraded() {
        record(
            WE,
            b"GET /messages HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        );
        record(
            YOU,
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        );
    }

    #[test]
    fn fields_are_told_where_they_differ() {
        let ask = |connection, value: &str| {
            let request = format!(
                "GET /messages HTTP/1.1\r\nHost: localhost\r\nConnection: {value}\r\nAccept: a\r\n\r\n"
            );
            record(Who { connection, ..WE }, request.as_bytes());
        };
        let lines = recorded(|| {
            ask(1, "keep-alive, Upgrade");
            ask(2, "upgrade");
            ask(3, "upgrade");
        });
        let text = lines.join("\n");
        assert!(
            text.contains("Host: localhost") && text.contains("Connection: keep-alive, Upgrade"),
            "{text}"
        );
        assert_eq!(text.matches("Host:").count(), 1, "{text}");
        assert_eq!(text.matches("Connection: upgrade").count(), 1, "{text}");
        assert!(!text.contains("Accept"), "no noise of a browser's: {text}");
    }

    #[test]
    fn what_comes_octet_by_octet_is_told_as_what_it_is() {
        let frame = crate::client::masked(0x81, b"{\"text\":\"hi\"}", [1, 2, 3, 4]);
        let lines = recorded(|| {
            upgraded();
            frame.iter().for_each(|octet| record(WE, &[*octet]));
        });
        let text = lines.join("\n");
        assert!(text.contains("{\"text\":\"hi\"}") && text.contains("in 19 writes"), "{text}");
    }

    #[test]
    fn what_is_the_same_is_counted_and_the_end_is_told() {
        let pings = crate::client::masked(0x89, b"late", [1, 2, 3, 4]).repeat(39);
        let lines = recorded(|| {
            upgraded();
            record(WE, &pings);
            record(YOU, b"\x88\x02\x03\xe8");
            ended(YOU, false);
            ended(YOU, false);
        });
        let text = lines.join("\n");
        assert_eq!(text.matches("\"late\"").count(), 1, "{text}");
        assert!(text.contains("38 times more"), "{text}");
        assert!(text.contains("88 02") && text.contains("1000"), "{text}");
        assert_eq!(text.matches("the end of TCP").count(), 1, "{text}");
    }

    #[test]
    fn a_frame_of_which_only_the_header_was_sent_is_told() {
        let lines = recorded(|| {
            upgraded();
            record(WE, b"\x81\xfe\x80\x01\x01\x02\x03\x04");
            record(YOU, b"\x88\x02\x03\xf1");
        });
        let (before, after) = lines.split_at(lines.iter().position(|line| line.contains("88 02")).unwrap());
        assert!(before.iter().any(|line| line.contains("81 fe 80 01")), "{lines:?}");
        assert_eq!(after.len(), 1, "{lines:?}");
    }

    #[test]
    fn a_text_is_told_though_a_piece_of_it_ends_within_a_character() {
        let lines = recorded(|| {
            upgraded();
            record(
                YOU,
                &[b"\x81\x7f\0\0\0\0\0\x01\x38\x81{".as_slice(), "😀".repeat(20_000).as_bytes()].concat(),
            );
        });
        let text = lines.join("\n");
        assert!(text.contains("{😀😀") && text.contains("octets more"), "{text}");
    }

    #[test]
    fn behind_the_octets_that_are_kept_it_is_told_how_many_there_were() {
        let lines = recorded(|| {
            upgraded();
            let frame = crate::client::masked(0x81, &vec![b'x'; 60_000], [1, 2, 3, 4]);
            (0..36).for_each(|_| record(WE, &frame));
            measured("memory", "your program uses 10 MiB");
            measured("memory", "your program uses 9 MiB");
        });
        let text = lines.join("\n");
        assert!(text.contains("59,888 octets more") && text.contains("63,292 octets more"), "{text}");
        assert!(text.contains("uses 9 MiB") && !text.contains("uses 10 MiB"), "{text}");
        assert!(lines.iter().all(|line| line.chars().count() <= 76), "{text}");
    }
}
