//! What a check says when it fails: what was done, what must come, what came, what its octets mean, where to look.

mod explained;

use std::{
    fmt::Write as _,
    ops::{Deref, DerefMut},
};

use serde::Serialize;

use explained::explained;

use crate::terminal::{COLUMNS, Paint, Style, justified, wrap};

/// Octets of a row in the picture of what came.
const ROW: usize = 16;

/// Why a check failed.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Failure(Box<Facts>);

impl Deref for Failure {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl DerefMut for Failure {
    fn deref_mut(&mut self) -> &mut Facts {
        &mut self.0
    }
}

/// What is known of a failure.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Facts {
    /// What was done, in sentences.
    pub did: Vec<String>,
    /// What must come, in words or octets.
    pub expected: String,
    /// What came.
    pub got: String,
    /// The octets that must come, if there are such.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expected_octets: Vec<u8>,
    /// The octets that came from the server, from the first that matters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub got_octets: Vec<u8>,
    /// Whether those octets are frames of HTTP/2.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_http2: bool,
    /// Lines on what came: what each octet says, a panic's message.
    pub notes: Vec<String>,
    /// What most likely is wrong.
    pub likely: Option<String>,
    /// The region to look at, if it is another than the check's.
    pub region: Option<String>,
    /// Where the program panicked, such as `src/frame.rs:41:9`.
    pub panic: Option<String>,
    /// How to get what this machine lacks, where the check was not run at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_run: Option<String>,
}

impl Failure {
    /// A failure with what was expected and what came, in words.
    pub fn new(expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self(Box::new(Facts { expected: expected.into(), got: got.into(), ..Facts::default() }))
    }

    /// A check that was not run, for something is missing that is no part of what it checks: neither passed nor failed.
    pub fn not_run(why: impl Into<String>, fix: &str) -> Self {
        let mut failure = Self::new("the check is run", why);
        failure.not_run = Some(fix.to_owned());
        failure
    }

    /// A failure with the octets that were expected and those that came.
    pub fn octets(expected: &[u8], got: &[u8]) -> Self {
        Self::new(hex(expected), hex(got)).expecting(expected).came(got)
    }

    fn expecting(mut self, octets: &[u8]) -> Self {
        self.expected_octets = octets.to_vec();
        self
    }

    /// With one more sentence on what was done.
    #[must_use]
    pub fn did(mut self, sentence: impl Into<String>) -> Self {
        self.did.push(sentence.into());
        self
    }

    /// With the octets that came, to be explained.
    #[must_use]
    pub fn came(mut self, octets: &[u8]) -> Self {
        self.got_octets = octets.to_vec();
        self
    }

    /// With the frames of HTTP/2 that came, to be explained.
    #[must_use]
    pub fn came_http2(mut self, octets: &[u8]) -> Self {
        self.is_http2 = true;
        self.came(octets)
    }

    /// With the likely cause.
    #[must_use]
    pub fn likely(mut self, cause: impl Into<String>) -> Self {
        self.likely = Some(cause.into());
        self
    }

    /// With the region to look at.
    #[must_use]
    pub fn region(mut self, region: &str) -> Self {
        self.region = Some(region.to_owned());
        self
    }

    /// All its words, for who looks for some: hints, and the tests of mistakes.
    pub fn words(&self) -> String {
        let mut words = self.did.join("\n");
        let likely = self.likely.as_deref().unwrap_or_default();
        for part in [&self.expected, &self.got, &self.notes.join("\n"), likely] {
            words.push('\n');
            words.push_str(part);
        }
        words
    }

    /// Where the octets that came first differ from those that must come.
    fn differs_at(&self) -> Option<usize> {
        if self.expected_octets.is_empty() {
            return None;
        }
        let same = self.expected_octets.iter().zip(&self.got_octets).take_while(|(a, b)| a == b).count();
        (same < self.got_octets.len()).then_some(same)
    }
}

/// What stands around a failure.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The track.
    pub track: String,
    /// The number of the step.
    pub step: usize,
    /// The check.
    pub check: String,
    /// The rule that it checks.
    pub rule: String,
    /// Where the rule comes from.
    pub rfc: String,
    /// What brings back names, texts and sizes.
    pub seed: u64,
    /// Where the learner's code for it stands.
    pub place: Option<String>,
    /// What failed.
    pub failure: Failure,
}

