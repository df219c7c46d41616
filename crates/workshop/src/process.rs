//! A learner's program as a process: started, listened to, and ended with all its children whatever happens.

mod ending;
mod groups;
mod usage;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use ending::{told, why_ended};
pub use groups::{Run, kill_all};
pub(crate) use groups::{forget, kill_group, spawn_group};
pub use usage::own_busy;

use crate::{
    failure::Failure,
    said::{LISTENING, Said, panic_of},
    trace,
};

/// How long a program may take until it listens.
pub const READY_WITHIN: Duration = Duration::from_secs(15);

/// How long the last words of a program that has ended may take.
const HEARD_WITHIN: Duration = Duration::from_secs(1);

/// How long a program is watched for a loop without an end.
const LOOP_WITHIN: Duration = Duration::from_millis(300);

/// How to run a program.
#[derive(Clone, Debug)]
pub struct Program {
    /// The command and its arguments.
    pub command: Vec<String>,
    /// The folder it runs in.
    pub folder: PathBuf,
    /// How long it may take until it listens.
    pub ready_within: Duration,
    /// What stands before its address in the line that says where it listens.
    pub says: &'static str,
    /// What it is run for, and ends with.
    pub run: Arc<Run>,
}

impl Program {
    /// A program by its command and arguments.
    pub fn new(command: &[String], folder: &Path) -> Self {
        let (command, folder) = (command.to_vec(), folder.to_owned());
        Self { command, folder, ready_within: READY_WITHIN, says: LISTENING, run: Arc::default() }
    }

    /// The program at this path.
    pub fn at(path: &Path, folder: &Path) -> Self {
        Self::new(&[path.to_string_lossy().into_owned()], folder)
    }
}

/// A running program that listens.
#[derive(Debug)]
pub struct Running {
    child: Mutex<Child>,
    id: u32,
    run: Arc<Run>,
    /// Where it listens.
    pub address: SocketAddr,
    log: Said,
    /// Ends with the log.
    log_end: Mutex<Receiver<u16>>,
    /// Whether we asked it to stop: that it ends is then no news.
    asked_to_stop: AtomicBool,
}

impl Running {
    /// Starts a program with these variables beside `PORT=0`, and waits until it says where it listens.
    ///
    /// # Errors
    ///
    /// It does not start, ends, or does not say so in time.
    pub fn start(program: &Program, environment: &[(&str, String)]) -> Result<Self, Failure> {
        let must = "a line `listening on http://127.0.0.1:<port>` on standard output";
        let fail = |got: String| Failure::new(must, got).did("We started your program with PORT=0.");
        let mut child = spawn(program, environment)
            .map_err(|error| fail(format!("it does not start: {error}")).likely(missing(program, &error)))?;
        let (log, log_end) = Said::of(child.stderr.take(), LISTENING);
        let (said, port) = Said::of(child.stdout.take(), program.says);
        // From here on dropping it ends the process.
        let id = child.id();
        let mut running = Self {
            child: Mutex::new(child),
            id,
            run: Arc::clone(&program.run),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log,
            log_end: Mutex::new(log_end),
            asked_to_stop: AtomicBool::new(false),
        };
        match port.recv_timeout(program.ready_within) {
            Ok(port) => {
                running.address.set_port(port);
                Ok(running)
            }
            Err(RecvTimeoutError::Timeout) => {
                let said = said.text();
                let what = if said.is_empty() { "nothing" } else { "other lines" };
                let waited = program.ready_within.as_secs_f32();
                Err(fail(format!("{what} in {waited:.1} s; it still runs"))
                    .likely("it does not print the line, or its output is buffered, or it loops before it listens")
                    .noting(&said)
                    .noting(&running.said()))
            }
            Err(RecvTimeoutError::Disconnected) => Err(running.ended_early(fail, &said.text())),
        }
    }

    /// It closed its output before it listened: most likely it has ended.
    fn ended_early(self, fail: impl Fn(String) -> Failure, said: &str) -> Failure {
        let status = self.ended_within(Duration::from_secs(1));
        self.hear_out();
        let log = self.said();
        let got = match status {
            Some(status) => format!("it ended before it listened ({})", told(status)),
            None => "it closed its standard output and runs on".to_owned(),
        };
        let failure = fail(got).noting(said).noting(&log);
        let in_use = ["address already in use", "eaddrinuse", "address in use"];
        if in_use.iter().any(|words| log.to_lowercase().contains(words)) {
            return failure
                .likely("the port is in use: take the one of the variable PORT, and 0 is any free one");
        }
        match panic_of(&log) {
            Some((message, place)) => failure.likely(format!("your program panicked: {message} ({place})")),
            None => failure.likely("main returned, or failed, before it served"),
        }
    }

