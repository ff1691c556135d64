//! The program's exit statuses.

use std::process::ExitCode;

use automoderate::{Error, ErrorKind};

/// Why it ends.
pub(crate) enum Outcome {
    /// Everything requested is done.
    Done,
    /// A signal ended the program.
    Interrupted,
    /// The output could not be written.
    Unwritable(std::io::Error),
    /// This went wrong.
    Failed(Error),
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done | Outcome::Interrupted => 0,
            Outcome::Unwritable(_) => 1,
            Outcome::Failed(error) => match error.kind() {
                ErrorKind::AuthenticationFailed => 3,
                ErrorKind::AccessDenied | ErrorKind::ProjectNotFound | ErrorKind::RoomLimit => 4,
                // A project id that the server does not take has been refused by it; anything else is bad usage.
                ErrorKind::InvalidArgument if error.message().starts_with("the server") => 4,
                ErrorKind::InvalidArgument => 2,
                _ => 5,
            },
        })
    }
}

/// Resolves on SIGINT or SIGTERM.
pub(crate) async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
