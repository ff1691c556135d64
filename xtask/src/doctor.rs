//! A report on the programs that are installed on this machine. Missing programs are reported but not installed.

use anyhow::Result;
use xshell::cmd;

use crate::workspace::Workspace;

/// Programs, each with the flag that prints its version and the steps that need the program.
const PROGRAMS: [(&str, &str, &str); 12] = [
    ("cargo", "--version", "everything"),
    ("gcc", "--version", "everything"),
    ("git", "--version", "lint, package"),
    ("python3", "--version", "lint, docs, e2e, nodes, python, wheel"),
    ("node", "--version", "e2e, nodes, dashboard, node, and the stand-ins of python"),
    ("npm", "--version", "the same as node"),
    ("psql", "--version", "postgres, nodes; installed automatically on Debian as root"),
    ("redis-server", "--version", "nodes; installed automatically on Debian as root"),
    ("java", "-version", "kotlin; installed automatically on Debian as root"),
    ("swift", "--version", "swift; on Debian as root, otherwise installed into a root of 3.5 GB under .cache"),
    ("valgrind", "--version", "bench instructions; installed automatically on Debian as root"),
    ("debootstrap", "--version", "prove walkthrough, and Swift's root; installed automatically on Debian as root"),
];

pub(crate) fn print_report(workspace: &Workspace) -> Result<()> {
    for (program, flag, purpose) in PROGRAMS {
        let version = workspace.read(cmd!(workspace.shell, "{program} {flag}").ignore_stderr());
        let state = match &version {
            Ok(text) => text.lines().next().unwrap_or("installed"),
            Err(_) => "missing",
        };
        println!("{program:<14}{state:<56}{purpose}");
    }
    Ok(())
}
