//! All measurements, interleaved.

use std::{collections::HashMap, time::Instant};

use crate::{
    Outcome,
    cases::{CASES, Case, PEERS, Peer},
    node,
    options::{Options, listed},
    record::{Record, Run},
};

/// Measures everything, reports it, and keeps the record.
///
/// # Errors
/// A measurement failed. The record is written all the same.
pub(crate) fn run(options: &Options) -> Outcome<()> {
    let extent = options.extent();
    let mut record = Record::begin(options, extent)?;
    let mut peers: Vec<&Peer> =
        PEERS.iter().filter(|peer| listed(options.servers.as_deref(), peer.name)).collect();
    if peers.iter().any(|peer| peer.program == node::PROGRAM) {
        match node::install() {
            Ok(versions) => record.versions.extend(versions),
            Err(error) => {
                eprintln!("without ws: {error}");
                record.left_out.insert("ws".to_owned(), error.to_string());
                peers.retain(|peer| peer.program != node::PROGRAM);
            }
        }
    }
    let cases = CASES.iter().filter(|case| listed(options.cases.as_deref(), case.name));
    let plan = plan(options.rounds, &cases.collect::<Vec<_>>(), &peers);
    let mut left = Left::new(&plan, |case| case.seconds(extent));
    for (round, case, peer) in &plan {
        let began = Instant::now();
        let measured = case.measure(peer, extent, options.pin);
        left.measured(case, began.elapsed().as_secs_f64());
        let said = match &measured {
            Ok(measured) => format!("{:.3}", measured.figure),
            Err(error) => format!("FAILED: {error}"),
        };
        eprintln!("round {}, {}, {}: {said}   ({left})", round + 1, case.name, peer.name);
        let (measured, error) = match measured {
            Ok(measured) => (Some(measured), None),
            Err(error) => (None, Some(error.to_string())),
        };
        record.runs.push(Run { round: *round, case: case.name, server: peer.name, measured, error });
    }
    record.finish()
}

/// Round by round, case by case; the server that is first in a round is last in the next.
fn plan<'a>(rounds: usize, cases: &[&'a Case], peers: &[&'a Peer]) -> Vec<(usize, &'a Case, &'a Peer)> {
    let mut plan = Vec::new();
    for round in 0..rounds {
        let mut turned = peers.to_vec();
        turned.rotate_left(round % peers.len().max(1));
        for case in cases {
            plan.extend(turned.iter().filter(|peer| case.measures(peer)).map(|&peer| (round, *case, peer)));
        }
    }
    plan
}

/// How long the rest will take: what is measured a second time is expected to take as long as before.
struct Left {
    seconds: HashMap<&'static str, f64>,
    todo: HashMap<&'static str, u32>,
}

impl Left {
    fn new(plan: &[(usize, &Case, &Peer)], seconds: impl Fn(&Case) -> f64) -> Self {
        let mut left = Self { seconds: HashMap::new(), todo: HashMap::new() };
        for (_, case, _) in plan {
            left.seconds.insert(case.name, seconds(case));
            *left.todo.entry(case.name).or_default() += 1;
        }
        left
    }

    fn measured(&mut self, case: &Case, seconds: f64) {
        self.todo.entry(case.name).and_modify(|todo| *todo -= 1);
        self.seconds.entry(case.name).and_modify(|mean| *mean += (seconds - *mean) / 4.0);
    }
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let left: f64 = self.todo.iter().map(|(case, todo)| f64::from(*todo) * self.seconds[case]).sum();
        write!(f, "{} min {:02.0} s left", (left / 60.0).floor(), left % 60.0)
    }
}
