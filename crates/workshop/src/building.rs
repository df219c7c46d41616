//! Builds a learner's program, compile errors alone.

use std::{
    io::{IsTerminal as _, Read, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

use crate::{learner::Trouble, process::Program, track::Track};

/// How a program was built.
#[derive(Debug)]
pub enum Built {
    /// It can be run.
    Program(Program),
    /// What the compiler says.
    Errors(String),
}

/// Builds the program in a learner's folder. With `shown`, cargo's progress goes to the terminal.
///
/// # Errors
///
/// Cargo cannot be run.
pub fn build(track: &Track, folder: &Path, colour: bool, shown: bool) -> Result<Built, Trouble> {
    if !track.run.is_empty() {
        return Ok(Built::Program(Program::new(&track.run, folder)));
    }
    fetched_or_not(folder, colour, shown)
}

/// Builds the main program, which is what cargo builds at the root of the repository; or gives the one that the variable
/// `WORKSHOP_SIDE_BY_SIDE` names.
///
/// # Errors
///
/// Cargo cannot be run.
pub fn side_by_side(root: &Path, colour: bool) -> Result<Built, Trouble> {
    match std::env::var_os("WORKSHOP_SIDE_BY_SIDE") {
        Some(path) => Ok(Built::Program(Program::at(Path::new(&path), root))),
        None => fetched_or_not(root, colour, true),
    }
}

fn fetched_or_not(folder: &Path, colour: bool, shown: bool) -> Result<Built, Trouble> {
    let offline = cargo(folder, colour, shown, true)?;
    // What was never fetched cannot be built offline; then, and only then, the network is asked.
    match offline {
        Built::Errors(text) if text.contains("--offline") => cargo(folder, colour, shown, false),
        built => Ok(built),
    }
}

fn cargo(folder: &Path, colour: bool, shown: bool, offline: bool) -> Result<Built, Trouble> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--bins", "--message-format", "json-render-diagnostics"]);
    command.args(["--color", if colour { "always" } else { "never" }]);
    if offline {
        command.arg("--offline");
    }
    // Those of a cargo that runs this program speak of its package, not of the learner's.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    if shown && std::io::stderr().is_terminal() {
        // It is no terminal that cargo writes to, since what it says is read too.
        command.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "80");
    }
    let mut run = || -> std::io::Result<(Output, String)> {
        let mut child = command.spawn()?;
        let errors = child.stderr.take();
        let heard = thread::spawn(move || hear(errors, shown));
        let output = child.wait_with_output()?;
        Ok((output, heard.join().unwrap_or_default()))
    };
    let (output, said) = run().map_err(|error| {
        Trouble::Told(format!("cargo cannot be run: {error}; `cargo workshop doctor` says more"))
    })?;
    if !output.status.success() {
        return Ok(Built::Errors(said));
    }
    executable(&output.stdout)
        .map(|path| Built::Program(Program::at(&path, folder)))
        .ok_or_else(|| Trouble::Told("cargo built no program; is src/main.rs there?".into()))
}

/// All that a stream says, passed on to standard error where it is to be shown.
fn hear(stream: Option<impl Read>, shown: bool) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let (mut said, mut octets) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut octets) {
        let came = octets.get(..count).unwrap_or_default();
        said.extend_from_slice(came);
        if shown {
            // Whoever does not read any more need not be told.
            let _ = std::io::stderr().write_all(came);
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// The program among cargo's messages.
fn executable(messages: &[u8]) -> Option<PathBuf> {
    let lines = messages.split(|&octet| octet == b'\n');
    lines
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .find_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
}
