//! A step is done: on to the next, or the track is.

use super::{super::start, Setting};
use crate::{
    learner::{Learner, Trouble},
    progress,
    terminal::{Style, print, wrap},
};

/// Goes on to the next step, and says so where it is to be told.
///
/// # Errors
///
/// It cannot be written where the learner stands.
pub(super) fn advance(setting: &Setting, learner: &mut Learner, tell: bool) -> Result<(), Trouble> {
    let number = learner.number();
    let now = progress::now();
    let minutes = now.saturating_sub(learner.progress.begun).div_ceil(60);
    let name = learner.progress.step.clone();
    let (title, planned) =
        learner.track.step(number).map(|step| (step.title.clone(), step.minutes)).unwrap_or_default();
    let minutes = *learner.progress.minutes.entry(name.clone()).or_insert(minutes);
    learner.progress.passed.entry(name).or_insert(now);
    let next = learner.track.step(number + 1).map(|step| step.name.clone());
    let is_last = next.is_none();
    if let Some(next) = next {
        (learner.progress.step, learner.progress.begun) = (next, now);
    }
    learner.progress.write(&learner.folder)?;
    if !tell {
        return Ok(());
    }
    let paint = setting.paint;
    let took = in_words(minutes);
    let done = format!("\nStep {number}, {title}, is done: {took}, {planned} were planned.\n");
    print(paint.text(Style::Green, done));
    if is_last {
        told_end(setting, learner);
    } else {
        start::tell_step(setting, learner)?;
    }
    Ok(())
}

fn in_words(minutes: u64) -> String {
    if minutes == 1 { "1 minute".to_owned() } else { format!("{minutes} minutes") }
}

/// What one has, and what can be done with it.
fn told_end(setting: &Setting, learner: &Learner) {
    let track = &learner.track;
    let minutes: u64 = track.steps.iter().filter_map(|step| learner.progress.minutes.get(&step.name)).sum();
    let planned: u32 = track.steps.iter().map(|step| step.minutes).sum();
    let end = format!(
        "That was the last step: the transport is yours, octet by octet. All {} steps together: {}, \
         {planned} were planned.",
        track.steps.len(),
        in_words(minutes)
    );
    print(setting.paint.text(Style::Green, wrap(&end, "")));
    for (command, shows) in [
        ("cargo workshop demo", "yours in its panel, among ours"),
        ("cargo workshop demo --compare", "yours alone, and ours alone beside it"),
        (&*format!("cargo test -p {}", track.name), "what ours is held to"),
    ] {
        print(format!("  {}  {shows}\n", setting.paint.text(Style::Cyan, format!("{command:<34}"))));
    }
}
