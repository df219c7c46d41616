//! Runs the checks of a track against a program, step by step.

use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
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
    checks::{Check, Place},
    failure::{Failure, Report},
    probe::Probe,
    process::{Program, Run},
    scripted::Site,
    trace::{self, Piece},
    track::Track,
};

/// Checks of the server that run at once.
const SERVERS: usize = 6;

/// Likewise of the page, beside them: each keeps a processor busy.
const PAGES: usize = 2;

/// Checks that are run one after the other by several at once: their places among all.
struct Lane {
    places: Vec<usize>,
    next: AtomicUsize,
}

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

    /// Runs the checks of these steps, some at once, and stops at the first that fails, in their order: `waiting` is told
    /// which one is waited for, `ran` how each ended. What runs behind the one that failed is ended.
    ///
    /// # Errors
    ///
    /// The check that failed.
    pub fn steps(
        &self,
        steps: RangeInclusive<usize>,
        mut waiting: impl FnMut(usize, &Check),
        mut ran: impl FnMut(&Ran),
    ) -> Result<(), Box<Report>> {
        let checks: Arc<[_]> = self.track.checks(steps).collect();
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

    /// Starts checks in their order, those of the page beside those of the server; gives how each ended, by its place,
    /// until nobody listens any more.
    fn start(&self, checks: &Arc<[(usize, &'static Check)]>, run: &Arc<Run>) -> mpsc::Receiver<(usize, Ran)> {
        let (sender, receiver) = mpsc::channel();
        for (place, at_once) in [(Place::Server, SERVERS), (Place::Page, PAGES)] {
            let of_place = checks.iter().enumerate().filter(|(_, (_, check))| check.place == place);
            let places: Vec<_> = of_place.map(|(at, _)| at).collect();
            let workers = at_once.min(places.len());
            let lane = Arc::new(Lane { places, next: AtomicUsize::new(0) });
            for _ in 0..workers {
                self.work(Arc::clone(checks), Arc::clone(&lane), Arc::clone(run), sender.clone());
            }
        }
        receiver
    }

    /// One that runs the checks of a lane, as long as there are some.
    fn work(
        &self,
        checks: Arc<[(usize, &'static Check)]>,
        lane: Arc<Lane>,
        run: Arc<Run>,
        ended: mpsc::Sender<(usize, Ran)>,
    ) {
        let (track, root) = (self.track.clone(), self.root.to_owned());
        let (program, browser) = (Program { run, ..self.program.clone() }, self.browser.clone());
        let (seed, stretch) = (self.seed, self.stretch);
        thread::spawn(move || {
            let judge = Judge { track: &track, program, root: &root, browser, seed, stretch };
            while let Some(&at) = lane.places.get(lane.next.fetch_add(1, Ordering::Relaxed))
                && let Some((_, check)) = checks.get(at)
            {
                trace::begin();
                let begun = Instant::now();
                let result = judge.check(check);
                let ran = Ran { check, result, took: begun.elapsed(), pieces: trace::end() };
                if ended.send((at, ran)).is_err() {
                    return;
                }
            }
        });
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
