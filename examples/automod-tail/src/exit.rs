//! Exit statuses of the program.

use std::process::ExitCode;

use automoderate::{Error, ErrorKind};

/// Reason why the program ends.
pub(crate) enum Outcome {
    /// Everything requested was done, or the reader of stdout has closed it.
    Done,
    /// A signal ended the program.
    Interrupted,
    /// Writing to stdout failed.
    StdoutFailed(std::io::Error),
    /// The client failed.
    Failed(Error),
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done | Outcome::Interrupted => 0,
            Outcome::StdoutFailed(_) => 1,
            Outcome::Failed(error) => match error.kind() {
                ErrorKind::AuthenticationFailed => 3,
                ErrorKind::AccessDenied | ErrorKind::ProjectNotFound | ErrorKind::RoomLimit => 4,
                // A project id that the server rejects counts as a refused project. Any other invalid argument is a
                // usage error.
                ErrorKind::InvalidArgument if error.message().starts_with("the server") => 4,
                ErrorKind::InvalidArgument => 2,
                _ => 5,
            },
        })
    }
}

/// Waits for SIGINT (Ctrl-C) or, on Unix, SIGTERM.
pub(crate) async fn wait_for_signal() {
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