impl Report {
    /// The report as a person reads it; `hint` says how to get one.
    pub fn render(&self, paint: Paint, hint: &str) -> String {
        let Self { track, step, check, rule, rfc, seed, place, failure } = self;
        let mut text = String::new();
        let title = justified(&format!("{track} / {step} / {check}"), &format!("seed {seed}"));
        let _ = writeln!(text, "{}", paint.text(Style::Bold, title));
        let line = justified(&format!("  {rule}"), rfc);
        let _ = writeln!(text, "{}", paint.text(Style::Red, line));
        let _ = write!(text, "{}", wrap(&failure.did.join(" "), "  "));
        told(&mut text, "expected", &failure.expected, paint, Style::Green);
        told(&mut text, "got", &failure.got, paint, Style::Red);
        if let Some(at) = failure.differs_at().filter(|&at| at < ROW) {
            let caret = format!("{}^^ byte {}", " ".repeat(13 + 3 * at), at + 1);
            let _ = writeln!(text, "{}", paint.text(Style::Yellow, caret));
        }
        for line in failure.notes.iter().cloned().chain(explained(&failure.got_octets, failure.is_http2)) {
            let _ = write!(text, "{}", paint.text(Style::Dim, hanging(&line)));
        }
        if let Some(likely) = &failure.likely {
            let _ = write!(text, "{}", paint.text(Style::Yellow, wrap(&format!("likely: {likely}"), "  ")));
        }
        let place = place.as_deref().map(|place| format!("  your code: {place}")).unwrap_or_default();
        if place.chars().count() + hint.len() + 2 > COLUMNS {
            let _ = writeln!(text, "{}\n  {hint}", paint.text(Style::Cyan, place));
        } else {
            let _ = writeln!(text, "{}", paint.text(Style::Cyan, justified(&place, hint)));
        }
        text
    }
}

fn told(text: &mut String, what: &str, value: &str, paint: Paint, style: Style) {
    let mut wrapped = wrap(value, "             ");
    wrapped.replace_range(2..2 + what.len(), what);
    let _ = write!(text, "{}", paint.text(style, wrapped));
}

/// A line whose further lines stand under its second column.
fn hanging(line: &str) -> String {
    const COLUMN: usize = 18;
    let fits = |octets: &str| octets.chars().count() + 3 < COLUMN;
    let Some((octets, meaning)) = line.split_once("  ").filter(|(octets, _)| fits(octets)) else {
        return wrap(line, "  ");
    };
    let wrapped = wrap(meaning, &" ".repeat(COLUMN));
    let rest = wrapped.get(COLUMN..).unwrap_or_default();
    format!("  {octets}{}{rest}", " ".repeat(COLUMN - 2 - octets.chars().count()))
}

/// Octets as a row of hexadecimal digits.
pub fn hex(octets: &[u8]) -> String {
    let mut row: Vec<_> = octets.iter().take(ROW).map(|octet| format!("{octet:02x}")).collect();
    if octets.len() > ROW {
        row.push("…".to_owned());
    }
    if row.is_empty() { "nothing".to_owned() } else { row.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_characters() {
        assert_eq!(hanging("226d6573…  41 octets"), "  226d6573…       41 octets\n");
        assert_eq!(hanging("7e  126"), "  7e              126\n");
        assert_eq!(hanging("| a line that a program said"), "  | a line that a program said\n");
    }

    #[test]
    fn a_failure_says_what_each_octet_means() {
        let payload = format!("{{\"messages\":[{}", "x".repeat(112));
        let got = [b"\x81\x7e".as_slice(), payload.as_bytes()].concat();
        let expected = [b"\x81\x7e\x00\x7e".as_slice(), payload.as_bytes()].concat();
        let report = Report {
            track: "raw-websocket".into(),
            step: 3,
            check: "reply-lengths".into(),
            rule: "a reply of 126 bytes uses the 16-bit length form".into(),
            rfc: "RFC 6455 §5.2".into(),
            seed: 4711,
            place: Some("my/raw-websocket/src/frame.rs:41 (fn encode)".into()),
            failure: Failure::octets(&expected, &got).did("we connected").likely("126 does not fit"),
        };
        let text = report.render(Paint(false), "hint: cargo workshop hint");
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
        for part in [
            "raw-websocket / 3 / reply-lengths",
            "seed 4711",
            "RFC 6455 §5.2",
            "  expected   81 7e 00 7e 7b",
            "  got        81 7e 7b 22",
            "                   ^^ byte 3",
            "  81              FIN, text",
            "126",
            "likely: 126",
            "frame.rs:41 (fn encode)",
        ] {
            assert!(text.contains(part), "{part:?} is missing:\n{text}");
        }
    }
}
