//! Inputs and outputs of the machine.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{
    ConnectionFailure, State,
    endpoint_auth::{CredentialChoice, LoginStatus},
    room_protocol::LogPage,
};
use crate::{
    Error,
    events::{Cursor, Event, ProjectId},
};

/// Current time on the monotonic clock and on the wall clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) mono: Instant,
    pub(crate) wall: jiff::Timestamp,
}

impl Now {
    /// Returns the time since `earlier`. Time that the computer spent asleep is included, because the wall clock counts
    /// it.
    pub(crate) fn since_including_sleep(self, earlier: Self) -> Duration {
        let wall = Duration::try_from(self.wall.duration_since(earlier.wall)).unwrap_or_default();
        self.mono.saturating_duration_since(earlier.mono).max(wall)
    }
}

/// Identifier of a command. The machine's answer to the command contains the same identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct CommandId(pub(crate) u64);

/// Request from the client's public API, the client's streams or the driver.
#[derive(Debug)]
pub(crate) enum Command {
    Connect {
        command_id: CommandId,
    },
    Join {
        command_id: CommandId,
        project: ProjectId,
        after: Option<Cursor>,
    },
    Leave {
        command_id: CommandId,
        project: ProjectId,
    },
    /// Emits an event. If `ack_timeout` is set, waits that long for an acknowledgement.
    Emit {
        command_id: CommandId,
        name: String,
        data: Option<String>,
        ack_timeout: Option<Duration>,
    },
    NetworkChanged,
    /// Requests a page of a stream's backlog, because the stream has room for it.
    RequestPage(BacklogPageRequest),
    /// Reports that the readers of a project have room for this many events of its replay or backfill.
    ReaderCapacity {
        project: ProjectId,
        events: u64,
    },
    Close {
        command_id: CommandId,
    },
}

/// Identifier of one of a client's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct StreamId(pub(crate) u64);

/// Request from a slow stream for up to `limit` events after a position in a project's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BacklogPageRequest {
    pub(crate) stream: StreamId,
    pub(crate) project: ProjectId,
    pub(crate) after: Cursor,
    pub(crate) limit: u64,
}

/// Input of the machine: a command, something that happened on the connection, an answer from REST, or the passage of
/// time.
#[derive(Debug)]
pub(crate) enum Input<'a> {
    Command(Command),
    /// Attempt `id` has opened its transport.
    Dialed {
        id: u64,
        login_status: LoginStatus,
        auth_payload: Option<String>,
    },
    DialFailed {
        id: u64,
        failure: ConnectionFailure,
    },
    Frame(&'a str),
    Binary(&'a [u8]),
    /// The peer has shown a sign of life below Engine.IO.
    SignOfLife,
    TransportLost(ConnectionFailure),
    BackfillReply(BackfillReply),
    /// Nothing has happened except that time has passed.
    Tick,
}

/// Action for the driver. Actions must be carried out in order.
#[derive(Debug)]
pub(crate) enum Output {
    /// Obtain credentials and open a transport to this address of the server. Reply with `Dialed` or `DialFailed`.
    Dial {
        id: u64,
        endpoint: usize,
        reason: CredentialsReason,
        choice: CredentialChoice,
    },
    /// Send this Engine.IO packet.
    Send(String),
    /// Close the transport. If `graceful` is true, first send everything that is queued.
    CloseTransport {
        graceful: bool,
    },
    /// Report that the connection to this address is usable.
    ConnectionUsable {
        endpoint: usize,
    },
    /// Probe the peer for a sign of life if the transport supports it.
    Probe,
    State(State),
    /// Open the project, and start the streams of its pending joins.
    ProjectOpened {
        project: ProjectId,
    },
    /// Report the position at which the project's streams start.
    StreamStarted {
        project: ProjectId,
        cursor: Cursor,
    },
    /// Deliver these events, in this order.
    Events(VecDeque<Event>),
    /// End the project's streams, with an error unless the user left the project.
    ProjectEnded {
        project: ProjectId,
        error: Option<Error>,
    },
    /// End all streams, with an error unless the user closed the client.
    ClientEnded {
        error: Option<Error>,
    },
    /// Report that the command with this id has succeeded. `data` contains the acknowledgement, if there is one.
    CommandDone {
        command_id: CommandId,
        data: Option<String>,
    },
    /// Report that the command with this id has failed.
    CommandFailed {
        command_id: CommandId,
        error: Error,
    },
    Backfill(BackfillRequest),
    /// Answer a [`BacklogPageRequest`]. `page` is `None` if the page could not be read.
    BacklogPageReply {
        stream: StreamId,
        project: ProjectId,
        after: u64,
        page: Option<LogPage>,
    },
}

/// Queue of outputs. Events are large, so each event is written only once, directly into the batch in which it is
/// delivered.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    queue: VecDeque<Output>,
    spare_batch: VecDeque<Event>,
}

