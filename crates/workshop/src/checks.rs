//! Checks: each talks to a process over sockets, and says what it saw. It knows nothing of the learner's code.

/// Lists the checks of a track: those of the server, then those of the page.
macro_rules! checks {
    ($($place:ident {$($($run:ident)::+ $id:literal, $rule:literal, $rfc:literal, $region:literal;)+})+) => {
        /// All of them.
        pub(super) const CHECKS: &[Check] = &[
            $($(Check {
                id: $id,
                rule: $rule,
                rfc: $rfc,
                region: $region,
                place: crate::checks::Place::$place,
                run: $($run)::+,
            },)+)+
        ];
    };
}

mod http;
mod http2_streaming;
mod long_polling;
mod page;
mod polling;
mod raw_websocket;
mod tungstenite_websocket;

use crate::probe::{Outcome, Probe};

/// Where a check looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the server, which has little to do: most of the time of such a check is waiting.
    Server,
    /// At the page, in a browser, which has much to do.
    Page,
}

/// A check of a track.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its name.
    pub id: &'static str,
    /// The rule, in one sentence.
    pub rule: &'static str,
    /// Where the rule comes from.
    pub rfc: &'static str,
    /// The region where it is kept.
    pub region: &'static str,
    /// Where it looks.
    pub place: Place,
    /// Runs it.
    pub run: fn(&Probe) -> Outcome,
}

/// The checks of a track, in no order that matters.
pub fn of(track: &str) -> &'static [Check] {
    match track {
        "http2-streaming" => http2_streaming::CHECKS,
        "long-polling" => long_polling::CHECKS,
        "polling" => polling::CHECKS,
        "raw-websocket" => raw_websocket::CHECKS,
        "tungstenite-websocket" => tungstenite_websocket::CHECKS,
        _ => &[],
    }
}

/// The check of this name.
pub fn find(track: &str, id: &str) -> Option<&'static Check> {
    of(track).iter().find(|check| check.id == id)
}
