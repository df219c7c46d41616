//! `check`: builds, runs the checks up to the step under way, stops at the first that fails.

mod done;
mod waiting;

use std::{cell::RefCell, time::Instant};

use serde::Serialize;

use super::{Setting, class};
use crate::{
    building::Built,
    checks,
    failure::Report,
    judge::Judge,
    learner::{Learner, Trouble},
    probe,
    process::Program,
    snapshots,
    terminal::{Style, print, wrap},
    trace,
};
use waiting::Waiting;

/// What `check` is told.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The step up to which it checks; without it the one under way.
    pub step: Option<String>,
    /// Show the conversation of the check that failed.
    pub trace: bool,
    /// What names, texts and keys are drawn from.
    pub seed: Option<u64>,
    /// Print one JSON object and nothing else.
    pub json: bool,
    /// Keys are listened to.
    pub watched: bool,
}

/// What a check came to, for tools.
#[derive(Debug, Serialize)]
struct Told<'a> {
    track: &'a str,
    step: &'a str,
    passed: &'a [Passed],
    compile_errors: Option<&'a str>,
    failed: Option<&'a Report>,
    conversation: Vec<String>,
}

/// A check that passed.
#[derive(Debug, Serialize)]
struct Passed {
    check: &'static str,
    milliseconds: u128,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All checks pass.
    Passed,
    /// One fails, or the program does not build.
    Failed,
}

/// Checks, says how it went, and goes on to the next step if this one is done.
///
/// # Errors
///
/// There is no track under way, or cargo cannot be run.
pub fn check(setting: &Setting, options: &Options) -> Result<Verdict, Trouble> {
    let mut learner = Learner::active(&setting.repository)?;
    let current = learner.number();
    let last = match &options.step {
        None => current,
        Some(name) => {
            learner.track.number_of(name).ok_or_else(|| Trouble::Told(format!("no step {name}")))?
        }
    };
    let snapshot = match snapshots::here(&learner.folder, learner.progress.undone_to)? {
        Some(here) => here.number,
        None => {
            learner.progress.undone_to = None;
            snapshots::keep(&learner.folder, "", &learner.progress.step)?
        }
    };
    let mut waiting = Waiting::new(setting, options);
    let begun = Instant::now();
    let program = match waiting.build(setting, &learner)? {
        Built::Program(program) => program,
        Built::Errors(errors) => {
            snapshots::checked(&learner.folder, snapshot, "it does not compile")?;
            told_errors(setting, options, &learner, &errors);
            tell_class(setting, options, &learner, false, None);
            return Ok(Verdict::Failed);
        }
    };
    let built = begun.elapsed();
    let ran = run(setting, options, &learner, program, last, &mut waiting);
    snapshots::checked(&learner.folder, snapshot, &ran.outcome())?;
    ran.not_run()?;
    let Ran { passed, report, seed, .. } = &ran;
    learner.progress.failed = None;
    if let Some(report) = report {
        learner.progress.failed(report);
    }
    learner.progress.write(&learner.folder)?;
    ran.tell(setting, options, &learner)?;
    if let Some(report) = report {
        tell_class(setting, options, &learner, false, Some(&report.check));
        return Ok(Verdict::Failed);
    }
    if !options.json {
        let (count, built) = (passed.len(), built.as_secs_f32());
        let checked = begun.elapsed().as_secs_f32() - built;
        let text =
            format!("{count} checks pass  (built in {built:.1} s, checked in {checked:.1} s, seed {seed})\n");
        print(setting.paint.text(Style::Green, text));
    }
    if options.step.is_none() {
        done::advance(setting, &mut learner, !options.json)?;
    }
    tell_class(setting, options, &learner, true, None);
    Ok(Verdict::Passed)
}

/// What the checks came to.
struct Ran {
    passed: Vec<Passed>,
    report: Option<Report>,
    conversation: Vec<String>,
    seed: u64,
}

