//! The steps of `make test`.

use anyhow::Result;
use xshell::cmd;

use crate::check;
use crate::lanes;
use crate::need::{
    Environment,
    Need::{
        Chromium, Kotlin, NodePackages, NodeReference, Postgres, Prometheus, PythonEnvironment, PythonReference, Redis,
        Schemathesis, StandIns, StockClients, Swift,
    },
};
use crate::step::{self, Step};
use crate::workspace::Workspace;

/// In the order in which they run: those that compile much alternate with those that mostly wait.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "lint",
        about: "formats, clippy, spelling, words, shell scripts",
        needs: &[],
        run: |workspace, _| check::lint(workspace),
    },
    Step { name: "doc", about: "rustdoc, without warnings", needs: &[], run: doc },
    Step { name: "rust", about: "the SDK and the server; needs only Rust", needs: &[], run: rust },
    Step { name: "docs", about: "the documentation's links, and its Rust and shell blocks", needs: &[], run: docs },
    Step {
        name: "simulation",
        about: "10,000 simulated seeds; SIM_SEED=n runs one, SIM_SEEDS=n the first n",
        needs: &[],
        run: simulation,
    },
    Step { name: "postgres", about: "the server's tests on PostgreSQL", needs: &[Postgres], run: postgres },
    Step {
        name: "schema",
        about: "every route with values of all shapes, as each kind of caller, by Schemathesis",
        needs: &[Schemathesis],
        run: schema,
    },
    Step {
        name: "nodes",
        about: "several nodes with PostgreSQL, Redis and Prometheus under faults; NODES_LONG=1 for longer ones",
        needs: &[Postgres, Redis, Prometheus, StandIns, StockClients],
        run: nodes,
    },
    Step {
        name: "e2e",
        about: "the SDK and other servers, the server and other clients",
        needs: &[StandIns, StockClients],
        run: e2e,
    },
    Step { name: "dashboard", about: "the web dashboard in Chromium", needs: &[Chromium], run: dashboard },
    Step {
        name: "python",
        about: "the Python binding",
        needs: &[PythonEnvironment, PythonReference, StandIns],
        run: python,
    },
    Step {
        name: "wheel",
        about: "a wheel for manylinux2014, tried in an empty environment",
        needs: &[PythonEnvironment],
        run: wheel,
    },
    Step {
        name: "node",
        about: "the Node binding on the Node of the PATH",
        needs: &[NodePackages, NodeReference, StandIns],
        run: node,
    },
    Step { name: "swift", about: "the Swift binding", needs: &[Swift], run: swift },
    Step { name: "kotlin", about: "the Kotlin binding on the JVM", needs: &[Kotlin], run: kotlin },
];

pub(crate) fn run(workspace: &Workspace, names: &[String], lanes: u8) -> Result<()> {
    if !names.is_empty() {
        return step::run_named(workspace, STEPS, names);
    }
    lanes::run_all(workspace, STEPS, lanes)
}

fn doc(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(
        cmd!(workspace.shell, "cargo doc --workspace --no-deps --all-features --quiet")
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn rust(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo test --all-features --quiet"))
}

fn docs(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "python3 docs/check/run.py links sh rust"))
}

fn simulation(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(cmd!(
        workspace.shell,
        "cargo test --profile simulation -p automoderate --all-features --quiet --lib simulation -- --ignored --nocapture"
    ))
}

fn postgres(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let tests = ["--lib", "--test", "it", "--test", "sdk", "--test", "store"];
    workspace.run(
        cmd!(
            workspace.shell,
            "server-ref/tests/postgres/with-cluster.sh cargo test --quiet -p automoderate-server {tests...} -- --include-ignored"
        )
        .envs(environment),
    )
}

fn schema(workspace: &Workspace, environment: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo test --quiet -p automoderate-server --test schema").envs(environment))
}

fn nodes(workspace: &Workspace, environment: &Environment) -> Result<()> {
    workspace.run(
        cmd!(workspace.shell, "cargo test --quiet -p automoderate-server --test nodes -- --test-threads=1 --nocapture")
            .envs(environment),
    )?;
    workspace.run(cmd!(workspace.shell, "cargo test --quiet -p stock --test nodes -- --nocapture").envs(environment))
}

fn e2e(workspace: &Workspace, environment: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo build --quiet -p automod-tail"))?;
    workspace.run(cmd!(workspace.shell, "cargo test --quiet -p interop").envs(environment))?;
    workspace.run(cmd!(workspace.shell, "cargo test --quiet -p stock").envs(environment))
}

fn dashboard(workspace: &Workspace, _: &Environment) -> Result<()> {
    build_server(workspace)?;
    workspace.run(cmd!(workspace.shell, "server-ref/dashboard/check.sh"))
}

fn python(workspace: &Workspace, environment: &Environment) -> Result<()> {
    build_server(workspace)?;
    let folder = &environment["PYTHON_ENVIRONMENT"];
    workspace.run(cmd!(workspace.shell, "bindings-python/check.sh {folder}").envs(environment))
}

pub(crate) fn wheel(workspace: &Workspace, environment: &Environment) -> Result<()> {
    build_server(workspace)?;
    let folder = &environment["PYTHON_ENVIRONMENT"];
    workspace.run(cmd!(workspace.shell, "bindings-python/wheel.sh {folder}"))
}

fn node(workspace: &Workspace, environment: &Environment) -> Result<()> {
    build_server(workspace)?;
    workspace.run(cmd!(workspace.shell, "bindings-node/check.sh").envs(environment))
}

fn swift(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let run = environment["SWIFT_RUN"].split_whitespace();
    workspace.run(cmd!(workspace.shell, "bindings-swift/check.sh {run...}"))
}

fn kotlin(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let libraries = &environment["KOTLIN_LIBRARIES"];
    workspace.run(cmd!(workspace.shell, "bindings-swift/Kotlin/check.sh {libraries}"))
}

fn build_server(workspace: &Workspace) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo build --quiet -p automoderate-server"))
}
