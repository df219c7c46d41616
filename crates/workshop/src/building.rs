//! Builds a learner's program, compile errors alone.

use std::{
    io::{IsTerminal as _, Read, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

use crate::{
    learner::Trouble,
    process::{self, Program},
    track::Track,
};

/// How a program was built.
#[derive(Debug)]
pub enum Built {
    /// It can be run.
    Program(Program),
    /// What the compiler says.
    Errors(String),
}

/// What becomes of what cargo says while it builds.
#[derive(Clone, Copy)]
enum Heard<'a> {
    /// Nothing.
    Kept,
    /// It goes to the terminal, with a bar of progress.
    Shown,
    /// The names of the crates that are built are told.
    Told(&'a (dyn Fn(&str) + Sync)),
}

/// Builds the program in a learner's folder. With `shown`, cargo's progress goes to the terminal.
///
/// # Errors
///
/// Cargo cannot be run.
pub fn build(track: &Track, folder: &Path, colour: bool, shown: bool) -> Result<Built, Trouble> {
    built(track, folder, colour, if shown { Heard::Shown } else { Heard::Kept })
}

/// Likewise; the name of each crate that is built on the way is `told`, once it has begun.
///
/// # Errors
///
/// Cargo cannot be run.
pub fn build_telling(
    track: &Track,
    folder: &Path,
    colour: bool,
    told: &(dyn Fn(&str) + Sync),
) -> Result<Built, Trouble> {
    built(track, folder, colour, Heard::Told(told))
}

fn built(track: &Track, folder: &Path, colour: bool, heard: Heard<'_>) -> Result<Built, Trouble> {
    if !track.run.is_empty() {
        return Ok(Built::Program(Program::new(&track.run, folder)));
    }
    fetched_or_not(folder, colour, heard)
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
        None => fetched_or_not(root, colour, Heard::Shown),
    }
}

fn fetched_or_not(folder: &Path, colour: bool, heard: Heard<'_>) -> Result<Built, Trouble> {
    let offline = cargo(folder, colour, heard, true)?;
    // What was never fetched cannot be built offline; then, and only then, the network is asked.
    match offline {
        Built::Errors(text) if text.contains("--offline") => cargo(folder, colour, heard, false),
        built => Ok(built),
    }
}

fn cargo(folder: &Path, colour: bool, heard: Heard<'_>, offline: bool) -> Result<Built, Trouble> {
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
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if matches!(heard, Heard::Shown) && std::io::stderr().is_terminal() {
        // It is no terminal that cargo writes to, since what it says is read too.
        command.env("CARGO_TERM_PROGRESS_WHEN", "always").env("CARGO_TERM_PROGRESS_WIDTH", "80");
    }
    let mut run = || -> std::io::Result<(Output, String)> {
        // In a group of its own, which ends with this process.
        let mut child = process::spawn_group(&mut command)?;
        let (group, errors) = (child.id(), child.stderr.take());
        let ran = thread::scope(|scope| {
            let said = scope.spawn(|| hear(errors, heard));
            Ok((child.wait_with_output()?, said.join().unwrap_or_default()))
        });
        process::forget(group);
        ran
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

/// All that cargo says, shown or told on the way.
fn hear(stream: Option<impl Read>, heard: Heard<'_>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let (mut said, mut octets, mut told) = (Vec::new(), [0; 4096], 0);
    while let Ok(count @ 1..) = stream.read(&mut octets) {
        let came = octets.get(..count).unwrap_or_default();
        said.extend_from_slice(came);
        match heard {
            Heard::Kept => {}
            // Whoever does not read any more need not be told.
            Heard::Shown => _ = std::io::stderr().write_all(came),
            Heard::Told(tell) => {
                let rest = said.get(told..).unwrap_or_default();
                let lines = rest.iter().rposition(|&octet| octet == b'\n').map_or(0, |last| last + 1);
                let text = String::from_utf8_lossy(rest.get(..lines).unwrap_or_default()).into_owned();
                text.lines().filter_map(crate_of).for_each(tell);
                told += lines;
            }
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// The crate that cargo says it compiles, in such a line: `   Compiling h2 v0.4.12`, with colours or without.
fn crate_of(line: &str) -> Option<&str> {
    let (_, behind) = line.split_once("Compiling")?;
    behind.trim_start_matches("\x1b[0m").split_whitespace().next()
}

/// The program among cargo's messages.
fn executable(messages: &[u8]) -> Option<PathBuf> {
    let lines = messages.split(|&octet| octet == b'\n');
    lines
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .find_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn the_crates_that_cargo_compiles_are_told() {
        let said =
            "   Compiling h2 v0.4.12\n\x1b[1m\x1b[32m   Compiling\x1b[0m my-polling v0.1.0 (/a)\nerror: no\n";
        let told = Mutex::new(Vec::new());
        let tell = |name: &str| told.lock().unwrap().push(name.to_owned());
        assert_eq!(hear(Some(said.as_bytes()), Heard::Told(&tell)), said);
        assert_eq!(*told.lock().unwrap(), ["h2", "my-polling"]);
    }
}
