//! Packages in the form that their languages take, and the removal of what was built.

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
        about: "the Node package with its native module, to be installed from bindings-node",
        needs: &[NodePackages],
        run: node,
    },
    Step { name: "dashboard", about: "what the server embeds, from its sources", needs: &[Chromium], run: dashboard },
    Step {
        name: "swift",
        about: "the Rust half for Swift programs: on a Mac a framework, elsewhere a library, whose folder it prints",
        needs: &[Swift],
        run: swift,
    },
];

/// Parts of .cache that are costly to fetch again.
const COSTLY: [&str; 4] = ["swift-root", "walkthrough", "tools", "kotlin"];

pub(crate) fn node(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "npm run --silent build --prefix bindings-node"))
}

fn dashboard(workspace: &Workspace, _: &Environment) -> Result<()> {
    workspace.run(cmd!(workspace.shell, "npm run --silent build --prefix server-ref/dashboard"))
}

fn swift(workspace: &Workspace, _: &Environment) -> Result<()> {
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
    let kept = |path: &Path| {
        path.file_name().is_some_and(|name| COSTLY.iter().any(|costly| name.to_string_lossy().starts_with(costly)))
    };
    for path in workspace.shell.read_dir(&cache).unwrap_or_default() {
        if !kept(&path) {
            workspace.shell.remove_path(path)?;
        }
    }
    Ok(())
}
