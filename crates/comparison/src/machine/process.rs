//! A process as /proc shows it.

use std::{fs, io, time::Duration};

/// A tick of /proc/stat, fixed for user space on Linux.
const TICK: Duration = Duration::from_millis(10);

/// Processor time and wake-ups of a process so far, all its live threads together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time, by the scheduler's count.
    pub cpu: Duration,
    /// Times that a thread gave its core up by itself, to sleep until something wakes it.
    pub wake_ups: u64,
}

impl Usage {
    /// What the process has used.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub fn of(pid: u32) -> io::Result<Self> {
        let mut usage = Self::default();
        for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
            let folder = thread?.path();
            // A thread may end meanwhile.
            let stat = fs::read_to_string(folder.join("schedstat")).unwrap_or_default();
            let nanoseconds = stat.split(' ').next().and_then(|run| run.parse().ok()).unwrap_or(0);
            usage.cpu += Duration::from_nanos(nanoseconds);
            let status = fs::read_to_string(folder.join("status")).unwrap_or_default();
            usage.wake_ups += number(&status, "voluntary_ctxt_switches:").unwrap_or(0);
        }
        Ok(usage)
    }

    /// What was used since `earlier`. Threads that have ended since took their count with them.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            wake_ups: self.wake_ups.saturating_sub(earlier.wake_ups),
        }
    }
}

/// The resident set of a process (octets).
///
/// # Errors
///
/// It has ended.
pub fn resident(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib = number(&status, "VmRSS:")
        .ok_or_else(|| io::Error::other("the process has no VmRSS: it has ended"))?;
    Ok(kib * 1024)
}

fn number(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_ascii_whitespace().next()?.parse().ok()
}

/// Processor time of the whole machine so far, in steps of 10 ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Everything {
    /// All processes and the kernel.
    pub busy: Duration,
    /// Taken by the hypervisor.
    pub stolen: Duration,
}

impl Everything {
    /// What the machine has used.
    pub fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let ticks: Vec<u32> = stat
            .lines()
            .next()
            .unwrap_or_default()
            .split_ascii_whitespace()
            .skip(1)
            .map(|ticks| ticks.parse().unwrap_or(0))
            .collect();
        // user, nice, system, idle, iowait, irq, softirq, steal
        let of = |columns: &[usize]| TICK * columns.iter().filter_map(|&column| ticks.get(column)).sum();
        Self { busy: of(&[0, 1, 2, 5, 6]), stolen: of(&[7]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_counted_to_less_than_a_tick() {
        let pid = std::process::id();
        let before = Usage::of(pid).unwrap();
        let mut sum = 0_u64;
        while Usage::of(pid).unwrap().since(before).cpu < Duration::from_micros(500) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(resident(pid).unwrap() > 100 * 1024);
        assert!(Everything::now().busy > Duration::ZERO);
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(Usage::of(u32::MAX).is_err());
        assert!(resident(u32::MAX).is_err());
    }
}
