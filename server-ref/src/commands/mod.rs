//! Commands that administer a database, even while servers use it. Servers apply each change within a second.

mod keys;
mod migrate;
mod output;
mod projects;
mod users;

use std::time::Duration;

use clap::{Args, Subcommand};

pub use keys::KeyCommand;
pub use migrate::Migrate;
pub use output::CommandOutput;
pub use projects::ProjectCommand;
pub use users::UserCommand;

use crate::Error;
use crate::store::{Store, StoreOptions};

/// The commands other than `serve`.
#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Create, list, change and delete users.
    #[command(subcommand)]
    User(UserCommand),
    /// Create and list projects.
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Create, list and revoke API keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Bring the tables of the database up to date.
    Migrate(Migrate),
}

impl AdminCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// Returns an error if the command can't be carried out or the database fails.
    pub async fn run(self) -> Result<CommandOutput, Error> {
        match self {
            Self::User(command) => command.run().await,
            Self::Project(command) => command.run().await,
            Self::Key(command) => command.run().await,
            Self::Migrate(command) => command.run().await,
        }
    }
}

/// Options common to all administration commands.
#[derive(Args)]
pub struct CommonOptions {
    /// Database URL of the server: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME`. Other users of this machine can read the
    /// command line, so set the environment variable instead, or keep the password in `~/.pgpass`.
    #[arg(
        long,
        env = "AUTOMODERATE_DATABASE",
        hide_env_values = true,
        value_name = "URL",
        default_value = "sqlite://automoderate.db"
    )]
    database: String,

    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Omits the database URL, which may contain a password, from debug output.
impl std::fmt::Debug for CommonOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Common").field("json", &self.json).finish_non_exhaustive()
    }
}

impl CommonOptions {
    /// Maximum time to wait for the write lock of a SQLite file. A busy server releases the lock briefly between writes.
    const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

    async fn open(&self) -> Result<Store, Error> {
        Store::open(&self.database, Self::store_options()).await
    }

    /// Opens the store, and creates the SQLite file if it is missing.
    async fn open_or_create(&self) -> Result<Store, Error> {
        Store::open(&self.database, StoreOptions { may_create: true, ..Self::store_options() }).await
    }

    fn store_options() -> StoreOptions {
        StoreOptions { may_create: false, busy_timeout: Self::BUSY_TIMEOUT, ..StoreOptions::default() }
    }
}
