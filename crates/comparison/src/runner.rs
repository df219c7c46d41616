//! The run: a server, a load, perhaps a relay, each its own process; what the load reports, and what is wrong with it.

use std::{io, path::PathBuf, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{
    load::{Fault, Limits, Plan, Report, Said},
    plan::Job,
    record::{Question, Run},
    server::Server,
    subjects::{self, Entry},
};

mod search;

use search::Search;

/// The limits by which a load judges itself: at the 99th percentile it is no later than 2 ms, and it takes no more than
/// 85 % of a core.
pub const LIMITS: Limits = Limits { lag_us: 2_000, cpu: 0.85 };

/// The 99th percentile that a capacity is asked for (µs).
pub const CAPACITY_P99_US: u64 = 100_000;

/// A load that is later than this (µs) is too late to tell whether a capacity's bound is kept.
const CAPACITY_LAG_US: u64 = CAPACITY_P99_US / 10;

fn limits(question: Question) -> Limits {
    match question {
        Question::Capacity => Limits { lag_us: CAPACITY_LAG_US, ..LIMITS },
        _ => LIMITS,
    }
}

/// Clients of one relay, at most: each takes two open files of it, and 20,000 is what a process may have where nobody
/// raised it.
const RELAYED: u32 = 4_000;

/// What a run may take beyond its estimate before it is given up.
const PATIENCE: Duration = Duration::from_secs(150);

/// Makes runs.
#[derive(Clone, Debug)]
pub struct Runner {
    /// Where servers keep what they need, such as a certificate.
    pub data: PathBuf,
    /// The comparison's seed.
    pub seed: u32,
}

/// A run, and what is wrong with it.
#[derive(Debug)]
pub struct Outcome {
    /// The figures; none if there is no run to speak of.
    pub run: Option<Run>,
    /// What fails the comparison, a sentence each.
    pub wrong: Vec<String>,
}

impl Runner {
    /// Makes a run of a job. What fails is in the outcome.
    pub async fn run(&self, job: &Job, repetition: u32) -> Outcome {
        let made = if job.case.question == Question::Capacity {
            self.capacity(job, repetition).await
        } else {
            self.once(job, repetition).await
        };
        match made {
            Ok(Report { run, mut wrong }) => {
                wrong.extend(broken(&run, job.case.question));
                Outcome { run: Some(Run { repetition, ..run }), wrong }
            }
            Err(error) => Outcome { run: None, wrong: vec![format!("the run failed: {error}")] },
        }
    }

    async fn once(&self, job: &Job, repetition: u32) -> io::Result<Report> {
        let limit = 3 * job.estimate() + PATIENCE;
        timeout(limit, self.unlimited(job, repetition)).await.map_err(|_| {
            io::Error::other(format!("it was not done after {} s, and given up", limit.as_secs()))
        })?
    }

    async fn unlimited(&self, job: &Job, repetition: u32) -> io::Result<Report> {
        let parameters = &job.case.parameters;
        let entry = subjects::find(&parameters.subject).ok_or(io::ErrorKind::NotFound)?;
        let server = Server::start(entry, parameters.history, 0, &self.data).await?;
        let has_relay =
            parameters.delay_ms > 0 || matches!(job.case.question, Question::Cut | Question::Blackhole);
        let mut relays = Vec::new();
        for _ in 0..if has_relay { parameters.audience.div_ceil(RELAYED).max(1) } else { 0 } {
            relays.push(Server::relay(server.address, parameters.delay_ms).await?);
        }
        let before = if has_relay { relays.as_slice() } else { std::slice::from_ref(&server) };
        let plan = Plan {
            question: job.case.question,
            parameters: parameters.clone(),
            addresses: before.iter().map(|server| server.address).collect(),
            relays: relays.iter().map(Server::pid).collect(),
            server_port: server.address.port(),
            pid: server.pid(),
            seed: self.seed_of(job, repetition),
            openings: job.openings,
            limits: limits(job.case.question),
        };
        let mut load = start_load(&plan).await?;
        let mut scene = Scene { entry, history: parameters.history, server, relays, data: self.data.clone() };
        let report = converse(&mut load, &mut scene).await?;
        load.wait().await?;
        Ok(report)
    }

    /// Equal for all subjects, so that all have the same schedule; those that run side by side have one each, or all
    /// would post at the same moment.
    fn seed_of(&self, job: &Job, repetition: u32) -> u32 {
        let name = if job.is_beside { job.case.parameters.subject.as_str() } else { "" };
        let own = name.bytes().fold(0_u32, |sum, octet| sum.wrapping_mul(31).wrapping_add(octet.into()));
        self.seed.wrapping_add(repetition.wrapping_mul(7_919)).wrapping_add(own)
    }

    /// The most clients within the bound, by doubling, then between the last two by halves; 0 if the first are too many.
    async fn capacity(&self, job: &Job, repetition: u32) -> io::Result<Report> {
        let parameters = &job.case.parameters;
        // A poll comes after its pause, however few clients there are.
        let pause = Duration::from_secs_f64(parameters.pause_s.unwrap_or(0.0));
        let bound_us = CAPACITY_P99_US + u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
        let mut best = Report { run: Run { capacity_clients: Some(0), ..Run::default() }, wrong: Vec::new() };
        let (mut was_limited, mut search) = (false, Some(Search::from(parameters.audience)));
        while let Some(trial) = search {
            let tried = job.clone().with(|parameters| parameters.audience = trial.tried());
            let mut report = self.once(&tried, repetition).await?;
            let Run { delivery, accounting, load, .. } = &report.run;
            let is_late = delivery.p99_us > bound_us || accounting.lost > 0;
            let is_served = !is_late && !load.limited && report.wrong.is_empty();
            search = trial.next(is_served);
            if is_served {
                report.run.capacity_clients = Some(trial.tried());
                best = report;
            } else {
                was_limited = load.limited;
            }
        }
        // The search ended at the load rather than at the server.
        best.run.load.limited |= was_limited;
        Ok(best)
    }
}

/// The processes of a run beside the load.
struct Scene {
    entry: &'static Entry,
    history: u32,
    server: Server,
    relays: Vec<Server>,
    data: PathBuf,
}

impl Scene {
    async fn make(&mut self, fault: Fault) -> io::Result<()> {
        let command = match fault {
            Fault::Cut => "cut",
            Fault::BeginBlackhole => "hold",
            Fault::EndBlackhole => "pass",
            Fault::Kill => return self.server.kill().await,
            Fault::Start => {
                let port = self.server.address.port();
                self.server = Server::start(self.entry, self.history, port, &self.data).await?;
                return Ok(());
            }
        };
        for relay in &mut self.relays {
            relay.command(command).await?;
        }
        Ok(())
    }
}

async fn start_load(plan: &Plan) -> io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("load").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut load = command.process_group(0).kill_on_drop(true).spawn()?;
    let mut line = serde_json::to_vec(plan)?;
    line.push(b'\n');
    load.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write_all(&line).await?;
    Ok(load)
}

/// Does what the load asks for until it is done.
async fn converse(load: &mut Child, scene: &mut Scene) -> io::Result<Report> {
    let output = load.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line)? {
            Said::Done(report) => return Ok(*report),
            Said::Fault(fault) => {
                scene.make(fault).await?;
                load.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write_all(b"done\n").await?;
            }
        }
    }
    Err(io::Error::other("the load ended without a report"))
}

/// What must never be, and is.
fn broken(run: &Run, question: Question) -> Vec<String> {
    let accounting = &run.accounting;
    let is_fault = matches!(question, Question::Cut | Question::Blackhole | Question::Restart);
    let away = run.recovery.as_ref().map_or(0, |recovery| recovery.stayed_away);
    let counts = [
        (accounting.lost, "deliveries were lost"),
        (accounting.doubled, "deliveries came twice"),
        (accounting.reordered, "deliveries came in another order than to other clients"),
        (if is_fault { 0 } else { accounting.refused }, "posts were not answered"),
        (away, "clients never came back"),
    ];
    let wrong = counts.iter().filter(|(count, _)| *count > 0);
    wrong
        .map(|(count, what)| format!("{count} of {} {what}", accounting.delivered + accounting.lost))
        .collect()
}
