//! What the record says, in one paragraph: only figures that stand in it, and no difference where intervals overlap.

use super::{
    questions::View,
    select::{self, Axis, Series},
    words,
};
use crate::{
    record::{Case, Figure, Kind, Question},
    statistics,
};

/// A piece of the paragraph.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Words.
    Words(String),
    /// A figure of the record.
    Figure {
        /// As it is said.
        said: String,
        /// The case that it is of.
        case: String,
        /// Its name there.
        name: String,
    },
}

/// A series with its figure.
#[derive(Clone, Copy)]
struct Placed<'a> {
    series: &'a Series<'a>,
    case: &'a Case,
    figure: &'a Figure,
}

/// What is ranked, in the paragraph's order: the figure of a delivery, and the words before it.
const RANKED: [(&str, &str); 5] = [
    ("delivery_p50_us", "the median message takes"),
    ("requests_a_message", "it costs"),
    ("octets_a_message", "it weighs, all layers and both ways,"),
    ("cpu_us_a_delivery", "a delivery takes of the server’s processor"),
    ("resident_octets_a_client", "a client takes of the process’s memory"),
];

/// The paragraph, sentence by sentence.
pub fn paragraph(view: &View<'_>) -> Vec<Vec<Piece>> {
    let mut sentences = vec![scope(view)];
    let mut setting = String::new();
    for (name, what) in RANKED {
        let all = placed(view, name);
        let Some(first) = all.first().filter(|_| all.len() > 1) else { continue };
        let now = words::setting(&first.case.parameters);
        let mut pieces = vec![];
        if now == setting {
            if let Some(Piece::Words(last)) = sentences.last_mut().and_then(|sentence| sentence.last_mut()) {
                *last = format!("{};", last.trim_end_matches('.'));
            }
            pieces.push(words(format!("{what} ")));
        } else {
            pieces.push(words(format!("At {now}, {what} ")));
        }
        pieces.extend(ranked(&all, name));
        sentences.push(pieces);
        setting = now;
    }
    sentences.extend(distance(view));
    sentences.push(trust(view));
    sentences
}

fn words(text: impl Into<String>) -> Piece {
    Piece::Words(text.into())
}

fn said(of: Placed<'_>, name: &str) -> Piece {
    Piece::Figure { said: words::figure(of.figure), case: of.case.id.clone(), name: name.to_owned() }
}

/// Who was measured, how often, and whether all came.
fn scope(view: &View<'_>) -> Vec<Piece> {
    let record = view.record;
    let measured = record.subjects.iter().filter(|subject| subject.kind != Kind::Control);
    let (left_out, measured): (Vec<_>, Vec<_>) = measured.partition(|subject| subject.left_out.is_some());
    let runs = || record.cases.iter().flat_map(|case| &case.runs);
    let sum = |of: fn(&crate::record::Run) -> u64| runs().map(of).sum::<u64>();
    let delivered = sum(|run| run.accounting.delivered);
    let wrong = sum(|run| run.accounting.lost + run.accounting.doubled + run.accounting.reordered);
    let without = match left_out.len() {
        0 => String::new(),
        1 => " (one more was left out)".to_owned(),
        some => format!(" ({some} more were left out)"),
    };
    let outcome = if wrong == 0 && record.failures.is_empty() {
        "none was lost, doubled or reordered".to_owned()
    } else {
        format!("{} lost, doubled or reordered: the comparison failed", words::exact(wrong as f64))
    };
    vec![words(format!(
        "{}{without} were measured in {} on {} with {}; of {} deliveries, {outcome}.",
        words::count(measured.len(), "server", "servers"),
        words::count(runs().count(), "run", "runs"),
        if record.machine.cpu.is_empty() {
            "a machine that did not say its name"
        } else {
            &record.machine.cpu
        },
        words::count(record.machine.cores, "core", "cores"),
        words::exact(delivered as f64),
    ))]
}

/// All series' figures at the setting that most have, least first; the floor and the control left out.
fn placed<'a>(view: &'a View<'a>, name: &str) -> Vec<Placed<'a>> {
    let Some(setting) = select::reference(&view.series, Question::Delivery, name) else { return vec![] };
    let of = |series: &'a Series<'a>| {
        let case = series.at(Question::Delivery, setting)?;
        Some(Placed { series, case, figure: case.figures.get(name)? })
    };
    let compared = view.series.iter().filter(|one| matches!(one.subject.kind, Kind::House | Kind::Peer));
    let mut placed: Vec<_> = compared.filter_map(of).collect();
    placed.sort_by(|one, other| one.figure.median.total_cmp(&other.figure.median));
    placed
}

