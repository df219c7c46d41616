//! No false failure: the finished programs pass all checks, again and again, while eight threads do nothing but compute.
//!
//! ```text
//! cargo test -p workshop --test steady -- --ignored --nocapture
//! WORKSHOP_RUNS=50 WORKSHOP_TRACK=raw-websocket cargo test -p workshop --test steady -- --ignored --nocapture
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "the functions that tests share are tests too, and this one takes long enough to say how far it is"
)]

use std::{
    hint,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Instant,
};

use workshop::{
    browser::Shared,
    building::{self, Built},
    judge::Judge,
    place::Repository,
    probe,
    process::Program,
    track::Track,
};

/// Threads that compute meanwhile.
const BUSY: usize = 8;

/// Runs of each track, unless `WORKSHOP_RUNS` says another number.
const RUNS: u64 = 20;

#[test]
#[ignore = "20 runs take a quarter of an hour"]
fn the_finished_programs_pass_under_load() {
    let repository = Repository::find(None);
    let runs = std::env::var("WORKSHOP_RUNS").map_or(RUNS, |runs| runs.parse().unwrap());
    let wanted = std::env::var("WORKSHOP_TRACK").ok();
    let tracks = repository.all().unwrap().into_iter();
    let tracks: Vec<_> =
        tracks.filter(|track| wanted.as_ref().is_none_or(|name| track.name == *name)).collect();
    let programs: Vec<_> = tracks.iter().map(|track| finished(&repository, track)).collect();
    let over = AtomicBool::new(false);
    let failures = thread::scope(|scope| {
        for _ in 0..BUSY {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            });
        }
        let browser = Shared::default();
        let mut failures = Vec::new();
        for run in 1..=runs {
            for (track, program) in tracks.iter().zip(&programs) {
                let begun = Instant::now();
                let judge = Judge {
                    track,
                    program: program.clone(),
                    root: &repository.root,
                    browser: browser.clone(),
                    seed: run,
                    stretch: probe::calibrate(),
                };
                let mut slowest = (0, "");
                let result = judge.steps(
                    1..=track.steps.len(),
                    |_, _| {},
                    |ran| {
                        slowest = slowest.max((ran.took.as_millis(), ran.check.id));
                    },
                );
                let took = begun.elapsed().as_secs_f32();
                eprintln!(
                    "run {run} of {}: {took:.1} s, {} the longest, {} ms",
                    track.name, slowest.1, slowest.0
                );
                if let Err(report) = result {
                    failures.push(format!(
                        "run {run}, {} / {}: {}",
                        track.name,
                        report.check,
                        report.failure.words()
                    ));
                    eprintln!("{}", failures.last().unwrap());
                }
            }
        }
        over.store(true, Ordering::Relaxed);
        failures
    });
    assert!(failures.is_empty(), "{} false failures:\n\n{}\n", failures.len(), failures.join("\n\n"));
}

fn finished(repository: &Repository, track: &Track) -> Program {
    let folder = repository.root.join(&track.from);
    let Built::Program(program) = building::build(track, &folder, false, false).unwrap() else {
        panic!("{} does not build", track.name);
    };
    Program { folder: repository.root.clone(), ..program }
}
