//! Two records, figure by figure, honestly: a difference is only where two intervals have nothing in common.
//!
//! The ratio of a figure is that of its medians, and its interval the least and the greatest ratio that both intervals
//! allow: it holds the true one at least as often as both intervals together hold their medians.
//!
//! [`of`] compares, [`text`] says it on a terminal, [`command`] is the subcommand.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Serialize;

use crate::{
    catalogue::{self, Better},
    record::{Case, Figure, Record},
    statistics,
};

pub mod text;

/// What comparing two records comes to.
#[derive(Clone, Debug, Serialize)]
pub struct Diff {
    /// What makes the comparison unfair; not empty only if it was asked for all the same.
    pub unfair: Vec<String>,
    /// What differs beside, such as versions: perhaps what was to be compared.
    pub differs: Vec<String>,
    /// Every figure that both have, in the order of the second record.
    pub figures: Vec<Row>,
    /// Cases that only the first has.
    pub only_first: Vec<String>,
    /// Cases that only the second has.
    pub only_second: Vec<String>,
    /// How many figures would differ by chance alone if nothing had changed.
    pub by_chance: f64,
}

/// A figure of both.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The case.
    pub case: String,
    /// The figure's name.
    pub figure: String,
    /// Of the first record.
    pub first: Figure,
    /// Of the second.
    pub second: Figure,
    /// The second median by the first; absent where the first is 0.
    pub ratio: Option<f64>,
    /// The least and the greatest ratio that both intervals allow; absent where the first's interval has 0.
    pub interval: Option<(f64, f64)>,
    /// What to conclude.
    pub verdict: Verdict,
}

/// What two figures say of one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The second is better.
    Better,
    /// The second is worse.
    Worse,
    /// They differ, and neither way is better.
    Differs,
    /// The intervals overlap.
    NoDifference,
    /// One of them was measured once: it has no interval, and nothing can be told.
    Untold,
}

/// Why two records are not compared.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// What differs would be taken for a difference of the servers.
    #[error("these records are not of one kind: {}; --anyway compares them all the same", .0.join("; "))]
    Unfair(Vec<String>),
    /// They have no case in common.
    #[error("the records have no case in common")]
    NothingInCommon,
}

/// What `comparison diff` is asked for.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The first record.
    pub first: PathBuf,
    /// The second.
    pub second: PathBuf,
    /// Compare what differs in machine, method or settings all the same.
    #[arg(long)]
    pub anyway: bool,
    /// Show the figures without a difference too.
    #[arg(long)]
    pub all: bool,
    /// All of it as JSON.
    #[arg(long, conflicts_with = "all")]
    pub json: bool,
}

/// What to print, and the exit status: 0 if nothing is worse, 1 if something is.
///
/// # Errors
///
/// A sentence for exit status 2: the records cannot be read, or not be compared.
pub fn command(options: &Options) -> Result<(String, u8), String> {
    let read = |path| Record::read(path).map_err(|error| error.to_string());
    let (first, second) = (read(&options.first)?, read(&options.second)?);
    let diff = of(&first, &second, options.anyway).map_err(|error| error.to_string())?;
    let text = if options.json {
        serde_json::to_string_pretty(&diff).map_err(|error| error.to_string())? + "\n"
    } else {
        text::table(&diff, options.all)
    };
    Ok((text, u8::from(diff.count(Verdict::Worse) > 0)))
}

/// Compares the second record to the first.
///
/// # Errors
///
/// The machine, the method or a setting differs and it was not asked for `anyway`; no case is in both.
pub fn of(first: &Record, second: &Record, anyway: bool) -> Result<Diff, Error> {
    let unfair = unfair(first, second);
    if !unfair.is_empty() && !anyway {
        return Err(Error::Unfair(unfair));
    }
    let cases = |record: &Record| -> BTreeMap<String, Case> {
        let measured = record.cases.iter().filter(|case| !case.runs.is_empty());
        measured.map(|case| (case.id.clone(), Case { runs: vec![], ..case.clone() })).collect()
    };
    let (before, after) = (cases(first), cases(second));
    let without = |of: &BTreeMap<String, Case>, other: &BTreeMap<String, Case>| {
        of.keys().filter(|id| !other.contains_key(*id)).cloned().collect::<Vec<_>>()
    };
    let common = second.cases.iter().filter_map(|case| Some((before.get(&case.id)?, after.get(&case.id)?)));
    let figures: Vec<Row> = common.flat_map(|(one, other)| rows(one, other)).collect();
    if figures.is_empty() {
        return Err(Error::NothingInCommon);
    }
    let told = figures.iter().filter(|row| row.verdict != Verdict::Untold);
    let by_chance =
        told.map(|row| statistics::chance_of_differing(row.first.repetitions, row.second.repetitions)).sum();
    Ok(Diff {
        unfair,
        differs: versions(first, second),
        figures,
        only_first: without(&before, &after),
        only_second: without(&after, &before),
        by_chance,
    })
}

