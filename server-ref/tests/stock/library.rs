//! The clients and how they are started.

use std::path::Path;

use tokio::process::Command;

/// The library of a client.
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
    /// Its program.
    pub(crate) fn command(self) -> Command {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
        let mut command = match self {
            Self::Node => Command::new(required("NODE")),
            Self::PythonSync | Self::PythonAsync => Command::new(required("PYTHON_NEW")),
            Self::Rust => Command::new(required("STOCK_RUST")),
        };
        match self {
            Self::Node => command.arg(folder.join("node.mjs")).env("NODE_MODULES", required("NODE_MODULES")),
            Self::PythonSync => command.arg(folder.join("python_sync.py")),
            Self::PythonAsync => command.arg(folder.join("python_async.py")),
            Self::Rust => &mut command,
        };
        command
    }
}

fn required(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make test-e2e`"))
}
