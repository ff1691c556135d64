//! A list of the programs that this machine has. Installs nothing.

use anyhow::Result;
use xshell::cmd;

use crate::workspace::Workspace;

/// The program, the flag that prints its version, and the steps that need it.
const PROGRAMS: [(&str, &str, &str); 12] = [
    ("cargo", "--version", "everything"),
    ("gcc", "--version", "everything"),
    ("git", "--version", "lint, package"),
    ("python3", "--version", "lint, docs, e2e, nodes, python, wheel"),
    ("node", "--version", "e2e, nodes, dashboard, node, and the stand-ins of python"),
    ("npm", "--version", "the same"),
    ("psql", "--version", "postgres, nodes; installed by root on a Debian"),
    ("redis-server", "--version", "nodes; installed by root on a Debian"),
    ("java", "-version", "kotlin; installed by root on a Debian"),
    ("swift", "--version", "swift; without it, root on a Debian makes a root with Swift under .cache, 3.5 GB"),
    ("valgrind", "--version", "bench instructions; installed by root on a Debian"),
    ("debootstrap", "--version", "prove walkthrough, and Swift's root; installed by root on a Debian"),
];

pub(crate) fn report(workspace: &Workspace) -> Result<()> {
    for (program, flag, purpose) in PROGRAMS {
        let version = workspace.read(cmd!(workspace.shell, "{program} {flag}").ignore_stderr());
        let state = match &version {
            Ok(text) => text.lines().next().unwrap_or("there"),
            Err(_) => "missing",
        };
        println!("{program:<14}{state:<56}{purpose}");
    }
    Ok(())
}
