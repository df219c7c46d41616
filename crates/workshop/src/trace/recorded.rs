//! The first octets of a conversation, as the walkthrough's pages show them beside their text.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Octets, Piece};

/// Pieces that are kept of a check: more would not be read.
const MAX_PIECES: usize = 16;

/// The most octets that are kept of a piece.
const MAX_PIECE_BYTES: usize = 400;

/// Likewise of what a page asks: a browser's head has 500 to 700, and behind a cut nothing can be told.
const MAX_ASKED_BYTES: usize = 1_024;

/// What one side sent at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// The connection, counted from 1.
    pub connection: usize,
    /// Whether the check sent it.
    pub ours: bool,
    /// Whether the other side is the page, and the check is the server.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub to_page: bool,
    /// Its octets, as many as are kept, in hexadecimal digits.
    pub octets: String,
    /// How many there were.
    pub length: usize,
}

/// The first octets of a conversation.
pub fn recorded(pieces: &[Piece]) -> Vec<Recorded> {
    let octets = pieces.iter().filter_map(|piece| match piece {
        Piece::Octets(octets) => Some(recorded_piece(octets)),
        Piece::End { .. } | Piece::Note { .. } => None,
    });
    octets.take(MAX_PIECES).collect()
}

fn recorded_piece(Octets { from, kept, length, .. }: &Octets) -> Recorded {
    let most = if from.to_page && !from.ours { MAX_ASKED_BYTES } else { MAX_PIECE_BYTES };
    let digits = kept.get(..most).unwrap_or(kept).iter().fold(String::new(), |mut text, octet| {
        // Writing to a String does not fail.
        let _ = write!(text, "{octet:02x}");
        text
    });
    let (connection, ours, to_page) = (from.connection, from.ours, from.to_page);
    Recorded { connection, ours, to_page, octets: digits, length: *length }
}
