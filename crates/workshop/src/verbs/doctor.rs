//! `doctor`: whether this machine has what the workshop needs, and how to mend what it lacks.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use super::{Setting, watch};
use crate::{
    browser,
    building::{self, Built},
    learner::{Learner, Trouble},
    terminal::{Style, print, wrap},
};

/// The oldest compiler that builds the workspace, of 1.x.
const OLDEST_RUSTC: u32 = 88;

/// Free space that a build takes, in MiB.
const ROOM_MIB: u64 = 3_000;

/// The ports of the finished programs.
const PORTS: std::ops::RangeInclusive<u16> = 8080..=8085;

/// What was looked at: what it is, what was found, and how to mend it.
type Finding = (&'static str, Result<String, (String, &'static str)>);

/// Looks at everything; with `warm`, builds the libraries of the track under way too, for the editor as well.
///
/// # Errors
///
/// The libraries do not build.
pub fn doctor(setting: &Setting, warm: bool) -> Result<bool, Trouble> {
    let root = &setting.repository.root;
    let findings = [toolchain(), linker(), ports(), events(root), disk(root), browser(), certificate(root)];
    let mut well = true;
    for (what, found) in &findings {
        match found {
            Ok(text) => print(format!("{} {what:<12} {text}\n", setting.paint.text(Style::Green, "  ok "))),
            Err((text, fix)) => {
                well = false;
                print(format!("{} {what:<12} {text}\n", setting.paint.text(Style::Red, "  !! ")));
                print(wrap(&format!("-> {fix}"), "                  "));
            }
        }
    }
    if warm {
        let learner = Learner::active(&setting.repository)?;
        if let Built::Errors(_) = building::build(&learner.track, &learner.folder, setting.paint.0, true)? {
            print("The libraries are built; your own code does not compile yet.\n");
        }
    }
    Ok(well)
}

/// What a command says in its first line.
fn says(command: &str, argument: &str) -> Option<String> {
    let output = Command::new(command).arg(argument).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}

fn toolchain() -> Finding {
    const FIX: &str = "install or update Rust: https://rustup.rs, then `rustup update stable`";
    let found = match says("rustc", "--version") {
        None => Err(("rustc is not on the PATH".to_owned(), FIX)),
        Some(text) => {
            let minor =
                text.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok()).unwrap_or_default();
            if minor >= OLDEST_RUSTC { Ok(text) } else { Err((format!("{text} is too old"), FIX)) }
        }
    };
    ("toolchain", found)
}

fn linker() -> Finding {
    let found = says("cc", "--version").or_else(|| says("clang", "--version"));
    (
        "linker",
        found.ok_or_else(|| {
            ("there is no cc".to_owned(), "Debian: apt install gcc; macOS: xcode-select --install")
        }),
    )
}

fn ports() -> Finding {
    let taken: Vec<_> = PORTS
        .filter(|&port| TcpListener::bind(("127.0.0.1", port)).is_err())
        .map(|port| port.to_string())
        .collect();
    let found = if taken.is_empty() {
        Ok("8080 to 8085 are free".to_owned())
    } else {
        let fix = "checks take free ports and do not need these; side-by-side does: end what holds them, or give --port";
        Err((format!("in use: {}", taken.join(", ")), fix))
    };
    ("ports", found)
}

fn events(root: &Path) -> Finding {
    let folder = root.join("target/workshop-doctor");
    let arrive = fs::create_dir_all(&folder).is_ok() && watch::events_arrive(&folder);
    let fix =
        "watch looks at the files twice a second instead; on a network or container mount that is normal";
    let found = if arrive { Ok("arrive".to_owned()) } else { Err(("do not arrive".to_owned(), fix)) };
    ("file events", found)
}

/// Free space where it is built, as `df` tells it.
fn disk(root: &Path) -> Finding {
    let output = Command::new("df").arg("-Pk").arg(root).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let free = text.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    let found = match free.map(|kilobytes| kilobytes / 1024) {
        None => Ok("free space is not told here".to_owned()),
        Some(free) if free >= ROOM_MIB => Ok(format!("{free} MiB are free")),
        Some(free) => {
            Err((format!("{free} MiB are free"), "a build takes about 3 GB: `cargo clean` in other projects"))
        }
    };
    ("disk", found)
}

/// The steps in the page need one that can be driven; any other shows the page to people.
fn browser() -> Finding {
    let found = browser::found().map(|path| path.display().to_string());
    ("browser", found.ok_or_else(|| ("none that checks of a page could drive".to_owned(), browser::INSTALL)))
}

fn certificate(root: &Path) -> Finding {
    let folder = root.join(".crosstalk");
    let writable = fs::create_dir_all(&folder).is_ok();
    let fix = "the folder .crosstalk of the repository keeps the certificate of HTTP/2: make it writable";
    let found = if writable {
        Ok(".crosstalk can be written".to_owned())
    } else {
        Err(("no place for it".to_owned(), fix))
    };
    ("certificate", found)
}