/// Where a figure is least and where most, and how many cannot be told apart from either.
fn ranked(all: &[Placed<'_>], name: &str) -> Vec<Piece> {
    let [least, .., most] = all else { return vec![] };
    let is_once = all.iter().any(|one| one.figure.repetitions < 2);
    let alike = |to: &Placed<'_>| {
        let others = all.iter().filter(|one| one.series.index != to.series.index);
        others.filter(|one| !is_once && !statistics::differ(one.figure, to.figure)).count()
    };
    if alike(least) + 1 == all.len() {
        return vec![said(*least, name), words(" with all: no two can be told apart.")];
    }
    let with = |placed: &Placed<'_>, end: &str| {
        let others = match alike(placed) {
            0 => String::new(),
            1 => ", and one alike".to_owned(),
            some => format!(", and {some} alike"),
        };
        words(format!(" ({}{others}){end}", placed.series.title))
    };
    let end = if is_once { ", measured once, so that no difference can be told." } else { "." };
    vec![said(*least, name), with(least, " to "), said(*most, name), with(most, end)]
}

/// What each of the project's transports takes over the longest delay.
fn distance(view: &View<'_>) -> Option<Vec<Piece>> {
    let name = "delivery_mean_us";
    let setting = select::line(&view.series, Axis::Delay, name)?;
    let own = view.series.iter().filter(|one| one.subject.kind == Kind::House);
    let last = own.filter_map(|series| {
        let (delay, case, figure) = series.along(Axis::Delay, setting, name).pop()?;
        Some((delay, Placed { series, case, figure }))
    });
    let last: Vec<_> = last.collect();
    let most = last.iter().map(|(delay, _)| *delay).fold(0.0, f64::max);
    let farthest: Vec<_> =
        last.iter().filter(|(delay, _)| *delay == most).map(|(_, placed)| *placed).collect();
    let first = farthest.first().filter(|_| most > 0.0)?;
    let mut pieces =
        vec![words(format!("At {} ms each way, the mean delivery takes ", first.case.parameters.delay_ms))];
    for (index, &one) in farthest.iter().enumerate() {
        let joint = if index == 0 { "" } else { ", " };
        pieces.extend([words(joint), said(one, name), words(format!(" ({})", one.series.title))]);
    }
    pieces.push(words("."));
    Some(pieces)
}

/// How far these figures are to be trusted.
fn trust(view: &View<'_>) -> Vec<Piece> {
    let record = view.record;
    let of = |figures: usize| words::count(figures, "figure leaves its theory", "figures leave their theory");
    let flagged = words::figures(&record.cases).filter_map(|figure| figure.expected.as_ref());
    let (flagged, held): (Vec<_>, Vec<_>) = flagged.partition(|expected| expected.flagged);
    let theory = match (flagged.len(), held.len()) {
        (0, 0) => "theory spoke of no figure".to_owned(),
        (0, held) => format!("all {held} figures of which theory speaks lie within its tolerance"),
        (some, held) => format!("{}, of {} of which it speaks", of(some), some + held),
    };
    let differing = record.control.iter().filter(|control| control.differs).count();
    let control = match record.control.len() {
        0 => "no A/A control spoke".to_owned(),
        all => format!("of {all} figures of a server against itself, {differing} differ"),
    };
    let runs = record.cases.iter().flat_map(|case| &case.runs);
    let (limited, free): (Vec<_>, Vec<_>) = runs.partition(|run| run.load.limited);
    let load = match limited.len() {
        0 => String::new(),
        some => format!(
            "in {some} of {} runs the load was the limit, so that they tell of it; ",
            some + free.len()
        ),
    };
    let chance = placed(view, "delivery_p50_us")
        .iter()
        .map(|one| statistics::chance_of_differing(one.figure.repetitions, one.figure.repetitions))
        .fold(0.0, f64::max);
    vec![words(format!(
        "Numbers in brackets are the interval of the median ({}); servers are alike where intervals overlap, and of two of \
         one server they would part in {} % of cases by chance. As for trust: {load}{control}; {theory}.",
        words::confidence(words::figures(&record.cases)),
        words::digits(chance * 100.0),
    ))]
}
