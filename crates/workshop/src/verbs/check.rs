//! `check`: builds, runs the checks up to the step under way, stops at the first that fails.

use std::time::Instant;

use serde::Serialize;

use super::{Setting, class, start};
use crate::{
    building::{self, Built},
    checks,
    failure::Report,
    judge::Judge,
    learner::{Learner, Trouble},
    probe, progress,
    terminal::{Style, print, wrap},
    trace,
};

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
    progress::keep(&learner.folder, "a later change", &learner.progress.step)?;
    let paint = setting.paint;
    if paint.0 && !options.json {
        print("building …\r");
    }
    let begun = Instant::now();
    let program = match building::build(&learner.track, &learner.folder, paint.0, false)? {
        Built::Program(program) => program,
        Built::Errors(errors) => {
            told_errors(setting, options, &learner, &errors);
            tell_class(setting, options, &learner, false, None);
            return Ok(Verdict::Failed);
        }
    };
    let built = begun.elapsed();
    let (track, stretch) = (learner.track.clone(), probe::calibrate());
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(1..100_000));
    let judge = Judge {
        track: &track,
        program,
        root: &setting.repository.root,
        browser: setting.browser.clone(),
        seed,
        stretch,
    };
    let mut passed = Vec::new();
    let mut conversation = Vec::new();
    let result = judge.steps(
        last,
        |number, check| waiting(setting, options, &format!("{} / {number} / {}", track.name, check.id)),
        |ran| {
            waiting(setting, options, "");
            match ran.result {
                Ok(()) => {
                    passed.push(Passed { check: ran.check.id, milliseconds: ran.took.as_millis() });
                }
                Err(_) => conversation = trace::told(&ran.pieces),
            }
        },
    );
    let report = result.err().map(|report| {
        let region = checks::find(&track.name, &report.check).map(|check| check.region).unwrap_or_default();
        learner.placed(*report, region)
    });
    if let Some((report, fix)) =
        report.as_ref().and_then(|report| Some((report, report.failure.not_run.as_ref()?)))
    {
        let Report { track, step, check, failure, .. } = report;
        let count = passed.len();
        return Err(Trouble::Told(format!(
            "{count} checks pass; {track} / {step} / {check} was not run: {}\n-> {fix}",
            failure.got
        )));
    }
    learner.progress.failed = None;
    if let Some(report) = &report {
        learner.progress.failed(report);
    }
    learner.progress.undone_to = None;
    learner.progress.write(&learner.folder)?;
    if options.json {
        let conversation = if options.trace { conversation } else { Vec::new() };
        let step = &learner.progress.step;
        json(&Told {
            track: &track.name,
            step,
            passed: &passed,
            compile_errors: None,
            failed: report.as_ref(),
            conversation,
        })?;
    } else if let Some(report) = &report {
        print(report.render(paint));
        if options.trace {
            print(format!(
                "\n{}\n{}\n",
                paint.text(Style::Bold, "the conversation"),
                conversation.join("\n")
            ));
        }
    }
    if let Some(report) = &report {
        tell_class(setting, options, &learner, false, Some(&report.check));
        return Ok(Verdict::Failed);
    }
    let checking = begun.elapsed().saturating_sub(built);
    if !options.json {
        let (count, built, checked) = (passed.len(), built.as_secs_f32(), checking.as_secs_f32());
        let text =
            format!("{count} checks pass  (built in {built:.1} s, checked in {checked:.1} s, seed {seed})\n");
        print(paint.text(Style::Green, text));
    }
    if options.step.is_none() {
        advance(setting, &mut learner, !options.json)?;
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

/// Shows which check is waited for, in a line that the next one takes; none if it has ended.
fn waiting(setting: &Setting, options: &Options, name: &str) {
    if setting.paint.0 && !options.json {
        print(if name.is_empty() { "\r\x1b[K".to_owned() } else { format!("\r\x1b[K  … {name}") });
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

/// The step is done: on to the next.
fn advance(setting: &Setting, learner: &mut Learner, tell: bool) -> Result<(), Trouble> {
    let number = learner.number();
    let now = progress::now();
    let minutes = now.saturating_sub(learner.progress.begun).div_ceil(60);
    let name = learner.progress.step.clone();
    let (title, planned) =
        learner.track.step(number).map(|step| (step.title.clone(), step.minutes)).unwrap_or_default();
    learner.progress.minutes.entry(name.clone()).or_insert(minutes);
    learner.progress.passed.entry(name).or_insert(now);
    let next = learner.track.step(number + 1).map(|step| step.name.clone());
    let paint = setting.paint;
    if tell {
        let done = format!("\nStep {number}, {title}, is done: {minutes} minutes, {planned} were planned.\n");
        print(paint.text(Style::Green, done));
    }
    if let Some(next) = next {
        (learner.progress.step, learner.progress.begun) = (next, now);
        learner.progress.write(&learner.folder)?;
        if tell {
            start::tell_step(setting, learner)?;
        }
    } else {
        learner.progress.write(&learner.folder)?;
        if tell {
            print(paint.text(
                Style::Green,
                wrap("That was the last step: the transport is yours, octet by octet.", ""),
            ));
            print(wrap(
                &format!(
                    "Next: `cargo workshop demo` shows it at work, and `cargo test -p {}` what ours is held to.",
                    learner.track.name
                ),
                "",
            ));
        }
    }
    Ok(())
}
