//! What a learner's `check` tells the wall, and what the wall tells everybody of it.

use std::collections::BTreeMap;

use message_store::{Draft, DraftError};
use serde::{Deserialize, Serialize};

/// Learners on one wall.
pub const MAX_LEARNERS: usize = 64;

/// Octets of a report.
pub const MAX_REPORT_BYTES: usize = 4 * 1024;

/// Steps that a report may name.
pub const MAX_STEPS: usize = 24;

/// Characters of the name of a track, a step or a check.
pub const MAX_WORD: usize = 48;

/// Minutes that a step may have taken: a week.
pub const MAX_MINUTES: u64 = 7 * 24 * 60;

/// Characters of a seat: 128 random bits in hexadecimal.
pub const SEAT_DIGITS: usize = 32;

/// What a learner's `check` tells: all of it is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The name that they chose for the wall.
    pub name: String,
    /// Random, and kept by the learner and the wall alone: who has it has the name.
    pub seat: String,
    /// Where they stand.
    pub standing: Standing,
}

/// Where a learner stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// The track under way, such as `raw-websocket`; none before the first `start`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<String>,
    /// The step under way; when all are done, the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Whether the last check passed; nothing where nothing was checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// Minutes at the step under way so far.
    #[serde(default)]
    pub minutes: u64,
    /// The steps that are done, and how many minutes each took.
    #[serde(default)]
    pub done: BTreeMap<String, u64>,
    /// The check that failed, of learners who want to be seen when they are stuck.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck_at: Option<String>,
    /// They leave; the wall forgets them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
}

/// What a message of the wall's log says of its `user`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// When the wall was told, by its clock: milliseconds since the Unix epoch.
    pub at: u64,
    /// Where they stand.
    pub standing: Standing,
}

/// The rule that a report breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// It is no JSON of a report.
    #[error("the content must be a report: {0}")]
    Syntax(String),
    /// The name breaks a rule that names of the chat have too, or the report is too long for the log.
    #[error("`name` must have 1 to 32 characters, none of them a control character: {0}")]
    Name(DraftError),
    /// The seat is none.
    #[error("`seat` must have {SEAT_DIGITS} hexadecimal digits")]
    Seat,
    /// A name of a track, a step or a check is none.
    #[error("`{0}` must have 1 to {MAX_WORD} of a-z, 0-9 and -")]
    Word(&'static str),
    /// Too many steps.
    #[error("`done` has {0} steps; at most {MAX_STEPS} are allowed")]
    Steps(usize),
    /// Too many minutes.
    #[error("`{field}` has {minutes} minutes; at most {MAX_MINUTES} are allowed")]
    Minutes {
        /// Where.
        field: &'static str,
        /// How many.
        minutes: u64,
    },
}

fn word(field: &'static str, word: &str) -> Result<(), ReportError> {
    let is_plain = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
    let is_word = (1..=MAX_WORD).contains(&word.len()) && word.bytes().all(is_plain);
    if is_word { Ok(()) } else { Err(ReportError::Word(field)) }
}

fn minutes(field: &'static str, minutes: u64) -> Result<(), ReportError> {
    if minutes <= MAX_MINUTES { Ok(()) } else { Err(ReportError::Minutes { field, minutes }) }
}

impl Report {
    /// Reads a report and judges it. Its name is trimmed, as names of the chat are.
    ///
    /// # Errors
    ///
    /// The first rule that it breaks.
    pub fn from_json(json: &[u8]) -> Result<Self, ReportError> {
        let mut report: Self =
            serde_json::from_slice(json).map_err(|error| ReportError::Syntax(error.to_string()))?;
        report.name = Draft::new(&report.name, "-", None).map_err(ReportError::Name)?.user().to_owned();
        let is_digit = |octet: u8| octet.is_ascii_digit() || (b'a'..=b'f').contains(&octet);
        if report.seat.len() != SEAT_DIGITS || !report.seat.bytes().all(is_digit) {
            return Err(ReportError::Seat);
        }
        let Standing { track, step, minutes: so_far, done, stuck_at, .. } = &report.standing;
        for (field, named) in [("track", track), ("step", step), ("stuck_at", stuck_at)] {
            named.as_deref().map_or(Ok(()), |named| word(field, named))?;
        }
        if done.len() > MAX_STEPS {
            return Err(ReportError::Steps(done.len()));
        }
        minutes("minutes", *so_far)?;
        for (step, took) in done {
            word("done", step)?;
            minutes("done", *took)?;
        }
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SEAT: &str = "0123456789abcdef0123456789abcdef";

    fn judged(change: &Value) -> Result<Report, ReportError> {
        let standing = json!({ "track": "polling", "step": "history" });
        let mut report = json!({ "name": "Ada", "seat": SEAT, "standing": standing });
        for (field, value) in change.as_object().unwrap().clone() {
            let place = if report.get(&field).is_some() { &mut report } else { &mut report["standing"] };
            place[field] = value;
        }
        Report::from_json(report.to_string().as_bytes())
    }

    #[test]
    fn a_report_says_where_somebody_stands() {
        let report =
            judged(&json!({ "name": " Ada ", "passed": true, "minutes": 3, "done": { "history": 12 } }));
        let report = report.unwrap();
        assert_eq!((&*report.name, report.standing.passed), ("Ada", Some(true)));
        assert_eq!(report.standing.done, BTreeMap::from([("history".to_owned(), 12)]));
        let again = Report::from_json(serde_json::to_string(&report).unwrap().as_bytes());
        assert_eq!(again.unwrap(), report);
    }

    #[test]
    fn each_rule_has_its_own_sentence() {
        let long = "x".repeat(MAX_WORD + 1);
        let steps: serde_json::Map<_, _> =
            (0..=MAX_STEPS).map(|step| (format!("s{step}"), json!(1))).collect();
        for (change, says) in [
            (json!({ "name": "" }), "`name` must have 1 to 32"),
            (json!({ "name": "x".repeat(33) }), "33 characters"),
            (json!({ "name": "a\u{1b}[31m" }), "U+001B"),
            (json!({ "seat": "12" }), "`seat` must have 32"),
            (json!({ "seat": SEAT.to_uppercase() }), "`seat` must have 32"),
            (json!({ "track": "<b>" }), "`track` must have 1 to 48"),
            (json!({ "step": "" }), "`step` must have 1 to 48"),
            (json!({ "stuck_at": long }), "`stuck_at` must have 1 to 48"),
            (json!({ "minutes": MAX_MINUTES + 1 }), "`minutes` has 10081 minutes"),
            (json!({ "done": { "history": 99_999 } }), "`done` has 99999 minutes"),
            (json!({ "done": steps }), "`done` has 25 steps"),
            (json!({ "done": { "A B": 1 } }), "`done` must have 1 to 48"),
            (json!({ "minutes": -1 }), "the content must be a report"),
        ] {
            let told = judged(&change).unwrap_err().to_string();
            assert!(told.contains(says), "{change}: {told}");
        }
        assert!(Report::from_json(b"what?").is_err());
    }

    /// Nobody sends more than the fields that they were told of.
    #[test]
    fn what_a_report_has_no_place_for_is_refused() {
        assert!(judged(&json!({ "code": "fn main() {}" })).is_err());
        let beside = json!({ "name": "Ada", "seat": SEAT, "standing": {}, "code": "fn main() {}" });
        assert!(Report::from_json(beside.to_string().as_bytes()).is_err());
    }
}
