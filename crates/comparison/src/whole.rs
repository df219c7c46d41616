//! A whole comparison: prepare, make all runs in their order, conclude, write the record.

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use crate::{
    figures,
    machine::host,
    plan::{self, Job, Step, Turn},
    programs,
    progress::Progress,
    record::{Delay, FORMAT, Failure, Kind, Method, Record, Run, Size, histogram::DIGITS},
    runner::{LIMITS, Outcome, Runner},
    subjects::Entry,
};

/// Processes that want to run, a core, above which a record says that its times are doubtful.
const BUSY: f64 = 0.2;

/// What a comparison is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// How much.
    pub size: Size,
    /// Parts of names that subjects or cases must contain; none: all.
    pub only: Vec<String>,
    /// The seed.
    pub seed: u32,
    /// Where the record goes.
    pub record: PathBuf,
}

/// Makes a comparison, and writes its record, also if Ctrl-C ends it half-way.
///
/// # Errors
///
/// Nothing is left to be measured, or the record cannot be written.
pub async fn compare(asked: &Asked) -> io::Result<Record> {
    let machine = host::describe();
    host::raise_open_files();
    let begun = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let entries = chosen(&asked.only);
    let say = Progress::new(Duration::ZERO);
    let found = programs::prepare(&entries, &mut |line| say.say(line));
    let present: Vec<&Entry> =
        entries.iter().copied().filter(|entry| !found.left_out.contains_key(entry.name)).collect();
    let jobs = jobs(asked, &present);
    if jobs.is_empty() {
        return Err(io::Error::other(
            "nothing is left to be measured: see --only, and `comparison subjects`",
        ));
    }
    let mut whole = Whole::new(asked, jobs);
    let complete = whole.make(asked).await;
    let mut record = Record {
        format: FORMAT.to_owned(),
        begun,
        seconds: whole.begun.elapsed().as_secs_f64(),
        complete,
        size: asked.size,
        only: asked.only.clone(),
        seed: asked.seed,
        versions: found.versions,
        method: method(&whole.jobs),
        subjects: entries
            .iter()
            .map(|entry| entry.subject(found.left_out.get(entry.name).cloned()))
            .collect(),
        cases: whole
            .jobs
            .into_iter()
            .map(|job| job.case)
            .filter(|case| !complete || !case.runs.is_empty())
            .collect(),
        control: Vec::new(),
        failures: whole.failures,
        notes: Vec::new(),
        machine,
    };
    figures::conclude(&mut record.cases, &record.subjects);
    record.control = figures::control(&record.cases, &record.subjects);
    record.notes = plan::left_out(asked.size, &present);
    record.notes.extend(notes(&record));
    record.write(&asked.record)?;
    Ok(record)
}

/// Subjects that are asked for by name; if none is, `only` names cases, and all subjects are meant.
fn chosen(only: &[String]) -> Vec<&'static Entry> {
    let named = plan::subjects(only);
    if named.is_empty() { plan::subjects(&[]) } else { named }
}

fn jobs(asked: &Asked, present: &[&Entry]) -> Vec<Job> {
    let jobs = plan::cases(asked.size, present);
    let by_name = !plan::subjects(&asked.only).is_empty();
    let is_meant = |job: &Job| by_name || asked.only.iter().any(|part| job.case.id.contains(part.as_str()));
    jobs.into_iter().filter(is_meant).collect()
}

struct Whole {
    jobs: Vec<Job>,
    runner: Runner,
    failures: Vec<Failure>,
    order: u32,
    begun: Instant,
}

impl Whole {
    fn new(asked: &Asked, jobs: Vec<Job>) -> Self {
        let folder = asked.record.parent().unwrap_or_else(|| Path::new("."));
        let runner = Runner { data: folder.join("certificate"), seed: asked.seed };
        Self { jobs, runner, failures: Vec::new(), order: 0, begun: Instant::now() }
    }

    /// Makes all runs; false if it was stopped before the last.
    async fn make(&mut self, asked: &Asked) -> bool {
        let steps = plan::steps(&self.jobs, asked.seed);
        let estimates: Vec<Duration> = steps.iter().map(|step| self.estimate(step)).collect();
        let mut progress = Progress::new(estimates.iter().sum());
        progress.say(&format!("{} runs, seed {}", steps.len(), asked.seed));
        let deadline = plan::deadline(asked.size).map(|limit| self.begun + limit);
        let mut complete = true;
        for (step, estimate) in steps.iter().zip(estimates) {
            if deadline.is_some_and(|deadline| Instant::now() + estimate > deadline) {
                // What is short may still have its time.
                complete = false;
                continue;
            }
            let what = self.name(step);
            progress.begin(&what);
            tokio::select! {
                () = self.step(step, &progress) => {}
                _ = tokio::signal::ctrl_c() => {
                    progress.say("stopped; the record has what was done");
                    complete = false;
                    break;
                }
            }
            progress.end(&what, estimate);
        }
        progress.finish();
        complete
    }

    fn job(&self, turn: Turn) -> Option<&Job> {
        self.jobs.get(turn.job)
    }

