//! What a reader must know before any figure: that it failed, that it is half, that it is noisy.

use super::words;
use crate::record::{Record, Run, Size};

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The figures cannot be used.
    Bad,
    /// They can be used with care.
    Careful,
    /// It is only told.
    Note,
}

/// A notice.
#[derive(Clone, Debug)]
pub struct Notice {
    /// How much it matters.
    pub weight: Weight,
    /// What it is, in a few words.
    pub head: String,
    /// The sentence.
    pub text: String,
}

/// All notices of a record, the worst first.
pub fn notices(record: &Record) -> Vec<Notice> {
    let mut all = vec![];
    let mut say = |weight, head: &str, text: String| all.push(Notice { weight, head: head.to_owned(), text });
    for failure in &record.failures {
        let text = format!(
            "{}, in {} (repetition {}).",
            failure.what.trim_end_matches('.'),
            failure.case,
            failure.repetition
        );
        say(Weight::Bad, &format!("Failed: {}", failure.subject), text);
    }
    for case in &record.cases {
        let sum = |of: fn(&Run) -> u64| case.runs.iter().map(of).sum::<u64>();
        let wrong = [
            ("lost", sum(|run| run.accounting.lost)),
            ("doubled", sum(|run| run.accounting.doubled)),
            ("reordered", sum(|run| run.accounting.reordered)),
        ];
        let told = record.failures.iter().any(|failure| failure.case == case.id);
        for (what, count) in wrong.into_iter().filter(|(_, count)| *count > 0 && !told) {
            let of = sum(|run| run.accounting.delivered);
            let text = format!(
                "{} of {} deliveries were {what} in {}.",
                words::exact(count as f64),
                words::exact(of as f64),
                case.id
            );
            say(Weight::Bad, &format!("Messages {what}: {}", case.parameters.subject), text);
        }
    }
    if !record.complete {
        say(Weight::Careful, "Stopped half-way", format!("{} What was done is here.", half_done(record)));
    }
    if record.size == Size::Quick {
        let text =
            "Made with --quick, in two minutes: it shows that everything works, and orders of magnitude.";
        say(Weight::Careful, "A look, not a measurement", text.to_owned());
    }
    let differing: Vec<_> = record.control.iter().filter(|control| control.differs).collect();
    if !differing.is_empty() {
        let names: Vec<_> = differing.iter().map(|control| control.figure.clone()).collect();
        let text = format!(
            "A server differs from itself in {} of {} figures: {}. Differences of that size mean nothing.",
            differing.len(),
            record.control.len(),
            words::list(&names)
        );
        say(Weight::Careful, "The A/A control shows a difference", text);
    }
    let runs = || record.cases.iter().flat_map(|case| &case.runs);
    let limited = runs().filter(|run| run.load.limited).count();
    if limited > 0 {
        let text = format!(
            "In {} of {} the load was later than {} or took more than {} % of a core: these measured the load.",
            limited,
            words::count(runs().count(), "run", "runs"),
            words::value(record.method.lag_limit_us as f64, "µs"),
            words::exact(record.method.load_cpu_limit * 100.0)
        );
        say(Weight::Careful, "The load was the limit", text);
    }
    let machine = &record.machine;
    if machine.load_average > 0.2 * machine.cores as f64 {
        let text = format!(
            "In the minute before, {} processes in the mean wanted to run on {}: timings are doubtful.",
            words::digits(machine.load_average),
            words::count(machine.cores, "core", "cores")
        );
        say(Weight::Careful, "The machine was busy", text);
    }
    if !record.only.is_empty() {
        say(Weight::Note, "A part", format!("Asked for with --only {}.", record.only.join(" --only ")));
    }
    all
}

/// The cases that have no run.
pub fn not_run(record: &Record) -> impl Iterator<Item = &str> {
    record.cases.iter().filter(|case| case.runs.is_empty()).map(|case| case.id.as_str())
}

/// How much of the plan is there.
pub fn half_done(record: &Record) -> String {
    let most = |question| {
        let of = record.cases.iter().filter(|case| case.question == question);
        of.map(|case| case.runs.len()).max().unwrap_or(0)
    };
    let none = not_run(record).count();
    let fewer = record
        .cases
        .iter()
        .filter(|case| !case.runs.is_empty() && case.runs.len() < most(case.question))
        .count();
    format!(
        "Of {}, {none} have no run, and {fewer} have fewer repetitions than others of their kind.",
        words::count(record.cases.len(), "case", "cases")
    )
}
