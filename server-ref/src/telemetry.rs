//! The log on stderr. Stdout is reserved for the results of commands, such as the line that reports that the server is ready.

use std::io::{self, IsTerminal as _, Write};

use regex::bytes::Regex;
use tracing_subscriber::EnvFilter;

/// Installs the process-wide logger. The library never calls this function; a program that needs the log must call it.
///
/// # Errors
/// Returns an error if the filter is invalid or a logger is already installed.
pub fn init(filter: &str) -> Result<(), String> {
    let keys = api_key_pattern().map_err(|error| error.to_string())?;
    let filter = EnvFilter::try_new(filter).map_err(|error| error.to_string())?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || RedactingWriter(io::stderr(), keys.clone()))
        .with_ansi(std::io::stderr().is_terminal())
        .try_init()
        .map_err(|error| error.to_string())
}

/// A writer that redacts API keys. Clients may send their key in the query string, as documented, and libraries log whole
/// requests at level `trace`. Each call to `write` receives a whole log record, so no key is split between calls.
struct RedactingWriter<W>(W, Regex);

fn api_key_pattern() -> Result<Regex, regex::Error> {
    Regex::new("am_[A-Za-z0-9_-]{43}")
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.0.write_all(&self.1.replace_all(record, b"am_[redacted]"))?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_keys_are_redacted() {
        let key = crate::ids::new_api_key();
        let mut log = RedactingWriter(Vec::new(), api_key_pattern().unwrap());
        log.write_all(format!("GET /?api_key={key}&x=1").as_bytes()).unwrap();
        assert_eq!(log.0, b"GET /?api_key=am_[redacted]&x=1");
    }
}
