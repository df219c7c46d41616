//! A case: what was asked, of whom, with which parameters, and what its runs come to.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Run, Transport};

/// A subject under one set of parameters, measured several times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Case {
    /// `question/subject/parameters`, unique in a record, equal in two records that measured the same.
    pub id: String,
    /// What it is to answer.
    pub question: Question,
    /// What was set.
    pub parameters: Parameters,
    /// What was measured, a run a repetition, in the order they were made; none if it was stopped before.
    pub runs: Vec<Run>,
    /// What the runs come to, by name: the name says what, its end the unit (`delivery_p50_us`, `cpu_us_a_delivery`).
    pub figures: BTreeMap<String, Figure>,
}

impl Case {
    /// Its figures that leave their theory, by name.
    pub fn departures(&self) -> impl Iterator<Item = (&String, &Figure, &Expected)> {
        self.figures.iter().filter_map(|(name, figure)| {
            let expected = figure.expected.as_ref().filter(|expected| expected.flagged)?;
            Some((name, figure, expected))
        })
    }
}

/// What a case is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// How long messages take, and what they cost, under a steady load.
    Delivery,
    /// What an audience costs that hears nothing.
    Idle,
    /// How long until messages come again after the connections were cut.
    Cut,
    /// How long until messages come again after a time in which nothing passed, and nothing said so.
    Blackhole,
    /// How long until messages come again after the server was killed and started again.
    Restart,
    /// What a client that does not read costs the server and the others.
    SlowReader,
    /// How many clients a server serves within a bound of the 99th percentile.
    Capacity,
}

/// What was set for a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Parameters {
    /// The subject's name.
    pub subject: String,
    /// How it is followed.
    pub transport: Transport,
    /// Posts, of all posters together (a second); 0 in idle cases. After a fault, so many at first, then ever fewer: times are
    /// told to a twentieth.
    pub rate: f64,
    /// Clients that follow.
    pub audience: u32,
    /// Delay each way, added to that of loopback (ms).
    pub delay_ms: u32,
    /// Packets lost each way (percent); only below TCP.
    pub loss_percent: f64,
    /// The message's text (octets, ASCII).
    pub payload_octets: u32,
    /// How many of the newest messages the server keeps for newcomers.
    pub history: u32,
    /// True if the connection is TLS.
    pub tls: bool,
    /// The pause of a polling client from an answer to its next request (s); absent for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_s: Option<f64>,
    /// How long it ran before anything was counted (s).
    pub warm_up_s: f64,
    /// How long it was measured (s).
    pub window_s: f64,
    /// The fault's length, in cases that have one (s).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault_s: Option<f64>,
}

/// What the repetitions of a case come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    /// The unit, for people: `µs`, `octets`, `requests`, `s`, `messages`.
    pub unit: String,
    /// The median of the repetitions.
    pub median: f64,
    /// The lower end of the median's interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The part of cases in which such an interval holds the true median: 1 - 2 P(Bin(n, 1/2) < k) for the k-th least
    /// and k-th greatest of n repetitions. Few repetitions give less than 0.95, and this says so.
    pub confidence: f64,
    /// Repetitions that had this figure.
    pub repetitions: u32,
    /// What theory says; absent where it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
}

/// What theory says of a figure, and how the measured median lies to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    /// The expected value, in the figure's unit.
    pub value: f64,
    /// The formula, as in the documentation of `comparison::theory`.
    pub formula: String,
    /// (measured - expected) / expected.
    pub deviation: f64,
    /// The deviation that chance may make, or the method's tolerance if that is more (0 to 1).
    pub tolerance: f64,
    /// True if the deviation is above the tolerance: a reader must explain it.
    pub flagged: bool,
}
