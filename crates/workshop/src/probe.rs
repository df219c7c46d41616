//! What a check has: the program to start, chance from a seed, deadlines for this machine.

use std::{
    cell::RefCell,
    fs,
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use crate::{
    browser::Shared,
    failure::Failure,
    process::{Program, Running},
    scripted::Site,
    stage::{Setting, Stage},
};

/// How a check ends.
pub type Outcome = Result<(), Failure>;

/// How long a deadline is on a machine that is not slow.
const DEADLINE: Duration = Duration::from_millis(2_000);

/// Likewise for what a page must do, beside [`PAGE_STRETCHED`]: a browser has more to do than a server.
const PAGE_DEADLINE: Duration = Duration::from_millis(4_000);

/// What a slow machine adds to that, times the stretch.
const PAGE_STRETCHED: Duration = Duration::from_millis(1_000);

/// The most that a slow machine stretches it.
const MAX_STRETCH: u32 = 10;

/// Variables for a program whose own limits are not what is checked: no machine is so slow that it reaches them.
pub const PATIENT: &[(&str, &str)] = &[("PING_MS", "600000"), ("STALLED_MS", "600000")];

/// How much longer deadlines are on this machine, now: starting a process is what is measured.
pub fn calibrate() -> u32 {
    let usual = Duration::from_millis(3);
    let times = (0..3).map(|_| {
        let begun = Instant::now();
        let _ = Command::new("true").status();
        begun.elapsed()
    });
    let slowest = times.max().unwrap_or(usual);
    u32::try_from(slowest.as_millis() / usual.as_millis()).unwrap_or(1).clamp(1, MAX_STRETCH)
}

/// What a check has.
#[derive(Debug)]
pub struct Probe {
    program: Program,
    /// Names, texts, keys and sizes are drawn from it.
    pub seed: u64,
    chance: RefCell<fastrand::Rng>,
    stretch: u32,
    site: Site,
    browser: Shared,
}

impl Probe {
    /// For one check of this program.
    ///
    /// `site` is where its pages come from, `browser` what shows them.
    pub fn new(program: Program, site: Site, browser: Shared, seed: u64, stretch: u32) -> Self {
        Self { program, seed, chance: RefCell::new(fastrand::Rng::with_seed(seed)), stretch, site, browser }
    }

    /// How long to wait for what must come.
    pub fn patience(&self) -> Duration {
        DEADLINE * self.stretch
    }

    /// A time of a check's own, longer on a slow machine, and because other checks run beside it.
    pub fn stretched(&self, time: Duration) -> Duration {
        time * self.stretch.max(2)
    }

    /// Runs a check against a fresh process, whose log begins with these drafts, with further variables. A failure
    /// also tells what became of the process.
    ///
    /// # Errors
    ///
    /// The program does not listen, or the check fails.
    pub fn serve<T>(
        &self,
        drafts: &[String],
        variables: &[(&str, &str)],
        check: impl FnOnce(&Running) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let running = self.start(drafts, variables)?;
        check(&running).map_err(|failure| running.explain(failure))
    }

    /// Runs a check against the chat page in a browser, with the learner's modules in it; the check is its server.
    /// The learner's program is not run.
    ///
    /// # Errors
    ///
    /// There is no browser, or the check fails.
    pub fn stage<T>(
        &self,
        setting: Setting,
        check: impl FnOnce(&Stage) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let patience = PAGE_DEADLINE + PAGE_STRETCHED * self.stretch;
        let stage = Stage::open(&self.browser, self.site.clone(), setting, patience)?;
        let result = check(&stage).map_err(|failure| stage.explain(failure))?;
        stage.leave();
        Ok(result)
    }

    fn start(&self, drafts: &[String], variables: &[(&str, &str)]) -> Result<Running, Failure> {
        let mut environment: Vec<_> =
            variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        environment.push(("POST_RATE", "0".to_owned()));
        let file = if drafts.is_empty() { None } else { Some(DraftFile::new(drafts)?) };
        if let Some(file) = &file {
            environment.push(("DRAFTS", file.0.to_string_lossy().into_owned()));
        }
        Running::start(&self.program, &environment)
    }

    /// A number below `end`.
    pub fn below(&self, end: usize) -> usize {
        self.chance.borrow_mut().usize(..end.max(1))
    }

    /// A masking key without a zero.
    pub fn key(&self) -> [u8; 4] {
        let mut chance = self.chance.borrow_mut();
        [(); 4].map(|()| chance.u8(1..))
    }

    /// A word of lower-case letters.
    pub fn word(&self, length: usize) -> String {
        let mut chance = self.chance.borrow_mut();
        (0..length).map(|_| chance.lowercase()).collect()
    }
}

/// A file with drafts, a line each, for as long as the program starts.
struct DraftFile(PathBuf);

impl DraftFile {
    fn new(drafts: &[String]) -> Result<Self, Failure> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("workshop-{}-{number}.drafts", std::process::id()));
        fs::write(&path, drafts.join("\n")).map_err(|error| {
            Failure::new("a file for drafts", format!("{}: {error}", path.display()))
                .likely("no room on the disk")
        })?;
        Ok(Self(path))
    }
}

impl Drop for DraftFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
