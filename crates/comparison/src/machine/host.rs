//! The machine that a comparison is made on.

use std::{fs, num::NonZeroUsize, thread::available_parallelism};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::record::Machine;

/// Describes it.
pub fn describe() -> Machine {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim_start_matches([':', '=', ' ', '\t']).trim_matches('"').to_owned()
    };
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let processor = read("/proc/cpuinfo");
    let is_virtual = field(&processor, "flags").split(' ').any(|flag| flag == "hypervisor");
    let vendor = read("/sys/devices/virtual/dmi/id/sys_vendor").trim().to_owned();
    let governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").trim().to_owned();
    Machine {
        cpu: field(&processor, "model name"),
        cores: available_parallelism().map_or(1, NonZeroUsize::get),
        memory_octets: 1024 * memory.split(' ').next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0),
        os: field(&read("/etc/os-release"), "PRETTY_NAME"),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        hypervisor: match (is_virtual, vendor.as_str()) {
            (false, _) => "none".to_owned(),
            (true, "") => "unnamed".to_owned(),
            (true, vendor) => vendor.to_owned(),
        },
        governor: if governor.is_empty() { "unknown".to_owned() } else { governor },
        load_average: read("/proc/loadavg")
            .split(' ')
            .next()
            .and_then(|load| load.parse().ok())
            .unwrap_or(0.0),
    }
}

/// Raises the limit of open files as far as it goes, for the processes it starts too; gives it.
pub fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
