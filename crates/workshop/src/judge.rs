//! Runs the checks of a track against a program, step by step.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    browser::Shared,
    checks::{self, Check},
    failure::{Failure, Report},
    probe::Probe,
    process::{Program, Run},
    scripted::Site,
    trace::{self, Piece},
    track::{Step, Track},
};

/// Checks that run at once: most of their time is waiting.
const AT_ONCE: usize = 3;

/// A check that has ended.
#[derive(Debug)]
pub struct Ran {
    /// The check.
    pub check: &'static Check,
    /// How it ended.
    pub result: Result<(), Failure>,
    /// How long it took, beside others.
    pub took: Duration,
    /// What passed meanwhile.
    pub pieces: Vec<Piece>,
}

/// How the checks are run.
#[derive(Clone, Debug)]
pub struct Judge<'a> {
    /// The track.
    pub track: &'a Track,
    /// The program.
    pub program: Program,
    /// The repository, whose `web` has what the program's folder has not.
    pub root: &'a Path,
    /// The browser for the steps in the page.
    pub browser: Shared,
    /// What names, texts, keys and sizes are drawn from.
    pub seed: u64,
    /// How much longer deadlines are on this machine.
    pub stretch: u32,
}

/// Ends what is still running, however the checks end.
struct Ended(Arc<Run>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Judge<'_> {
    /// Runs one check.
    ///
    /// # Errors
    ///
    /// It fails.
    pub fn check(&self, check: &Check) -> Result<(), Failure> {
        let folders = vec![self.program.folder.clone(), self.root.to_owned()];
        let site = Site { folders, transport: self.track.name.clone() };
        (check.run)(&Probe::new(self.program.clone(), site, self.browser.clone(), self.seed, self.stretch))
    }

    /// Runs the checks of steps 1 to `last`, some at once, and stops at the first that fails, in their order: `waiting`
    /// is told which one is waited for, `ran` how each ended. What runs behind the one that failed is ended.
    ///
    /// # Errors
    ///
    /// The check that failed.
    pub fn steps(
        &self,
        last: usize,
        mut waiting: impl FnMut(usize, &Check),
        mut ran: impl FnMut(&Ran),
    ) -> Result<(), Box<Report>> {
        let checks: Arc<[_]> = self.checks(last).collect();
        let run = Ended(Arc::default());
        let results = self.start(&checks, &run.0);
        // What ended before its turn.
        let mut early = BTreeMap::new();
        for (at, (number, check)) in checks.iter().enumerate() {
            waiting(*number, check);
            let ended = loop {
                if let Some(ended) = early.remove(&at) {
                    break ended;
                }
                match results.recv() {
                    Ok((other, ended)) => _ = early.insert(other, ended),
                    Err(_) => {
                        let failure = Failure::not_run("the check itself failed", "tell its authors");
                        return Err(Box::new(self.report(*number, check, failure)));
                    }
                }
            };
            ran(&ended);
            if let Err(failure) = ended.result {
                return Err(Box::new(self.report(*number, check, failure)));
            }
        }
        Ok(())
    }

    /// The checks of steps 1 to `last`, with the numbers of the steps.
    fn checks(&self, last: usize) -> impl Iterator<Item = (usize, &'static Check)> {
        let of_step = |step: &Step| -> Vec<_> {
            step.checks.iter().filter_map(|id| checks::find(&self.track.name, id)).collect()
        };
        let steps = (1..=last).zip(&self.track.steps);
        steps.flat_map(move |(number, step)| of_step(step).into_iter().map(move |check| (number, check)))
    }

    /// Starts checks in their order; gives how each ended, by its place, until nobody listens any more.
    fn start(&self, checks: &Arc<[(usize, &'static Check)]>, run: &Arc<Run>) -> mpsc::Receiver<(usize, Ran)> {
        let next = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = mpsc::channel();
        for _ in 0..AT_ONCE.min(checks.len()) {
            let (checks, next, sender) = (Arc::clone(checks), Arc::clone(&next), sender.clone());
            let (track, root) = (self.track.clone(), self.root.to_owned());
            let (program, browser, seed, stretch) = (
                Program { run: Arc::clone(run), ..self.program.clone() },
                self.browser.clone(),
                self.seed,
                self.stretch,
            );
            thread::spawn(move || {
                let judge = Judge { track: &track, program, root: &root, browser, seed, stretch };
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((_, check)) = checks.get(at) else { return };
                    trace::begin();
                    let begun = Instant::now();
                    let result = judge.check(check);
                    let ran = Ran { check, result, took: begun.elapsed(), pieces: trace::end() };
                    if sender.send((at, ran)).is_err() {
                        return;
                    }
                }
            });
        }
        receiver
    }

    fn report(&self, step: usize, check: &Check, failure: Failure) -> Report {
        Report {
            track: self.track.name.clone(),
            step,
            check: check.id.to_owned(),
            rule: check.rule.to_owned(),
            rfc: check.rfc.to_owned(),
            seed: self.seed,
            place: None,
            failure,
        }
    }
}
