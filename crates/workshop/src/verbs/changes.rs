//! `diff`, `solution`: the learner's text beside ours.

use similar::{ChangeTag, TextDiff};

use super::Setting;
use crate::{
    learner::{Learner, Trouble},
    snapshots,
    terminal::{Paint, Style, print},
};

/// Lines around a difference.
const CONTEXT: usize = 3;

/// The lines in which two texts differ, with the lines of the first text numbered from `from`.
pub(super) fn differences(paint: Paint, before: &str, after: &str, from: usize) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut text = String::new();
    for group in diff.grouped_ops(CONTEXT) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let number = change.old_index().map(|at| (at + from).to_string()).unwrap_or_default();
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', Style::Red),
                ChangeTag::Insert => ('+', Style::Green),
                ChangeTag::Equal => (' ', Style::Dim),
            };
            let line = format!("{number:>5} {sign} {}", change.value().trim_end_matches('\n'));
            text.push_str(&paint.text(style, line));
            text.push('\n');
        }
    }
    text
}

/// `diff`: the learner's regions of the step under way against the solution's.
///
/// # Errors
///
/// A region is gone from the learner's files.
pub fn diff(setting: &Setting) -> Result<(), Trouble> {
    let learner = Learner::active(&setting.repository)?;
    for name in Learner::holes(learner.step()?) {
        let (file, mine, solution) = learner.region(&name)?;
        let line = file.regions.iter().find(|region| region.name == name).map_or(1, |region| region.line + 1);
        let place = learner.place(&name).unwrap_or_default();
        print(setting.paint.text(Style::Bold, format!("{name}, {place}\n")));
        if mine == solution {
            print("      as in the solution\n");
        } else {
            print(differences(setting.paint, &mine, &solution, line));
        }
    }
    print(
        setting
            .paint
            .text(Style::Dim, "- yours, + the solution's. More than one way is right: the checks decide.\n"),
    );
    Ok(())
}

/// `solution [--apply]`: the step's regions as they are in the finished crate; with `apply`, put into the learner's files.
///
/// # Errors
///
/// A region is gone from the learner's files, or one cannot be written.
pub fn solution(setting: &Setting, apply: bool) -> Result<(), Trouble> {
    let learner = Learner::active(&setting.repository)?;
    let holes = Learner::holes(learner.step()?);
    if apply {
        let number = snapshots::keep(&learner.folder, "before solution --apply", &learner.progress.step)?;
        let content = |name: &str| {
            let (file, region) = learner.source.region(name)?;
            Some(region.content(&file.text).to_owned())
        };
        learner.write_regions(&holes, content)?;
        print(format!(
            "{} are in your files. Snapshot {number} has what was there: cargo workshop undo\n",
            holes.join(", ")
        ));
        return Ok(());
    }
    for name in &holes {
        let Some((file, region)) = learner.source.region(name) else { continue };
        let place = learner.track.from.join(&file.path);
        let title = format!("{name}, {}:{}\n", place.display(), region.line + 1);
        print(setting.paint.text(Style::Bold, title));
        print(region.content(&file.text));
    }
    print(setting.paint.text(Style::Dim, "`cargo workshop solution --apply` puts it into your files.\n"));
    Ok(())
}
