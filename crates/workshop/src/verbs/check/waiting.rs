//! What is shown while one waits: what is built, which check runs.

use std::{
    sync::{
        Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Options, Setting};
use crate::{
    building::{self, Built},
    checks::Check,
    learner::{Learner, Trouble},
    terminal::{COLUMNS, print},
};

/// How often the line about a build is written again, in a terminal.
const EACH: Duration = Duration::from_secs(1);

/// Likewise where lines are not written over: in a file, in a pipe, without colours.
const EACH_LINE: Duration = Duration::from_secs(15);

/// Where the names of checks begin.
const INDENT: usize = 6;

/// How it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// Not at all: the output is for a tool.
    Silent,
    /// In a line that the next one takes.
    Over,
    /// In lines that stay, without control codes.
    Lines,
}

/// What is shown while one waits.
#[derive(Debug)]
pub(super) struct Waiting {
    how: How,
    /// The step whose checks are named in the present line.
    step: usize,
    /// Where the next name goes; 0 where no line is begun.
    column: usize,
}

impl Waiting {
    pub(super) const fn new(setting: &Setting, options: &Options) -> Self {
        let how = match (options.json, setting.paint.0) {
            (true, _) => How::Silent,
            (false, true) => How::Over,
            (false, false) => How::Lines,
        };
        Self { how, step: 0, column: 0 }
    }

    /// Builds the learner's program, and says what is built and for how long.
    pub(super) fn build(&self, setting: &Setting, learner: &Learner) -> Result<Built, Trouble> {
        let colour = setting.paint.0;
        if self.how == How::Silent || !learner.track.run.is_empty() {
            return building::build(&learner.track, &learner.folder, colour, false);
        }
        let folder = learner.repository.told(&learner.folder);
        let compiled = Mutex::new(String::new());
        thread::scope(|scope| {
            let (done, is_done) = mpsc::channel::<()>();
            let compiled = &compiled;
            scope.spawn(move || self.tick(&folder, compiled, &is_done));
            let tell =
                |name: &str| name.clone_into(&mut compiled.lock().unwrap_or_else(PoisonError::into_inner));
            let built = building::build_telling(&learner.track, &learner.folder, colour, &tell);
            drop(done);
            built
        })
    }

    /// Says again and again what is built, until it is done.
    fn tick(&self, folder: &str, compiled: &Mutex<String>, is_done: &mpsc::Receiver<()>) {
        let begun = Instant::now();
        let each = if self.how == How::Over { EACH } else { EACH_LINE };
        loop {
            let name = compiled.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let line = building_line(folder, begun.elapsed(), &name);
            print(if self.how == How::Over { format!("\r\x1b[K{line}") } else { format!("{line}\n") });
            if is_done.recv_timeout(each) != Err(RecvTimeoutError::Timeout) {
                break;
            }
        }
        if self.how == How::Over {
            print("\r\x1b[K");
        }
    }

    /// This check of the step is waited for.
    pub(super) fn begins(&mut self, track: &str, number: usize, check: &Check) {
        match self.how {
            How::Silent => {}
            How::Over => print(format!("\r\x1b[K  … {track} / {number} / {}", check.id)),
            How::Lines => print(self.named(number, check.id)),
        }
    }

    /// It has ended.
    pub(super) fn ended(&self) {
        if self.how == How::Over {
            print("\r\x1b[K");
        }
    }

    /// All have ended, or one failed: what is printed next begins a line.
    pub(super) fn over(&mut self) {
        if self.column > 0 {
            print("\n");
        }
        self.column = 0;
    }

    /// The name of the next check, in the line of its step.
    fn named(&mut self, number: usize, id: &str) -> String {
        let width = id.chars().count() + 1;
        let (is_begun, is_new) = (self.column > 0, self.step != number);
        self.step = number;
        if is_new || self.column + width > COLUMNS {
            self.column = INDENT + width;
            let line_end = if is_begun { "\n" } else { "" };
            let head = if is_new { format!("{number:>4} ") } else { " ".repeat(INDENT - 1) };
            return format!("{line_end}{head} {id}");
        }
        self.column += width;
        format!(" {id}")
    }
}

fn building_line(folder: &str, elapsed: Duration, compiled: &str) -> String {
    let seconds = elapsed.as_secs();
    let time = if seconds > 0 { format!(" {seconds} s") } else { String::new() };
    let name = if compiled.is_empty() { String::new() } else { format!("  ({compiled})") };
    format!("building {folder} …{time}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_checks_stand_in_lines_of_their_steps() {
        let mut waiting = Waiting { how: How::Lines, step: 0, column: 0 };
        let mut text = String::new();
        for (number, id) in [(1, "plain-get-426"), (1, "version-426"), (2, "rfc-example-key")] {
            text.push_str(&waiting.named(number, id));
        }
        assert_eq!(text, "   1  plain-get-426 version-426\n   2  rfc-example-key");
        for _ in 0..20 {
            text.push_str(&waiting.named(3, "a-check-of-this-length"));
        }
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
    }

    #[test]
    fn a_build_is_told_with_what_and_how_long() {
        assert_eq!(building_line("my/polling", Duration::ZERO, ""), "building my/polling …");
        assert_eq!(
            building_line("my/polling", Duration::from_secs(12), "h2"),
            "building my/polling … 12 s  (h2)"
        );
    }
}
