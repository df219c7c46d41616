//! What a tap tells: events, and counts since its start.

use std::mem::size_of_val;

use serde::Serialize;

use crate::explain::Side;

/// Something that happened: a unit of the wire was complete, a connection was opened or closed, a disturbance changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Counts up from 1 by 1, for each tap.
    pub id: u64,
    /// The connection, counted from 1 by its tap; absent where all are meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<u64>,
    /// When, at the client's end of the network, in milliseconds of the [`Clock`](crate::Clock).
    pub at: f64,
    /// The kind of the [`Unit`](crate::explain::Unit), or `opened`, `closed`, `disturbed`.
    pub kind: &'static str,
    /// Who sent the octets, or closed the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Side>,
    /// The unit in one line.
    pub name: String,
    /// Octets of the unit.
    pub octets: u64,
    /// The HTTP/2 stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// The ids of chat messages whose octets are in it.
    #[serde(rename = "message", skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<u64>,
    /// The nonces of drafts and messages in it.
    #[serde(rename = "nonce", skip_serializing_if = "Vec::is_empty")]
    pub nonces: Vec<String>,
    /// The event of the request that it answers, or belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
}

impl Event {
    /// Octets, about, of what it names.
    pub(super) fn texts(&self) -> usize {
        let nonces: usize = self.nonces.iter().map(|nonce| size_of_val(nonce) + nonce.len()).sum();
        self.name.len() + size_of_val(&*self.messages) + nonces
    }
}

/// What was counted since the tap began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Requests, opening handshakes included.
    pub requests: u64,
    /// Octets of either side.
    pub octets: BothSides,
    /// When the last octet passed, either way, in milliseconds of the [`Clock`](crate::Clock); `None` before the first.
    pub last_octet_at: Option<f64>,
}

/// Octets of either side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BothSides {
    /// Sent by clients.
    pub client: Octets,
    /// Sent by the server.
    pub server: Octets,
}

impl BothSides {
    pub(super) const fn of(&mut self, side: Side) -> &mut Octets {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

/// Octets that one side sent. Once all units are complete, `fields`, `framing`, `envelope`, `payload` and `other` are
/// `plain` together; a unit counts when its last octet has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Octets {
    /// On the socket.
    pub tcp: u64,
    /// What TLS adds: `tcp` without `plain`.
    pub tls: u64,
    /// Inside TLS, or on the socket where there is none.
    pub plain: u64,
    /// Start lines and fields.
    pub fields: u64,
    /// Headers of chunks and frames, masking keys, control frames, preface.
    pub framing: u64,
    /// JSON around the chat's texts.
    pub envelope: u64,
    /// The chat's texts, as they stand in JSON.
    pub payload: u64,
    /// Content that is no JSON, such as the page's files; what is not understood, not whole, or not explained.
    pub other: u64,
}

impl Octets {
    pub(super) const fn add(&mut self, parts: Parts) {
        self.fields += parts.fields;
        self.framing += parts.framing;
        self.envelope += parts.envelope;
        self.payload += parts.payload;
        self.other += parts.other;
    }
}

/// What a unit's octets are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) fields: u64,
    pub(super) framing: u64,
    pub(super) envelope: u64,
    pub(super) payload: u64,
    pub(super) other: u64,
}
