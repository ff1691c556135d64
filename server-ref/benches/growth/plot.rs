//! Plots the stored results of the last runs.

use serde_json::Value;

use crate::report;
use crate::report::chart::Chart;

const CPU_PER_EVENT: &str = "CPU µs per event";

pub(crate) fn draw_charts() {
    let mut charts = Vec::new();
    let mut add = |title: &str, x_label, y_label, lines| {
        charts.push(Chart { title: title.into(), x_label, y_label, log_x: true, lines });
    };
    for (name, title, x) in
        [("clients", "Clients in a process", "clients"), ("projects", "Projects on a client", "projects")]
    {
        if let Some(rows) = report::load_results(&format!("growth-{name}")) {
            let bursts = median_line("in bursts", &rows, name, "bursts");
            add(title, x, CPU_PER_EVENT, vec![bursts, median_line("one by one", &rows, name, "one_by_one")]);
        }
    }
    if let Some(rows) = report::load_results("growth-sizes") {
        let (name, mut points) = median_line("client", &rows, "bytes", "micros");
        for (bytes, cost) in &mut points {
            *cost = *cost * 1e3 / *bytes;
        }
        add("Size of an event", "bytes", "CPU ns per byte", vec![(name, points)]);
    }
    if let Some(rows) = report::load_results("growth-log") {
        let (oldest, newest) = (
            median_line("the oldest", &rows, "events", "oldest"),
            median_line("the newest", &rows, "events", "newest"),
        );
        let submission = median_line("server", &rows, "events", "submission");
        add("A submission, by the length of the log", "events in the log", "CPU µs", vec![submission]);
        add("A replay of 1,000 events, by the length of the log", "events in the log", "CPU µs", vec![oldest, newest]);
    }
    report::draw_charts("growth", &charts);
}

/// Returns a line through the medians of the field `y`, over the field `x`.
fn median_line(name: &str, rows: &Value, x: &str, y: &str) -> (String, Vec<(f64, f64)>) {
    let point = |row: &Value| (row[x].as_f64().unwrap(), row[y]["median"].as_f64().unwrap());
    (name.into(), rows.as_array().unwrap().iter().map(point).collect())
}
