//! The linters, and the checks to run before each commit.

use anyhow::Result;
use xshell::cmd;

use crate::need::{self, Need};
use crate::rust_tests;
use crate::workspace::Workspace;

/// Combinations of features that users enable; the core must build without warnings with each of them.
const FEATURE_SETS: [&str; 6] =
    ["", "rest", "polling", "tls-ring,test-server", "rest,polling,tls-ring,protocol", "facade,tls-ring"];

/// Runs the quick checks, which take less than two minutes once everything is built.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    check_format(workspace)?;
    run_clippy(workspace)?;
    check_prose(workspace)?;
    workspace.run(cmd!(workspace.shell, "python3 docs/check/run.py links"))?;
    let selection = rust_tests::selection();
    workspace.run(cmd!(workspace.shell, "cargo test --quiet {selection...} --lib --test it"))
}

pub(crate) fn lint(workspace: &Workspace) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo metadata --locked --format-version 1").ignore_stdout())?;
    check_format(workspace)?;
    run_clippy(workspace)?;
    for features in FEATURE_SETS {
        workspace.run(cmd!(
            workspace.shell,
            "cargo clippy -p automoderate --no-default-features --features {features} --quiet -- -D warnings"
        ))?;
    }
    check_prose(workspace)
}

fn check_format(workspace: &Workspace) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo fmt --all --check"))
}

fn run_clippy(workspace: &Workspace) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo clippy --workspace --all-targets --all-features --quiet -- -D warnings"))
}

/// Checks the wording, the spelling, and the shell scripts, and runs the tests in `docs/check`.
fn check_prose(workspace: &Workspace) -> Result<()> {
    workspace.run(cmd!(
        workspace.shell,
        "python3 -m unittest discover --start-directory docs/check --pattern *_test.py --quiet"
    ))?;
    workspace.run(cmd!(workspace.shell, "python3 docs/check/words.py"))?;
    if need::set_up(workspace, "spelling and shell scripts", &[Need::PythonReference])?.is_none() {
        return Ok(());
    }
    workspace.run(cmd!(workspace.shell, ".cache/reference/venv/bin/typos --format brief"))?;
    let scripts = workspace.read(cmd!(workspace.shell, "git ls-files *.sh .ci/run"))?;
    let scripts = scripts.lines();
    workspace.run(cmd!(workspace.shell, ".cache/reference/venv/bin/shellcheck {scripts...}"))
}
