//! What passes while a check runs: for `--trace`, and for the conversations that `explain` shows.

mod entries;
mod heads;
mod recorded;
mod shown;
mod telling;
#[cfg(test)]
mod tests;
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
