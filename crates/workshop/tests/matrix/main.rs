//! The whole matrix of a track: every program after a step builds without warnings and passes exactly the checks up to
//! it, a starter fails with the declared words, and every mistake is caught by the named check.
//!
//! ```text
//! cargo test -p workshop --test matrix
//! WORKSHOP_MISTAKE=little cargo test -p workshop --test matrix    # mistakes with this in `what`
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the functions that tests share are tests too"
)]

mod variants;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use variants::Variant;
use workshop::{
    checks::{self, Check},
    judge::Judge,
    mistakes::{self, Mistake},
    probe,
    process::Program,
    source::Source,
    track::Track,
};

/// Checks that run at once: most of their time is waiting.
const AT_ONCE: usize = 6;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn track(name: &str) -> (Track, Source) {
    let path = root().join("crates/workshop/tracks").join(name).with_extension("toml");
    let track = Track::read(&path).unwrap();
    let source = Source::read(&root(), &track).unwrap();
    track.judge(&path, &source).unwrap_or_else(|error| panic!("{error}"));
    (track, source)
}

/// Runs `work` on all of `items`, some at once; gives what is wrong.
fn all<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<(), String> + Sync) -> Vec<String> {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(what) = work(item) {
                        wrong.lock().unwrap().push(what);
                    }
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    wrong
}

fn judge(track: &Track, program: &Path) -> impl Fn(&Check) -> Result<(), String> {
    let (track, program) = (track.clone(), Program::at(program, &root()));
    // Many run at once: a deadline is as on a slow machine.
    let stretch = probe::calibrate().max(2);
    move |check| {
        let judge = Judge { track: &track, program: program.clone(), seed: 4711, stretch };
        judge.check(check).map_err(|failure| failure.words())
    }
}

#[test]
fn raw_websocket() {
    matrix("raw-websocket");
}

fn matrix(name: &str) {
    let (track, source) = track(name);
    let steps = track.steps.len();
    let mistakes = mistakes::read(&root().join(format!("crates/workshop/mistakes/{name}.toml"))).unwrap();
    let wanted = std::env::var("WORKSHOP_MISTAKE").ok();
    let mistakes: Vec<_> = mistakes
        .into_iter()
        .filter(|mistake| wanted.as_ref().is_none_or(|words| mistake.what.contains(words)))
        .collect();
    let mut files: Vec<_> =
        (0..=steps).map(|done| Variant::new(format!("after-{done}"), source.after(&track, done))).collect();
    for mistake in &mistakes {
        let made = mistake.made(&source).unwrap_or_else(|error| panic!("{error}"));
        files.push(Variant::new(slug(&mistake.what), made));
    }
    let programs = variants::build(&root(), &track, &files);
    let mut wrong = Vec::new();
    if wanted.is_none() {
        wrong.extend(steps_and_starters(&track, &programs[..=steps]));
    }
    let pairs: Vec<_> = mistakes.iter().zip(&programs[steps + 1..]).collect();
    wrong.extend(all(&pairs, |(mistake, program)| caught(&track, mistake, program)));
    if wanted.is_none() {
        let catching: BTreeSet<_> = mistakes.iter().map(|mistake| &*mistake.caught_by).collect();
        let idle = checks::of(name).iter().map(|check| check.id).filter(|id| !catching.contains(id));
        wrong.extend(idle.map(|id| format!("{id} is first to catch no mistake")));
    }
    assert!(wrong.is_empty(), "{} things are wrong:\n\n{}\n", wrong.len(), wrong.join("\n\n"));
}

/// The name of a mistake's package: it does not change with the order of mistakes.
fn slug(what: &str) -> String {
    let words = what.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

/// Each program against each check: those up to its step pass, those behind it fail.
fn steps_and_starters(track: &Track, programs: &[PathBuf]) -> Vec<String> {
    let mut cells = Vec::new();
    for (done, program) in programs.iter().enumerate() {
        for (number, step) in (1..).zip(&track.steps) {
            for id in &step.checks {
                cells.push((done, program, number, step, checks::find(&track.name, id).unwrap()));
            }
        }
    }
    all(&cells, |(done, program, number, step, check)| {
        let result = judge(track, program)(check);
        let place = format!("after step {done}, {} of step {number}", check.id);
        match result {
            Ok(()) if number <= done => Ok(()),
            Ok(()) => Err(format!("{place}: passes, and must not")),
            Err(words) if number <= done => Err(format!("{place}: {words}")),
            // The first check of the next step is the starter's failure.
            Err(words)
                if *number == done + 1 && step.checks.first().is_some_and(|first| first == check.id) =>
            {
                let says = &step.starter_says;
                if words.contains(says) {
                    Ok(())
                } else {
                    Err(format!("{place}: does not say {says:?}: {words}"))
                }
            }
            Err(_) => Ok(()),
        }
    })
}

fn caught(track: &Track, mistake: &Mistake, program: &Path) -> Result<(), String> {
    let Mistake { what, caught_by, says, .. } = mistake;
    let run = judge(track, program);
    for id in track.steps.iter().flat_map(|step| &step.checks) {
        if let Err(words) = run(checks::find(&track.name, id).unwrap()) {
            return if id != caught_by {
                Err(format!("{what}: caught by {id}, not {caught_by}: {words}"))
            } else if !words.contains(says) {
                Err(format!("{what}: {id} does not say {says:?}: {words}"))
            } else {
                Ok(())
            };
        }
    }
    Err(format!("{what}: no check catches it"))
}
