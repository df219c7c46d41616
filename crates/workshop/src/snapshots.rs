//! What a learner wrote before: snapshots, whose files are never overwritten.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

use crate::progress::{self, Files, OWN};

/// The most that is said of one snapshot: what was said first goes.
const MAX_SAID: usize = 3;

/// How what the checks said begins; of one snapshot only the last is kept.
const CHECKED: &str = "checked: ";

/// A snapshot of a learner's files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its number, from 1.
    #[serde(skip)]
    pub number: usize,
    /// What is known of it, such as `before reset`, `checked: 12 pass, reply-lengths fails`.
    #[serde(default)]
    pub said: Vec<String>,
    /// The step under way.
    pub step: String,
    /// Seconds since the Unix epoch.
    pub time: u64,
    /// The files.
    pub files: Files,
}

impl Snapshot {
    /// What is known of it, in one line.
    pub fn told(&self) -> String {
        if self.said.is_empty() { "your files".to_owned() } else { self.said.join("; ") }
    }

    /// Whether a learner's files are those of the snapshot. Files that it does not know make no difference: going back
    /// leaves them.
    pub fn is(&self, files: &Files) -> bool {
        self.files.iter().all(|(path, text)| files.get(path) == Some(text))
    }

    fn say(&mut self, what: &str) {
        self.said.retain(|said| said != what && !(what.starts_with(CHECKED) && said.starts_with(CHECKED)));
        self.said.push(what.to_owned());
        let first = self.said.len().saturating_sub(MAX_SAID);
        self.said.drain(..first);
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        let path = path_of(folder, self.number);
        let new = path.with_extension("new");
        fs::create_dir_all(folder.join(OWN).join("history"))?;
        // Whole or not at all.
        fs::write(&new, serde_json::to_string(self).map_err(io::Error::other)?)?;
        fs::rename(new, path)
    }
}

/// All snapshots, oldest first.
pub fn history(folder: &Path) -> Vec<Snapshot> {
    (1..).map_while(|number| snapshot(folder, number)).collect()
}

fn path_of(folder: &Path, number: usize) -> PathBuf {
    folder.join(OWN).join("history").join(format!("{number:05}.json"))
}

fn snapshot(folder: &Path, number: usize) -> Option<Snapshot> {
    let text = fs::read_to_string(path_of(folder, number)).ok()?;
    let snapshot: Snapshot = serde_json::from_str(&text).ok()?;
    Some(Snapshot { number, ..snapshot })
}

/// Takes a snapshot, unless the last one has the same files; either way says of it what it is, if anything. Gives its
/// number.
///
/// # Errors
///
/// It cannot be written: then nothing may be overwritten either.
pub fn keep(folder: &Path, what: &str, step: &str) -> io::Result<usize> {
    let files = progress::files(folder)?;
    let is_snapshot = |entry: &io::Result<fs::DirEntry>| {
        entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|end| end == "json"))
    };
    let last = fs::read_dir(folder.join(OWN).join("history"))
        .map_or(0, |entries| entries.filter(is_snapshot).count());
    let known = snapshot(folder, last).filter(|snapshot| snapshot.files == files);
    let mut snapshot = known.unwrap_or_else(|| Snapshot {
        number: last + 1,
        said: Vec::new(),
        step: step.to_owned(),
        time: progress::now(),
        files,
    });
    if !what.is_empty() {
        snapshot.say(what);
    }
    snapshot.write(folder)?;
    Ok(snapshot.number)
}

/// The snapshot that an undo went back to, if the files are still as it has them.
///
/// # Errors
///
/// The files cannot be read.
pub fn here(folder: &Path, undone_to: Option<usize>) -> io::Result<Option<Snapshot>> {
    let files = progress::files(folder)?;
    Ok(undone_to.and_then(|number| snapshot(folder, number)).filter(|snapshot| snapshot.is(&files)))
}

/// Says of a snapshot what its checks came to, such as `12 pass, reply-lengths fails`.
///
/// # Errors
///
/// It cannot be written.
pub fn checked(folder: &Path, number: usize, outcome: &str) -> io::Result<()> {
    let Some(mut snapshot) = snapshot(folder, number) else { return Ok(()) };
    snapshot.say(&format!("{CHECKED}{outcome}"));
    snapshot.write(folder)
}

/// The files that are not alike, with the numbers of lines that came and went, such as `src/frame.rs +12 -3`.
pub fn changes(before: &Files, after: &Files) -> Vec<String> {
    let nothing = String::new();
    let paths: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let change = |path: &&PathBuf| {
        let (old, new) = (before.get(*path).unwrap_or(&nothing), after.get(*path).unwrap_or(&nothing));
        if old == new {
            return None;
        }
        let diff = TextDiff::from_lines(old, new);
        let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
        Some(format!("{} +{} -{}", path.display(), count(ChangeTag::Insert), count(ChangeTag::Delete)))
    };
    paths.iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted_in_lines() {
        let files = |text: &str| Files::from([(PathBuf::from("a.rs"), text.to_owned())]);
        assert_eq!(changes(&files("1\n2\n3\n"), &files("1\n3\n4\n5\n")), ["a.rs +2 -1"]);
        assert!(changes(&files("1\n"), &files("1\n")).is_empty());
        assert_eq!(changes(&Files::new(), &files("1\n2\n")), ["a.rs +2 -0"]);
    }

    #[test]
    fn a_snapshot_says_what_its_checks_came_to_last() {
        let folder = std::env::temp_dir().join(format!("workshop-snapshots-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.rs"), "1\n").unwrap();
        let first = keep(&folder, "as decode begins", "decode").unwrap();
        checked(&folder, first, "it does not compile").unwrap();
        checked(&folder, first, "4 pass, header-case fails").unwrap();
        assert_eq!(keep(&folder, "before reset", "decode").unwrap(), first);
        fs::write(folder.join("a.rs"), "2\n").unwrap();
        assert_eq!(keep(&folder, "before undo", "decode").unwrap(), first + 1);
        let told: Vec<_> = history(&folder).iter().map(Snapshot::told).collect();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(
            told,
            ["as decode begins; checked: 4 pass, header-case fails; before reset", "before undo"]
        );
    }
}
