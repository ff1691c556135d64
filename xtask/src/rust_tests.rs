//! The test programs of the Rust packages.
//!
//! cargo unifies the features of a dependency across the packages that a command selects. Commands that select different packages would
//! therefore compile the dependencies, the SDK and the server again. Instead, the steps run programs from one build.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde::Deserialize;
use xshell::cmd;

use crate::need::Environment;
use crate::workspace::Workspace;

/// The packages of the SDK, the server, the examples and the tests, without the bindings. The tests of the bindings also use
/// programs of these packages.
const PACKAGES: [&str; 6] = ["automoderate", "automoderate-server", "quickstart", "automod-tail", "interop", "stock"];

/// Test files that need other programs. Only the steps of the same name run them.
const SEPARATE_TARGETS: [&str; 2] = ["nodes", "schema"];

/// A program built by cargo that runs the tests of one target.
#[derive(Debug)]
pub(crate) struct TestProgram {
    package_folder: PathBuf,
    /// Name of the target, which is the library, a binary, or a test file.
    target: String,
    is_library: bool,
    path: PathBuf,
}

/// A line of cargo's JSON output.
#[derive(Deserialize)]
struct CargoMessage {
    manifest_path: Option<PathBuf>,
    target: Option<CargoTarget>,
    profile: Option<CargoProfile>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct CargoTarget {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct CargoProfile {
    test: bool,
}

/// Returns the cargo arguments that select `PACKAGES` with all features.
pub(crate) fn selection() -> Vec<&'static str> {
    PACKAGES.into_iter().flat_map(|package| ["--package", package]).chain(["--all-features"]).collect()
}

/// Builds all test programs, and the programs that they start.
pub(crate) fn build(workspace: &Workspace) -> Result<Vec<TestProgram>> {
    let selection = &selection();
    let format = "json-render-diagnostics";
    // `cargo test` builds the targets with `test = false` only if they are named, and then no others.
    let separate = SEPARATE_TARGETS.map(|target| ["--test", target]).concat();
    let mut output = String::new();
    for targets in [vec![], separate] {
        let build =
            cmd!(workspace.shell, "cargo test --quiet {selection...} --no-run {targets...} --message-format {format}");
        output += &workspace.read(build)?;
        output.push('\n');
    }
    let programs = output.lines().filter_map(|line| program(serde_json::from_str(line).ok()?));
    let programs: Vec<_> = programs.collect();
    ensure!(!programs.is_empty(), "cargo built no test program");
    Ok(programs)
}

fn program(message: CargoMessage) -> Option<TestProgram> {
    let CargoMessage { manifest_path, target, profile, executable } = message;
    let (target, path) = (target?, executable?);
    profile?.test.then_some(())?;
    Some(TestProgram {
        package_folder: manifest_path?.parent()?.to_owned(),
        is_library: target.kind.iter().any(|kind| kind.ends_with("lib")),
        target: target.name,
        path,
    })
}

impl TestProgram {
    /// Returns true if the program belongs to the package in this folder of the repository.
    pub(crate) fn is_in(&self, workspace: &Workspace, folder: &str) -> bool {
        self.package_folder == workspace.root.join(folder)
    }

    /// Returns true if the program runs the tests of the library.
    pub(crate) fn is_library(&self) -> bool {
        self.is_library
    }

    /// Returns true if the program runs the tests of the library, or of one of these test files.
    pub(crate) fn is_library_or_one_of(&self, targets: &[&str]) -> bool {
        self.is_library || targets.contains(&&*self.target)
    }

    /// Returns true if the program needs other programs and has a step of its own.
    pub(crate) fn is_separate(&self) -> bool {
        self.is_one_of(&SEPARATE_TARGETS)
    }

    /// Returns true if the program runs the tests of one of these test files.
    pub(crate) fn is_one_of(&self, targets: &[&str]) -> bool {
        !self.is_library && targets.contains(&&*self.target)
    }

    /// Runs the tests with the package's folder as the current folder, as `cargo test` does. `wrapper` is a program that starts the tests.
    pub(crate) fn run(
        &self,
        workspace: &Workspace,
        environment: &Environment,
        wrapper: Option<&Path>,
        arguments: &[&str],
    ) -> Result<()> {
        let _folder = workspace.shell.push_dir(&self.package_folder);
        let tests = &self.path;
        let command = match wrapper {
            Some(wrapper) => cmd!(workspace.shell, "{wrapper} {tests} {arguments...}"),
            None => cmd!(workspace.shell, "{tests} {arguments...}"),
        };
        workspace.run(command.envs(environment))
    }
}

/// Runs the examples in the documentation of the libraries.
pub(crate) fn run_doc_tests(workspace: &Workspace) -> Result<()> {
    let selection = selection();
    workspace.run(cmd!(workspace.shell, "cargo test --quiet {selection...} --doc"))
}

/// Builds the server with the same dependencies as its tests, and returns its path.
pub(crate) fn build_server(workspace: &Workspace) -> Result<PathBuf> {
    let selection = selection();
    // cargo also builds a package's programs when it builds one of the package's test files; `schema` is the smallest test file.
    workspace.run(cmd!(workspace.shell, "cargo test --quiet {selection...} --no-run --test schema"))?;
    Ok(workspace.target_dir().join("debug/automoderate-server"))
}
