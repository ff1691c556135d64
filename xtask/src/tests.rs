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
use crate::work::Work;

/// In the order in which they run: those that compile much alternate with those that mostly wait.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "lint",
        about: "formats, clippy, spelling, words, shell scripts",
        needs: &[],
        run: |work, _| check::lint(work),
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

pub(crate) fn run(work: &Work, names: &[String], lanes: u8) -> Result<()> {
    if !names.is_empty() {
        return step::run_named(work, STEPS, names);
    }
    lanes::run_all(work, STEPS, lanes)
}

fn doc(work: &Work, _: &Environment) -> Result<()> {
    work.run(
        cmd!(work.shell, "cargo doc --workspace --no-deps --all-features --quiet").env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn rust(work: &Work, _: &Environment) -> Result<()> {
    work.run(cmd!(work.shell, "cargo test --all-features --quiet"))
}

fn docs(work: &Work, _: &Environment) -> Result<()> {
    work.run(cmd!(work.shell, "python3 docs/check/run.py links sh rust"))
}

fn simulation(work: &Work, _: &Environment) -> Result<()> {
    work.run(cmd!(
        work.shell,
        "cargo test --profile simulation -p automoderate --all-features --quiet --lib simulation -- --ignored --nocapture"
    ))
}

fn postgres(work: &Work, environment: &Environment) -> Result<()> {
    let tests = ["--test", "it", "--test", "sdk", "--test", "store"];
    work.run(
        cmd!(
            work.shell,
            "server-ref/tests/postgres/with-cluster.sh cargo test --quiet -p automoderate-server {tests...} -- --include-ignored"
        )
        .envs(environment),
    )
}

fn schema(work: &Work, environment: &Environment) -> Result<()> {
    work.run(cmd!(work.shell, "cargo test --quiet -p automoderate-server --test schema").envs(environment))
}

fn nodes(work: &Work, environment: &Environment) -> Result<()> {
    work.run(
        cmd!(work.shell, "cargo test --quiet -p automoderate-server --test nodes -- --test-threads=1 --nocapture")
            .envs(environment),
    )?;
    work.run(cmd!(work.shell, "cargo test --quiet -p stock --test nodes -- --nocapture").envs(environment))
}

fn e2e(work: &Work, environment: &Environment) -> Result<()> {
    work.run(cmd!(work.shell, "cargo build --quiet -p automod-tail"))?;
    work.run(cmd!(work.shell, "cargo test --quiet -p interop").envs(environment))?;
    work.run(cmd!(work.shell, "cargo test --quiet -p stock").envs(environment))
}

fn dashboard(work: &Work, _: &Environment) -> Result<()> {
    build_server(work)?;
    work.run(cmd!(work.shell, "server-ref/dashboard/check.sh"))
}

fn python(work: &Work, environment: &Environment) -> Result<()> {
    build_server(work)?;
    let folder = &environment["PYTHON_ENVIRONMENT"];
    work.run(cmd!(work.shell, "bindings-python/check.sh {folder}").envs(environment))
}

pub(crate) fn wheel(work: &Work, environment: &Environment) -> Result<()> {
    build_server(work)?;
    let folder = &environment["PYTHON_ENVIRONMENT"];
    work.run(cmd!(work.shell, "bindings-python/wheel.sh {folder}"))
}

fn node(work: &Work, environment: &Environment) -> Result<()> {
    build_server(work)?;
    work.run(cmd!(work.shell, "bindings-node/check.sh").envs(environment))
}

fn swift(work: &Work, environment: &Environment) -> Result<()> {
    let run = environment["SWIFT_RUN"].split_whitespace();
    work.run(cmd!(work.shell, "bindings-swift/check.sh {run...}"))
}

fn kotlin(work: &Work, environment: &Environment) -> Result<()> {
    let libraries = &environment["KOTLIN_LIBRARIES"];
    work.run(cmd!(work.shell, "bindings-swift/Kotlin/check.sh {libraries}"))
}

fn build_server(work: &Work) -> Result<()> {
    work.run(cmd!(work.shell, "cargo build --quiet -p automoderate-server"))
}
