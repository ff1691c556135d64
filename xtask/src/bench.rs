//! Measurements, many of which include other implementations for comparison.

use anyhow::Result;
use xshell::cmd;

use crate::build;
use crate::need::{
    Environment,
    Need::{NodePackages, Postgres, Redis, ServerPeers, StandIns, Swift, Valgrind},
};
use crate::step::{self, Step};
use crate::workspace::Workspace;

/// Measurements that run, in this order, when no measurement is named. A table of their results is printed at the end.
const DEFAULT_MEASUREMENTS: [&str; 6] = ["core", "server", "postgres", "python", "swift", "node"];

pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "core",
        about: "the receive path, compared with a hand-written loop and rust_socketio; the decoder",
        needs: &[],
        run: bench_core,
    },
    Step {
        name: "server",
        about: "the server, compared with bare socketioxide and other servers",
        needs: &[ServerPeers, StandIns],
        run: bench_server,
    },
    Step { name: "postgres", about: "submissions stored in PostgreSQL", needs: &[Postgres], run: bench_postgres },
    Step {
        name: "python",
        about: "the Python binding, as the wheel of `test wheel`, compared with python-socketio",
        needs: &[],
        run: bench_python,
    },
    Step {
        name: "swift",
        about: "the Swift binding, compared with Foundation's JSONDecoder",
        needs: &[Swift],
        run: bench_swift,
    },
    Step {
        name: "node",
        about: "the Node binding, compared with socket.io-client",
        needs: &[NodePackages, StandIns],
        run: bench_node,
    },
    Step {
        name: "alternatives",
        about: "rejected alternatives: other JSON parsers and compressed frames",
        needs: &[],
        run: bench_alternatives,
    },
    Step {
        name: "fan-out",
        about: "events to 200 sockets, compared with other servers",
        needs: &[ServerPeers, StandIns],
        run: bench_fan_out,
    },
    Step {
        name: "instructions",
        about: "instructions per event; fails at 5 % more than the recorded counts",
        needs: &[Valgrind],
        run: count_instructions,
    },
    Step {
        name: "capacity",
        about: "the cost of many connections; -- --connections 20000 --nodes 2 --rate 500, or -- --help",
        needs: &[Postgres, Redis],
        run: bench_capacity,
    },
    Step {
        name: "storm",
        about: "a thousand clients that lose their server at the same time; -- --clients 500",
        needs: &[],
        run: bench_storm,
    },
    Step {
        name: "growth",
        about: "the cost of an event as clients, projects, bytes, and logged events grow; -- log for one part",
        needs: &[],
        run: bench_growth,
    },
    Step {
        name: "latency",
        about: "the time from POST to the callback in Rust, Python, Node, and Swift",
        needs: &[],
        run: bench_latency,
    },
    Step {
        name: "endurance",
        about: "ten million events through one client, whose memory must not grow",
        needs: &[],
        run: run_endurance,
    },
];

pub(crate) fn run(workspace: &Workspace, names: &[String]) -> Result<()> {
    if !names.is_empty() {
        return step::run_named(workspace, STEPS, names);
    }
    let results = workspace.target_dir().join("bench.jsonl");
    workspace.shell.remove_path(&results)?;
    workspace.shell.set_var("BENCH_RESULTS", &results);
    step::run_named(workspace, STEPS, &DEFAULT_MEASUREMENTS.map(str::to_owned))?;
    workspace.run(cmd!(workspace.shell, "python3 benches/table.py {results}"))
}

/// Returns the profile arguments for `cargo bench`. Quick measurements use a profile that builds fast.
fn profile_arguments(workspace: &Workspace) -> [&'static str; 2] {
    ["--profile", if workspace.is_quick { "fast" } else { "bench" }]
}

