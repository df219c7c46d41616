//! What a reader must know before any figure: that it failed, that it is half, that it is noisy.

use super::words;
use crate::{
    catalogue::title,
    record::{Record, Run, Size},
};

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
    let careful =
        [half(record), quick(record), debug(record), control(record), limited(record), busy(record)];
    let mut all = wrong(record);
    all.extend(careful.into_iter().flatten());
    if !record.only.is_empty() {
        all.push(
            Weight::Note.say("A part", format!("Asked for with --only {}.", record.only.join(" --only "))),
        );
    }
    all
}

impl Weight {
    fn say(self, head: &str, text: String) -> Notice {
        Notice { weight: self, head: head.to_owned(), text }
    }
}

/// Failures, and messages that are missing where the program called it no failure.
fn wrong(record: &Record) -> Vec<Notice> {
    let mut all = vec![];
    for failure in &record.failures {
        let what = failure.what.trim_end_matches('.');
        let text = format!("{what}, in {} (repetition {}).", failure.case, failure.repetition);
        all.push(Weight::Bad.say(&format!("Failed: {}", failure.subject), text));
    }
    let told = |id: &str| record.failures.iter().any(|failure| failure.case == id);
    for case in record.cases.iter().filter(|case| !told(&case.id)) {
        let sum = |of: fn(&Run) -> u64| case.runs.iter().map(of).sum::<u64>();
        let wrong = [
            ("lost", sum(|run| run.accounting.lost)),
            ("doubled", sum(|run| run.accounting.doubled)),
            ("reordered", sum(|run| run.accounting.reordered)),
        ];
        let of = words::exact(sum(|run| run.accounting.delivered) as f64);
        for (what, count) in wrong.into_iter().filter(|(_, count)| *count > 0) {
            let text =
                format!("{} of {of} deliveries were {what} in {}.", words::exact(count as f64), case.id);
            all.push(Weight::Bad.say(&format!("Messages {what}: {}", case.parameters.subject), text));
        }
    }
    all
}

fn half(record: &Record) -> Option<Notice> {
    let text = || format!("{} What was done is here.", half_done(record));
    (!record.complete).then(|| Weight::Careful.say("Stopped half-way", text()))
}

fn quick(record: &Record) -> Option<Notice> {
    let text = "Made with --quick, in two minutes: it shows that everything works, and orders of magnitude.";
    (record.size == Size::Quick).then(|| Weight::Careful.say("A look, not a measurement", text.to_owned()))
}

fn debug(record: &Record) -> Option<Notice> {
    let builds = record.subjects.iter().filter_map(|subject| subject.settings.get("build"));
    let debug = builds.filter(|build| build.starts_with("debug")).count();
    let who = words::count(debug, "server was", "servers were");
    (debug > 0).then(|| {
        Weight::Careful.say("Debug builds", format!("{who} not built for release: their costs say nothing."))
    })
}

fn control(record: &Record) -> Option<Notice> {
    let differing = record.control.iter().filter(|control| control.differs);
    let names: Vec<_> = differing.map(|control| title(&control.figure).to_owned()).collect();
    let text = format!(
        "A server differs from itself in {} of {} figures: {}. Differences of that size mean nothing.",
        names.len(),
        record.control.len(),
        words::list(&names)
    );
    (!names.is_empty()).then(|| Weight::Careful.say("The A/A control shows a difference", text))
}

fn limited(record: &Record) -> Option<Notice> {
    let runs = || record.cases.iter().flat_map(|case| &case.runs);
    let limited = runs().filter(|run| run.load.limited).count();
    let text = format!(
        "In {limited} of {} the load was later than {}, or it or a relay took more than {} % of a core: these measured the load.",
        words::count(runs().count(), "run", "runs"),
        words::value(record.method.lag_limit_us as f64, "µs"),
        words::exact(record.method.load_cpu_limit * 100.0)
    );
    (limited > 0).then(|| Weight::Careful.say("The load was the limit", text))
}

fn busy(record: &Record) -> Option<Notice> {
    let machine = &record.machine;
    let text = format!(
        "In the minute before, {} processes in the mean wanted to run on {}: timings are doubtful.",
        words::digits(machine.load_average),
        words::count(machine.cores, "core", "cores")
    );
    let is_busy = machine.load_average > 0.2 * machine.cores as f64;
    is_busy.then(|| Weight::Careful.say("The machine was busy", text))
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