impl Diff {
    /// Of the figures that have an interval in the first record, how many second medians lie in it, and how many there are.
    pub fn within(&self) -> (usize, usize) {
        let told = || self.figures.iter().filter(|row| row.verdict != Verdict::Untold);
        let holds = |row: &&Row| (row.first.low..=row.first.high).contains(&row.second.median);
        (told().filter(holds).count(), told().count())
    }

    /// How many figures have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.figures.iter().filter(|row| row.verdict == verdict).count()
    }
}

fn rows(one: &Case, other: &Case) -> Vec<Row> {
    let mut names: Vec<_> = one.figures.keys().filter(|name| other.figures.contains_key(*name)).collect();
    names.sort_by_key(|name| catalogue::order(name));
    let row = |name: &String| {
        let (first, second) = (one.figures.get(name)?, other.figures.get(name)?);
        let positive = first.low > 0.0;
        Some(Row {
            case: one.id.clone(),
            figure: name.clone(),
            ratio: (first.median > 0.0).then(|| second.median / first.median),
            interval: positive.then(|| (second.low / first.high, second.high / first.low)),
            verdict: verdict(name, first, second),
            first: first.clone(),
            second: second.clone(),
        })
    };
    names.into_iter().filter_map(row).collect()
}

/// What to conclude of a figure; a figure that is not known may differ, but not be better.
fn verdict(name: &str, first: &Figure, second: &Figure) -> Verdict {
    let better = catalogue::find(name).map_or(Better::Neither, |entry| entry.better);
    let less = second.high < first.low;
    match better {
        _ if first.repetitions < 2 || second.repetitions < 2 => Verdict::Untold,
        _ if !statistics::differ(first, second) => Verdict::NoDifference,
        Better::Neither => Verdict::Differs,
        Better::Less if less => Verdict::Better,
        Better::More if !less => Verdict::Better,
        Better::Less | Better::More => Verdict::Worse,
    }
}

/// What would be taken for a difference of the servers, and is none.
fn unfair(first: &Record, second: &Record) -> Vec<String> {
    let mut found = vec![];
    let mut compare = |what: &str, one: String, other: String| {
        if one != other {
            found.push(format!("{what}: {one} and {other}"));
        }
    };
    let (one, other) = (&first.machine, &second.machine);
    compare("processor", one.cpu.clone(), other.cpu.clone());
    compare("cores", one.cores.to_string(), other.cores.to_string());
    compare("kernel", one.kernel.clone(), other.kernel.clone());
    compare("hypervisor", one.hypervisor.clone(), other.hypervisor.clone());
    compare("governor", one.governor.clone(), other.governor.clone());
    compare("delays by", format!("{:?}", first.method.delay), format!("{:?}", second.method.delay));
    for subject in &first.subjects {
        let Some(same) = second.subjects.iter().find(|same| same.name == subject.name) else { continue };
        let names = subject
            .settings
            .keys()
            .chain(same.settings.keys().filter(|name| !subject.settings.contains_key(*name)));
        for name in names {
            let value =
                |of: &BTreeMap<String, String>| of.get(name).cloned().unwrap_or_else(|| "nothing".to_owned());
            compare(
                &format!("{} of {}", name, subject.name),
                value(&subject.settings),
                value(&same.settings),
            );
        }
    }
    for case in &first.cases {
        let Some(same) = second.cases.iter().find(|same| same.id == case.id) else { continue };
        let set = |case: &Case| {
            let of = &case.parameters;
            format!("{:?}", (of.warm_up_s, of.window_s, of.pause_s, of.fault_s, of.loss_percent))
        };
        compare(&format!("warm-up, window, pause, fault, loss of {}", case.id), set(case), set(same));
    }
    if first.machine.load_average > 0.2 * one.cores as f64
        || second.machine.load_average > 0.2 * other.cores as f64
    {
        found.push("other work ran on the machine when one of them began".to_owned());
    }
    for (which, record) in [("first", first), ("second", second)] {
        if !record.failures.is_empty() {
            found.push(format!("the {which} record is of a comparison that failed"));
        }
    }
    found
}

/// Versions that differ.
fn versions(first: &Record, second: &Record) -> Vec<String> {
    let names = first
        .versions
        .keys()
        .chain(second.versions.keys().filter(|name| !first.versions.contains_key(*name)));
    let differing = names.filter_map(|name| {
        let (one, other) = (first.versions.get(name), second.versions.get(name));
        let said = |version: Option<&String>| version.cloned().unwrap_or_else(|| "none".to_owned());
        (one != other).then(|| format!("{name}: {} and {}", said(one), said(other)))
    });
    differing.collect()
}
