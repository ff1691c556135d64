//! The command `migrate`, which brings the tables up to date without starting a server.

use std::fmt::Write as _;

use clap::Args;
use serde_json::json;

use super::{CommandOutput, CommonOptions};
use crate::Error;
use crate::store::{SchemaState, Store};

/// Options of `migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    /// Only print the pending migrations and exit with code 3 if there are any.
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    common: CommonOptions,
}

impl Migrate {
    pub(super) async fn run(self) -> Result<CommandOutput, Error> {
        let before = match Store::schema_state(&self.common.database).await {
            Ok(schema) => schema,
            // `open_or_create` creates a missing file with up-to-date tables, so no migration is reported.
            Err(Error::DatabaseUrl(_)) if !self.check => SchemaState::default(),
            Err(error) => return Err(error),
        };
        if self.check {
            return Ok(self.output(&before, "pending", "pending").with_pending_migrations(!before.pending.is_empty()));
        }
        self.common.open_or_create().await?.close().await;
        Ok(self.output(&before, "made", "applied"))
    }

    fn output(&self, schema: &SchemaState, json_key: &str, label: &str) -> CommandOutput {
        let json = json!({json_key: schema.pending, "newer": schema.newer});
        let mut text = String::new();
        for step in &schema.pending {
            let _ = writeln!(text, "{label}: {} {}", step.version, step.description);
        }
        for version in &schema.newer {
            let _ = writeln!(text, "applied by a newer version of the server: {version}");
        }
        if schema.pending.is_empty() {
            text.push_str("the database is up to date\n");
        }
        CommandOutput::new(self.common.json, &json, text)
    }
}
