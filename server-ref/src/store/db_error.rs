//! Classification of database errors by what the caller can do about them.

use std::io::ErrorKind;

use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// A class of database errors that determines whether and when a retry can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DbFault {
    /// The connection was lost. An immediate retry on a new connection may succeed.
    ConnectionLost,
    /// The database is unreachable, overloaded or locked. A later retry may succeed.
    Unavailable,
    /// A statement exceeded its time limit.
    StatementTimeout,
    /// The disk is full. A retry can succeed only after space has been freed.
    StorageFull,
    /// A string contains U+0000, which PostgreSQL can't store as text.
    NulInText,
    /// Any other error. A retry would fail in the same way.
    Other,
}

impl DbFault {
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        match error {
            // If the database does not respond, `Store::with_transaction_timeout` reports a timed-out I/O operation.
            sqlx::Error::Io(error) if error.kind() == ErrorKind::TimedOut => Self::Unavailable,
            sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => Self::ConnectionLost,
            sqlx::Error::PoolTimedOut | sqlx::Error::Tls(_) => Self::Unavailable,
            sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
                Some(error) => classify_postgres(error),
                None => error.code().as_deref().and_then(|code| code.parse().ok()).map_or(Self::Other, classify_sqlite),
            },
            // sqlx returns these errors after SQLite has rolled back a transaction on its own. As after a lost connection, an immediate
            // retry may succeed.
            sqlx::Error::InvalidSavePointStatement | sqlx::Error::BeginFailed => Self::ConnectionLost,
            _ => Self::Other,
        }
    }
}

/// Returns true if a COMMIT that failed with this error definitely had no effect.
pub(super) fn is_certain_rollback(error: &sqlx::Error) -> bool {
    let error = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    // Errors of a higher severity end the session, and the commit may already have taken effect.
    error.is_some_and(|error| error.severity() == PgSeverity::Error)
}

/// Classifies a PostgreSQL error by its SQLSTATE code.
fn classify_postgres(error: &PgDatabaseError) -> DbFault {
    match error.code() {
        "53100" => DbFault::StorageFull,
        // U+0000 causes the errors `character_not_in_repertoire` and `untranslatable_character`.
        "22021" | "22P05" => DbFault::NulInText,
        // The database server is stopping or starting, has crashed, or has closed an idle session.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => DbFault::ConnectionLost,
        "57014" => DbFault::StatementTimeout,
        // The database server is read-only, a lock was not released in time, or transactions conflicted.
        "25006" | "55P03" | "40001" | "40P01" => DbFault::Unavailable,
        code if code.starts_with("08") => DbFault::ConnectionLost,
        code if code.starts_with("53") || code.starts_with("58") => DbFault::Unavailable,
        _ => DbFault::Other,
    }
}

/// Classifies a SQLite error by its extended result code, whose low byte is the primary result code.
fn classify_sqlite(code: i32) -> DbFault {
    /// Primary result code of `SQLITE_IOERR_WRITE`, which SQLite can return when the file system is full.
    const SQLITE_IOERR: i32 = 10;
    match code & 0xff {
        13 => DbFault::StorageFull,
        // The progress handler that limits the time of reads causes `SQLITE_INTERRUPT`.
        9 => DbFault::StatementTimeout,
        // `SQLITE_BUSY`, `SQLITE_LOCKED`, `SQLITE_IOERR`, `SQLITE_CANTOPEN` and `SQLITE_READONLY`.
        5 | 6 | SQLITE_IOERR | 14 | 8 => DbFault::Unavailable,
        _ => DbFault::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_result_codes_are_classified() {
        assert_eq!(classify_sqlite(13), DbFault::StorageFull);
        assert_eq!(classify_sqlite(10 | (3 << 8)), DbFault::Unavailable);
        assert_eq!(classify_sqlite(19), DbFault::Other);
    }

    #[test]
    fn connection_errors_are_classified() {
        let io = |kind: ErrorKind| DbFault::of(&sqlx::Error::Io(kind.into()));
        assert_eq!(io(ErrorKind::BrokenPipe), DbFault::ConnectionLost);
        assert_eq!(io(ErrorKind::TimedOut), DbFault::Unavailable);
        assert_eq!(DbFault::of(&sqlx::Error::PoolTimedOut), DbFault::Unavailable);
        assert_eq!(DbFault::of(&sqlx::Error::RowNotFound), DbFault::Other);
    }
}
