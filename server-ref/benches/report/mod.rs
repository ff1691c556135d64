//! Results of a benchmark: a description of the machine, a file with the raw results, and plots made from that file.
#![allow(dead_code, reason = "each benchmark uses only some of it")]

pub(crate) mod chart;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

/// Returns the documentation's folder for plots and their data, and creates it if it is missing.
fn plots_folder() -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/plots"));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Stores the results, with a description of the machine and its load.
pub(crate) fn save_results(name: &str, results: &Value) {
    let all = json!({"machine": machine_description(), "load": load_average(), "results": results});
    let path = plots_folder().join(format!("{name}.json"));
    fs::write(&path, format!("{all}\n")).unwrap();
    eprintln!("{}", path.display());
}

/// Appends a row to the results from which `make bench` makes its table; does nothing outside of `make bench`.
pub(crate) fn append_result(part: &str, name: &str, baseline: &str, per_second: Option<f64>, cpu_micros: Option<f64>) {
    let Some(path) = std::env::var_os("BENCH_RESULTS") else { return };
    let row = json!({"part": part, "name": name, "of": baseline, "per_second": per_second, "cpu_micros": cpu_micros});
    writeln!(OpenOptions::new().create(true).append(true).open(path).unwrap(), "{row}").unwrap();
}

/// Returns the stored results of the last run, if they exist.
pub(crate) fn load_results(name: &str) -> Option<Value> {
    let text = fs::read_to_string(plots_folder().join(format!("{name}.json"))).ok()?;
    Some(serde_json::from_str::<Value>(&text).unwrap()["results"].take())
}

/// Writes the charts to an SVG file next to the data.
pub(crate) fn draw_charts(name: &str, charts: &[chart::Chart]) {
    chart::draw_charts(&plots_folder().join(format!("{name}.svg")), charts);
}

/// Returns the processor, number of cores, system and load, for the line above a table.
pub(crate) fn machine_and_load() -> String {
    format!("{}, load {:.1}", machine_description(), load_average())
}

fn machine_description() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model_line = processors.lines().find(|line| line.starts_with("model name"));
    let model = model_line.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown processor");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {} cores, Linux {}", std::thread::available_parallelism().unwrap(), kernel.trim())
}

/// Returns the load average of the last minute.
fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(f64::NAN)
}

/// Median and range of several measurements.
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

    /// Formats the spread as `median [least–most]`.
    pub(crate) fn format(&self, digits: usize) -> String {
        format!("{:.digits$} [{:.digits$}–{:.digits$}]", self.median, self.least, self.most)
    }
}