    fn estimate(&self, step: &Step) -> Duration {
        let of = |turn: &Turn| self.job(*turn).map(Job::estimate);
        match step {
            Step::Alone(turn) => of(turn).unwrap_or_default(),
            Step::Together(turns) => turns.iter().filter_map(of).max().unwrap_or_default(),
        }
    }

    fn name(&self, step: &Step) -> String {
        match step {
            Step::Alone(turn) => self.job(*turn).map(|job| job.case.id.clone()).unwrap_or_default(),
            Step::Together(turns) => format!("idle, {} side by side", turns.len()),
        }
    }

    async fn step(&mut self, step: &Step, progress: &Progress) {
        let turns = match step {
            Step::Alone(turn) => std::slice::from_ref(turn),
            Step::Together(turns) => turns,
        };
        let begun_s = self.begun.elapsed().as_secs_f64();
        let mut running = tokio::task::JoinSet::new();
        for &turn in turns {
            let (runner, job) = (self.runner.clone(), self.job(turn).cloned());
            running.spawn_local(async move {
                match job {
                    Some(job) => Some((turn, runner.run(&job, turn.repetition).await)),
                    None => None,
                }
            });
        }
        while let Some(made) = running.join_next().await {
            if let Ok(Some((turn, outcome))) = made {
                self.keep(turn, outcome, begun_s, progress);
            }
        }
        self.order += 1;
    }

    fn keep(&mut self, turn: Turn, outcome: Outcome, begun_s: f64, progress: &Progress) {
        let Some(Job { case, .. }) = self.jobs.get_mut(turn.job) else { return };
        let Outcome { run, wrong } = outcome;
        let order = self.order;
        case.runs.extend(run.map(|run| Run { order, begun_s, ..run }));
        for what in wrong {
            progress.say(&format!("FAILED {}: {what}", case.id));
            let (subject, case) = (case.parameters.subject.clone(), case.id.clone());
            self.failures.push(Failure { subject, case, repetition: turn.repetition, what });
        }
    }
}

fn method(jobs: &[Job]) -> Method {
    let has_delay = jobs.iter().any(|job| job.case.parameters.delay_ms > 0);
    Method {
        arrivals: "open loop: times of a Poisson process drawn beforehand, given their number; a delivery counts from \
                   the time its post was due, so a stall of the server or of the load is not hidden; the same times for \
                   all subjects of a repetition whose windows are as long: those of polling are longer"
            .to_owned(),
        clock: "CLOCK_MONOTONIC, in nanoseconds, read by one process: the load posts and receives, so no two clocks \
                are compared; it sleeps by timerfd, to the microsecond; the relay, to 0.1 ms"
            .to_owned(),
        order: "each repetition is a block of all cases in an order of its own, drawn from the seed; idle cases, and those \
                with at most one message a second, run side by side at the end of a block, each with arrivals of its own"
            .to_owned(),
        processes: "a fresh server and a fresh load for each run, a relay before the server where there is a delay or \
                    a fault to make, and one more for each 4,000 clients; nothing is shared but the machine, nothing is pinned to a core"
            .to_owned(),
        interval: "of the median of repetitions, by order statistics (the sign test turned round); each figure says \
                   its confidence, which few repetitions make less than 0.95"
            .to_owned(),
        delay: if has_delay { Delay::Relay } else { Delay::None },
        client: "one thread; hyper for HTTP/1.1, h2 for HTTP/2, fastwebsockets for WebSockets; connections are kept; \
                 fields are those the protocol needs and no browser's; no compression is offered; after a fault it \
                 tries at once, then every 100 ms"
            .to_owned(),
        histogram_digits: DIGITS,
        lag_limit_us: LIMITS.lag_us,
        load_cpu_limit: LIMITS.cpu,
        theory_tolerance: figures::TOLERANCE,
    }
}

/// What a reader must know beside.
fn notes(record: &Record) -> Vec<String> {
    let mut notes = Vec::new();
    if cfg!(debug_assertions) {
        notes.push("this is a debug build: its times and costs say nothing".to_owned());
    }
    let left_out = record.subjects.iter().filter_map(|subject| Some((subject, subject.left_out.as_ref()?)));
    notes.extend(left_out.map(|(subject, why)| format!("{} was left out: {why}", subject.title)));
    let limit = BUSY * record.machine.cores as f64;
    let load = record.machine.load_average;
    if load > limit {
        notes.push(format!(
            "other work ran on this machine when it began (load average {load:.2}, {limit:.2} is quiet): doubt times"
        ));
    }
    if !record.complete {
        notes.push("it was stopped, or its time was over, before all runs were made".to_owned());
    }
    let runs = || record.cases.iter().flat_map(|case| &case.runs);
    let limited = runs().filter(|run| run.load.limited).count();
    if limited > 0 {
        notes.push(format!(
            "in {limited} of {} runs the load was late, or it or a relay took a core, and was the limit: see their `load`",
            runs().count()
        ));
    }
    let differing = record.control.iter().filter(|control| control.differs);
    notes.extend(differing.map(|control| {
        format!("the A/A control differs in {} of {}: doubt what is as small", control.figure, control.case)
    }));
    let has_control = record.subjects.iter().any(|subject| subject.kind == Kind::Control);
    if has_control && record.control.is_empty() {
        notes.push("too few repetitions for the A/A control to tell anything".to_owned());
    }
    notes
}
