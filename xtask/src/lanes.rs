//! A run of all steps, each in its own process, in one or more parallel lanes, with a report on how long each step took.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::step::Step;
use crate::workspace::Workspace;

struct FinishedStep {
    name: &'static str,
    duration: Duration,
    has_passed: bool,
}

/// Runs all steps, up to `lanes` of them at the same time. Once a step fails, running steps finish and no further step starts.
pub(crate) fn run_all(workspace: &Workspace, steps: &[Step], lanes: u8) -> Result<()> {
    let mut fetching = fetch_ahead(workspace)?;
    let logs = workspace.target_dir().join("test-logs");
    let waiting = Mutex::new(steps.iter().map(|step| step.name).collect::<VecDeque<_>>());
    let finished = Mutex::new(Vec::<FinishedStep>::new());
    let next = || {
        let failed = lock(&finished).iter().any(|step| !step.has_passed);
        if failed { None } else { lock(&waiting).pop_front() }
    };
    let lane = |alone: bool| -> Result<()> {
        while let Some(name) = next() {
            let start = Instant::now();
            let has_passed = if alone { run_visibly(name)? } else { run_into_log(&logs, name)? };
            lock(&finished).push(FinishedStep { name, duration: start.elapsed(), has_passed });
        }
        Ok(())
    };
    let alone = lanes == 1;
    let ran = thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(|| lane(alone))).collect();
        lanes.into_iter().try_for_each(|lane| lane.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    fetching.kill().and_then(|()| fetching.wait()).context("the background fetch")?;
    ran?;
    print_summary(&lock(&finished))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a process that fetches what later steps need while earlier steps compile. A step whose need is still missing waits for
/// that process, or fetches the need itself.
fn fetch_ahead(workspace: &Workspace) -> Result<std::process::Child> {
    fs::create_dir_all(workspace.root.join(".cache"))?;
    let log = File::create(workspace.root.join(".cache/fetch.log"))?;
    this_program()
        .arg("fetch")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("the background fetch")
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap_or_else(|_| "xtask".into()))
}

fn run_visibly(name: &str) -> Result<bool> {
    println!("=== {name}");
    Ok(this_program().args(["test", name]).status()?.success())
}

/// Runs a step with its output in a log, and prints the log when the step ends, so that outputs do not mix.
fn run_into_log(folder: &Path, name: &str) -> Result<bool> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{name}.log"));
    let log = File::create(&path)?;
    println!("=== {name} started");
    let has_passed = this_program()
        .args(["test", name])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .status()?
        .success();
    print_log(name, &path)?;
    Ok(has_passed)
}

fn print_log(name: &str, path: &Path) -> Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "=== {name}")?;
    io::copy(&mut File::open(path)?, &mut stdout)?;
    Ok(())
}

fn print_summary(finished: &[FinishedStep]) -> Result<()> {
    println!("=== durations");
    for step in finished {
        println!("{:>5} s  {}{}", step.duration.as_secs(), step.name, if step.has_passed { "" } else { "  FAILED" });
    }
    let failed: Vec<_> = finished.iter().filter(|step| !step.has_passed).map(|step| step.name).collect();
    if !failed.is_empty() {
        bail!("{}", failed.join(", "));
    }
    Ok(())
}
