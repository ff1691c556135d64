//! The output of a command: text for people, or JSON for programs.

use std::fmt;

use serde_json::Value;

/// The output of a command, to be written to stdout.
#[derive(Debug)]
pub struct Answer {
    text: String,
    is_pending: bool,
}

impl Answer {
    pub(super) fn new(as_json: bool, json: &Value, text: impl Into<String>) -> Self {
        let text = if as_json { json.to_string() } else { text.into() };
        Self { text, is_pending: false }
    }

    pub(super) fn pending(self, is_pending: bool) -> Self {
        Self { is_pending, ..self }
    }

    /// Returns true if `migrate --check` found pending migrations.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.is_pending
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())
    }
}
