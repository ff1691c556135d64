//! The meaning of a database error for the caller.

use std::io::ErrorKind;

use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// A class of database errors: if and when a retry can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DbFault {
    /// The connection is lost. A new one may work at once.
    Lost,
    /// The database is unreachable, overloaded or busy. A later retry can help.
    Unavailable,
    /// The statement exceeded its time limit.
    TooLong,
    /// There is no space left. A retry can help once there is.
    Full,
    /// A text contains U+0000, which the database can't store.
    Text,
    /// A retry would fail again.
    Other,
}

impl DbFault {
    pub(crate) fn of(error: &sqlx::Error) -> Self {
        match error {
            // Our own: nobody answered for long.
            sqlx::Error::Io(error) if error.kind() == ErrorKind::TimedOut => Self::Unavailable,
            sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => Self::Lost,
            sqlx::Error::PoolTimedOut | sqlx::Error::Tls(_) => Self::Unavailable,
            sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
                Some(error) => postgres(error),
                None => error.code().as_deref().and_then(|code| code.parse().ok()).map_or(Self::Other, sqlite),
            },
            // The driver's word for a transaction that SQLite rolled back by itself.
            sqlx::Error::InvalidSavePointStatement | sqlx::Error::BeginFailed => Self::Lost,
            _ => Self::Other,
        }
    }
}

/// True if a COMMIT that failed in this way was certainly not carried out.
pub(super) fn is_definite(error: &sqlx::Error) -> bool {
    let error = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    // Ones that also end the session may have come after the commit.
    error.is_some_and(|error| error.severity() == PgSeverity::Error)
}

/// Classifies an error by SQLSTATE.
fn postgres(error: &PgDatabaseError) -> DbFault {
    match error.code() {
        "53100" => DbFault::Full,
        // A byte that is no character, or an escape of one.
        "22021" | "22P05" => DbFault::Text,
        // Shut down or crashed.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => DbFault::Lost,
        "57014" => DbFault::TooLong,
        // A standby that was promoted elsewhere; locked by another; deadlocks.
        "25006" | "55P03" | "40001" | "40P01" => DbFault::Unavailable,
        code if code.starts_with("08") => DbFault::Lost,
        code if code.starts_with("53") || code.starts_with("58") => DbFault::Unavailable,
        _ => DbFault::Other,
    }
}

/// Classifies an error by the extended result code, whose low byte is the primary code.
fn sqlite(code: i32) -> DbFault {
    /// `SQLITE_IOERR_WRITE` and the like, by which some file systems report that they are full.
    const IO_ERROR: i32 = 10;
    match code & 0xff {
        13 => DbFault::Full,
        // Interrupted.
        9 => DbFault::TooLong,
        // Busy, locked, I/O, can't open, read-only.
        5 | 6 | IO_ERROR | 14 | 8 => DbFault::Unavailable,
        _ => DbFault::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_codes() {
        assert_eq!(sqlite(13), DbFault::Full);
        assert_eq!(sqlite(10 | (3 << 8)), DbFault::Unavailable);
        assert_eq!(sqlite(19), DbFault::Other);
    }

    #[test]
    fn connections() {
        let io = |kind: ErrorKind| DbFault::of(&sqlx::Error::Io(kind.into()));
        assert_eq!(io(ErrorKind::BrokenPipe), DbFault::Lost);
        assert_eq!(io(ErrorKind::TimedOut), DbFault::Unavailable);
        assert_eq!(DbFault::of(&sqlx::Error::PoolTimedOut), DbFault::Unavailable);
        assert_eq!(DbFault::of(&sqlx::Error::RowNotFound), DbFault::Other);
    }
}