fn quick_flag(workspace: &Workspace, flag: &'static str) -> Option<&'static str> {
    workspace.is_quick.then_some(flag)
}

fn bench_core(workspace: &Workspace, _: &Environment) -> Result<()> {
    let peers = workspace.target_dir().join("peers");
    workspace.run(cmd!(
        workspace.shell,
        "cargo build --quiet --release --locked --manifest-path core/benches/peers/Cargo.toml --target-dir {peers}"
    ))?;
    let (profile, quick) = (profile_arguments(workspace), quick_flag(workspace, "--quick"));
    workspace.run(
        cmd!(
            workspace.shell,
            "cargo bench --quiet {profile...} -p automoderate --bench decode --bench receive_path -- {quick...}"
        )
        .env("PEER", peers.join("release/peers")),
    )
}

fn bench_server(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let (profile, quick) = (profile_arguments(workspace), quick_flag(workspace, "--quick"));
    workspace.run(
        cmd!(
            workspace.shell,
            "cargo bench --quiet {profile...} -p automoderate-server --bench reference -- {quick...}"
        )
        .envs(environment),
    )
}

fn bench_postgres(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let (profile, quick) = (profile_arguments(workspace), quick_flag(workspace, "--quick"));
    workspace.run(
        cmd!(
            workspace.shell,
            "server-ref/tests/postgres/with-cluster.sh cargo bench --quiet {profile...} -p automoderate-server --bench reference -- submissions {quick...}"
        )
        .envs(environment)
        .env("POSTGRES_FSYNC", "on"),
    )
}

fn bench_python(workspace: &Workspace, _: &Environment) -> Result<()> {
    ensure_wheel(workspace)?;
    let rounds: &[&str] = if workspace.is_quick { &["--rounds", "1"] } else { &[] };
    workspace.run(cmd!(workspace.shell, "bindings-python/bench.sh {rounds...}"))
}

fn bench_swift(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let run = environment["SWIFT_RUN"].split_whitespace();
    let command = cmd!(workspace.shell, "bindings-swift/bench.sh {run...}");
    workspace.run(if workspace.is_quick { command.env("ROUNDS", "1") } else { command })
}

fn bench_node(workspace: &Workspace, environment: &Environment) -> Result<()> {
    build::build_node(workspace, environment)?;
    let rounds: &[&str] = if workspace.is_quick { &["--rounds", "1"] } else { &[] };
    workspace.run(cmd!(workspace.shell, "node bindings-node/benches/bench.mjs {rounds...}").envs(environment))
}

fn bench_alternatives(workspace: &Workspace, _: &Environment) -> Result<()> {
    let peers = workspace.target_dir().join("peers");
    workspace.run(cmd!(
        workspace.shell,
        "cargo run --quiet --release --locked --manifest-path core/benches/peers/Cargo.toml --target-dir {peers} --bin alternatives"
    ))
}

fn bench_fan_out(workspace: &Workspace, environment: &Environment) -> Result<()> {
    workspace.run(
        cmd!(workspace.shell, "cargo bench --quiet --profile fast -p automoderate-server --bench reference -- fan-out")
            .envs(environment),
    )
}

fn count_instructions(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let target = workspace.target_dir().join("instructions");
    workspace.run(
        cmd!(
            workspace.shell,
            "cargo bench --locked --manifest-path core/benches/instructions/Cargo.toml --target-dir {target}"
        )
        .envs(environment),
    )
}

fn bench_capacity(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let arguments = &workspace.arguments;
    workspace.run(
        cmd!(
            workspace.shell,
            "server-ref/tests/postgres/with-cluster.sh cargo bench --quiet --profile fast -p automoderate-server --bench capacity -- {arguments...}"
        )
        .envs(environment)
        .env("POSTGRES_FSYNC", "on"),
    )
}

fn bench_storm(workspace: &Workspace, _: &Environment) -> Result<()> {
    build_server(workspace)?;
    run_server_bench(workspace, "storm")
}

fn bench_growth(workspace: &Workspace, _: &Environment) -> Result<()> {
    run_server_bench(workspace, "growth")
}

fn bench_latency(workspace: &Workspace, _: &Environment) -> Result<()> {
    build_server(workspace)?;
    ensure_wheel(workspace)?;
    workspace.run(cmd!(workspace.shell, "bindings-python/bench.sh --install"))?;
    if !workspace.root.join("bindings-node/dist/index.mjs").exists() {
        step::run_named(workspace, build::STEPS, &["node".to_owned()])?;
    }
    if let Ok(environment) = Swift.set_up(workspace) {
        let run = environment["SWIFT_RUN"].split_whitespace();
        workspace.shell.set_var(
            "LATENCY_SWIFT",
            workspace.read(cmd!(workspace.shell, "bindings-swift/bench.sh --latency {run...}"))?,
        );
    }
    workspace.shell.set_var("LATENCY_PYTHON", workspace.root.join(".cache/python-bench/bin/python"));
    workspace.shell.set_var("LATENCY_NODE", "node");
    run_server_bench(workspace, "latency")
}

fn run_endurance(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(cmd!(
        workspace.shell,
        "cargo bench --quiet --profile fast -p automoderate --bench receive_path -- --endurance"
    ))
}

fn build_server(workspace: &Workspace) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo build --quiet --profile fast -p automoderate-server"))
}

fn run_server_bench(workspace: &Workspace, name: &str) -> Result<()> {
    let arguments = &workspace.arguments;
    workspace.run(cmd!(
        workspace.shell,
        "cargo bench --quiet --profile fast -p automoderate-server --bench {name} -- {arguments...}"
    ))
}

fn ensure_wheel(workspace: &Workspace) -> Result<()> {
    let wheels = workspace.shell.read_dir(workspace.root.join(".cache/wheels")).unwrap_or_default();
    if wheels.iter().any(|file| file.extension().is_some_and(|extension| extension == "whl")) {
        return Ok(());
    }
    step::run_named(workspace, crate::release::STEPS, &["wheel".to_owned()])
}