/// Capacity above which an emptied batch is freed instead of reused.
const SPARE_BATCH_CAPACITY_MAX: usize = 64;

impl Outputs {
    pub(crate) fn push_back(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    pub(crate) fn pop_front(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }

    #[cfg(test)]
    pub(crate) fn entry_count(&self) -> usize {
        self.queue.len() + self.spare_batch.capacity()
    }

    /// Returns the batch at the end of the queue, after adding one if necessary.
    pub(crate) fn last_batch(&mut self) -> &mut VecDeque<Event> {
        if !matches!(self.queue.back(), Some(Output::Events(_))) {
            self.queue.push_back(Output::Events(std::mem::take(&mut self.spare_batch)));
        }
        match self.queue.back_mut() {
            Some(Output::Events(batch)) => batch,
            _ => &mut self.spare_batch,
        }
    }

    /// Takes back an emptied batch for reuse.
    pub(crate) fn recycle(&mut self, batch: VecDeque<Event>) {
        if batch.is_empty() && batch.capacity() <= SPARE_BATCH_CAPACITY_MAX {
            self.spare_batch = batch;
        }
    }
}

/// Reason for requesting credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialsReason {
    /// The first attempt at an address, or the first with other credentials there, before the first connection; or a
    /// REST call for which no credentials have been obtained yet.
    First,
    /// A further attempt, after the connection was lost or an earlier attempt failed.
    Reconnect,
    /// The server refused the previous credentials.
    Rejected,
}

impl CredentialsReason {
    /// Returns the name of the reason: `first`, `reconnect` or `rejected`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Reconnect => "reconnect",
            Self::Rejected => "rejected",
        }
    }
}

/// Question that a [`BackfillRequest`] asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BackfillQuery {
    /// The server's time and the flagged items, at the start of a stream.
    StreamStart,
    /// Decisions since this time, including reviews of flagged items.
    MissedDecisions { since: jiff::Timestamp },
    /// Reviews of flagged items.
    Reviews,
}

/// Request for data from the REST API.
#[derive(Debug, Clone)]
pub(crate) struct BackfillRequest {
    pub(crate) id: u64,
    pub(crate) project: ProjectId,
    pub(crate) query: BackfillQuery,
    /// Ids of the items that the client knows to be flagged; `None` if the flagged items are unknown.
    pub(crate) known_flagged_ids: Option<Vec<String>>,
}

/// Answer to a [`BackfillRequest`].
#[derive(Debug)]
pub(crate) struct BackfillReply {
    pub(crate) id: u64,
    pub(crate) project: ProjectId,
    pub(crate) result: Result<BackfillData, Error>,
}

/// Data returned by the REST API.
#[derive(Debug, Default)]
pub(crate) struct BackfillData {
    /// Decisions and malformed events, in the order of delivery.
    pub(crate) events: Vec<Event>,
    /// True if `events` contains every decision that the query asked for.
    pub(crate) is_complete: bool,
    /// Ids of the items that are flagged now; `None` if the items could not be listed completely.
    pub(crate) flagged_ids: Option<Vec<String>>,
    /// Server time of the request for the start of the stream or, if the response contains no time, the time of the
    /// decision on the newest item. The stream itself starts earlier, at the time at which the join was sent.
    pub(crate) stream_start_time: Option<jiff::Timestamp>,
    /// Server time up to which a complete backfill has found every decision.
    pub(crate) complete_until: Option<jiff::Timestamp>,
}
