//! The program that is the browser: where it is, and how it is started.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::process::spawn_group;

/// The variable that names the browser to run, instead of one that is looked for.
pub const VARIABLE: &str = "WORKSHOP_BROWSER";

/// Names of browsers that speak the protocol, as they stand on the PATH: first those that have no windows at all, which
/// start and load in half the time.
const NAMES: [&str; 7] = [
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
];

/// Where macOS keeps one.
const OF_MACOS: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// How to get one, where there is none.
pub const INSTALL: &str = "install one (Debian: apt install chromium-headless-shell), or name yours in the variable WORKSHOP_BROWSER";

/// The browser to run, if there is one.
pub fn found() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE) {
        return Some(PathBuf::from(named)).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let named = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    named.chain([PathBuf::from(OF_MACOS)]).find(|path| path.is_file())
}

/// The browser reads commands from descriptor 3 and writes to descriptor 4; a shell puts them there.
pub(super) fn spawn(path: &Path, folder: &Path) -> std::io::Result<Child> {
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null"]).arg(path);
    command.args(["--headless", "--remote-debugging-pipe", "--no-startup-window", "--no-first-run"]);
    command.args(["--disable-gpu", "--disable-extensions", "--disable-sync", "--mute-audio"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--no-proxy-server"]);
    command.args(["--disable-background-timer-throttling", "--disable-renderer-backgrounding"]);
    command.args(["--disable-backgrounding-occluded-windows", "--disable-dev-shm-usage"]);
    // Nothing leaves this machine, whatever a page asks for.
    command.arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost");
    if is_root() {
        // Chromium's sandbox refuses to run for root.
        command.arg("--no-sandbox");
    }
    command.arg(format!("--user-data-dir={}", folder.display()));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    spawn_group(&mut command)
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}