/// Runs the checks of steps 1 to `last`.
fn run(
    setting: &Setting,
    options: &Options,
    learner: &Learner,
    program: Program,
    last: usize,
    waiting: &mut Waiting,
) -> Ran {
    let (track, stretch) = (&learner.track, probe::calibrate());
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(1..100_000));
    let root = &setting.repository.root;
    let judge = Judge { track, program, root, browser: setting.browser.clone(), seed, stretch };
    let mut passed = Vec::new();
    let mut conversation = Vec::new();
    let shown = RefCell::new(waiting);
    let result = judge.steps(
        last,
        |number, check| shown.borrow_mut().begins(&track.name, number, check),
        |ran| {
            shown.borrow().ended();
            match ran.result {
                Ok(()) => passed.push(Passed { check: ran.check.id, milliseconds: ran.took.as_millis() }),
                Err(_) => conversation = trace::told(&ran.pieces),
            }
        },
    );
    shown.borrow_mut().over();
    let report = result.err().map(|report| {
        let region = checks::find(&track.name, &report.check).map(|check| check.region).unwrap_or_default();
        learner.placed(*report, region)
    });
    Ran { passed, report, conversation, seed }
}

impl Ran {
    /// In a few words, for the history.
    fn outcome(&self) -> String {
        let count = self.passed.len();
        match &self.report {
            None => format!("{count} pass"),
            Some(report) if report.failure.not_run.is_some() => {
                format!("{count} pass, {} was not run", report.check)
            }
            Some(report) => format!("{count} pass, {} fails", report.check),
        }
    }

    /// Fails where a check was not run, for something is missing that is no part of what it checks.
    fn not_run(&self) -> Result<(), Trouble> {
        let Some(report) = &self.report else { return Ok(()) };
        let Some(fix) = &report.failure.not_run else { return Ok(()) };
        let Report { track, step, check, failure, .. } = report;
        let count = self.passed.len();
        Err(Trouble::Told(format!(
            "{count} checks pass; {track} / {step} / {check} was not run: {}\n-> {fix}",
            failure.got
        )))
    }

    fn tell(&self, setting: &Setting, options: &Options, learner: &Learner) -> Result<(), Trouble> {
        let Self { passed, report, conversation, .. } = self;
        if options.json {
            let conversation = if options.trace { conversation.clone() } else { Vec::new() };
            let (track, step) = (&*learner.track.name, &*learner.progress.step);
            let failed = report.as_ref();
            return json(&Told { track, step, passed, compile_errors: None, failed, conversation });
        }
        let Some(report) = report else { return Ok(()) };
        let paint = setting.paint;
        let hint = if options.watched { "hint: the key h" } else { "hint: cargo workshop hint" };
        print(report.render(paint, hint));
        if options.trace {
            let title = paint.text(Style::Bold, "the conversation");
            print(format!("\n{title}\n{}\n", conversation.join("\n")));
        }
        Ok(())
    }
}

/// Reports to the class, if one was joined.
fn tell_class(setting: &Setting, options: &Options, learner: &Learner, passed: bool, failed: Option<&str>) {
    if let Some(trouble) = class::report(setting, learner, passed, failed)
        && !options.json
    {
        print(setting.paint.text(Style::Dim, wrap(&trouble, "")));
    }
}

fn told_errors(setting: &Setting, options: &Options, learner: &Learner, errors: &str) {
    let (track, step) = (&*learner.track.name, &*learner.progress.step);
    if options.json {
        let told = Told {
            track,
            step,
            passed: &[],
            compile_errors: Some(errors),
            failed: None,
            conversation: Vec::new(),
        };
        let _ = json(&told);
    } else {
        let title = setting.paint.text(Style::Red, "it does not compile; no check was run");
        print(format!("{}\n\n{title}\n", errors.trim_end()));
    }
}

fn json(told: &Told<'_>) -> Result<(), Trouble> {
    print(serde_json::to_string(told).map_err(std::io::Error::other)? + "\n");
    Ok(())
}
