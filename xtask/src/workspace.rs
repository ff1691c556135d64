//! The context of every command: the repository's root, a shell, and the arguments for the program that a step starts.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use xshell::{Cmd, Shell};

/// Variables that `cargo run` sets for its program. Other programs must not inherit them: the library paths would change which
/// libraries these programs load, and changes to the other variables would make cargo rerun build scripts.
const CARGO_RUN_VARIABLES: [&str; 5] =
    ["LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME"];

#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) shell: Shell,
    pub(crate) root: PathBuf,
    /// Arguments for the program that a step starts.
    pub(crate) arguments: Vec<String>,
    pub(crate) is_quick: bool,
}

impl Workspace {
    pub(crate) fn new() -> Result<Self> {
        let shell = Shell::new()?;
        let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.parent().context("xtask lies in the repository")?.to_owned();
        shell.change_dir(&root);
        if shell.var("CARGO_NET_RETRY").is_err() {
            shell.set_var("CARGO_NET_RETRY", "10");
        }
        // Incremental compilation and debug information slow down a build from scratch, so they are disabled on CI.
        for variable in ["CARGO_INCREMENTAL", "CARGO_PROFILE_DEV_DEBUG"] {
            if Self::is_on_ci() && shell.var(variable).is_err() {
                shell.set_var(variable, "0");
            }
        }
        Ok(Self { shell, root, arguments: Vec::new(), is_quick: false })
    }

    pub(crate) fn with_arguments(self, arguments: Vec<String>, is_quick: bool) -> Self {
        Self { arguments, is_quick, ..self }
    }

    /// Returns the folder into which cargo builds.
    pub(crate) fn target_dir(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), PathBuf::from)
    }

    pub(crate) fn is_on_ci() -> bool {
        std::env::var_os("CI").is_some_and(|value| !value.is_empty())
    }

    /// Prints the command and runs it. Fails if the command fails.
    pub(crate) fn run(&self, command: Cmd<'_>) -> Result<()> {
        Self::without_cargo_variables(command).run().map_err(Into::into)
    }

    pub(crate) fn read(&self, command: Cmd<'_>) -> Result<String> {
        Self::without_cargo_variables(command).quiet().read().map_err(Into::into)
    }

    fn without_cargo_variables(command: Cmd<'_>) -> Cmd<'_> {
        CARGO_RUN_VARIABLES.iter().fold(command, |command, name| command.env_remove(name))
    }
}
