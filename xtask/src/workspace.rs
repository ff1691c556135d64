//! The context of every command: the repository's root, a shell, arguments for the program that a step starts.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use xshell::{Cmd, Shell};

/// Variables that `cargo run` sets for its program. They must not reach other programs: the first would change which libraries
/// they load.
const SET_BY_CARGO: [&str; 5] =
    ["LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME"];

#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) shell: Shell,
    pub(crate) root: PathBuf,
    /// For the program that a step starts.
    pub(crate) arguments: Vec<String>,
    pub(crate) quick: bool,
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
        Ok(Self { shell, root, arguments: Vec::new(), quick: false })
    }

    pub(crate) fn with_arguments(self, arguments: Vec<String>, quick: bool) -> Self {
        Self { arguments, quick, ..self }
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.root.join("target"), PathBuf::from)
    }

    pub(crate) fn on_ci() -> bool {
        std::env::var_os("CI").is_some_and(|value| !value.is_empty())
    }

    /// Shows the command, runs it, and fails when it does.
    pub(crate) fn run(&self, command: Cmd<'_>) -> Result<()> {
        Self::clean(command).run().map_err(Into::into)
    }

    pub(crate) fn read(&self, command: Cmd<'_>) -> Result<String> {
        Self::clean(command).quiet().read().map_err(Into::into)
    }

    fn clean(command: Cmd<'_>) -> Cmd<'_> {
        SET_BY_CARGO.iter().fold(command, |command, name| command.env_remove(name))
    }
}
