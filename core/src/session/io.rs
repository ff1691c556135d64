//! What goes into the machine and what comes out.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{
    Fault, State,
    auth::{CredentialChoice, Proof},
    wire::Page,
};
use crate::{
    Error,
    events::{Cursor, Event, ProjectId},
};

/// The present, as the caller sees it: a clock that only goes forward, and the clock on the wall.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) mono: Instant,
    pub(crate) wall: jiff::Timestamp,
}

/// Stands for the caller of a command; the machine gives it back with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Token(pub(crate) u64);

/// What users ask for.
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
    /// `ack`: how long to wait for an acknowledgement, if one is wanted.
    Emit {
        token: Token,
        name: String,
        data: Option<String>,
        ack: Option<Duration>,
    },
    NetworkChanged,
    /// A stream has room for a page of its backlog.
    Page(PageRequest),
    /// The readers of a project have room for so many events of its replay.
    Capacity {
        project: ProjectId,
        events: u64,
    },
    Close {
        token: Token,
    },
}

/// One of a client's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct StreamId(pub(crate) u64);

/// A slow stream asks for up to `limit` events after a position in a project's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageRequest {
    pub(crate) stream: StreamId,
    pub(crate) project: ProjectId,
    pub(crate) after: Cursor,
    pub(crate) limit: u64,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Input<'a> {
    Command(Command),
    /// The transport of attempt `id` is open.
    Dialed {
        id: u64,
        proof: Proof,
        auth: Option<String>,
    },
    DialFailed {
        id: u64,
        fault: Fault,
    },
    Frame(&'a str),
    Binary(&'a [u8]),
    /// The peer gave a sign of life below Engine.IO.
    Activity,
    TransportLost(Fault),
    Backfilled(Backfilled),
    /// Only time has passed.
    Tick,
}

/// What is to be done, in this order.
#[derive(Debug)]
pub(crate) enum Output {
    /// Ask for credentials and open a transport to this address of the server; answer with `Dialed` or `DialFailed`.
    Dial {
        id: u64,
        server: usize,
        reason: CredentialsReason,
        choice: CredentialChoice,
    },
    /// Send this Engine.IO packet.
    Send(String),
    /// Drop the transport; if `graceful`, after what was sent has left.
    CloseTransport {
        graceful: bool,
    },
    /// The connection with this address of the server counts as good.
    Announced {
        server: usize,
    },
    /// Ask the peer for a sign of life, if the transport can.
    Probe,
    State(State),
    /// From here on, the project's first stream collects.
    Opened {
        project: ProjectId,
    },
    /// The project's first stream starts here.
    Placed {
        project: ProjectId,
        cursor: Cursor,
    },
    /// Events that came in a row.
    Events(VecDeque<Event>),
    /// The project's streams end, with an error unless the user left.
    Ended {
        project: ProjectId,
        error: Option<Error>,
    },
    /// All streams end, with an error unless the user closed.
    EndedAll {
        error: Option<Error>,
    },
    /// The command of this token is done; an acknowledgement's data comes with it.
    Done {
        token: Token,
        data: Option<String>,
    },
    Failed {
        token: Token,
        error: Error,
    },
    Backfill(BackfillRequest),
    /// The answer to a [`PageRequest`]; no page if the server does not return it.
    PageArrived {
        stream: StreamId,
        project: ProjectId,
        after: u64,
        page: Option<Page>,
    },
}

/// What is to be done next. An event is large, so it is written once, into the run that leaves as one output.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<Output>,
    spare: VecDeque<Event>,
}

/// A list of more events is not kept for reuse.
const SPARE_MAX: usize = 64;

impl Outbox {
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

    /// The run that is behind everything else.
    pub(crate) fn run(&mut self) -> &mut VecDeque<Event> {
        if !matches!(self.queue.back(), Some(Output::Events(_))) {
            self.queue.push_back(Output::Events(std::mem::take(&mut self.spare)));
        }
        match self.queue.back_mut() {
            Some(Output::Events(run)) => run,
            _ => &mut self.spare,
        }
    }

    /// Takes back a list whose events are gone.
    pub(crate) fn reuse(&mut self, run: VecDeque<Event>) {
        if run.is_empty() && run.capacity() <= SPARE_MAX {
            self.spare = run;
        }
    }
}

/// Why credentials are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialsReason {
    /// For the first connection.
    First,
    /// For a new connection after one was lost.
    Reconnect,
    /// Because the server refused the ones given last.
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

/// What REST is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Where a stream starts: the server's time, and which contents are flagged.
    Start,
    /// What was decided since then, flagged contents that were reviewed included.
    Missed { since: jiff::Timestamp },
    /// Flagged contents that were reviewed.
    Reviews,
}

/// Something is wanted by REST.
#[derive(Debug, Clone)]
pub(crate) struct BackfillRequest {
    pub(crate) id: u64,
    pub(crate) project: ProjectId,
    pub(crate) wanted: Wanted,
    /// The contents known to be flagged; `None` if that is not known.
    pub(crate) flagged: Option<Vec<String>>,
}

/// The answer to a [`BackfillRequest`].
#[derive(Debug)]
pub(crate) struct Backfilled {
    pub(crate) id: u64,
    pub(crate) project: ProjectId,
    pub(crate) result: Result<Found, Error>,
}

/// What REST has told.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The decisions, oldest first.
    pub(crate) events: Vec<Event>,
    /// Whether they are all.
    pub(crate) complete: bool,
    /// The contents that are flagged now; `None` if that is not known.
    pub(crate) flagged: Option<Vec<String>>,
    /// The server's time before which nothing was missed.
    pub(crate) start: Option<jiff::Timestamp>,
    /// The server's time up to which everything was looked for that was decided.
    pub(crate) until: Option<jiff::Timestamp>,
}
