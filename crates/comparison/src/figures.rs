//! The catalogue of figures: what each is called, how a run gives it, and which way is better.
//!
//! A case's figures are made here ([`of_case`]), so that records of all versions call the same thing by the same name,
//! and reports and `diff` know what a name means. A run that cannot give a figure leaves it out.

use std::collections::BTreeMap;

use crate::{
    record::{Case, Figure, Histogram, Octets, Parameters, Question, Run},
    statistics,
};

mod catalogue;
mod expected;

pub use catalogue::CATALOGUE;

/// What a figure is.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// Its name in [`Case::figures`]; the end is the unit where it has one.
    pub name: &'static str,
    /// What it is, for people: the words of a table's head.
    pub title: &'static str,
    /// The unit, for people.
    pub unit: &'static str,
    /// Which way is better.
    pub better: Better,
    /// The value of a run.
    of: fn(&Parameters, &Run) -> Option<f64>,
}

/// Which way of a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Less is better: nearly all.
    Less,
    /// More is better: how many clients are served.
    More,
    /// Neither: it says what was done rather than what it cost.
    Neither,
}

/// The definition of a figure by its name.
pub fn definition(name: &str) -> Option<&'static Definition> {
    CATALOGUE.iter().find(|definition| definition.name == name)
}

/// All figures that the runs of a case give, with what theory says of them.
///
/// `tolerance` is [`crate::record::Method::theory_tolerance`]: a deviation above it is flagged.
pub fn of_case(
    parameters: &Parameters,
    question: Question,
    runs: &[Run],
    tolerance: f64,
) -> BTreeMap<String, Figure> {
    let mut figures = BTreeMap::new();
    for definition in CATALOGUE.iter().filter(|definition| definition.belongs_to(question)) {
        let values = runs.iter().filter_map(|run| (definition.of)(parameters, run)).collect();
        let Some(mut figure) = statistics::summary(values, definition.unit) else { continue };
        figure.expected = expected::of(parameters, definition.name, runs)
            .map(|theory| theory.against(figure.median, tolerance));
        figures.insert(definition.name.to_owned(), figure);
    }
    figures
}

impl Case {
    /// Makes the figures of the case from its runs.
    pub fn summarise(&mut self, tolerance: f64) {
        self.figures = of_case(&self.parameters, self.question, &self.runs, tolerance);
    }
}

impl Definition {
    /// Whether a case with this question has the figure: a delivery time over a fault would be read as one without.
    fn belongs_to(&self, question: Question) -> bool {
        use Question::{Blackhole, Capacity, Cut, Delivery, Idle, Restart, SlowReader};
        match self.name.split('_').next() {
            Some("idle") => question == Idle,
            Some("recovery") => matches!(question, Cut | Blackhole | Restart),
            Some("slow") => question == SlowReader,
            Some("capacity") => question == Capacity,
            Some("memory") => matches!(question, Delivery | Idle),
            _ => question == Delivery,
        }
    }
}

/// A time of a distribution, if anything was recorded.
fn time(histogram: &Histogram, of: impl Fn(&Histogram) -> f64) -> Option<f64> {
    (histogram.count > 0).then(|| of(histogram))
}

/// A quotient, unless the divisor is 0.
fn quotient(dividend: f64, divisor: u64) -> Option<f64> {
    (divisor > 0).then(|| dividend / divisor as f64)
}

/// Octets of one layer a message, both directions together.
fn layer(octets: &Octets, of: impl Fn(&crate::record::Direction) -> u64) -> Option<f64> {
    quotient((of(&octets.down) + of(&octets.up)) as f64, octets.messages)
}

#[cfg(test)]
mod tests;
