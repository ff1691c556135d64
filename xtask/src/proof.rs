//! Proofs that take too long for every change. A nightly job runs them.

use anyhow::Result;
use xshell::cmd;

use crate::need::{
    Environment,
    Need::{NodePackages, NodeReference, StandIns, StockClients},
};
use crate::step::Step;
use crate::work::Work;

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

fn mutations(work: &Work, _: &Environment) -> Result<()> {
    let names = &work.arguments;
    work.run(cmd!(work.shell, "core/tests/mutations/run.sh {names...}"))
}

fn hostile(work: &Work, _: &Environment) -> Result<()> {
    let attacks = &work.arguments;
    work.run(
        cmd!(work.shell, "cargo test --quiet --profile fast -p automoderate-server --test hostile -- {attacks...}")
            .env("HOSTILE_LONG", "1"),
    )
}

fn soak(work: &Work, _: &Environment) -> Result<()> {
    let reconnects = work.shell.var("SOAK_RECONNECTS").unwrap_or_else(|_| "1000".to_owned());
    work.run(
        cmd!(work.shell, "cargo test --quiet -p automoderate-server --test soak -- --nocapture")
            .env("SOAK_RECONNECTS", reconnects),
    )
}

fn reliability(work: &Work, environment: &Environment) -> Result<()> {
    let faults = &work.arguments;
    work.run(cmd!(work.shell, "cargo build --quiet --profile fast -p automoderate-server -p automod-tail"))?;
    work.run(
        cmd!(work.shell, "cargo bench --quiet --profile fast -p stock --bench faults -- {faults...}").envs(environment),
    )
}

fn recovery(work: &Work, _: &Environment) -> Result<()> {
    let faults = &work.arguments;
    work.run(cmd!(work.shell, "cargo build --quiet -p automoderate-server"))?;
    work.run(cmd!(
        work.shell,
        "cargo bench --quiet --profile dev -p automoderate-server --bench recovery -- {faults...}"
    ))
}

fn node_versions(work: &Work, environment: &Environment) -> Result<()> {
    work.run(cmd!(work.shell, "cargo build --quiet -p automoderate-server"))?;
    work.run(cmd!(work.shell, "bindings-node/check.sh --all-versions").envs(environment))
}

fn walkthrough(work: &Work, _: &Environment) -> Result<()> {
    let pages = &work.arguments;
    work.run(cmd!(work.shell, "docs/check/walkthrough.sh {pages...}"))
}
