//! Measurements, most of them next to other implementations.

use anyhow::Result;
use xshell::cmd;

use crate::build;
use crate::need::{
    Environment,
    Need::{NodePackages, Postgres, Redis, ServerPeers, StandIns, Swift, Valgrind},
};
use crate::step::{self, Step};
use crate::work::Work;

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

pub(crate) fn run(work: &Work, names: &[String]) -> Result<()> {
    if !names.is_empty() {
        return step::run_named(work, STEPS, names);
    }
    let results = work.target().join("bench.jsonl");
    work.shell.remove_path(&results)?;
    work.shell.set_var("BENCH_RESULTS", &results);
    step::run_named(work, STEPS, &STANDARD.map(str::to_owned))?;
    work.run(cmd!(work.shell, "python3 benches/table.py {results}"))
}

/// `cargo bench`, of a build that is quick to make if the measurement is to be quick.
fn profile(work: &Work) -> [&'static str; 2] {
    ["--profile", if work.quick { "fast" } else { "bench" }]
}

fn quick(work: &Work, flag: &'static str) -> Option<&'static str> {
    work.quick.then_some(flag)
}

fn core(work: &Work, _: &Environment) -> Result<()> {
    let peers = work.target().join("peers");
    work.run(cmd!(
        work.shell,
        "cargo build --quiet --release --locked --manifest-path core/benches/peers/Cargo.toml --target-dir {peers}"
    ))?;
    let (profile, quick) = (profile(work), quick(work, "--quick"));
    work.run(
        cmd!(
            work.shell,
            "cargo bench --quiet {profile...} -p automoderate --bench decode --bench receive_path -- {quick...}"
        )
        .env("PEER", peers.join("release/peers")),
    )
}

fn server(work: &Work, environment: &Environment) -> Result<()> {
    let (profile, quick) = (profile(work), quick(work, "--quick"));
    work.run(
        cmd!(work.shell, "cargo bench --quiet {profile...} -p automoderate-server --bench reference -- {quick...}")
            .envs(environment),
    )
}

fn postgres(work: &Work, environment: &Environment) -> Result<()> {
    let (profile, quick) = (profile(work), quick(work, "--quick"));
    work.run(
        cmd!(
            work.shell,
            "server-ref/tests/postgres/with-cluster.sh cargo bench --quiet {profile...} -p automoderate-server --bench reference -- submissions {quick...}"
        )
        .envs(environment)
        .env("POSTGRES_FSYNC", "on"),
    )
}

fn python(work: &Work, _: &Environment) -> Result<()> {
    need_wheel(work)?;
    let rounds: &[&str] = if work.quick { &["--rounds", "1"] } else { &[] };
    work.run(cmd!(work.shell, "bindings-python/bench.sh {rounds...}"))
}

fn swift(work: &Work, environment: &Environment) -> Result<()> {
    let run = environment["SWIFT_RUN"].split_whitespace();
    let command = cmd!(work.shell, "bindings-swift/bench.sh {run...}");
    work.run(if work.quick { command.env("ROUNDS", "1") } else { command })
}

fn node(work: &Work, environment: &Environment) -> Result<()> {
    build::node(work, environment)?;
    let rounds: &[&str] = if work.quick { &["--rounds", "1"] } else { &[] };
    work.run(cmd!(work.shell, "node bindings-node/benches/bench.mjs {rounds...}").envs(environment))
}

fn alternatives(work: &Work, _: &Environment) -> Result<()> {
    let peers = work.target().join("peers");
    work.run(cmd!(
        work.shell,
        "cargo run --quiet --release --locked --manifest-path core/benches/peers/Cargo.toml --target-dir {peers} --bin alternatives"
    ))
}

fn fan_out(work: &Work, environment: &Environment) -> Result<()> {
    work.run(
        cmd!(work.shell, "cargo bench --quiet --profile fast -p automoderate-server --bench reference -- fan-out")
            .envs(environment),
    )
}

fn instructions(work: &Work, environment: &Environment) -> Result<()> {
    let target = work.target().join("instructions");
    work.run(
        cmd!(
            work.shell,
            "cargo bench --locked --manifest-path core/benches/instructions/Cargo.toml --target-dir {target}"
        )
        .envs(environment),
    )
}

fn capacity(work: &Work, environment: &Environment) -> Result<()> {
    let arguments = &work.arguments;
    work.run(
        cmd!(
            work.shell,
            "server-ref/tests/postgres/with-cluster.sh cargo bench --quiet --profile fast -p automoderate-server --bench capacity -- {arguments...}"
        )
        .envs(environment)
        .env("POSTGRES_FSYNC", "on"),
    )
}

fn storm(work: &Work, _: &Environment) -> Result<()> {
    build_server(work)?;
    server_bench(work, "storm")
}

fn growth(work: &Work, _: &Environment) -> Result<()> {
    server_bench(work, "growth")
}

fn latency(work: &Work, _: &Environment) -> Result<()> {
    build_server(work)?;
    need_wheel(work)?;
    work.run(cmd!(work.shell, "bindings-python/bench.sh --install"))?;
    if !work.root.join("bindings-node/dist/index.mjs").exists() {
        step::run_named(work, build::STEPS, &["node".to_owned()])?;
    }
    if let Ok(environment) = Swift.set_up(work) {
        let run = environment["SWIFT_RUN"].split_whitespace();
        work.shell.set_var("LATENCY_SWIFT", work.read(cmd!(work.shell, "bindings-swift/bench.sh --latency {run...}"))?);
    }
    work.shell.set_var("LATENCY_PYTHON", work.root.join(".cache/python-bench/bin/python"));
    work.shell.set_var("LATENCY_NODE", "node");
    server_bench(work, "latency")
}

fn endurance(work: &Work, _: &Environment) -> Result<()> {
    work.run(cmd!(work.shell, "cargo bench --quiet --profile fast -p automoderate --bench receive_path -- --endurance"))
}

fn build_server(work: &Work) -> Result<()> {
    work.run(cmd!(work.shell, "cargo build --quiet --profile fast -p automoderate-server"))
}

fn server_bench(work: &Work, name: &str) -> Result<()> {
    let arguments = &work.arguments;
    work.run(cmd!(
        work.shell,
        "cargo bench --quiet --profile fast -p automoderate-server --bench {name} -- {arguments...}"
    ))
}

fn need_wheel(work: &Work) -> Result<()> {
    let wheels = work.shell.read_dir(work.root.join(".cache/wheels")).unwrap_or_default();
    if wheels.iter().any(|file| file.extension().is_some_and(|extension| extension == "whl")) {
        return Ok(());
    }
    step::run_named(work, crate::tests::STEPS, &["wheel".to_owned()])
}
