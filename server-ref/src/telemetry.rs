//! Logs, on stderr: stdout is for the one line that says the server is ready.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Installs the process-wide logger. Only a program does this, never the library by itself.
///
/// # Errors
/// When the filter is not one, or a logger is installed already.
pub fn init(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| error.to_string())?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init()
        .map_err(|error| error.to_string())
}
