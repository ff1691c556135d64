//! The commands that build the Node package, the dashboard and the Rust part of Swift programs, and the command that deletes build
//! results and downloads.

use std::path::Path;

use anyhow::Result;
use xshell::cmd;

use crate::need::{
    Environment,
    Need::{Chromium, NodePackages, Swift},
};
use crate::step::Step;
use crate::workspace::Workspace;

pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "node",
        about: "the Node package with its native module, for installation from bindings-node",
        needs: &[NodePackages],
        run: build_node,
    },
    Step {
        name: "dashboard",
        about: "the dashboard that the server embeds, from its sources",
        needs: &[Chromium],
        run: build_dashboard,
    },
    Step {
        name: "swift",
        about: "the Rust part of Swift programs: a framework on macOS, elsewhere a library whose folder it prints",
        needs: &[Swift],
        run: build_swift,
    },
];

/// Name prefixes of the folders in `.cache` whose files are costly to download again.
const COSTLY_DOWNLOADS: [&str; 4] = ["swift-root", "walkthrough", "tools", "kotlin"];

pub(crate) fn build_node(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "npm run --silent build --prefix bindings-node"))
}

fn build_dashboard(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "npm run --silent build --prefix server-ref/dashboard"))
}

fn build_swift(workspace: &Workspace, _: &Environment) -> Result<()> {
    if cfg!(target_os = "macos") {
        return workspace.run(cmd!(workspace.shell, "bindings-swift/scripts/xcframework.sh"));
    }
    let folder = workspace.read(cmd!(workspace.shell, "bindings-swift/scripts/library.sh"))?;
    println!("-Xlinker -L{folder}");
    Ok(())
}

pub(crate) fn clean(workspace: &Workspace, all: bool) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "cargo clean --quiet"))?;
    let cache = workspace.root.join(".cache");
    if all {
        return workspace.shell.remove_path(&cache).map_err(Into::into);
    }
    let is_costly = |path: &Path| {
        path.file_name()
            .is_some_and(|name| COSTLY_DOWNLOADS.iter().any(|costly| name.to_string_lossy().starts_with(costly)))
    };
    for path in workspace.shell.read_dir(&cache).unwrap_or_default() {
        if !is_costly(&path) {
            workspace.shell.remove_path(path)?;
        }
    }
    Ok(())
}
