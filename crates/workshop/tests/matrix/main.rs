//! The whole matrix of a track: every program after a step builds without warnings and passes exactly the checks up to
//! it, a starter fails with the declared words, and every mistake is caught by the named check.
//!
//! ```text
//! cargo test -p workshop --test matrix
//! WORKSHOP_MISTAKE=little cargo test -p workshop --test matrix    # mistakes with this in `what`, or of this check
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
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use variants::{Built, Variant};
use workshop::{
    browser::Shared,
    checks::{self, Check},
    judge::Judge,
    mistakes::{self, Mistake},
    probe,
    process::Program,
    source::Source,
    track::{Step, Track},
};

/// Checks that run at once: most of their time is waiting.
const AT_ONCE: usize = 6;

/// One track at a time: others build meanwhile.
static TURN: Mutex<()> = Mutex::new(());

/// Runs `work` on all of `items`, some at once; gives what is wrong.
fn all<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<(), String> + Sync) -> Vec<String> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
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

/// What judges the programs of a track.
struct Bench {
    track: Track,
    source: Source,
    root: PathBuf,
    browser: Shared,
    stretch: u32,
}

impl Bench {
    fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        let path = root.join("crates/workshop/tracks").join(name).with_extension("toml");
        let track = Track::read(&path).unwrap();
        let source = Source::read(&root, &track).unwrap();
        track.judge(&path, &source).unwrap_or_else(|error| panic!("{error}"));
        // Many run at once: a deadline is as on a slow machine.
        Self { track, source, root, browser: Shared::default(), stretch: probe::calibrate().max(2) }
    }

    /// Runs a check; a failure is its words.
    fn judge(&self, program: &Program, check: &Check) -> Result<(), String> {
        let judge = Judge {
            track: &self.track,
            program: program.clone(),
            root: &self.root,
            browser: self.browser.clone(),
            seed: 4711,
            stretch: self.stretch,
        };
        judge.check(check).map_err(|failure| {
            let (why, words) = (&failure.not_run, failure.words());
            assert!(why.is_none(), "{} was not run, and that is no failure: {words}\n{why:?}", check.id);
            words
        })
    }

    /// Whether a check looks at the page, not at the server.
    fn in_page(&self, check: &Check) -> bool {
        self.source.region(check.region).is_some_and(|(file, _)| file.path.starts_with("web"))
    }

    /// The checks of all steps, in the order they run, with the number and the text of their steps.
    fn checks(&self) -> impl Iterator<Item = (usize, &Step, &'static Check)> {
        (1..).zip(&self.track.steps).flat_map(move |(number, step)| {
            step.checks.iter().map(move |id| (number, step, checks::find(&self.track.name, id).unwrap()))
        })
    }
}

#[test]
fn raw_websocket() {
    matrix("raw-websocket");
}

#[test]
fn http2_streaming() {
    matrix("http2-streaming");
}

#[test]
fn long_polling() {
    matrix("long-polling");
}

#[test]
fn polling() {
    matrix("polling");
}

#[test]
fn tungstenite_websocket() {
    matrix("tungstenite-websocket");
}

fn matrix(name: &str) {
    let bench = Bench::new(name);
    let steps = bench.track.steps.len();
    let path = bench.root.join(format!("crates/workshop/mistakes/{name}.toml"));
    let wanted = std::env::var("WORKSHOP_MISTAKE").ok();
    let mistakes: Vec<_> = mistakes::read(&path)
        .unwrap()
        .into_iter()
        .filter(|mistake| {
            wanted.as_ref().is_none_or(|words| mistake.what.contains(words) || mistake.caught_by == *words)
        })
        .collect();
    let after = |done| Variant::new(format!("after-{done}"), bench.source.after(&bench.track, done));
    let mut files: Vec<_> = (0..=steps).map(after).collect();
    for mistake in &mistakes {
        let made = mistake.made(&bench.source).unwrap_or_else(|error| panic!("{error}"));
        files.push(Variant::new(slug(&mistake.what), made));
    }
    let built = variants::build(&bench.root, &bench.track, &files);
    let mut wrong = Vec::new();
    if wanted.is_none() {
        wrong.extend(steps_and_starters(&bench, &built[..=steps]));
    }
    let finished = &built[steps];
    let pairs: Vec<_> = mistakes.iter().zip(&built[steps + 1..]).collect();
    wrong.extend(all(&pairs, |(mistake, made)| caught(&bench, mistake, made, finished)));
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

/// Each program against each check: those up to its step pass, those behind it fail. A check that looks at the same
/// files in several programs is run on the first of them.
fn steps_and_starters(bench: &Bench, programs: &[Built]) -> Vec<String> {
    let mut cells = Vec::new();
    for (done, made) in programs.iter().enumerate() {
        for (number, step, check) in bench.checks() {
            let side = made.side(bench.in_page(check));
            let must_pass = number <= done;
            // The first check of the next step is the starter's failure.
            let is_starters =
                number == done + 1 && step.checks.first().is_some_and(|first| first == check.id);
            let says = is_starters.then_some(&*step.starter_says);
            let key = (side, check.id, must_pass, says);
            if !cells.iter().any(|(_, _, other)| *other == key) {
                cells.push((done, check, key));
            }
        }
    }
    all(&cells, |(done, check, (_, id, must_pass, says))| {
        let result = bench.judge(&programs[*done].program, check);
        let place = format!("after step {done}, {id}");
        match (result, says) {
            (Ok(()), _) if !must_pass => Err(format!("{place}: passes, and must not")),
            (Err(words), _) if *must_pass => Err(format!("{place}: {words}")),
            (Err(words), Some(says)) if !words.contains(says) => {
                Err(format!("{place}: does not say {says:?}: {words}"))
            }
            _ => Ok(()),
        }
    })
}

/// Whether the named check is the first that fails, with the named words. What looks at files without the mistake is
/// known to pass.
fn caught(bench: &Bench, mistake: &Mistake, made: &Built, finished: &Built) -> Result<(), String> {
    let Mistake { what, caught_by, .. } = mistake;
    for (_, _, check) in bench.checks() {
        let in_page = bench.in_page(check);
        if made.side(in_page) == finished.side(in_page) {
            continue;
        }
        if let Err(words) = bench.judge(&made.program, check) {
            return match mistake.words_of(check.id) {
                None => Err(format!("{what}: caught by {}, not {caught_by}: {words}", check.id)),
                Some(says) if !words.contains(says) => {
                    Err(format!("{what}: {} does not say {says:?}: {words}", check.id))
                }
                Some(_) => Ok(()),
            };
        }
    }
    Err(format!("{what}: no check catches it"))
}
