//! Inputs and outputs of the machine.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{
    ConnectionFailure, State,
    auth::{CredentialChoice, CredentialStatus},
    room_protocol::Page,
};
use crate::{
    Error,
    events::{Cursor, Event, ProjectId},
};

/// Current time: a monotonic clock and the wall clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) mono: Instant,
    pub(crate) wall: jiff::Timestamp,
}

impl Now {
    /// Time since `earlier`, including time that the computer has slept, which only the wall clock counts.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let wall = Duration::try_from(self.wall.duration_since(earlier.wall)).unwrap_or_default();
        self.mono.saturating_duration_since(earlier.mono).max(wall)
    }
}

/// Identifies the caller of a command; the machine returns it with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Token(pub(crate) u64);

/// Request of a user.
#[derive(Debug)]
pub(crate) enum Command {
    Connect {
        token: Token,
    },
    Join {
        token: Token,
        project: ProjectId,
        after: Option<Cursor>,
    },
    Leave {
        token: Token,
        project: ProjectId,
    },
    /// `ack`: how long to wait for an acknowledgement, if wanted.
    Emit {
        token: Token,
        name: String,
        data: Option<String>,
        ack: Option<Duration>,
    },
    NetworkChanged,
    /// A stream has room for a page of its backlog.
    Page(PageRequest),
    /// The readers of a project have room for this many events of its replay.
    Capacity {
        project: ProjectId,
        events: u64,
    },
    Close {
        token: Token,
    },
}

/// Identifies one of a client's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct StreamId(pub(crate) u64);

/// Request of a slow stream for up to `limit` events after a position in a project's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageRequest {
    pub(crate) stream: StreamId,
    pub(crate) project: ProjectId,
    pub(crate) after: Cursor,
    pub(crate) limit: u64,
}

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Input<'a> {
    Command(Command),
    /// The transport of attempt `id` is open.
    Dialed {
        id: u64,
        credential_status: CredentialStatus,
        auth: Option<String>,
    },
    DialFailed {
        id: u64,
        failure: ConnectionFailure,
    },
    Frame(&'a str),
    Binary(&'a [u8]),
    /// The peer showed a sign of life below Engine.IO.
    Activity,
    TransportLost(ConnectionFailure),
    BackfillReply(BackfillReply),
    /// Only time has passed.
    Tick,
}

/// Something to do. Outputs must be carried out in order.
#[derive(Debug)]
pub(crate) enum Output {
    /// Get credentials and open a transport to this address of the server; answer with `Dialed` or `DialFailed`.
    Dial {
        id: u64,
        endpoint: usize,
        reason: CredentialsReason,
        choice: CredentialChoice,
    },
    /// Send this Engine.IO packet.
    Send(String),
    /// Drop the transport; if `graceful`, after everything queued was sent.
    CloseTransport {
        graceful: bool,
    },
    /// The connection to this address is announced as usable.
    Announced {
        endpoint: usize,
    },
    /// Probe the peer for a sign of life, if the transport can.
    Probe,
    State(State),
    /// From here on, the project's first stream receives events.
    ProjectOpened {
        project: ProjectId,
    },
    /// Position at which the project's first stream starts.
    StreamStarted {
        project: ProjectId,
        cursor: Cursor,
    },
    /// Consecutive events.
    Events(VecDeque<Event>),
    /// End the project's streams, with an error unless the user left.
    Ended {
        project: ProjectId,
        error: Option<Error>,
    },
    /// End all streams, with an error unless the user closed the client.
    EndedAll {
        error: Option<Error>,
    },
    /// The command of this token is complete, with the data of its acknowledgement.
    Done {
        token: Token,
        data: Option<String>,
    },
    Failed {
        token: Token,
        error: Error,
    },
    Backfill(BackfillRequest),
    /// Answer to a [`PageRequest`]; no page if the server does not return it.
    PageArrived {
        stream: StreamId,
        project: ProjectId,
        after: u64,
        page: Option<Page>,
    },
}

/// Queue of outputs. Events are large, so each is written once, into a batch that leaves as one output.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    queue: VecDeque<Output>,
    spare: VecDeque<Event>,
}

/// Larger lists are not kept for reuse.
const SPARE_EVENTS_MAX: usize = 64;

impl Outputs {
    pub(crate) fn push_back(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    pub(crate) fn pop_front(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }

    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.queue.len() + self.spare.capacity()
    }

    /// The batch at the end of the queue.
    pub(crate) fn batch(&mut self) -> &mut VecDeque<Event> {
        if !matches!(self.queue.back(), Some(Output::Events(_))) {
            self.queue.push_back(Output::Events(std::mem::take(&mut self.spare)));
        }
        match self.queue.back_mut() {
            Some(Output::Events(batch)) => batch,
            _ => &mut self.spare,
        }
    }

    /// Takes back an empty list for reuse.
    pub(crate) fn reuse(&mut self, batch: VecDeque<Event>) {
        if batch.is_empty() && batch.capacity() <= SPARE_EVENTS_MAX {
            self.spare = batch;
        }
    }
}

/// Reason why credentials are requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialsReason {
    /// First connection.
    First,
    /// New connection after one was lost.
    Reconnect,
    /// The server refused the previous credentials.
    Rejected,
}

impl CredentialsReason {
    /// The reason as a word: `first`, `reconnect` or `rejected`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Reconnect => "reconnect",
            Self::Rejected => "rejected",
        }
    }
}

/// Question to REST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BackfillQuery {
    /// Start of a stream: the server's time, and the flagged items.
    Start,
    /// Decisions since a time, including reviews of flagged items.
    Missed { since: jiff::Timestamp },
    /// Reviews of flagged items.
    Reviews,
}

/// Request to REST.
#[derive(Debug, Clone)]
pub(crate) struct BackfillRequest {
    pub(crate) id: u64,
    pub(crate) project: ProjectId,
    pub(crate) query: BackfillQuery,
    /// Items known to be flagged; `None` if unknown.
    pub(crate) flagged: Option<Vec<String>>,
}

/// Answer to a [`BackfillRequest`].
#[derive(Debug)]
pub(crate) struct BackfillReply {
    pub(crate) id: u64,
    pub(crate) project: ProjectId,
    pub(crate) result: Result<BackfillData, Error>,
}

/// Data returned by REST.
#[derive(Debug, Default)]
pub(crate) struct BackfillData {
    /// Decisions, oldest first.
    pub(crate) events: Vec<Event>,
    /// True if the decisions are complete.
    pub(crate) complete: bool,
    /// Items that are flagged now; `None` if unknown.
    pub(crate) flagged: Option<Vec<String>>,
    /// Server time before which nothing was missed.
    pub(crate) start: Option<jiff::Timestamp>,
    /// Server time up to which the search for decisions was complete.
    pub(crate) until: Option<jiff::Timestamp>,
}
