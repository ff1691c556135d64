//! Errors of starting a server and of using it as a library.

/// A failure of the server, not of a request: requests are answered with their own errors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database could not be opened, migrated, read or written.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    /// The database's schema could not be brought up to date.
    #[error("the database could not be migrated")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database lacks this many migrations, and the server may not make them.
    #[error("the database is older than this program, by {0} migrations: `automoderate-server migrate` makes them")]
    Outdated(usize),
    /// The database URL is not supported.
    #[error("not a usable database URL: {0}")]
    DatabaseUrl(String),
    /// The URL of Redis is not supported.
    #[error("not a usable Redis URL: {0}")]
    RedisUrl(String),
    /// A proxy's address can't be parsed.
    #[error("not a usable address: {0}")]
    Address(String),
    /// The endpoint for `ai_prompt` rules is not usable.
    #[error("not a usable AI endpoint: {0}")]
    Ai(String),
    /// The address could not be listened on.
    #[error("could not listen on {address}")]
    Listen {
        /// The requested address.
        address: String,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// A rule that can't work: an unreadable pattern, no keyword.
    #[error("the rule is not usable: {0}")]
    Rule(String),
    /// A rule that exceeds a limit of one rule.
    #[error("the rule is too large: {0}")]
    RuleTooLarge(String),
    /// A request that is not possible: the reason, and what to do.
    #[error("{0}")]
    Refused(String),
    /// A request that the user may not make: the reason.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The named thing does not exist.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A name or a search text with a character that not every database can store.
    #[error("{0} must not hold U+0000")]
    Text(&'static str),
    /// The request conflicts with the current state: a code and the reason.
    #[error("{1}")]
    Conflict(&'static str, &'static str),
    /// An internal step failed.
    #[error("{0}")]
    Internal(String),
    /// The database does not answer. Nothing was changed; a retry can help.
    #[error("the database does not answer")]
    Unavailable,
    /// There is no space left for the database. Nothing was changed.
    #[error("the database has no space left")]
    StorageFull,
    /// The connection to the database was lost during a change, and the outcome could not be determined in time.
    #[error("it is not known whether the change was made")]
    OutcomeUnknown,
    /// Too much work of this kind is already waiting. Nothing was changed; a retry can help.
    #[error("too much work of this kind waits already")]
    Busy,
    /// The server is shutting down and accepts no more work.
    #[error("the server is shutting down")]
    ShuttingDown,
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            // Only we close it.
            sqlx::Error::PoolClosed => Self::ShuttingDown,
            error => Self::Database(error),
        }
    }
}
