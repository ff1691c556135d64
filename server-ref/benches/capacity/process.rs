//! The resources of processes, from /proc.

use std::fs;
use std::ops::Add;
use std::time::Duration;

/// Clock ticks per second, the same on all Linux systems.
const TICKS: u64 = 100;

/// CPU time used so far, and resident memory in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    pub(crate) cpu: Duration,
    pub(crate) memory: u64,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) nodes: Sum,
    pub(crate) postgres: Sum,
    pub(crate) redis: Sum,
}

impl Add for Sum {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { cpu: self.cpu + other.cpu, memory: self.memory + other.memory }
    }
}

pub(crate) fn of(pid: u32) -> Sum {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return Sum::default();
    };
    // The name, in parentheses, may contain anything.
    let fields: Vec<u64> =
        stat.rsplit(')').next().unwrap().split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
    // Its own and its dead children's, user and system.
    let ticks: u64 = fields[11..15].iter().sum();
    Sum { cpu: Duration::from_millis(ticks * 1000 / TICKS), memory: memory(pid) }
}

/// Without memory shared with other processes, which would be counted many times.
fn memory(pid: u32) -> u64 {
    bytes(pid, "RssAnon:")
}

/// Resident memory at its highest, in bytes.
#[allow(dead_code, reason = "for the storm")]
pub(crate) fn peak(pid: u32) -> u64 {
    bytes(pid, "VmHWM:")
}

fn bytes(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}

/// A process and its children.
pub(crate) fn family(pid: u32) -> Sum {
    let children = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    children.filter(|&child| parent(child) == Some(pid)).map(of).fold(of(pid), Sum::add)
}

pub(crate) fn parent(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// For this process and those that it starts.
pub(crate) fn allow_files(count: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = count.max(limit.current.unwrap_or(u64::MAX));
    let maximum = limit.maximum.map(|maximum| maximum.max(wanted));
    let raised = Rlimit { current: Some(wanted), maximum };
    if setrlimit(Resource::Nofile, raised).is_err() {
        eprintln!("{count} open files are not allowed: raise `ulimit -n`, or be root");
        std::process::exit(1);
    }
}
