//! `start`, `catch-up`, `reset`: a learner's files as a step begins.

use std::{fs, path::PathBuf};

use super::Setting;
use crate::{
    building::{self, Built},
    learner::{Learner, Trouble},
    progress::{self, Progress},
    regions, snapshots,
    terminal::{Style, print, wrap},
    track::Step,
};

/// `start TRACK[/STEP]`: writes the starter, or goes on where the learner was.
///
/// # Errors
///
/// There is no such track or step, or the starter cannot be written or built.
pub fn start(setting: &Setting, wanted: &str) -> Result<(), Trouble> {
    let (name, step) = wanted.split_once('/').map_or((wanted, None), |(name, step)| (name, Some(step)));
    let repository = &setting.repository;
    let names: Vec<_> = repository.all()?.into_iter().map(|track| track.name).collect();
    if !names.iter().any(|known| known == name) {
        return Err(Trouble::Told(format!("there is no track {name}; there are: {}", names.join(", "))));
    }
    let (track, _) = repository.track(name)?;
    let begun = Progress::read(&repository.mine(name));
    let is_begun = begun.is_some();
    let learner = match (begun, step) {
        (Some(_), None) => {
            fs::write(repository.my.join(".active"), name)?;
            print(format!("You are in the midst of {name}; your files stay as they are.\n"));
            Learner::active(repository)?
        }
        (_, step) => {
            let number = step.map_or(Some(1), |step| track.number_of(step));
            let number = number
                .ok_or_else(|| Trouble::Told(format!("{name} has no step {}", step.unwrap_or_default())))?;
            let learner = Learner::start(repository, name, number, "start")?;
            let folder = repository.told(&learner.folder);
            print(format!("{folder} is written: {}, a crate of its own that Git ignores.\n", track.title));
            if is_begun {
                print("Your files were replaced; a snapshot has them: cargo workshop undo\n");
            }
            print("Its libraries are built now, once; that takes a minute or two.\n");
            if let Built::Errors(_) = building::build(&learner.track, &learner.folder, setting.paint.0, true)?
            {
                return Err(Trouble::Told("the starter does not build".into()));
            }
            learner
        }
    };
    tell_step(setting, &learner)
}

/// What is to be done in the step under way, and where.
///
/// # Errors
///
/// The track has no step.
pub fn tell_step(setting: &Setting, learner: &Learner) -> Result<(), Trouble> {
    tell(setting, learner, learner.number(), learner.step()?);
    Ok(())
}

/// Likewise of the step after it.
///
/// # Errors
///
/// No track is under way.
pub fn tell_next(setting: &Setting) -> Result<(), Trouble> {
    let learner = Learner::active(&setting.repository)?;
    let number = learner.number() + 1;
    match learner.track.step(number) {
        Some(step) => tell(setting, &learner, number, step),
        None => print("This is the last step.\n"),
    }
    Ok(())
}

fn tell(setting: &Setting, learner: &Learner, number: usize, step: &Step) {
    let (paint, all) = (setting.paint, learner.track.steps.len());
    let title = format!("\nStep {number} of {all}: {}  ({} minutes)\n", step.title, step.minutes);
    print(paint.text(Style::Bold, title));
    print(wrap(&step.task, "  "));
    print(format!("  read:  {}\n  write:\n", step.read));
    for hole in &step.regions {
        let place = learner.place(&hole.name).unwrap_or_default();
        print(paint.text(Style::Cyan, format!("    {place}\n")));
        print(wrap(&hole.todo, "        "));
    }
    print(wrap(&format!("then:  cargo workshop check   ({})", step.checks.join(", ")), "  "));
}

/// `catch-up [STEP]`: the learner's files are saved aside, and those of the finished crate up to the step stand there.
///
/// # Errors
///
/// There is no such step, or it cannot be written.
pub fn catch_up(setting: &Setting, step: Option<&str>) -> Result<(), Trouble> {
    let learner = Learner::active(&setting.repository)?;
    let number = match step {
        Some(step) => learner.track.number_of(step),
        None if learner.is_done() => {
            let told = format!(
                "all {} steps of {} are done: there is nothing to catch up with. `cargo workshop map` shows the other \
                 tracks; `catch-up STEP` takes you to a step of this one again",
                learner.track.steps.len(),
                learner.track.name
            );
            return Err(Trouble::Told(wrap(&told, "").trim_end().to_owned()));
        }
        None if learner.number() == learner.track.steps.len() => {
            let told =
                "this is the last step: name one, such as `catch-up STEP`, or see `cargo workshop solution`";
            return Err(Trouble::Told(told.into()));
        }
        None => Some(learner.number() + 1),
    };
    let number =
        number.ok_or_else(|| Trouble::Told(format!("there is no step {}", step.unwrap_or_default())))?;
    let name = learner.track.name.clone();
    let mut aside = 1;
    let place = |aside: usize| setting.repository.my.join(format!("{name}.saved-{aside}"));
    while place(aside).exists() {
        aside += 1;
    }
    let files = progress::files(&learner.folder)?;
    progress::put(&place(aside), &files)?;
    print(format!("Your files are saved in {}.\n", setting.repository.told(&place(aside))));
    let learner = Learner::start(&setting.repository, &name, number, "catch-up")?;
    tell_step(setting, &learner)
}

/// `reset`: the regions of the step under way as the step begins; with `all`, every file.
///
/// # Errors
///
/// A region is gone from the learner's files, or it cannot be written.
pub fn reset(setting: &Setting, all: bool) -> Result<(), Trouble> {
    let learner = Learner::active(&setting.repository)?;
    let number = snapshots::keep(&learner.folder, "before reset", &learner.progress.step)?;
    let step = learner.step()?;
    if all {
        let files = learner.source.after(&learner.track, learner.number() - 1);
        progress::put(
            &learner.folder,
            &files.into_iter().collect::<std::collections::BTreeMap<PathBuf, String>>(),
        )?;
    } else {
        let content = |name: &str| {
            let (number, hole) = learner.track.hole(name)?;
            let (file, region) = learner.source.region(name)?;
            Some(regions::indented(&learner.track.stub(number, hole, &file.path), &region.indent))
        };
        learner.write_regions(&Learner::holes(step), content)?;
    }
    let what = if all { "All files are" } else { "The regions of this step are" };
    print(format!("{what} as the step begins. Snapshot {number} has what was there: cargo workshop undo\n"));
    Ok(())
}
