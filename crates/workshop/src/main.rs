//! `cargo workshop`: build each transport yourself, step by step.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use workshop::{
    browser::{self, Shared},
    learner::{Learner, Trouble},
    place::Repository,
    process,
    terminal::{Paint, Style, print},
    verbs::{Setting, changes, check, demo, doctor, hint, map, start, watch},
};

/// Build each transport yourself, step by step, checked over real sockets.
///
/// Without a verb: watches the step under way, or shows the map of tracks and steps.
#[derive(Debug, Parser)]
#[command(
    name = "cargo workshop",
    bin_name = "cargo workshop",
    max_term_width = 80,
    disable_help_subcommand = true
)]
struct Arguments {
    /// No colours; also by the variable NO_COLOR
    #[arg(long, global = true)]
    no_color: bool,
    /// Where learners' work goes, instead of `my`
    #[arg(long, global = true, hide = true, env = "WORKSHOP_MY")]
    my: Option<PathBuf>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The map of tracks and steps
    Map,
    /// Look at this machine, and say how to mend what it lacks
    Doctor {
        /// Build the libraries too
        #[arg(long)]
        warm: bool,
    },
    /// Write the starter of a track into my/TRACK, or go on
    Start {
        /// Such as raw-websocket, or raw-websocket/decode
        #[arg(value_name = "TRACK[/STEP]")]
        track: String,
    },
    /// Build, and run the checks up to the step under way
    Check {
        /// Only up to this step: a name or a number
        #[arg(long)]
        step: Option<String>,
        /// Show the conversation of the check that failed
        #[arg(long)]
        trace: bool,
        /// Draw the same names, texts and keys again
        #[arg(long)]
        seed: Option<u64>,
        /// One JSON object, for tools
        #[arg(long)]
        json: bool,
    },
    /// Check whenever a file is saved; keys h d t o r n q
    Watch,
    /// The next of three hints for what failed last
    Hint,
    /// The rule of a check, its source, and a good conversation
    Explain {
        /// Such as reply-lengths; without it, the one that failed last
        check: Option<String>,
    },
    /// Your regions of this step against the solution's
    Diff,
    /// This step's solution
    Solution {
        /// Put it into your files; a snapshot is taken first
        #[arg(long)]
        apply: bool,
    },
    /// This step's regions as it begins
    Reset {
        /// All files
        #[arg(long)]
        all: bool,
    },
    /// Back to the snapshot before, or to any of `history`
    Undo {
        /// The number of a snapshot
        snapshot: Option<usize>,
    },
    /// The snapshots
    History,
    /// Save your files aside, and stand where the class is
    CatchUp {
        /// Without it, the step after yours
        step: Option<String>,
    },
    /// Your server in a browser
    Demo {
        /// Ours beside it
        #[arg(long)]
        compare: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // It fails only where a handler is set already.
    let _ = ctrlc::set_handler(|| {
        process::kill_all();
        browser::forget_all();
        std::process::exit(130);
    });
    let setting = Setting {
        repository: Repository::find(arguments.my),
        paint: Paint::of_process(arguments.no_color),
        browser: Shared::default(),
    };
    let status = match run(&setting, arguments.verb) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            print(setting.paint.text(Style::Red, format!("{trouble}\n")));
            ExitCode::from(2)
        }
    };
    // Checks behind one that failed may still be under way.
    drop(setting);
    process::kill_all();
    browser::forget_all();
    status
}

/// Whether all is well.
fn run(setting: &Setting, verb: Option<Verb>) -> Result<bool, Trouble> {
    let done = match verb {
        None if setting.paint.0 && Learner::active(&setting.repository).is_ok() => watch::watch(setting),
        None | Some(Verb::Map) => map::map(setting),
        Some(Verb::Doctor { warm }) => return doctor::doctor(setting, warm),
        Some(Verb::Start { track }) => start::start(setting, &track),
        Some(Verb::Check { step, trace, seed, json }) => {
            let verdict = check::check(setting, &check::Options { step, trace, seed, json })?;
            return Ok(verdict == check::Verdict::Passed);
        }
        Some(Verb::Watch) => watch::watch(setting),
        Some(Verb::Hint) => hint::hint(setting),
        Some(Verb::Explain { check }) => hint::explain(setting, check.as_deref()),
        Some(Verb::Diff) => changes::diff(setting),
        Some(Verb::Solution { apply }) => changes::solution(setting, apply),
        Some(Verb::Reset { all }) => start::reset(setting, all),
        Some(Verb::Undo { snapshot }) => changes::undo(setting, snapshot),
        Some(Verb::History) => changes::history(setting),
        Some(Verb::CatchUp { step }) => start::catch_up(setting, step.as_deref()),
        Some(Verb::Demo { compare }) => demo::demo(setting, compare),
    };
    done.map(|()| true)
}
