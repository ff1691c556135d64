//! Runs all steps, several at the same time, and reports the duration of each. Each step is a process of its own.

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

struct Finished {
    name: &'static str,
    took: Duration,
    passed: bool,
}

/// Stops at the first step that fails: those that have begun end, no other begins.
pub(crate) fn run_all(workspace: &Workspace, steps: &[Step], lanes: u8) -> Result<()> {
    let mut fetching = fetch_ahead(workspace)?;
    let logs = workspace.target().join("test-logs");
    let waiting = Mutex::new(steps.iter().map(|step| step.name).collect::<VecDeque<_>>());
    let finished = Mutex::new(Vec::<Finished>::new());
    let next = || {
        let failed = lock(&finished).iter().any(|step| !step.passed);
        if failed { None } else { lock(&waiting).pop_front() }
    };
    let lane = |alone: bool| -> Result<()> {
        while let Some(name) = next() {
            let start = Instant::now();
            let passed = if alone { run_visibly(name)? } else { run_into_log(&logs, name)? };
            lock(&finished).push(Finished { name, took: start.elapsed(), passed });
        }
        Ok(())
    };
    let alone = lanes == 1;
    let ran = thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(|| lane(alone))).collect();
        lanes.into_iter().try_for_each(|lane| lane.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    fetching.kill().and_then(|()| fetching.wait()).context("the fetch that runs ahead")?;
    ran?;
    summary(&lock(&finished))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Fetches what later steps need while the first compile. A step whose need is not there yet waits for it, or tries by itself.
fn fetch_ahead(workspace: &Workspace) -> Result<std::process::Child> {
    fs::create_dir_all(workspace.root.join(".cache"))?;
    let log = File::create(workspace.root.join(".cache/fetch.log"))?;
    this_program()
        .arg("fetch")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("the fetch that runs ahead")
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap_or_else(|_| "xtask".into()))
}

fn run_visibly(name: &str) -> Result<bool> {
    println!("=== {name}");
    Ok(this_program().args(["test", name]).status()?.success())
}

/// The output of steps that run at the same time would be mixed: each is shown when its step ends.
fn run_into_log(folder: &Path, name: &str) -> Result<bool> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{name}.log"));
    let log = File::create(&path)?;
    println!("=== {name} has begun");
    let passed = this_program()
        .args(["test", name])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .status()?
        .success();
    show(name, &path)?;
    Ok(passed)
}

fn show(name: &str, path: &Path) -> Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "=== {name}")?;
    io::copy(&mut File::open(path)?, &mut stdout)?;
    Ok(())
}

fn summary(finished: &[Finished]) -> Result<()> {
    println!("=== durations");
    for step in finished {
        println!("{:>5} s  {}{}", step.took.as_secs(), step.name, if step.passed { "" } else { "  FAILED" });
    }
    let failed: Vec<_> = finished.iter().filter(|step| !step.passed).map(|step| step.name).collect();
    if !failed.is_empty() {
        bail!("{}", failed.join(", "));
    }
    Ok(())
}
