//! Which cases stand beside one another: those that differ only in what is compared.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use crate::record::{Case, Figure, Kind, Parameters, Question, Record, Subject};

/// A parameter that a plot has on its axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// Messages a second.
    Rate,
    /// Clients.
    Audience,
    /// Delay each way (ms).
    Delay,
}

impl Axis {
    /// The value that a case has.
    pub fn of(self, parameters: &Parameters) -> f64 {
        match self {
            Self::Rate => parameters.rate,
            Self::Audience => f64::from(parameters.audience),
            Self::Delay => f64::from(parameters.delay_ms),
        }
    }

    /// The axis in words, its unit included.
    pub fn words(self) -> &'static str {
        match self {
            Self::Rate => "messages a second",
            Self::Audience => "clients",
            Self::Delay => "delay each way (ms)",
        }
    }
}

/// What a case has set, who and TLS left out: equal for cases that may be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Setting {
    rate: u64,
    audience: u32,
    delay_ms: u32,
    loss: u64,
    payload: u32,
}

impl Setting {
    /// The setting of a case.
    pub fn of(parameters: &Parameters) -> Self {
        Self {
            rate: parameters.rate.to_bits(),
            audience: parameters.audience,
            delay_ms: parameters.delay_ms,
            loss: parameters.loss_percent.to_bits(),
            payload: parameters.payload_octets,
        }
    }

    /// The same but for one parameter.
    fn without(mut self, axis: Axis) -> Self {
        match axis {
            Axis::Rate => self.rate = 0,
            Axis::Audience => self.audience = 0,
            Axis::Delay => self.delay_ms = 0,
        }
        self
    }
}

/// A subject with or without TLS: what a line or a row stands for.
#[derive(Clone, Debug)]
pub struct Series<'a> {
    /// Who.
    pub subject: &'a Subject,
    /// Its name for people; says TLS where the subject was measured with and without.
    pub title: String,
    /// The same, short, for a drawing.
    pub label: String,
    /// Its place among all, from 0.
    pub index: usize,
    /// Its cases, in the record's order.
    pub cases: Vec<&'a Case>,
}

/// All series of a record, in its order; those that are broken on purpose are left out.
pub fn series(record: &Record) -> Vec<Series<'_>> {
    let mut all = vec![];
    for subject in record.subjects.iter().filter(|subject| subject.kind != Kind::Broken) {
        let of = |tls| {
            let own = |case: &&Case| case.parameters.subject == subject.name && case.parameters.tls == tls;
            record.cases.iter().filter(|case| !case.runs.is_empty()).filter(own).collect::<Vec<_>>()
        };
        let (clear, tls) = (of(false), of(true));
        let both = !clear.is_empty() && !tls.is_empty();
        for (cases, suffix) in [(clear, ""), (tls, if both { ", TLS" } else { "" })] {
            if !cases.is_empty() {
                let title = format!("{}{suffix}", subject.title);
                let label = format!("{}{suffix}", short(&subject.title));
                all.push(Series { subject, title, label, index: all.len(), cases });
            }
        }
    }
    all
}

/// A title without its article, and what explains it behind a colon.
fn short(title: &str) -> String {
    let name = title.split(':').next().unwrap_or(title);
    let Some(name) = name.strip_prefix("The ") else { return name.to_owned() };
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

impl<'a> Series<'a> {
    /// The case of a setting.
    pub fn at(&self, question: Question, setting: Setting) -> Option<&'a Case> {
        let fits = |case: &&&Case| case.question == question && Setting::of(&case.parameters) == setting;
        self.cases.iter().find(fits).copied()
    }

    /// The cases along an axis that share the rest with `setting` and have the figure, in the axis' order.
    pub fn along(&self, axis: Axis, setting: Setting, figure: &str) -> Vec<(f64, &'a Case, &'a Figure)> {
        let rest = setting.without(axis);
        let fits = |case: &&&Case| {
            case.question == Question::Delivery && Setting::of(&case.parameters).without(axis) == rest
        };
        let point = |case: &&'a Case| Some((axis.of(&case.parameters), *case, case.figures.get(figure)?));
        let mut points: Vec<_> = self.cases.iter().filter(fits).filter_map(point).collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        points
    }
}

/// The setting that most runs of this question and figure were made with; of equals, the one without loss and
/// delay that is nearest to 10 messages a second for 100 clients.
pub fn reference(all: &[Series<'_>], question: Question, figure: &str) -> Option<Setting> {
    let mut counts: BTreeMap<Setting, usize> = BTreeMap::new();
    for series in all {
        let has = |case: &&&Case| case.question == question && case.figures.contains_key(figure);
        for case in series.cases.iter().filter(has) {
            *counts.entry(Setting::of(&case.parameters)).or_default() += case.runs.len();
        }
    }
    let off = |value: f64, wanted: f64| Reverse((value / wanted).ln().abs().to_bits());
    let preference = |(setting, count): &(Setting, usize)| {
        let near = (off(f64::from(setting.audience), 100.0), off(f64::from_bits(setting.rate), 10.0));
        (*count, Reverse(setting.loss), Reverse(setting.delay_ms), near)
    };
    counts.into_iter().max_by_key(preference).map(|(setting, _)| setting)
}

/// The setting whose line along the axis has most points, all series together; `None` where no series has two.
pub fn line(all: &[Series<'_>], axis: Axis, figure: &str) -> Option<Setting> {
    let settings: BTreeSet<_> = all
        .iter()
        .flat_map(|series| &series.cases)
        .filter(|case| case.question == Question::Delivery)
        .map(|case| Setting::of(&case.parameters).without(axis))
        .collect();
    let points = |setting: &Setting| {
        let lengths = all.iter().map(|series| series.along(axis, *setting, figure).len());
        let total = lengths.filter(|length| *length > 1).sum::<usize>();
        (total, Reverse(setting.delay_ms), setting.audience)
    };
    settings.into_iter().max_by_key(points).filter(|setting| points(setting).0 > 0)
}
