//! `hint` and `explain`.

use std::{collections::BTreeMap, fs};

use super::Setting;
use crate::{
    checks,
    learner::{Learner, Trouble},
    terminal::{Style, print, wrap},
};

/// The next level of the hint that fits what failed last.
///
/// # Errors
///
/// No track is under way.
pub fn hint(setting: &Setting) -> Result<(), Trouble> {
    let mut learner = Learner::active(&setting.repository)?;
    let (failed, words) = learner.progress.failed.clone().unwrap_or_default();
    // What failed last may be a check of a step before.
    let of_failed = learner.track.steps.iter().find(|step| step.checks.contains(&failed));
    let step = match of_failed {
        Some(step) => step.clone(),
        None => learner.step()?.clone(),
    };
    let words = format!("{failed}\n{words}");
    if !failed.is_empty() {
        print(setting.paint.text(Style::Dim, format!("for {failed}, of the step {}:\n", step.name)));
    }
    let fits = |when: &Option<String>| when.as_ref().is_some_and(|when| words.contains(when.as_str()));
    let fitting = step.hints.iter().position(|hint| fits(&hint.when));
    let at = fitting.or_else(|| step.hints.iter().position(|hint| hint.when.is_none())).unwrap_or_default();
    let Some(hint) = step.hints.get(at) else { return Ok(()) };
    let key = format!("{}/{at}", step.name);
    let shown = learner.progress.hints.entry(key).or_default();
    *shown = (*shown + 1).min(hint.levels.len());
    let shown = *shown;
    for (number, level) in (1..=shown).zip(&hint.levels) {
        let style = if number == shown { Style::Bold } else { Style::Dim };
        print(setting.paint.text(style, format!("hint {number} of {}\n", hint.levels.len())));
        print(wrap(level, "  "));
    }
    if shown == hint.levels.len() {
        print(
            setting
                .paint
                .text(Style::Dim, "  That was the last one. `cargo workshop solution` shows ours.\n"),
        );
    }
    learner.progress.write(&learner.folder)?;
    Ok(())
}

/// The rule of a check, where it comes from, and a good conversation, recorded from the finished crate; without a name, of
/// the check that failed last.
///
/// # Errors
///
/// There is no such check, or none failed.
pub fn explain(setting: &Setting, id: Option<&str>) -> Result<(), Trouble> {
    let last = || {
        let learner = Learner::active(&setting.repository)?;
        let failed = learner.progress.failed.map(|(check, _)| check);
        failed.ok_or_else(|| Trouble::Told("no check has failed yet: `cargo workshop explain CHECK`".into()))
    };
    let id = &*id.map_or_else(last, |id| Ok(id.to_owned()))?;
    let tracks = setting.repository.all()?;
    let found = tracks.iter().find_map(|track| checks::find(&track.name, id).map(|check| (track, check)));
    let (track, check) = found.ok_or_else(|| {
        let ids: Vec<_> =
            tracks.iter().flat_map(|track| checks::of(&track.name)).map(|check| check.id).collect();
        Trouble::Told(wrap(&format!("there is no check {id}; there are: {}", ids.join(", ")), ""))
    })?;
    print(setting.paint.text(Style::Bold, format!("{} / {id}\n", track.name)));
    print(wrap(check.rule, "  "));
    print(format!("  source:  {}\n", check.rfc));
    let path = setting.repository.root.join(format!("crates/workshop/conversations/{}.json", track.name));
    let recorded: BTreeMap<String, Vec<String>> =
        fs::read_to_string(path).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    if let Some(lines) = recorded.get(id) {
        print("  a good conversation, recorded from the finished crate:\n");
        for line in lines {
            print(setting.paint.text(Style::Dim, format!("    {line}\n")));
        }
    }
    Ok(())
}
