//! Checks and packages for a release. Publishes nothing.

use anyhow::{Result, ensure};
use xshell::cmd;

use crate::build;
use crate::need::{
    Environment,
    Need::{NodePackages, PythonEnvironment},
};
use crate::step::{self, Step};
use crate::tests;
use crate::workspace::Workspace;

const CRATES: [&str; 3] = ["automoderate", "automoderate-server", "automod-tail"];
const DENY: &str = "cargo-deny@0.20.2";
const CYCLONEDX: &str = "cargo-cyclonedx@0.5.9";

pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "licenses",
        about: "the licences and origins of all crates, by cargo-deny",
        needs: &[],
        run: licenses,
    },
    Step {
        name: "public-api",
        about: "the public API of the Rust crate, compared with core/public-api.txt",
        needs: &[],
        run: public_api,
    },
    Step { name: "rust", about: "the crates, packed", needs: &[], run: rust },
    Step {
        name: "wheel",
        about: "the Python wheel, tried in an empty environment",
        needs: &[PythonEnvironment],
        run: tests::wheel,
    },
    Step { name: "node", about: "the Node packages, packed", needs: &[NodePackages], run: node },
    Step {
        name: "sbom",
        about: "the components of each package, in CycloneDX's format, in target/sbom; only when named",
        needs: &[],
        run: sbom,
    },
];

/// Runs all but `sbom`, which must be named.
pub(crate) fn package(workspace: &Workspace, names: &[String]) -> Result<()> {
    if !names.is_empty() {
        return step::run_named(workspace, STEPS, names);
    }
    STEPS.iter().filter(|step| step.name != "sbom").try_for_each(|step| step.run(workspace).map(drop))
}

fn licenses(workspace: &Workspace, _: &Environment) -> Result<()> {
    let deny = workspace.read(cmd!(workspace.shell, "release/tool.sh {DENY}"))?;
    workspace.run(cmd!(workspace.shell, "release/licenses.sh {deny}"))
}

fn sbom(workspace: &Workspace, _: &Environment) -> Result<()> {
    let tool = workspace.read(cmd!(workspace.shell, "release/tool.sh {CYCLONEDX}"))?;
    workspace.run(cmd!(workspace.shell, "release/sbom.sh {tool}"))
}

fn public_api(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "release/public-api.sh"))
}

pub(crate) fn write_public_api(workspace: &Workspace) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "release/public-api.sh write"))
}

fn rust(workspace: &Workspace, _: &Environment) -> Result<()> {
    for package in CRATES {
        let files = workspace.read(cmd!(workspace.shell, "cargo package --list --allow-dirty -p {package}"))?;
        let licences = files.lines().filter(|file| file.starts_with("LICENSE-")).count();
        ensure!(licences == 2, "{package} would come without its licences");
    }
    let packages = CRATES.iter().flat_map(|package| ["-p", package]);
    workspace.run(cmd!(workspace.shell, "cargo package --quiet {packages...}"))
}

fn node(workspace: &Workspace, environment: &Environment) -> Result<()> {
    build::node(workspace, environment)?;
    workspace.run(cmd!(workspace.shell, "npm run --silent pack:release --prefix bindings-node"))
}
