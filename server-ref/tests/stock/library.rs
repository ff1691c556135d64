//! The client libraries, and the programs that use them.

use std::path::Path;

use tokio::process::Command;

/// A Socket.IO client library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Library {
    /// npm socket.io-client.
    Node,
    /// python-socketio's `Client`.
    PythonSync,
    /// python-socketio's `AsyncClient`.
    PythonAsync,
    /// `rust_socketio`.
    Rust,
}

pub(crate) const LIBRARIES: [Library; 4] = [Library::Node, Library::PythonSync, Library::PythonAsync, Library::Rust];

impl Library {
    /// Returns the command that starts the library's program.
    pub(crate) fn command(self) -> Command {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
        let mut command = match self {
            Self::Node => Command::new(required_variable("NODE")),
            Self::PythonSync | Self::PythonAsync => Command::new(required_variable("PYTHON_NEW")),
            Self::Rust => Command::new(required_variable("STOCK_RUST")),
        };
        match self {
            Self::Node => command.arg(folder.join("node.mjs")).env("NODE_MODULES", required_variable("NODE_MODULES")),
            Self::PythonSync => command.arg(folder.join("python_sync.py")),
            Self::PythonAsync => command.arg(folder.join("python_async.py")),
            Self::Rust => &mut command,
        };
        command
    }
}

fn required_variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make test-e2e`"))
}
