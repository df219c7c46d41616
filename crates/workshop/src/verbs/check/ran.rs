//! What the checks came to: those of the step under way, and those of the steps before it.

use std::{
    cell::RefCell,
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use super::{Options, Passed, Setting, Told, json, waiting::Waiting};
use crate::{
    checks,
    failure::Report,
    judge::Judge,
    learner::{Learner, Trouble},
    probe,
    process::Program,
    terminal::{Style, print},
    trace,
};

/// A check that failed, and what passed in it.
pub(super) struct Failed {
    pub(super) report: Report,
    conversation: Vec<String>,
}

/// What the checks came to.
pub(super) struct Ran {
    passed: Vec<Passed>,
    /// Of the step under way.
    own: Option<Failed>,
    /// Of a step before it, which passed once.
    earlier: Option<Failed>,
    /// The number of the step under way.
    last: usize,
    /// How long its checks took, and those of the steps before it.
    took: [Duration; 2],
    seed: u64,
}

impl Ran {
    /// Runs the checks of step `last`, whose failure is told at once, then those of the steps before it.
    pub(super) fn of(
        setting: &Setting,
        options: &Options,
        learner: &Learner,
        program: Program,
        last: usize,
        waiting: &mut Waiting,
    ) -> Self {
        let seed = options.seed.unwrap_or_else(|| fastrand::u64(1..100_000));
        let (track, root, stretch) = (&learner.track, &*setting.repository.root, probe::calibrate());
        let judge = Judge { track, program, root, browser: setting.browser.clone(), seed, stretch };
        let mut ran =
            Self { passed: Vec::new(), own: None, earlier: None, last, took: [Duration::ZERO; 2], seed };
        let begun = Instant::now();
        ran.own = ran.run(&judge, learner, last..=last, waiting);
        ran.took[0] = begun.elapsed();
        if let Some(own) = &ran.own {
            own.tell(setting, options);
            if own.report.failure.not_run.is_some() {
                return ran;
            }
        }
        let begun = Instant::now();
        ran.earlier = ran.run(&judge, learner, 1..=last - 1, waiting);
        ran.took[1] = begun.elapsed();
        ran.tell_earlier(setting, options);
        ran
    }

    fn run(
        &mut self,
        judge: &Judge<'_>,
        learner: &Learner,
        steps: RangeInclusive<usize>,
        waiting: &mut Waiting,
    ) -> Option<Failed> {
        let name = &judge.track.name;
        let mut conversation = Vec::new();
        let shown = RefCell::new(waiting);
        let result = judge.steps(
            steps,
            |number, check| shown.borrow_mut().begins(name, number, check),
            |ran| {
                shown.borrow().ended();
                match ran.result {
                    Ok(()) => {
                        self.passed.push(Passed { check: ran.check.id, milliseconds: ran.took.as_millis() });
                    }
                    Err(_) => conversation = trace::told(&ran.pieces),
                }
            },
        );
        shown.borrow_mut().over();
        let report = *result.err()?;
        let region = checks::find(name, &report.check).map(|check| check.region).unwrap_or_default();
        Some(Failed { report: learner.placed(report, region), conversation })
    }

    /// The failure to mend first: what is built on does not stand while that below it does not.
    pub(super) fn first(&self) -> Option<&Failed> {
        self.earlier.as_ref().or(self.own.as_ref())
    }

    /// In a few words, for the history.
    pub(super) fn outcome(&self) -> String {
        let count = self.passed.len();
        match self.first().map(|failed| &failed.report) {
            None => format!("{count} pass"),
            Some(report) if report.failure.not_run.is_some() => {
                format!("{count} pass, {} was not run", report.check)
            }
            Some(report) => format!("{count} pass, {} fails", report.check),
        }
    }

    /// Fails where a check was not run, for something is missing that is no part of what it checks.
    pub(super) fn not_run(&self) -> Result<(), Trouble> {
        let Some(Failed { report, .. }) = self.first() else { return Ok(()) };
        let Some(fix) = &report.failure.not_run else { return Ok(()) };
        let Report { track, step, check, failure, .. } = report;
        let count = self.passed.len();
        Err(Trouble::Told(format!(
            "{count} checks pass; {track} / {step} / {check} was not run: {}\n-> {fix}",
            failure.got
        )))
    }

    /// That all passed, and in what time.
    pub(super) fn passed_in(&self, built: Duration) -> String {
        let [own, earlier] = self.took.map(|took| took.as_secs_f32());
        let (count, built, last) = (self.passed.len(), built.as_secs_f32(), self.last);
        let before = match last {
            1 => String::new(),
            2 => format!(", step 1 in {earlier:.1} s"),
            _ => format!(", steps 1 to {} in {earlier:.1} s", last - 1),
        };
        let seed = self.seed;
        format!(
            "{count} checks pass  (built in {built:.1} s, step {last} checked in {own:.1} s{before}, seed {seed})\n"
        )
    }

    /// What became of the steps before, where that is news.
    fn tell_earlier(&self, setting: &Setting, options: &Options) {
        let paint = setting.paint;
        if options.json || self.last == 1 {
            return;
        }
        match (&self.own, &self.earlier) {
            (None, None) => {}
            (Some(_), None) => {
                let before = if self.last == 2 {
                    "Step 1 still passes".to_owned()
                } else {
                    format!("Steps 1 to {} still pass", self.last - 1)
                };
                print(paint.text(Style::Dim, format!("{before}.\n")));
            }
            (own, Some(earlier)) => {
                if earlier.report.failure.not_run.is_some() {
                    return;
                }
                let what = if own.is_some() {
                    "fails too, and passed once: mend this first"
                } else {
                    "passed once, and fails now"
                };
                let line = format!("\nStep {} {what}.\n\n", earlier.report.step);
                print(paint.text(Style::Red, line));
                earlier.tell(setting, options);
            }
        }
    }

    /// All of it, for a tool.
    pub(super) fn print_json(&self, options: &Options, learner: &Learner) -> Result<(), Trouble> {
        let (track, step) = (&*learner.track.name, &*learner.progress.step);
        let first = self.first();
        let conversation = first.filter(|_| options.trace).map(|failed| failed.conversation.clone());
        json(&Told {
            track,
            step,
            passed: &self.passed,
            compile_errors: None,
            failed: first.map(|failed| &failed.report),
            conversation: conversation.unwrap_or_default(),
        })
    }
}

impl Failed {
    fn tell(&self, setting: &Setting, options: &Options) {
        if options.json || self.report.failure.not_run.is_some() {
            return;
        }
        let paint = setting.paint;
        let hint = if options.watched { "hint: the key h" } else { "hint: cargo workshop hint" };
        print(self.report.render(paint, hint));
        if options.trace {
            let title = paint.text(Style::Bold, "the conversation");
            print(format!("\n{title}\n{}\n", self.conversation.join("\n")));
        }
    }
}
