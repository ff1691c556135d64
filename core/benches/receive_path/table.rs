//! The results as a Markdown table.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use crate::{EventLog, usage::Cost};

/// The results of one reader in all rounds, with or without an event log.
pub(crate) struct ReaderResult {
    pub(crate) name: &'static str,
    log: EventLog,
    pub(crate) costs: Vec<Cost>,
}

impl ReaderResult {
    pub(crate) fn new(name: &'static str, log: EventLog) -> Self {
        Self { name, log, costs: Vec::new() }
    }
}

pub(crate) fn print_table(rows: &[ReaderResult], events: usize, rounds: usize) {
    println!("{}", machine_description());
    println!("automoderate {}; {events} events, median [range] of {rounds} rounds\n", env!("CARGO_PKG_VERSION"));
    println!("| event log | reader | events/s | of hand-written | CPU µs per event | of hand-written |");
    println!("|---|---|--:|--:|--:|--:|");
    for row in rows {
        let speed = Spread::of(row, |cost| cost.events_per_second / 1e3);
        let cpu = Spread::of(row, |cost| cost.cpu_micros_per_event);
        let log = if row.log == EventLog::Present { "yes" } else { "no" };
        let (mut faster, mut dearer) = (String::new(), String::new());
        if let Some(hand) = rows.iter().find(|other| other.log == row.log && other.name == "hand-written") {
            faster = format!("{:.2}", speed.median / Spread::of(hand, |cost| cost.events_per_second / 1e3).median);
            dearer = format!("{:.2}", cpu.median / Spread::of(hand, |cost| cost.cpu_micros_per_event).median);
        }
        println!(
            "| {log} | {} | {:.0}k [{:.0}–{:.0}] | {faster} | {:.2} [{:.2}–{:.2}] | {dearer} |",
            row.name, speed.median, speed.least, speed.most, cpu.median, cpu.least, cpu.most
        );
    }
    if let Some(path) = std::env::var_os("BENCH_RESULTS") {
        append_results(path.as_ref(), rows);
    }
}

/// Appends the results to the file from which `make bench` prints a combined table.
fn append_results(path: &Path, rows: &[ReaderResult]) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the results file");
    for row in rows {
        let line = serde_json::json!({
            "part": if row.log == EventLog::Present { "Rust, with an event log" } else { "Rust" },
            "name": row.name,
            "of": "hand-written",
            "per_second": Spread::of(row, |cost| cost.events_per_second).median,
            "cpu_micros": Spread::of(row, |cost| cost.cpu_micros_per_event).median,
        });
        writeln!(file, "{line}").expect("the results file");
    }
}

struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(row: &ReaderResult, figure: impl Fn(&Cost) -> f64) -> Self {
        let mut figures: Vec<f64> = row.costs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
        Self { least: at(0), median: at(figures.len() / 2), most: at(figures.len().saturating_sub(1)) }
    }
}

/// Returns the processor, the number of cores, and the operating system.
fn machine_description() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}, {cores} cores, {} {}",
        model.unwrap_or("unknown processor"),
        std::env::consts::OS,
        read("/proc/sys/kernel/osrelease").trim()
    )
}
