//! The error type of the library.

/// An error from the server or from an administration command. REST clients receive the error as a status and an error code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database could not be opened, migrated, read or written.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    /// The tables could not be brought up to date.
    #[error("the database could not be migrated")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database lacks this many migrations, and the server was not allowed to apply them.
    #[error("the database lacks {0} migrations; run `automoderate-server migrate` to apply them")]
    OutdatedTables(usize),
    /// The database URL is not supported, or the database that it names is missing or unsuitable.
    #[error("invalid database URL: {0}")]
    DatabaseUrl(String),
    /// The Redis URL is invalid or not supported.
    #[error("invalid Redis URL: {0}")]
    RedisUrl(String),
    /// The address of a trusted proxy could not be parsed.
    #[error("invalid proxy address: {0}")]
    ProxyAddress(String),
    /// The options of the endpoint for `ai_prompt` rules are invalid.
    #[error("invalid AI endpoint: {0}")]
    AiEndpoint(String),
    /// The server could not listen on an address.
    #[error("could not listen on {address}")]
    Listen {
        /// Address that was requested.
        address: String,
        /// Error from the operating system.
        #[source]
        source: std::io::Error,
    },
    /// The rule can't be used, for example because its pattern is invalid or it has no keywords.
    #[error("the rule is invalid: {0}")]
    InvalidRule(String),
    /// The rule exceeds a size limit for a single rule.
    #[error("the rule is too large: {0}")]
    RuleTooLarge(String),
    /// The request can't be carried out; the message explains why.
    #[error("{0}")]
    Refused(String),
    /// The user may not make the request. The value is the reason.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The named object does not exist.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The named field contains U+0000, which not every database can store.
    #[error("{0} must not contain U+0000")]
    NulCharacter(&'static str),
    /// The request conflicts with the current state. The values are the error code and the reason.
    #[error("{1}")]
    Conflict(&'static str, &'static str),
    /// The idempotency key was already used for a different request.
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    /// An unexpected error occurred inside the server. The value describes it.
    #[error("{0}")]
    Internal(String),
    /// The database does not answer. Nothing was changed, and a retry may succeed.
    #[error("the database does not answer")]
    Unavailable,
    /// The database has no space left. Nothing was changed.
    #[error("the database has no space left")]
    StorageFull,
    /// The connection to the database was lost during a change, and the outcome could not be determined in time.
    #[error("it is not known whether the change was made")]
    OutcomeUnknown,
    /// Too many requests of this kind are already queued. Nothing was changed, and a retry may succeed.
    #[error("too much work of this kind is already queued")]
    Busy,
    /// The server is shutting down and accepts no more work.
    #[error("the server is shutting down")]
    ShuttingDown,
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            // The server closes its pools only when it shuts down.
            sqlx::Error::PoolClosed => Self::ShuttingDown,
            error => Self::Database(error),
        }
    }
}
