//! The output of a command: text for people, or JSON for programs.

use std::fmt;

use serde_json::Value;

/// The output of a command, to be written to stdout.
#[derive(Debug)]
pub struct CommandOutput {
    text: String,
    has_pending_migrations: bool,
}

impl CommandOutput {
    pub(super) fn new(as_json: bool, json: &Value, text: impl Into<String>) -> Self {
        let text = if as_json { json.to_string() } else { text.into() };
        Self { text, has_pending_migrations: false }
    }

    pub(super) fn with_pending_migrations(self, has_pending_migrations: bool) -> Self {
        Self { has_pending_migrations, ..self }
    }

    /// Returns true if `migrate --check` found pending migrations.
    #[must_use]
    pub fn has_pending_migrations(&self) -> bool {
        self.has_pending_migrations
    }
}

impl fmt::Display for CommandOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())
    }
}
