//! Resource usage of processes, read from `/proc`.

use std::fs;
use std::ops::Add;
use std::time::Duration;

/// Number of clock ticks per second, the same on all common Linux systems. CPU times in `/proc/PID/stat` are in ticks.
const TICKS_PER_SECOND: u64 = 100;

/// CPU time used so far, and resident memory that is not shared with other processes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ProcessUsage {
    pub(crate) cpu: Duration,
    pub(crate) resident_bytes: u64,
}

/// Usage of all nodes, of PostgreSQL with its child processes, and of Redis.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemUsage {
    pub(crate) nodes: ProcessUsage,
    pub(crate) postgres: ProcessUsage,
    pub(crate) redis: ProcessUsage,
}

impl Add for ProcessUsage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { cpu: self.cpu + other.cpu, resident_bytes: self.resident_bytes + other.resident_bytes }
    }
}

/// Returns the usage of a process, or zeros if the process has ended.
pub(crate) fn process_usage(pid: u32) -> ProcessUsage {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return ProcessUsage::default();
    };
    // The program's name, in parentheses, may contain any character, so the fields after the last parenthesis are parsed.
    let fields: Vec<u64> =
        stat.rsplit(')').next().unwrap().split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
    // User and system time, of the process itself and of its children that have ended.
    let ticks: u64 = fields[11..15].iter().sum();
    ProcessUsage {
        cpu: Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND),
        resident_bytes: unshared_resident_bytes(pid),
    }
}

/// Returns the resident memory in bytes, without shared memory, which a sum over processes would count several times.
fn unshared_resident_bytes(pid: u32) -> u64 {
    status_bytes(pid, "RssAnon:")
}

/// Returns the highest resident memory so far, in bytes.
#[allow(dead_code, reason = "used only by the storm benchmark")]
pub(crate) fn peak_resident_bytes(pid: u32) -> u64 {
    status_bytes(pid, "VmHWM:")
}

fn status_bytes(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}

/// Returns the usage of a process and its direct children.
pub(crate) fn usage_with_children(pid: u32) -> ProcessUsage {
    let children = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    children
        .filter(|&child| parent_pid(child) == Some(pid))
        .map(process_usage)
        .fold(process_usage(pid), ProcessUsage::add)
}

pub(crate) fn parent_pid(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// Raises the limit on open files for this process and the processes that it starts; exits if that is not permitted.
pub(crate) fn raise_open_file_limit(count: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = count.max(limit.current.unwrap_or(u64::MAX));
    let maximum = limit.maximum.map(|maximum| maximum.max(wanted));
    let raised = Rlimit { current: Some(wanted), maximum };
    if setrlimit(Resource::Nofile, raised).is_err() {
        eprintln!("{count} open files are not permitted: raise `ulimit -n`, or run as root");
        std::process::exit(1);
    }
}
