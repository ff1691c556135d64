//! The results of a run: the machine, a file with the raw results, and plots made from that file.
#![allow(dead_code, reason = "each benchmark uses some")]

pub(crate) mod chart;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

/// The documentation's folder of plots and their data.
fn folder() -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/plots"));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Stores the measurements, with the machine and its load.
pub(crate) fn save(name: &str, results: &Value) {
    let all = json!({"machine": machine(), "load": load(), "results": results});
    let path = folder().join(format!("{name}.json"));
    fs::write(&path, format!("{all}\n")).unwrap();
    eprintln!("{}", path.display());
}

/// A row of the table of all benchmarks that `make bench` makes.
pub(crate) fn tell(part: &str, name: &str, of: &str, per_second: Option<f64>, cpu_micros: Option<f64>) {
    let Some(path) = std::env::var_os("BENCH_RESULTS") else { return };
    let row = json!({"part": part, "name": name, "of": of, "per_second": per_second, "cpu_micros": cpu_micros});
    writeln!(OpenOptions::new().create(true).append(true).open(path).unwrap(), "{row}").unwrap();
}

/// The stored results of the last run, if there was one.
pub(crate) fn saved(name: &str) -> Option<Value> {
    let text = fs::read_to_string(folder().join(format!("{name}.json"))).ok()?;
    Some(serde_json::from_str::<Value>(&text).unwrap()["results"].take())
}

/// Writes the SVG next to the data.
pub(crate) fn draw(name: &str, charts: &[chart::Chart]) {
    chart::draw(&folder().join(format!("{name}.svg")), charts);
}

/// Processor, cores, system and load, for the line above a table.
pub(crate) fn heading() -> String {
    format!("{}, load {:.1}", machine(), load())
}

fn machine() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = processors.lines().find(|line| line.starts_with("model name"));
    let model = named.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown processor");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {} cores, Linux {}", std::thread::available_parallelism().unwrap(), kernel.trim())
}

/// Of the last minute.
fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(f64::NAN)
}

/// The median, and the range.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { median: values[values.len() / 2], least: values[0], most: values[values.len() - 1] }
    }

    pub(crate) fn show(&self, digits: usize) -> String {
        format!("{:.digits$} [{:.digits$}–{:.digits$}]", self.median, self.least, self.most)
    }
}
