//! `undo`, `redo`, `history`: back to what the learner's files were, and forward again.

use super::{Setting, changes};
use crate::{
    learner::{Learner, Trouble},
    progress::{self, Files},
    snapshots::{self, Snapshot},
    terminal::{Style, print, wrap},
};

/// A difference of so many lines is shown, a longer one only counted.
const SHOWN_LINES: usize = 24;

/// Where it is told what a snapshot is.
const COLUMN: usize = 20;

/// So many files are named of those that a snapshot changed.
const NAMED_FILES: usize = 3;

/// `undo`: back to the snapshot before, or to one that is named.
///
/// # Errors
///
/// There is none, or it cannot be written.
pub fn undo(setting: &Setting, wanted: Option<usize>) -> Result<(), Trouble> {
    let learner = Learner::active(&setting.repository)?;
    let files = progress::files(&learner.folder)?;
    // What was changed after an undo is new: the way back begins there.
    let newest = match snapshots::here(&learner.folder, learner.progress.undone_to)? {
        Some(here) => here.number,
        None => snapshots::keep(&learner.folder, "before undo", &learner.progress.step)?,
    };
    let is_meant = |snapshot: &Snapshot| match wanted {
        Some(number) => snapshot.number == number,
        None => snapshot.number < newest && !snapshot.is(&files),
    };
    let found = snapshots::history(&learner.folder).into_iter().rev().find(is_meant);
    let snapshot = found.ok_or_else(|| match wanted {
        Some(number) => Trouble::Told(format!("there is no snapshot {number}: cargo workshop history")),
        None => Trouble::Told("there is no snapshot before this one: cargo workshop history".into()),
    })?;
    put_back(setting, learner, &files, &snapshot)
}

/// `redo`: forward to the snapshot after the one that an undo went back to.
///
/// # Errors
///
/// Nothing was undone, or the files were changed since.
pub fn redo(setting: &Setting) -> Result<(), Trouble> {
    let learner = Learner::active(&setting.repository)?;
    let files = progress::files(&learner.folder)?;
    let here = snapshots::here(&learner.folder, learner.progress.undone_to)?.ok_or_else(|| {
        let why = "nothing was undone, or your files were changed since; `cargo workshop history` lists all, `cargo \
                   workshop undo N` takes any of them";
        Trouble::Told(wrap(why, ""))
    })?;
    let is_next = |snapshot: &Snapshot| snapshot.number > here.number && !snapshot.is(&files);
    let next = snapshots::history(&learner.folder).into_iter().find(is_next);
    let next =
        next.ok_or_else(|| Trouble::Told("these are your newest files; nothing comes after them".into()))?;
    put_back(setting, learner, &files, &next)
}

fn put_back(setting: &Setting, mut learner: Learner, files: &Files, to: &Snapshot) -> Result<(), Trouble> {
    let paint = setting.paint;
    progress::put(&learner.folder, &to.files)?;
    learner.progress.undone_to = Some(to.number);
    if learner.track.number_of(&to.step).is_some() {
        learner.progress.step.clone_from(&to.step);
    }
    learner.progress.write(&learner.folder)?;
    print(wrap(
        &format!("Your files are those of snapshot {} ({}), step {}.", to.number, to.told(), to.step),
        "",
    ));
    // Files that the snapshot does not know stay.
    let before: Files = files.iter().filter(|(path, _)| to.files.contains_key(*path)).map(owned).collect();
    for change in snapshots::changes(&before, &to.files) {
        print(paint.text(Style::Bold, format!("  {change}\n")));
    }
    let shown: String = to
        .files
        .iter()
        .filter(|(path, text)| before.get(*path) != Some(text))
        .map(|(path, text)| changes::differences(paint, before.get(path).map_or("", String::as_str), text, 1))
        .collect();
    if shown.lines().count() <= SHOWN_LINES {
        print(shown);
    }
    let is_last = snapshots::history(&learner.folder).last().is_none_or(|last| last.number == to.number);
    let ways = if is_last {
        "back: cargo workshop undo"
    } else {
        "back: cargo workshop undo   forward: cargo workshop redo"
    };
    print(paint.text(Style::Dim, format!("{ways}\n")));
    Ok(())
}

fn owned((path, text): (&std::path::PathBuf, &String)) -> (std::path::PathBuf, String) {
    (path.clone(), text.clone())
}

/// `history`: the snapshots, newest last: what each is, and what was changed since the one before.
///
/// # Errors
///
/// No track is under way.
pub fn history(setting: &Setting) -> Result<(), Trouble> {
    let learner = Learner::active(&setting.repository)?;
    let now = progress::now();
    let here = snapshots::here(&learner.folder, learner.progress.undone_to)?.map(|here| here.number);
    let mut before: Option<Snapshot> = None;
    for snapshot in snapshots::history(&learner.folder) {
        let ago = ago(now.saturating_sub(snapshot.time));
        let (style, mark) = match here == Some(snapshot.number) {
            true => (Style::Yellow, "  <- you are here"),
            false => (Style::Bold, ""),
        };
        let indent = " ".repeat(COLUMN);
        let mut line = wrap(&format!("{}: {}{mark}", snapshot.step, snapshot.told()), &indent);
        line.replace_range(..COLUMN, &format!("{:>5} {ago:>8} ago  ", snapshot.number));
        print(setting.paint.text(style, line));
        if let Some(changed) =
            before.as_ref().map(|before| snapshots::changes(&before.files, &snapshot.files))
        {
            let named = changed.iter().take(NAMED_FILES).cloned().collect::<Vec<_>>().join(", ");
            let more = changed.len().saturating_sub(NAMED_FILES);
            let more = if more > 0 { format!(" and {more} files more") } else { String::new() };
            if !named.is_empty() {
                print(setting.paint.text(Style::Dim, wrap(&format!("{named}{more}"), &indent)));
            }
        }
        before = Some(snapshot);
    }
    print(setting.paint.text(Style::Dim, "cargo workshop undo N goes to any of them, redo forward again\n"));
    Ok(())
}

/// Seconds as people count them.
fn ago(seconds: u64) -> String {
    match seconds / 60 {
        minutes @ ..120 => format!("{minutes} min"),
        minutes @ ..2_880 => format!("{} h", minutes / 60),
        minutes => format!("{} days", minutes / 1_440),
    }
}
