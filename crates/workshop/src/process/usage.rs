//! What a process or a thread has used, where the system tells.

/// Processor time that the calling thread has used, in hundredths of a second.
pub fn own_busy() -> Option<u64> {
    processor_time("/proc/thread-self/stat")
}

pub(super) fn processor_time(path: &str) -> Option<u64> {
    let stat = std::fs::read_to_string(path).ok()?;
    // Behind the name, which may have anything in it: utime and stime are the 14th and 15th of all.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(ticks(11)? + ticks(12)?)
}
