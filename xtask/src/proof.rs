//! Proofs that take too long to run on every change. Nightly jobs run them.

use anyhow::Result;
use xshell::cmd;

use crate::need::{
    Environment,
    Need::{NodePackages, NodeReference, StandIns, StockClients},
};
use crate::step::Step;
use crate::workspace::Workspace;

pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "mutations",
        about: "breaks the replay logic in many ways, each of which the tests must notice; -- NAME… for some",
        needs: &[],
        run: prove_mutations,
    },
    Step {
        name: "hostile",
        about: "attacks on the server while another tenant uses it, with a table; -- \"deep pages\" for one",
        needs: &[],
        run: prove_hostile,
    },
    Step {
        name: "soak",
        about: "a thousand reconnects without a lost or duplicate event and without growth; SOAK_RECONNECTS=n",
        needs: &[],
        run: prove_soak,
    },
    Step {
        name: "reliability",
        about: "events lost under faults by this SDK and by stock clients; -- cut kill for some faults",
        needs: &[StandIns, StockClients],
        run: prove_reliability,
    },
    Step {
        name: "recovery",
        about: "the time until a lost connection is noticed and until events flow again, with default settings",
        needs: &[],
        run: measure_recovery,
    },
    Step {
        name: "node-versions",
        about: "the Node binding on Node 20, 22, and 24",
        needs: &[NodePackages, NodeReference, StandIns],
        run: test_node_versions,
    },
    Step {
        name: "walkthrough",
        about: "README and getting started, step by step on an empty Debian, as root; -- python for one",
        needs: &[],
        run: run_walkthrough,
    },
];

fn prove_mutations(workspace: &Workspace, _: &Environment) -> Result<()> {
    let names = &workspace.arguments;
    workspace.run(cmd!(workspace.shell, "core/tests/mutations/run.sh {names...}"))
}

fn prove_hostile(workspace: &Workspace, _: &Environment) -> Result<()> {
    let attacks = &workspace.arguments;
    workspace.run(
        cmd!(
            workspace.shell,
            "cargo test --quiet --profile fast -p automoderate-server --test hostile -- {attacks...}"
        )
        .env("HOSTILE_LONG", "1"),
    )
}

fn prove_soak(workspace: &Workspace, _: &Environment) -> Result<()> {
    let reconnects = workspace.shell.var("SOAK_RECONNECTS").unwrap_or_else(|_| "1000".to_owned());
    workspace.run(
        cmd!(workspace.shell, "cargo test --quiet -p automoderate-server --test soak -- --nocapture")
            .env("SOAK_RECONNECTS", reconnects),
    )
}

fn prove_reliability(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let faults = &workspace.arguments;
    workspace
        .run(cmd!(workspace.shell, "cargo build --quiet --profile fast -p automoderate-server -p automod-tail"))?;
    workspace.run(
        cmd!(workspace.shell, "cargo bench --quiet --profile fast -p stock --bench faults -- {faults...}")
            .envs(environment),
    )
}

fn measure_recovery(workspace: &Workspace, _: &Environment) -> Result<()> {
    let faults = &workspace.arguments;
    workspace.run(cmd!(workspace.shell, "cargo build --quiet -p automoderate-server"))?;
    workspace.run(cmd!(
        workspace.shell,
        "cargo bench --quiet --profile dev -p automoderate-server --bench recovery -- {faults...}"
    ))
}

fn test_node_versions(workspace: &Workspace, environment: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo build --quiet -p automoderate-server"))?;
    workspace.run(cmd!(workspace.shell, "bindings-node/check.sh --all-versions").envs(environment))
}

fn run_walkthrough(workspace: &Workspace, _: &Environment) -> Result<()> {
    let pages = &workspace.arguments;
    workspace.run(cmd!(workspace.shell, "docs/check/walkthrough.sh {pages...}"))
}
