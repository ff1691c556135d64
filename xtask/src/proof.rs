//! Proofs that take too long for every change. A nightly job runs them.

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
        about: "breaks the replay logic in many ways: the tests must notice each; -- NAME… for some",
        needs: &[],
        run: mutations,
    },
    Step {
        name: "hostile",
        about: "attacks on the server next to another tenant, with a table; -- \"deep pages\" for one",
        needs: &[],
        run: hostile,
    },
    Step {
        name: "soak",
        about: "a thousand reconnects: everything came once, nothing grew; SOAK_RECONNECTS=n",
        needs: &[],
        run: soak,
    },
    Step {
        name: "reliability",
        about: "losses of this SDK and of stock clients under faults; -- cut kill for some faults",
        needs: &[StandIns, StockClients],
        run: reliability,
    },
    Step {
        name: "recovery",
        about: "how soon a lost connection is noticed, and events flow again, with default settings",
        needs: &[],
        run: recovery,
    },
    Step {
        name: "node-versions",
        about: "the Node binding on Node 20, 22 and 24",
        needs: &[NodePackages, NodeReference, StandIns],
        run: node_versions,
    },
    Step {
        name: "walkthrough",
        about: "README and getting started, word by word, from an empty Debian, as root; -- python for one",
        needs: &[],
        run: walkthrough,
    },
];

fn mutations(workspace: &Workspace, _: &Environment) -> Result<()> {
    let names = &workspace.arguments;
    workspace.run(cmd!(workspace.shell, "core/tests/mutations/run.sh {names...}"))
}

fn hostile(workspace: &Workspace, _: &Environment) -> Result<()> {
    let attacks = &workspace.arguments;
    workspace.run(
        cmd!(
            workspace.shell,
            "cargo test --quiet --profile fast -p automoderate-server --test hostile -- {attacks...}"
        )
        .env("HOSTILE_LONG", "1"),
    )
}

fn soak(workspace: &Workspace, _: &Environment) -> Result<()> {
    let reconnects = workspace.shell.var("SOAK_RECONNECTS").unwrap_or_else(|_| "1000".to_owned());
    workspace.run(
        cmd!(workspace.shell, "cargo test --quiet -p automoderate-server --test soak -- --nocapture")
            .env("SOAK_RECONNECTS", reconnects),
    )
}

fn reliability(workspace: &Workspace, environment: &Environment) -> Result<()> {
    let faults = &workspace.arguments;
    workspace
        .run(cmd!(workspace.shell, "cargo build --quiet --profile fast -p automoderate-server -p automod-tail"))?;
    workspace.run(
        cmd!(workspace.shell, "cargo bench --quiet --profile fast -p stock --bench faults -- {faults...}")
            .envs(environment),
    )
}

fn recovery(workspace: &Workspace, _: &Environment) -> Result<()> {
    let faults = &workspace.arguments;
    workspace.run(cmd!(workspace.shell, "cargo build --quiet -p automoderate-server"))?;
    workspace.run(cmd!(
        workspace.shell,
        "cargo bench --quiet --profile dev -p automoderate-server --bench recovery -- {faults...}"
    ))
}

fn node_versions(workspace: &Workspace, environment: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo build --quiet -p automoderate-server"))?;
    workspace.run(cmd!(workspace.shell, "bindings-node/check.sh --all-versions").envs(environment))
}

fn walkthrough(workspace: &Workspace, _: &Environment) -> Result<()> {
    let pages = &workspace.arguments;
    workspace.run(cmd!(workspace.shell, "docs/check/walkthrough.sh {pages...}"))
}
