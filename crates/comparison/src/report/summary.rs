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

/// What is ranked, in the paragraph's order: the question, the figure, and the words before it.
const RANKED: [(Question, &str, &str); 7] = [
    (Question::Delivery, "delivery_p50_us", "the median message takes from"),
    (Question::Delivery, "requests_a_message", "a message costs from"),
    (Question::Delivery, "octets_a_message", "a message weighs, all layers and both ways, from"),
    (Question::Delivery, "cpu_us_a_delivery", "a delivery takes of the server’s processor from"),
    (Question::Delivery, "resident_octets_a_client", "a client takes of the process’s memory from"),
    (Question::Idle, "idle_octets_a_client_second", "a client that hears nothing costs a second from"),
    (Question::Cut, "first_message_p50_us", "after a cut, messages come again after"),
];

/// The paragraph, sentence by sentence.
pub fn paragraph(view: &View<'_>) -> Vec<Vec<Piece>> {
    let mut sentences = vec![scope(view)];
    let mut setting = String::new();
    for (question, name, what) in RANKED {
        let all = placed(view, question, name);
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
fn placed<'a>(view: &'a View<'a>, question: Question, name: &str) -> Vec<Placed<'a>> {
    let Some(setting) = select::reference(&view.series, question, name) else { return vec![] };
    let of = |series: &'a Series<'a>| {
        let case = series.at(question, setting)?;
        Some(Placed { series, case, figure: case.figures.get(name)? })
    };
    let compared = view.series.iter().filter(|one| matches!(one.subject.kind, Kind::House | Kind::Peer));
    let mut placed: Vec<_> = compared.filter_map(of).collect();
    placed.sort_by(|one, other| one.figure.median.total_cmp(&other.figure.median));
    placed
}

/// Where a figure is least and where most, and what cannot be told apart from either.
fn ranked(all: &[Placed<'_>], name: &str) -> Vec<Piece> {
    let [least, .., most] = all else { return vec![] };
    let (least, most) = (*least, *most);
    let mut pieces = vec![said(least, name), words(format!(" with {}", least.series.title))];
    if all.iter().any(|one| one.figure.repetitions < 2) {
        pieces.extend([words(" to "), said(most, name)]);
        let once = "measured once, so that no difference can be told";
        pieces.push(words(format!(" with {} ({once}).", most.series.title)));
        return pieces;
    }
    let alike = |to: Placed<'_>| {
        let others = all.iter().filter(|one| one.series.index != to.series.index);
        others.filter(|one| !statistics::differ(one.figure, to.figure)).copied().collect::<Vec<_>>()
    };
    let near = alike(least);
    if near.len() + 1 == all.len() {
        pieces.push(words(" (no difference to any other)."));
        return pieces;
    }
    pieces.extend([words(format!("{} to ", no_difference(&near))), said(most, name)]);
    pieces.push(words(format!(" with {}{}.", most.series.title, no_difference(&alike(most)))));
    pieces
}

/// Names at most two, and counts the rest.
fn no_difference(to: &[Placed<'_>]) -> String {
    let names: Vec<_> = to.iter().map(|one| one.series.title.clone()).collect();
    match names.as_slice() {
        [] => String::new(),
        [one, other, rest @ ..] if rest.len() > 1 => {
            format!(" (no difference to {one}, {other} and {} more)", rest.len())
        }
        some => format!(" (no difference to {})", words::list(some)),
    }
}

/// What each of the project's transports takes over the longest delay, and what theory has.
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
    let mut pieces = vec![words(format!(
        "Over distance, at {}, the mean delivery takes ",
        words::setting(&first.case.parameters)
    ))];
    for (index, &one) in farthest.iter().enumerate() {
        let joint = if index == 0 { "" } else { "; " };
        pieces.extend([words(format!("{joint}{}: ", one.series.title)), said(one, name)]);
        if let Some(expected) = &one.figure.expected {
            let off = if expected.flagged { ", which it leaves" } else { "" };
            pieces.push(words(format!(", theory {}{off}", words::value(expected.value, &one.figure.unit))));
        }
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
    let chance = placed(view, Question::Delivery, "delivery_p50_us")
        .iter()
        .map(|one| statistics::chance_of_differing(one.figure.repetitions, one.figure.repetitions))
        .fold(0.0, f64::max);
    vec![words(format!(
        "In brackets: the interval of the median ({}); “no difference” means that two intervals overlap, and of two of one \
         server they would part in {} % of cases by chance. As for trust: {load}{control}; {theory}.",
        words::confidence(words::figures(&record.cases)),
        words::digits(chance * 100.0),
    ))]
}
