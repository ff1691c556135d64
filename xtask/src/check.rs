//! Lints, and what one runs before each commit.

use anyhow::Result;
use xshell::cmd;

use crate::need::{self, Need};
use crate::work::Work;

/// Sets of features that users combine, and in which the core must build without warnings.
const FEATURE_SETS: [&str; 6] =
    ["", "rest", "polling", "tls-ring,test-server", "rest,polling,tls-ring,protocol", "facade,tls-ring"];

/// Under two minutes once everything is built.
pub(crate) fn check(work: &Work) -> Result<()> {
    rustfmt(work)?;
    clippy(work)?;
    prose(work)?;
    work.run(cmd!(work.shell, "python3 docs/check/run.py links"))?;
    work.run(cmd!(work.shell, "cargo test --quiet -p automoderate --all-features --lib --test it"))?;
    work.run(cmd!(work.shell, "cargo test --quiet -p automoderate-server --lib --test it"))
}

pub(crate) fn lint(work: &Work) -> Result<()> {
    work.run(cmd!(work.shell, "cargo metadata --locked --format-version 1").ignore_stdout())?;
    rustfmt(work)?;
    clippy(work)?;
    for features in FEATURE_SETS {
        work.run(cmd!(
            work.shell,
            "cargo clippy -p automoderate --no-default-features --features {features} --quiet -- -D warnings"
        ))?;
    }
    prose(work)
}

fn rustfmt(work: &Work) -> Result<()> {
    work.run(cmd!(work.shell, "cargo fmt --all --check"))
}

fn clippy(work: &Work) -> Result<()> {
    work.run(cmd!(work.shell, "cargo clippy --workspace --all-targets --all-features --quiet -- -D warnings"))
}

/// The wording, the spelling, and the shell scripts.
fn prose(work: &Work) -> Result<()> {
    work.run(cmd!(
        work.shell,
        "python3 -m unittest discover --start-directory docs/check --pattern *_test.py --quiet"
    ))?;
    work.run(cmd!(work.shell, "python3 docs/check/words.py"))?;
    if need::set_up(work, "spelling and shell scripts", &[Need::PythonReference])?.is_none() {
        return Ok(());
    }
    work.run(cmd!(work.shell, ".cache/reference/venv/bin/typos --format brief"))?;
    let scripts = work.read(cmd!(work.shell, "git ls-files *.sh .ci/run"))?;
    let scripts = scripts.lines();
    work.run(cmd!(work.shell, ".cache/reference/venv/bin/shellcheck {scripts...}"))
}
