//! What passes while a check runs: for `--trace`, and for the conversations that `explain` shows.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt::Write as _,
};

use serde::{Deserialize, Serialize};
use wire::explain::{Explainer, Protocol, Side};

/// The most pieces that are kept of a check.
const MAX_PIECES: usize = 64;

/// The most octets that are kept of a piece.
const MAX_PIECE_BYTES: usize = 400;

/// Likewise of what a page asks: a browser's head has 500 to 700, and behind a cut nothing can be told.
const MAX_ASKED_BYTES: usize = 1_024;

/// What one side sent at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The connection, counted from 1.
    pub connection: usize,
    /// Whether we sent it.
    pub ours: bool,
    /// Whether the other side is the page, and we are the server.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub to_page: bool,
    /// Its octets, as many as are kept, in hexadecimal digits.
    pub octets: String,
    /// How many there were.
    pub length: usize,
}

thread_local! {
    static PIECES: RefCell<Option<Vec<Piece>>> = const { RefCell::new(None) };
    static CONNECTIONS: Cell<usize> = const { Cell::new(0) };
}

/// Begins to keep what this thread's clients send and read.
pub fn begin() {
    CONNECTIONS.set(0);
    PIECES.set(Some(Vec::new()));
}

/// Ends it, and gives what was kept.
pub fn end() -> Vec<Piece> {
    PIECES.take().unwrap_or_default()
}

/// The number of a new connection.
pub(crate) fn connection() -> usize {
    CONNECTIONS.set(CONNECTIONS.get() + 1);
    CONNECTIONS.get()
}

pub(crate) fn record(connection: usize, ours: bool, to_page: bool, octets: &[u8]) {
    PIECES.with_borrow_mut(|pieces| {
        let Some(pieces) = pieces.as_mut().filter(|pieces| pieces.len() < MAX_PIECES) else { return };
        let most = if to_page && !ours { MAX_ASKED_BYTES } else { MAX_PIECE_BYTES };
        let kept = octets.get(..most).unwrap_or(octets);
        let octets_text = kept.iter().fold(String::new(), |mut text, octet| {
            let _ = write!(text, "{octet:02x}");
            text
        });
        pieces.push(Piece { connection, ours, to_page, octets: octets_text, length: octets.len() });
    });
}

impl Piece {
    fn bytes(&self) -> Vec<u8> {
        let digit = |at| u8::from_str_radix(self.octets.get(at..at + 2)?, 16).ok();
        (0..self.octets.len()).step_by(2).filter_map(digit).collect()
    }
}

/// The conversation, a unit a line: who, on which connection, its first octets, what it says.
pub fn told(pieces: &[Piece]) -> Vec<String> {
    let mut explainers: BTreeMap<usize, Explainer> = BTreeMap::new();
    let several = pieces.iter().any(|piece| piece.connection > 1);
    let mut lines = Vec::new();
    // Behind octets that were not kept nobody can tell where a frame begins.
    let mut cut = Vec::new();
    for piece in pieces {
        if cut.contains(&(piece.connection, piece.ours)) {
            continue;
        }
        let explainer = explainers.entry(piece.connection).or_insert_with(|| Explainer::new(Protocol::Http1));
        let octets = piece.bytes();
        let side = if piece.ours == piece.to_page { Side::Server } else { Side::Client };
        for unit in explainer.push(side, &octets) {
            let arrow = if piece.ours { "we  -->" } else { "you <--" };
            let who = if several { format!("{:>3} ", piece.connection) } else { String::new() };
            let summary: String = unit.summary.chars().take(66 - who.len()).collect();
            lines.push(format!("{who}{arrow} {summary}"));
        }
        if piece.length > octets.len() {
            cut.push((piece.connection, piece.ours));
            lines.push(format!("        … {} bytes more", piece.length - octets.len()));
        }
    }
    lines
}
