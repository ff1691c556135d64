//! A join or leave sent on a connection, and its progress.

use std::time::Instant;

use crate::events::{ProjectId, ServerRejection};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestKind {
    Join,
    Leave,
}

/// Progress of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestStage {
    /// Waiting for the answer. Only one request at a time is in this stage, because servers may answer concurrent
    /// requests in any order, and a failure does not name its project.
    Awaited,
    /// Not answered in time, although the answer may still arrive. A refusal that names no project may refer to this
    /// request.
    Overdue,
    /// Confirmed by a `joined_project` event, but not yet by the acknowledgement that ends the request.
    Confirmed {
        /// The event may instead have answered an earlier join, after which the client left the room.
        contested: bool,
        /// The server has since refused a request, possibly this one.
        doubtful: bool,
    },
    /// Given up without an answer. The client may be in the room.
    Lingering,
    /// Replaced by a leave or another join. The answer to this request may still arrive.
    Superseded,
}

/// An `error` event that may answer a request. A later acknowledgement shows which request it answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PossibleRefusal {
    pub(crate) rejection: ServerRejection,
    /// True if the event was `project_access_denied`.
    pub(crate) denied: bool,
    /// True if a different `error` event has also arrived, so either of them may answer another request.
    pub(crate) is_uncertain: bool,
}

/// Join or leave of a room, as sent to the server.
#[derive(Debug)]
pub(crate) struct Request {
    /// Id of the expected acknowledgement. `None` if the client is in the room but no known request explains why.
    pub(crate) ack: Option<u64>,
    pub(crate) project: ProjectId,
    pub(crate) kind: RequestKind,
    pub(crate) stage: RequestStage,
    /// Time at which the stage ends. Meaningless for `Lingering` and `Superseded`, which have no end.
    pub(crate) deadline: Instant,
    pub(crate) possible_refusal: Option<PossibleRefusal>,
    /// True if the acknowledgement has arrived.
    pub(crate) acknowledged: bool,
    /// True if the client has left the room, or asked to leave it, since this join was sent.
    pub(crate) left_since: bool,
}

impl Request {
    pub(super) fn new(
        ack: Option<u64>,
        project: ProjectId,
        kind: RequestKind,
        stage: RequestStage,
        deadline: Instant,
    ) -> Self {
        Self { ack, project, kind, stage, deadline, possible_refusal: None, acknowledged: false, left_since: false }
    }

    pub(crate) fn is_join(&self) -> bool {
        self.kind == RequestKind::Join
    }

    pub(crate) fn is_overdue(&self) -> bool {
        self.stage == RequestStage::Overdue
    }

    pub(super) fn is_confirmed(&self) -> bool {
        matches!(self.stage, RequestStage::Confirmed { .. })
    }

    pub(super) fn is_contested(&self) -> bool {
        matches!(self.stage, RequestStage::Confirmed { contested: true, .. })
    }

    /// Records that an event confirms the request. The acknowledgement is due by `acknowledged_by`.
    pub(super) fn confirm(&mut self, contested: bool, acknowledged_by: Instant) {
        self.stage = RequestStage::Confirmed { contested, doubtful: false };
        self.possible_refusal = None;
        self.deadline = acknowledged_by;
    }

    /// Returns `true` if the client has stopped waiting for the answer, but it may still arrive.
    pub(super) fn may_answer_late(&self) -> bool {
        let is_over = matches!(self.stage, RequestStage::Overdue | RequestStage::Lingering | RequestStage::Superseded);
        is_over && self.ack.is_some() && !self.acknowledged
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.stage == RequestStage::Awaited
    }

    /// Returns `true` if the request is neither answered nor given up.
    pub(super) fn is_open(&self) -> bool {
        self.is_awaited() || self.is_overdue()
    }

    /// Returns `true` if the client has stopped waiting for the answer and may be in the room.
    pub(super) fn lingers(&self) -> bool {
        matches!(self.stage, RequestStage::Overdue | RequestStage::Lingering)
    }
}
