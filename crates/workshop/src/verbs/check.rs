//! `check`: builds, runs the checks of the step under way, then those of the steps before it. Each of the two ends at the
//! first that fails.

mod done;
mod ran;
mod waiting;

use std::time::Instant;

use serde::Serialize;

use super::{Setting, class};
use crate::{
    building::Built,
    failure::Report,
    learner::{Learner, Trouble},
    snapshots,
    terminal::{Style, print, wrap},
};
use ran::Ran;
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
    let ran = Ran::of(setting, options, &learner, program, last, &mut waiting);
    snapshots::checked(&learner.folder, snapshot, &ran.outcome())?;
    ran.not_run()?;
    let report = ran.first().map(|failed| &failed.report);
    learner.progress.failed = None;
    if let Some(report) = report {
        learner.progress.failed(report);
    }
    learner.progress.write(&learner.folder)?;
    if options.json {
        ran.print_json(options, &learner)?;
    }
    if let Some(report) = report {
        tell_class(setting, options, &learner, false, Some(&report.check));
        return Ok(Verdict::Failed);
    }
    if !options.json {
        print(setting.paint.text(Style::Green, ran.passed_in(built)));
    }
    if options.step.is_none() {
        done::advance(setting, &mut learner, !options.json)?;
    }
    tell_class(setting, options, &learner, true, None);
    Ok(Verdict::Passed)
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
