//! `cargo workshop`: build each transport yourself, step by step.

use std::{net::IpAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use workshop::{
    browser::{self, Shared},
    class::wall::WALL,
    learner::{Learner, Trouble},
    place::Repository,
    process,
    terminal::{Paint, Style, print},
    verbs::{Setting, back, changes, check, class, demo, doctor, hint, map, start, watch},
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
    /// Check whenever a file is saved; keys h d t s n o r q
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
    /// Forward again, after an undo
    Redo,
    /// The snapshots: what each is, and what it changed
    History,
    /// Save your files aside, and stand where the class is
    CatchUp {
        /// Without it, the step after yours
        step: Option<String>,
    },
    /// Your server in its panel of the side-by-side page
    Demo {
        /// It alone, and ours alone
        #[arg(long)]
        compare: bool,
    },
    /// The wall of a class: who is at which step, for a browser
    ///
    /// For this machine only, unless --lan or --listen says otherwise. Learners put
    /// themselves on it with `join`; no accounts, and no code is sent. It needs no
    /// other network, and what they told is there again after a restart.
    Class {
        /// Listen on this machine's address in its local network
        #[arg(long, conflicts_with = "listen")]
        lan: bool,
        /// Listen on this address of a local network
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<IpAddr>,
        /// The port; 0 takes a free one
        #[arg(long, default_value_t = WALL.port)]
        port: u16,
        /// Forget who was on it
        #[arg(long)]
        anew: bool,
    },
    /// Put yourself on the wall of a class; says exactly what is sent
    ///
    /// Each check then sends your name, track and step, whether it passed, and how
    /// many minutes each step took. No code, no file, no output. `leave` ends it.
    Join {
        /// The wall, such as http://192.168.1.5:8090/
        #[arg(value_name = "URL")]
        wall: String,
        /// The name on the wall: 1 to 32 characters
        #[arg(long)]
        name: String,
        /// Also send which check fails, to be seen when you are stuck
        #[arg(long)]
        stuck: bool,
    },
    /// Take yourself off the wall; nothing is sent any more
    Leave,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // It fails only where a handler is set already.
    let _ = ctrlc::set_handler(|| {
        watch::restore();
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
            let verdict = check::check(setting, &check::Options { step, trace, seed, json, watched: false })?;
            return Ok(verdict == check::Verdict::Passed);
        }
        Some(Verb::Watch) => watch::watch(setting),
        Some(Verb::Hint) => hint::hint(setting),
        Some(Verb::Explain { check }) => hint::explain(setting, check.as_deref()),
        Some(Verb::Diff) => changes::diff(setting),
        Some(Verb::Solution { apply }) => changes::solution(setting, apply),
        Some(Verb::Reset { all }) => start::reset(setting, all),
        Some(Verb::Undo { snapshot }) => back::undo(setting, snapshot),
        Some(Verb::Redo) => back::redo(setting),
        Some(Verb::History) => back::history(setting),
        Some(Verb::CatchUp { step }) => start::catch_up(setting, step.as_deref()),
        Some(Verb::Demo { compare }) => demo::demo(setting, compare),
        Some(Verb::Class { lan, listen, port, anew }) => {
            class::class(setting, &class::Place { listen, lan, port, anew })
        }
        Some(Verb::Join { wall, name, stuck }) => class::join(setting, &wall, &name, stuck),
        Some(Verb::Leave) => class::leave(setting),
    };
    done.map(|()| true)
}
