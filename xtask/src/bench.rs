//! Measurements, most of them next to other implementations.

use anyhow::Result;
use xshell::cmd;

use crate::build;
use crate::need::{
    Environment,
    Need::{NodePackages, Postgres, Redis, ServerPeers, StandIns, Swift, Valgrind},
};
use crate::step::{self, Step};
use crate::workspace::Workspace;

/// The measurements without a name, in this order. One table of all results follows.
const STANDARD: [&str; 6] = ["core", "server", "postgres", "python", "swift", "node"];

pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "core",
        about: "the receive path, a loop written by hand, and rust_socketio; the decoder",
        needs: &[],
        run: core,
    },
    Step {
        name: "server",
        about: "the server, bare socketioxide, and other servers",
        needs: &[ServerPeers, StandIns],
        run: server,
    },
    Step { name: "postgres", about: "submissions stored in PostgreSQL", needs: &[Postgres], run: postgres },
    Step {
        name: "python",
        about: "the Python binding and python-socketio, with the wheel of `test wheel`",
        needs: &[],
        run: python,
    },
    Step { name: "swift", about: "the Swift binding and Foundation's JSONDecoder", needs: &[Swift], run: swift },
    Step { name: "node", about: "the Node binding and socket.io-client", needs: &[NodePackages, StandIns], run: node },
    Step {
        name: "alternatives",
        about: "alternatives that were rejected: other JSON parsers, compressed frames",
        needs: &[],
        run: alternatives,
    },
    Step {
        name: "fan-out",
        about: "events to 200 sockets, and the same by other servers",
        needs: &[ServerPeers, StandIns],
        run: fan_out,
    },
    Step {
        name: "instructions",
        about: "instructions per event; fails at 5 % more than before",
        needs: &[Valgrind],
        run: instructions,
    },
    Step {
        name: "capacity",
        about: "the cost of many connections: -- --connections 20000 --nodes 2 --rate 500, and --help",
        needs: &[Postgres, Redis],
        run: capacity,
    },
    Step {
        name: "storm",
        about: "a thousand clients lose their server at once; -- --clients 500",
        needs: &[],
        run: storm,
    },
    Step {
        name: "growth",
        about: "the cost of an event with more clients, projects, bytes, and events in the log; -- log for one",
        needs: &[],
        run: growth,
    },
    Step {
        name: "latency",
        about: "from POST to the callback in Rust, Python, Node and Swift",
        needs: &[],
        run: latency,
    },
    Step {
        name: "endurance",
        about: "ten million events through one client, whose memory must not grow",
        needs: &[],
        run: endurance,
    },
];

pub(crate) fn run(workspace: &Workspace, names: &[String]) -> Result<()> {
    if !names.is_empty() {
        return step::run_named(workspace, STEPS, names);
    }
    let results = workspace.target().join("bench.jsonl");
    workspace.shell.remove_path(&results)?;
    workspace.shell.set_var("BENCH_RESULTS", &results);
    step::run_named(workspace, STEPS, &STANDARD.map(str::to_owned))?;
    workspace.run(cmd!(workspace.shell, "python3 benches/table.py {results}"))
}

/// `cargo bench`, of a build that is quick to make if the measurement is to be quick.
fn profile(workspace: &Workspace) -> [&'static str; 2] {
    ["--profile", if workspace.quick { "fast" } else { "bench" }]
}

