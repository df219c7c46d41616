//! Where a learner stands, and the files that are theirs.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use crate::failure::Report;

/// The folder in a learner's track that is the workshop's own.
pub(crate) const OWN: &str = ".workshop";

/// Where a learner stands in a track. Steps are kept by their names.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The step under way.
    pub step: String,
    /// How many levels were shown of each hint, by step and number of the hint.
    pub hints: BTreeMap<String, usize>,
    /// The check that failed last, and what it said.
    pub failed: Option<(String, String)>,
    /// Which snapshot the files are, after an undo.
    pub undone_to: Option<usize>,
    /// When each step was passed, in seconds since the Unix epoch.
    pub passed: BTreeMap<String, u64>,
    /// When the step under way was begun, likewise.
    pub begun: u64,
    /// How many minutes each step took that is done.
    pub minutes: BTreeMap<String, u64>,
}

/// Files by their paths in a track.
pub type Files = BTreeMap<PathBuf, String>;

/// Seconds since the Unix epoch.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Milliseconds since the Unix epoch.
pub fn now_in_milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Progress {
    /// Reads it; `None` where the track was not started.
    pub fn read(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join(OWN).join("progress.json")).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Keeps it.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let own = folder.join(OWN);
        fs::create_dir_all(&own)?;
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        // Whole or not at all.
        fs::write(own.join("progress.new"), text)?;
        fs::rename(own.join("progress.new"), own.join("progress.json"))
    }

    /// Keeps in mind what failed.
    pub fn failed(&mut self, report: &Report) {
        self.failed = Some((report.check.clone(), format!("{}\n{}", report.rule, report.failure.words())));
    }
}

/// The files that a learner may have written: all but the workshop's own.
///
/// # Errors
///
/// One cannot be read.
pub fn files(folder: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    collect(folder, folder, &mut files)?;
    Ok(files)
}

fn collect(root: &Path, folder: &Path, files: &mut Files) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != OWN && name != "target" && name != "node_modules" && name != ".cargo" {
                collect(root, &path, files)?;
            }
        } else if name != "Cargo.lock"
            && let Ok(text) = fs::read_to_string(&path)
        {
            files.insert(path.strip_prefix(root).unwrap_or(&path).to_owned(), text);
        }
    }
    Ok(())
}

/// Writes files; what is as it should be is not touched, so that it is not built again.
///
/// # Errors
///
/// One cannot be written.
pub fn put(folder: &Path, files: &Files) -> io::Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        if fs::read_to_string(&path).is_ok_and(|before| before == *text) {
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}
