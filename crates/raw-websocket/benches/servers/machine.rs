//! What the machine says of a process: processor time, memory, cores. Read from /proc.

use std::{
    fs,
    time::{Duration, Instant},
};

use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::{CpuSet, sched_setaffinity},
};
use serde::Serialize;

use crate::Outcome;

/// A tick of /proc/stat, fixed for user space on Linux.
const TICK: Duration = Duration::from_millis(10);

/// Where a measurement was made.
#[derive(Serialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    memory_kib: u64,
    kernel: String,
}

impl Machine {
    pub(crate) fn describe() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim_start_matches([':', ' ', '\t']).to_owned()
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_kib: memory.split(' ').next().and_then(|kib| kib.parse().ok()).unwrap_or(0),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

/// Keeps this thread, and the processes it starts from now on, on one core.
pub(crate) fn pin(core: Option<usize>) -> Outcome<()> {
    if let Some(core) = core {
        let mut cores = CpuSet::new();
        cores.set(core);
        sched_setaffinity(None, &cores).map_err(|error| format!("core {core}: {error}"))?;
    }
    Ok(())
}

/// Raises the limit of open files as far as it goes, for the processes it starts too; gives it.
pub(crate) fn raise_open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let raised = getrlimit(Resource::Nofile).current;
    raised.and_then(|files| files.try_into().ok()).unwrap_or(usize::MAX)
}

/// Processor time of all threads of a process, to the nanosecond.
fn cpu(pid: u32) -> Outcome<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task")).map_err(|_| "the server has ended")? {
        // A thread may end meanwhile.
        let stat = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        nanoseconds += stat.split(' ').next().and_then(|run| run.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Octets of memory of a process that are in use: VmRSS.
pub(crate) fn resident(pid: u32) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).map_err(|_| "the server has ended")?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    Ok(kib.and_then(|kib| kib.parse::<u64>().ok()).ok_or("the server's VmRSS is missing")? * 1024)
}

/// Processor time of all processes and of the kernel: user, nice, system, irq, softirq.
fn busy() -> Duration {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks = stat.lines().next().unwrap_or_default().split_ascii_whitespace().skip(1);
    let ticks = ticks.enumerate().filter(|(column, _)| matches!(column, 0..=2 | 5 | 6));
    let sum: u32 = ticks.filter_map(|(_, ticks)| ticks.parse::<u32>().ok()).sum();
    TICK * sum
}

/// A time over which processor time is counted.
pub(crate) struct Window {
    pid: u32,
    server: Duration,
    load: Duration,
    busy: Duration,
    began: Instant,
}

/// The processor time of a [`Window`].
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spent {
    pub(crate) seconds: f64,
    pub(crate) server_cpu_seconds: f64,
    /// Of one core, as the two that follow. The one near 100 was the bottleneck.
    server_cpu_percent: f64,
    load_cpu_percent: f64,
    /// What other processes took: noise.
    pub(crate) other_cpu_percent: f64,
}

impl Window {
    pub(crate) fn open(pid: u32) -> Outcome<Self> {
        let (server, load) = (cpu(pid)?, cpu(std::process::id())?);
        Ok(Self { pid, server, load, busy: busy(), began: Instant::now() })
    }

    pub(crate) fn close(&self) -> Outcome<Spent> {
        let seconds = self.began.elapsed().as_secs_f64();
        let server = cpu(self.pid)?.saturating_sub(self.server);
        let load = cpu(std::process::id())?.saturating_sub(self.load);
        let other = busy().saturating_sub(self.busy + server + load);
        let percent = |time: Duration| (1_000.0 * time.as_secs_f64() / seconds).round() / 10.0;
        Ok(Spent {
            seconds,
            server_cpu_seconds: server.as_secs_f64(),
            server_cpu_percent: percent(server),
            load_cpu_percent: percent(load),
            other_cpu_percent: percent(other),
        })
    }
}
