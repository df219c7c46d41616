//! What people see meanwhile: on a terminal one line that moves, elsewhere a line a run.

use std::{
    io::{IsTerminal, stderr},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far a comparison has come, in seconds of the plan.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    done: Duration,
    total: Duration,
}

impl Progress {
    /// For a plan of that length.
    pub fn new(total: Duration) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar =
                ProgressBar::with_draw_target(Some(total.as_secs().max(1)), ProgressDrawTarget::stderr());
            // The template is a constant; a bar without it is one all the same.
            let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {eta} left  {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(500));
            bar
        });
        Self { bar, done: Duration::ZERO, total }
    }

    /// Something begins.
    pub fn begin(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_owned());
        }
    }

    /// It has ended; it was that much of the plan.
    #[expect(clippy::print_stderr, reason = "this is the program's own output, not a log")]
    pub fn end(&mut self, what: &str, estimate: Duration) {
        self.done += estimate;
        match &self.bar {
            Some(bar) => bar.set_position(self.done.as_secs()),
            None => eprintln!(
                "{:>3.0} %  {what}",
                100.0 * self.done.as_secs_f64() / self.total.as_secs_f64().max(1.0)
            ),
        }
    }

    /// A line that stays.
    #[expect(clippy::print_stderr, reason = "this is the program's own output, not a log")]
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => eprintln!("{line}"),
        }
    }

    /// The line goes.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
