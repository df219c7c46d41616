//! Without a verb: the map of tracks and steps.

use super::Setting;
use crate::{
    learner::Trouble,
    progress::Progress,
    terminal::{Style, print, wrap},
};

/// All tracks, their steps, and where the learner stands.
///
/// # Errors
///
/// A track file cannot be read.
pub fn map(setting: &Setting) -> Result<(), Trouble> {
    let paint = setting.paint;
    for track in setting.repository.all()? {
        let progress = Progress::read(&setting.repository.mine(&track.name));
        let minutes: u32 = track.steps.iter().map(|step| step.minutes).sum();
        let title =
            format!("{}: {}  ({} steps, {minutes} minutes)\n", track.name, track.title, track.steps.len());
        print(paint.text(Style::Bold, title));
        for (number, step) in (1..).zip(&track.steps) {
            let passed = progress.as_ref().is_some_and(|progress| progress.passed.contains_key(&step.name));
            let here = progress.as_ref().is_some_and(|progress| progress.step == step.name);
            let (sign, style) = match (passed, here) {
                (_, true) => ("  ->", Style::Yellow),
                (true, false) => ("done", Style::Green),
                (false, false) => ("    ", Style::Dim),
            };
            let line = format!(
                "  {sign} {number:>2}  {:<34} {:<16} {:>3} min\n",
                step.title, step.name, step.minutes
            );
            print(paint.text(style, line));
        }
        let next = if progress.is_some() {
            "cargo workshop check, watch, hint"
        } else {
            &*format!("cargo workshop start {}", track.name)
        };
        print(paint.text(Style::Cyan, format!("  {next}\n")));
    }
    let order = "The tracks stand in the order in which the transports came to be. Begin with the first, or with the one \
                 that you came for: none needs another.";
    print(paint.text(Style::Dim, wrap(order, "")));
    print(paint.text(Style::Dim, "cargo workshop --help lists all verbs; doctor looks at this machine.\n"));
    Ok(())
}
