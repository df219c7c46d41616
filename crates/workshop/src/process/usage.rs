//! What a process or a thread has used, where the system tells.

use super::Running;
use crate::trace;

/// Processor time that the calling thread has used, in hundredths of a second.
pub fn own_busy() -> Option<u64> {
    processor_time("/proc/thread-self/stat")
}

fn processor_time(path: &str) -> Option<u64> {
    let stat = std::fs::read_to_string(path).ok()?;
    // Behind the name, which may have anything in it: utime and stime are the 14th and 15th of all.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(ticks(11)? + ticks(12)?)
}

impl Running {
    /// Processor time that it has used, where the system tells: hundredths of a second.
    pub fn busy(&self) -> Option<u64> {
        processor_time(&format!("/proc/{}/stat", self.id()))
    }

    /// Sockets that it has open, where the system tells.
    pub fn sockets(&self) -> Option<usize> {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.id())).ok()?;
        let targets = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        let sockets = targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count();
        trace::measured("sockets", format!("your program has {sockets} sockets open"));
        Some(sockets)
    }

    /// Octets of memory that it has in use, where the system tells.
    pub fn memory(&self) -> Option<u64> {
        let octets = self.status("VmRSS:")?;
        trace::measured("memory", format!("your program uses {} MiB of memory", octets >> 20));
        Some(octets)
    }

    /// The most octets of memory that it has had in use, where the system tells.
    pub fn peak_memory(&self) -> Option<u64> {
        let octets = self.status("VmHWM:")?;
        trace::measured("peak", format!("your program has used {} MiB of memory at most", octets >> 20));
        Some(octets)
    }

    /// Octets in a line of its status.
    fn status(&self, line: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let value = status.lines().find_map(|found| found.strip_prefix(line))?;
        value.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    }
}
