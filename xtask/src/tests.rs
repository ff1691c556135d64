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

/// The steps in the order in which they run. Steps that compile a lot alternate with steps that mostly wait.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "lint",
        about: "formats, clippy, spelling, wording, and shell scripts",
        needs: &[],
        run: |workspace, _| check::lint(workspace),
    },
    Step { name: "doc", about: "rustdoc, without warnings", needs: &[], run: check_rustdoc },
    Step { name: "rust", about: "the SDK and the server; needs only Rust", needs: &[], run: test_rust },
    Step {
        name: "docs",
        about: "the links of the documentation, and its Rust and shell blocks",
        needs: &[],
        run: check_docs,
    },
    Step {
        name: "simulation",
        about: "the simulation with 10,000 seeds; SIM_SEED=n runs one, SIM_SEEDS=n the first n",
        needs: &[],
        run: run_simulation,
    },
    Step { name: "postgres", about: "the server's tests on PostgreSQL", needs: &[Postgres], run: test_postgres },
    Step {
        name: "schema",
        about: "every route with values of all shapes, as each kind of caller, by Schemathesis",
        needs: &[Schemathesis],
        run: test_schema,
    },
    Step {
        name: "nodes",
        about: "several nodes with PostgreSQL, Redis, and Prometheus under faults; NODES_LONG=1 for longer runs",
        needs: &[Postgres, Redis, Prometheus, StandIns, StockClients],
        run: test_nodes,
    },
    Step {
        name: "e2e",
        about: "the SDK with other servers, and the server with other clients",
        needs: &[StandIns, StockClients],
        run: test_e2e,
    },
    Step { name: "dashboard", about: "the web dashboard in Chromium", needs: &[Chromium], run: test_dashboard },
    Step {
        name: "python",
        about: "the Python binding",
        needs: &[PythonEnvironment, PythonReference, StandIns],
        run: test_python,
    },
    Step {
        name: "wheel",
        about: "a wheel for manylinux2014, tried in an empty environment",
        needs: &[PythonEnvironment],
        run: test_wheel,
    },
    Step {
        name: "node",
        about: "the Node binding on the Node version in PATH",
        needs: &[NodePackages, NodeReference, StandIns],
        run: test_node,
    },
    Step { name: "swift", about: "the Swift binding", needs: &[Swift], run: test_swift },
    Step { name: "kotlin", about: "the Kotlin binding on the JVM", needs: &[Kotlin], run: test_kotlin },
];

pub(crate) fn run(workspace: &Workspace, names: &[String], lanes: u8) -> Result<()> {
    if !names.is_empty() {
        return step::run_named(workspace, STEPS, names);
    }
    lanes::run_all(workspace, STEPS, lanes)
}

fn check_rustdoc(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(
        cmd!(workspace.shell, "cargo doc --workspace --no-deps --all-features --quiet")
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn test_rust(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo test --all-features --quiet"))
}

fn check_docs(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "python3 docs/check/run.py links sh rust"))
}

fn run_simulation(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(cmd!(
        workspace.shell,
        "cargo test --profile simulation -p automoderate --all-features --quiet --lib simulation -- --ignored --nocapture"
    ))
}

fn test_postgres(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let tests = ["--lib", "--test", "it", "--test", "sdk", "--test", "store"];
    workspace.run(
        cmd!(
            workspace.shell,
            "server-ref/tests/postgres/with-cluster.sh cargo test --quiet -p automoderate-server {tests...} -- --include-ignored"
        )
        .envs(environment),
    )
}

fn test_schema(workspace: &Workspace, environment: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo test --quiet -p automoderate-server --test schema").envs(environment))
}

fn test_nodes(workspace: &Workspace, environment: &Environment) -> Result<()> {
    workspace.run(
        cmd!(workspace.shell, "cargo test --quiet -p automoderate-server --test nodes -- --test-threads=1 --nocapture")
            .envs(environment),
    )?;
    workspace.run(cmd!(workspace.shell, "cargo test --quiet -p stock --test nodes -- --nocapture").envs(environment))
}

fn test_e2e(workspace: &Workspace, environment: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo build --quiet -p automod-tail"))?;
    workspace.run(cmd!(workspace.shell, "cargo test --quiet -p interop").envs(environment))?;
    workspace.run(cmd!(workspace.shell, "cargo test --quiet -p stock").envs(environment))
}

fn test_dashboard(workspace: &Workspace, _: &Environment) -> Result<()> {
    build_server(workspace)?;
    workspace.run(cmd!(workspace.shell, "server-ref/dashboard/check.sh"))
}

fn test_python(workspace: &Workspace, environment: &Environment) -> Result<()> {
    build_server(workspace)?;
    let folder = &environment["PYTHON_ENVIRONMENT"];
    workspace.run(cmd!(workspace.shell, "bindings-python/check.sh {folder}").envs(environment))
}

pub(crate) fn test_wheel(workspace: &Workspace, environment: &Environment) -> Result<()> {
    build_server(workspace)?;
    let folder = &environment["PYTHON_ENVIRONMENT"];
    workspace.run(cmd!(workspace.shell, "bindings-python/wheel.sh {folder}"))
}

fn test_node(workspace: &Workspace, environment: &Environment) -> Result<()> {
    build_server(workspace)?;
    workspace.run(cmd!(workspace.shell, "bindings-node/check.sh").envs(environment))
}

fn test_swift(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let run = environment["SWIFT_RUN"].split_whitespace();
    workspace.run(cmd!(workspace.shell, "bindings-swift/check.sh {run...}"))
}

fn test_kotlin(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let libraries = &environment["KOTLIN_LIBRARIES"];
    workspace.run(cmd!(workspace.shell, "bindings-swift/Kotlin/check.sh {libraries}"))
}

fn build_server(workspace: &Workspace) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo build --quiet -p automoderate-server"))
}