fn quick(workspace: &Workspace, flag: &'static str) -> Option<&'static str> {
    workspace.quick.then_some(flag)
}

fn core(workspace: &Workspace, _: &Environment) -> Result<()> {
    let peers = workspace.target().join("peers");
    workspace.run(cmd!(
        workspace.shell,
        "cargo build --quiet --release --locked --manifest-path core/benches/peers/Cargo.toml --target-dir {peers}"
    ))?;
    let (profile, quick) = (profile(workspace), quick(workspace, "--quick"));
    workspace.run(
        cmd!(
            workspace.shell,
            "cargo bench --quiet {profile...} -p automoderate --bench decode --bench receive_path -- {quick...}"
        )
        .env("PEER", peers.join("release/peers")),
    )
}

fn server(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let (profile, quick) = (profile(workspace), quick(workspace, "--quick"));
    workspace.run(
        cmd!(
            workspace.shell,
            "cargo bench --quiet {profile...} -p automoderate-server --bench reference -- {quick...}"
        )
        .envs(environment),
    )
}

fn postgres(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let (profile, quick) = (profile(workspace), quick(workspace, "--quick"));
    workspace.run(
        cmd!(
            workspace.shell,
            "server-ref/tests/postgres/with-cluster.sh cargo bench --quiet {profile...} -p automoderate-server --bench reference -- submissions {quick...}"
        )
        .envs(environment)
        .env("POSTGRES_FSYNC", "on"),
    )
}

fn python(workspace: &Workspace, _: &Environment) -> Result<()> {
    need_wheel(workspace)?;
    let rounds: &[&str] = if workspace.quick { &["--rounds", "1"] } else { &[] };
    workspace.run(cmd!(workspace.shell, "bindings-python/bench.sh {rounds...}"))
}

fn swift(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let run = environment["SWIFT_RUN"].split_whitespace();
    let command = cmd!(workspace.shell, "bindings-swift/bench.sh {run...}");
    workspace.run(if workspace.quick { command.env("ROUNDS", "1") } else { command })
}

fn node(workspace: &Workspace, environment: &Environment) -> Result<()> {
    build::node(workspace, environment)?;
    let rounds: &[&str] = if workspace.quick { &["--rounds", "1"] } else { &[] };
    workspace.run(cmd!(workspace.shell, "node bindings-node/benches/bench.mjs {rounds...}").envs(environment))
}

fn alternatives(workspace: &Workspace, _: &Environment) -> Result<()> {
    let peers = workspace.target().join("peers");
    workspace.run(cmd!(
        workspace.shell,
        "cargo run --quiet --release --locked --manifest-path core/benches/peers/Cargo.toml --target-dir {peers} --bin alternatives"
    ))
}

fn fan_out(workspace: &Workspace, environment: &Environment) -> Result<()> {
    workspace.run(
        cmd!(workspace.shell, "cargo bench --quiet --profile fast -p automoderate-server --bench reference -- fan-out")
            .envs(environment),
    )
}

fn instructions(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let target = workspace.target().join("instructions");
    workspace.run(
        cmd!(
            workspace.shell,
            "cargo bench --locked --manifest-path core/benches/instructions/Cargo.toml --target-dir {target}"
        )
        .envs(environment),
    )
}

fn capacity(workspace: &Workspace, environment: &Environment) -> Result<()> {
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

fn storm(workspace: &Workspace, _: &Environment) -> Result<()> {
    build_server(workspace)?;
    server_bench(workspace, "storm")
}

fn growth(workspace: &Workspace, _: &Environment) -> Result<()> {
    server_bench(workspace, "growth")
}

fn latency(workspace: &Workspace, _: &Environment) -> Result<()> {
    build_server(workspace)?;
    need_wheel(workspace)?;
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
    server_bench(workspace, "latency")
}

fn endurance(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(cmd!(
        workspace.shell,
        "cargo bench --quiet --profile fast -p automoderate --bench receive_path -- --endurance"
    ))
}

fn build_server(workspace: &Workspace) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo build --quiet --profile fast -p automoderate-server"))
}

fn server_bench(workspace: &Workspace, name: &str) -> Result<()> {
    let arguments = &workspace.arguments;
    workspace.run(cmd!(
        workspace.shell,
        "cargo bench --quiet --profile fast -p automoderate-server --bench {name} -- {arguments...}"
    ))
}

fn need_wheel(workspace: &Workspace) -> Result<()> {
    let wheels = workspace.shell.read_dir(workspace.root.join(".cache/wheels")).unwrap_or_default();
    if wheels.iter().any(|file| file.extension().is_some_and(|extension| extension == "whl")) {
        return Ok(());
    }
    step::run_named(workspace, crate::tests::STEPS, &["wheel".to_owned()])
}
