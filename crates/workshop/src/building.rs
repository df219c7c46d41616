//! Builds a learner's program, compile errors alone.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
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
    command.current_dir(folder).stdout(Stdio::piped());
    command.stderr(if shown { Stdio::inherit() } else { Stdio::piped() });
    let output = command.spawn().and_then(std::process::Child::wait_with_output).map_err(|error| {
        Trouble::Told(format!("cargo cannot be run: {error}; `cargo workshop doctor` says more"))
    })?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Ok(Built::Errors(said));
    }
    executable(&output.stdout)
        .map(|path| Built::Program(Program::at(&path, folder)))
        .ok_or_else(|| Trouble::Told("cargo built no program; is src/main.rs there?".into()))
}

/// The program among cargo's messages.
fn executable(messages: &[u8]) -> Option<PathBuf> {
    let lines = messages.split(|&octet| octet == b'\n');
    lines
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .find_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
}
