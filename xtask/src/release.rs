//! The checks and the packaging for a release; nothing is published.

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

const PUBLISHED_CRATES: [&str; 3] = ["automoderate", "automoderate-server", "automod-tail"];
const CARGO_DENY: &str = "cargo-deny@0.20.2";
const CARGO_CYCLONEDX: &str = "cargo-cyclonedx@0.5.9";

pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "licenses",
        about: "the licenses and origins of all crates, by cargo-deny",
        needs: &[],
        run: check_licenses,
    },
    Step {
        name: "public-api",
        about: "the public API of the Rust crate, compared with core/public-api.txt",
        needs: &[],
        run: check_public_api,
    },
    Step { name: "rust", about: "the published crates, packed", needs: &[], run: package_crates },
    Step {
        name: "wheel",
        about: "the Python wheel, tried in an empty environment",
        needs: &[PythonEnvironment],
        run: tests::test_release_wheel,
    },
    Step { name: "node", about: "the Node packages, packed", needs: &[NodePackages], run: package_node },
    Step {
        name: "sbom",
        about: "the components of each package in CycloneDX format, in target/sbom; runs only when named",
        needs: &[],
        run: write_sbom,
    },
];

/// Runs the named steps, or all except `sbom` if none is named.
pub(crate) fn package(workspace: &Workspace, names: &[String]) -> Result<()> {
    if !names.is_empty() {
        return step::run_named(workspace, STEPS, names);
    }
    STEPS.iter().filter(|step| step.name != "sbom").try_for_each(|step| step.run(workspace).map(drop))
}

fn check_licenses(workspace: &Workspace, _: &Environment) -> Result<()> {
    let deny = workspace.read(cmd!(workspace.shell, "release/tool.sh {CARGO_DENY}"))?;
    workspace.run(cmd!(workspace.shell, "release/licenses.sh {deny}"))
}

fn write_sbom(workspace: &Workspace, _: &Environment) -> Result<()> {
    let tool = workspace.read(cmd!(workspace.shell, "release/tool.sh {CARGO_CYCLONEDX}"))?;
    workspace.run(cmd!(workspace.shell, "release/sbom.sh {tool}"))
}

fn check_public_api(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "release/public-api.sh"))
}

pub(crate) fn write_public_api(workspace: &Workspace) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "release/public-api.sh write"))
}

/// Packs the crates and compiles each of them by itself. `make test` builds packages together, which would hide that their own
/// manifests lack a feature.
fn package_crates(workspace: &Workspace, _: &Environment) -> Result<()> {
    for package in PUBLISHED_CRATES {
        let files = workspace.read(cmd!(workspace.shell, "cargo package --list --allow-dirty -p {package}"))?;
        let licenses = files.lines().filter(|file| file.starts_with("LICENSE-")).count();
        ensure!(licenses == 2, "{package} would be packed without its licenses");
    }
    let packages = PUBLISHED_CRATES.iter().flat_map(|package| ["-p", package]);
    workspace.run(cmd!(workspace.shell, "cargo package --quiet {packages...}"))
}

fn package_node(workspace: &Workspace, environment: &Environment) -> Result<()> {
    build::build_node(workspace, environment)?;
    workspace.run(cmd!(workspace.shell, "npm run --silent pack:release --prefix bindings-node"))
}
