//! The steps of `make test`.

use anyhow::{Context as _, Result, ensure};
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
use crate::rust_tests::{self, TestProgram};
use crate::step::{self, Step};
use crate::workspace::Workspace;

/// The steps in the order in which they start.
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
        about: "the simulation with 3,000 seeds; SIM_SEED=n runs one, SIM_SEEDS=n the first n",
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

/// Environment variable with the path of the server for scripts that test or check something against it. If the variable is not
/// set, they use or build their own server.
const SERVER_VARIABLE: &str = "AUTOMODERATE_SERVER";

pub(crate) fn run(workspace: &Workspace, names: &[String], lanes: u8) -> Result<()> {
    if !names.is_empty() {
        return step::run_named(workspace, STEPS, names);
    }
    lanes::run_all(workspace, STEPS, lanes)
}

/// The programs whose documentation is checked. The program `automoderate-server` is left out, as cargo does by default, because its
/// documentation would replace that of the library of the same name.
const DOCUMENTED_PROGRAMS: [&str; 5] =
    ["quickstart", "automod-tail", "xtask", "public-api-listing", "automoderate-bindgen"];

fn check_rustdoc(workspace: &Workspace, _: &Environment) -> Result<()> {
    // With examples, cargo enables the same features of the dependencies as for clippy, so both steps share the checked dependencies.
    let targets = DOCUMENTED_PROGRAMS.into_iter().flat_map(|program| ["--bin", program]).chain(["--lib", "--examples"]);
    let check = cmd!(workspace.shell, "cargo doc --workspace {targets...} --no-deps --all-features --quiet");
    workspace.run(check.env("RUSTDOCFLAGS", "-D warnings"))
}

fn test_rust(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let folders = ["core", "server-ref", "examples/quickstart", "examples/automod-tail"];
    for folder in folders {
        run_tests(workspace, environment, folder, None, &["--quiet"])?;
    }
    rust_tests::run_doc_tests(workspace)
}

fn check_docs(workspace: &Workspace, _: &Environment) -> Result<()> {
    let server = rust_tests::build_server(workspace)?;
    let check = cmd!(workspace.shell, "python3 docs/check/run.py links sh rust");
    workspace.run(check.env(SERVER_VARIABLE, server))
}

/// Runs the simulation. The default number of seeds runs in the unit tests' program, because an optimized build would take longer than it
/// saves.
fn run_simulation(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let arguments = ["simulation", "--ignored", "--nocapture"];
    if ["SIM_SEED", "SIM_SEEDS"].iter().all(|variable| workspace.shell.var(variable).is_err()) {
        let programs = rust_tests::build(workspace)?;
        let program = programs.iter().find(|program| program.is_in(workspace, "core") && program.is_library());
        return program.context("core has no unit tests")?.run(workspace, environment, None, &arguments);
    }
    workspace.run(cmd!(
        workspace.shell,
        "cargo test --profile simulation -p automoderate --all-features --quiet --lib -- {arguments...}"
    ))
}

fn test_postgres(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let cluster = workspace.root.join("server-ref/tests/postgres/with-cluster.sh");
    let targets = ["it", "sdk", "store"];
    let programs = rust_tests::build(workspace)?.into_iter();
    let programs = programs.filter(|program| program.is_in(workspace, "server-ref"));
    let chosen: Vec<_> = programs.filter(|program| program.is_library_or_one_of(&targets)).collect();
    ensure!(chosen.len() == targets.len() + 1, "the server has other tests: {chosen:?}");
    let arguments = ["--quiet", "--include-ignored"];
    chosen.iter().try_for_each(|program| program.run(workspace, environment, Some(&cluster), &arguments))
}

fn test_schema(workspace: &Workspace, environment: &Environment) -> Result<()> {
    run_tests(workspace, environment, "server-ref", Some("schema"), &["--quiet"])
}

fn test_nodes(workspace: &Workspace, environment: &Environment) -> Result<()> {
    run_tests(workspace, environment, "server-ref", Some("nodes"), &["--test-threads=1", "--nocapture"])?;
    run_tests(workspace, environment, "server-ref/tests/stock", Some("nodes"), &["--nocapture"])
}

fn test_e2e(workspace: &Workspace, environment: &Environment) -> Result<()> {
    run_tests(workspace, environment, "core/tests/interop", None, &["--quiet"])?;
    run_tests(workspace, environment, "server-ref/tests/stock", None, &["--quiet"])
}

/// Runs the tests of the package in this folder: one test file, or all of the package's tests that have no step of their own.
fn run_tests(
    workspace: &Workspace,
    environment: &Environment,
    folder: &str,
    target: Option<&str>,
    arguments: &[&str],
) -> Result<()> {
    let programs = rust_tests::build(workspace)?.into_iter().filter(|program| program.is_in(workspace, folder));
    let is_chosen = |program: &TestProgram| match target {
        Some(target) => program.is_one_of(&[target]),
        None => !program.is_separate(),
    };
    let chosen: Vec<_> = programs.filter(is_chosen).collect();
    ensure!(!chosen.is_empty(), "{folder} has no such test");
    chosen.iter().try_for_each(|program| program.run(workspace, environment, None, arguments))
}

fn test_dashboard(workspace: &Workspace, _: &Environment) -> Result<()> {
    let server = rust_tests::build_server(workspace)?;
    workspace.run(cmd!(workspace.shell, "server-ref/dashboard/check.sh").env(SERVER_VARIABLE, server))
}

fn test_python(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let server = rust_tests::build_server(workspace)?;
    let folder = &environment["PYTHON_ENVIRONMENT"];
    let check = cmd!(workspace.shell, "bindings-python/check.sh {folder}");
    workspace.run(check.envs(environment).env(SERVER_VARIABLE, server))
}

/// Builds the wheel without optimization, which is much quicker, and tests it. `cargo xtask package wheel` builds and tests an optimized wheel.
fn test_wheel(workspace: &Workspace, environment: &Environment) -> Result<()> {
    build_and_test_wheel(workspace, environment, "dev", ".cache/wheels-dev")
}

/// Builds the release wheel into `.cache/wheels`, and tests it.
pub(crate) fn test_release_wheel(workspace: &Workspace, environment: &Environment) -> Result<()> {
    build_and_test_wheel(workspace, environment, "release", ".cache/wheels")
}

fn build_and_test_wheel(workspace: &Workspace, environment: &Environment, profile: &str, output: &str) -> Result<()> {
    let server = rust_tests::build_server(workspace)?;
    let (folder, output) = (&environment["PYTHON_ENVIRONMENT"], workspace.root.join(output));
    let build = cmd!(workspace.shell, "bindings-python/wheel.sh {folder} {output}");
    workspace.run(build.env("PROFILE", profile).env(SERVER_VARIABLE, server))
}

fn test_node(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let server = rust_tests::build_server(workspace)?;
    let check = cmd!(workspace.shell, "bindings-node/check.sh");
    workspace.run(check.envs(environment).env(SERVER_VARIABLE, server))
}

fn test_swift(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let server = rust_tests::build_server(workspace)?;
    let run = environment["SWIFT_RUN"].split_whitespace();
    workspace.run(cmd!(workspace.shell, "bindings-swift/check.sh {run...}").env(SERVER_VARIABLE, server))
}

fn test_kotlin(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let server = rust_tests::build_server(workspace)?;
    let libraries = &environment["KOTLIN_LIBRARIES"];
    workspace.run(cmd!(workspace.shell, "bindings-swift/Kotlin/check.sh {libraries}").env(SERVER_VARIABLE, server))
}
