//! A unit with its octets and what they say, as the page shows it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

use crate::explain::{Side, Span};

use super::{expected::Expected, journal::Kept};

/// A unit that is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CapturedUnit {
    /// The id of its event.
    pub id: u64,
    /// The connection, counted from 1 by its tap.
    pub connection: u64,
    /// Who sent it.
    pub from: Side,
    /// When, in milliseconds, to the microsecond.
    pub at: f64,
    /// The kind of the [`Unit`](crate::explain::Unit).
    pub kind: &'static str,
    /// The unit in one line.
    pub name: String,
    /// Where it begins, among all octets of its side.
    pub start: u64,
    /// Its octets, in base64.
    pub octets: String,
    /// Spans that tile it; they count from the unit's first octet.
    pub spans: Vec<Span>,
    /// Its size by the rules alone, where they say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
}

impl CapturedUnit {
    /// The unit of an event; `None` for one without octets.
    pub(super) fn of(kept: &Kept) -> Option<Self> {
        let (event, captured) = (&kept.event, kept.captured.as_ref()?);
        let spans = captured.spans.iter().cloned().map(|span| Span {
            start: span.start - captured.start,
            end: span.end - captured.start,
            ..span
        });
        Some(Self {
            id: event.id,
            connection: event.connection?,
            from: event.from?,
            at: event.at,
            kind: event.kind,
            name: event.name.clone(),
            start: captured.start,
            octets: STANDARD.encode(&captured.octets),
            spans: spans.collect(),
            expected: captured.expected.clone(),
        })
    }
}
