//! Requests from a client's handles to its task.

use std::time::Duration;

use crate::{
    Cursor, Error,
    delivery::{PlannedStreams, StreamEnd},
    events::ProjectId,
    session::{Command, CommandId},
};

/// Answer to a request. For an acknowledged emit, it contains the data of the acknowledgement.
pub(crate) type AnswerToHandle = Result<Option<String>, Error>;

/// Request from a handle to the client's task.
#[derive(Debug)]
pub(crate) enum RequestFromHandle {
    Connect,
    Join { project: ProjectId, after: Option<Cursor>, streams: PlannedStreams },
    Leave { project: ProjectId },
    Emit { name: String, data: Option<String>, ack_timeout: Option<Duration> },
    Close,
}

impl RequestFromHandle {
    /// Fails the request. The streams that depend on it end with the error.
    pub(crate) fn fail(self, error: &Error) {
        if let Self::Join { streams, .. } = self {
            streams.end(&StreamEnd::Failed(error.clone()));
        }
    }

    pub(crate) fn into_command(self, command_id: CommandId) -> Command {
        match self {
            Self::Connect => Command::Connect { command_id },
            Self::Join { project, after, .. } => Command::Join { command_id, project, after },
            Self::Leave { project } => Command::Leave { command_id, project },
            Self::Emit { name, data, ack_timeout } => Command::Emit { command_id, name, data, ack_timeout },
            Self::Close => Command::Close { command_id },
        }
    }
}