    /// Waits for what it wrote before it ended, which is on its way; a child of it may hold its output open.
    fn hear_out(&self) {
        let end = self.log_end.lock().unwrap_or_else(PoisonError::into_inner);
        while end.recv_timeout(HEARD_WITHIN).is_ok() {}
    }

    pub(crate) fn ended_within(&self, limit: Duration) -> Option<ExitStatus> {
        let begun = Instant::now();
        loop {
            match self.child().try_wait() {
                Ok(Some(status)) => return Some(status),
                _ if begun.elapsed() > limit => return None,
                _ => thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// How it has ended, if it has.
    pub fn ended(&self) -> Option<String> {
        self.ended_within(Duration::ZERO).map(told)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.id
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What Ctrl-C does.
    pub fn interrupt(&self) {
        self.asked_to_stop.store(true, Ordering::Relaxed);
        trace::note("your program gets SIGINT, as by Ctrl-C");
        #[cfg(unix)]
        if let Some(pid) = i32::try_from(self.id).ok().and_then(rustix::process::Pid::from_raw) {
            // It fails only for a process that has ended.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        }
    }

    /// What it wrote to standard error.
    pub fn said(&self) -> String {
        self.log.text()
    }

    /// A failure with what became of the program: a panic, an end.
    pub fn explain(&self, mut failure: Failure) -> Failure {
        let ended = self.ended_within(Duration::from_millis(10));
        if ended.is_some() {
            self.hear_out();
        }
        if ended.is_none() && panic_of(&self.said()).is_none() {
            // What a thread says when it panics comes a moment after its sockets are closed.
            thread::sleep(Duration::from_millis(30));
        }
        let panicked = panic_of(&self.said());
        if let Some((message, place)) = &panicked {
            failure.likely = Some(format!("your program panicked: {message} ({place})"));
            failure.panic = Some(place.clone());
        }
        if let Some(status) = ended.or_else(|| self.ended_within(Duration::ZERO)) {
            if panicked.is_none() && !self.asked_to_stop.load(Ordering::Relaxed) {
                // It is gone: how it behaves cannot be the cause.
                failure.likely = Some(why_ended(status));
            }
            failure.notes.push(format!("Your program has ended meanwhile ({}).", told(status)));
            return failure.noting(&self.said());
        }
        if failure.likely.is_none() && self.is_looping() {
            failure.likely =
                Some("your program uses a whole core and says nothing: a loop without an end?".to_owned());
        }
        failure
    }

    /// Whether it uses a core, or nearly, when nobody asks it for anything; false where the system does not tell.
    fn is_looping(&self) -> bool {
        let Some(before) = self.busy() else { return false };
        thread::sleep(LOOP_WITHIN);
        let used = self.busy().map_or(0, |after| after.saturating_sub(before));
        u128::from(used) * 10 >= LOOP_WITHIN.as_millis() * 8 / 10
    }

    /// Asks it to stop, as Ctrl-C and `kill` do.
    #[cfg(unix)]
    pub fn stop(&self) {
        self.asked_to_stop.store(true, Ordering::Relaxed);
        trace::note("your program gets SIGTERM, as by `kill`");
        use rustix::process::{Pid, Signal, kill_process};
        if let Some(pid) = i32::try_from(self.id()).ok().and_then(Pid::from_raw) {
            // It fails only for a process that is gone.
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    /// Asks it to stop: there is no way here.
    #[cfg(not(unix))]
    pub fn stop(&self) {}
}

impl Drop for Running {
    fn drop(&mut self) {
        kill_group(self.id);
        let mut child = self.child();
        let _ = child.kill();
        let _ = child.wait();
        self.run.forget(self.id);
    }
}

impl Failure {
    fn noting(mut self, text: &str) -> Self {
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines.len().saturating_sub(4);
        self.notes.extend(lines.into_iter().skip(last).map(|line| format!("| {line}")));
        self
    }
}

fn spawn(program: &Program, environment: &[(&str, String)]) -> std::io::Result<Child> {
    let (name, arguments) = program.command.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(name);
    command.args(arguments).current_dir(&program.folder).env("PORT", "0").env("NO_COLOR", "1");
    command.env("RUST_BACKTRACE", "0").envs(environment.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    program.run.spawn(&mut command)
}

fn missing(program: &Program, error: &std::io::Error) -> String {
    let name = program.command.first().map(String::as_str).unwrap_or_default();
    match error.kind() {
        std::io::ErrorKind::NotFound => format!("{name} is not installed, or not on the PATH"),
        _ => format!("{name} cannot be run"),
    }
}
