//! A join or leave sent on a connection, and its progress.

use std::time::Instant;

use crate::events::{ProjectId, ServerRejection};

/// Kind of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestKind {
    Join,
    Leave,
}

/// Progress of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestStage {
    /// The answer is awaited. At most one request is: servers answer concurrent requests in any order, and a failure
    /// does not name its project.
    Awaited,
    /// The request was not answered in time, but the answer may still arrive. A refusal without a project may refer to
    /// this request.
    Overdue,
    /// The event that confirms the join has arrived, but not the acknowledgement that ends the request. `contested`: the
    /// event may have been the late answer to a join whose room the client has left since. `doubtful`: the server has
    /// refused something since, perhaps this request.
    Confirmed { contested: bool, doubtful: bool },
    /// The answer is no longer awaited, but the server may have put the client into the room.
    Lingering,
    /// A leave or another join has taken its place. Its own answer may still arrive.
    Superseded,
}

/// An `error` that may answer a request. The acknowledgement that follows shows which one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PossibleRefusal {
    pub(crate) rejection: ServerRejection,
    /// The event was `project_access_denied`.
    pub(crate) denied: bool,
    /// Another `error` has arrived as well, so the message may belong to another request.
    pub(crate) is_uncertain: bool,
}

/// A join or leave.
#[derive(Debug)]
pub(crate) struct Request {
    /// Id of its acknowledgement; `None` for a confirmation without a request.
    pub(crate) ack: Option<u64>,
    pub(crate) project: ProjectId,
    pub(crate) kind: RequestKind,
    pub(crate) stage: RequestStage,
    /// End of the stage, except for `Lingering` and `Superseded`.
    pub(crate) deadline: Instant,
    pub(crate) possible_refusal: Option<PossibleRefusal>,
    /// The acknowledgement has arrived.
    pub(crate) acknowledged: bool,
    /// The client has left the room, or asked to, since this join was sent.
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

    /// Notes that an event confirms it. Its acknowledgement is due at `acknowledged_by`.
    pub(super) fn confirm(&mut self, contested: bool, acknowledged_by: Instant) {
        self.stage = RequestStage::Confirmed { contested, doubtful: false };
        self.possible_refusal = None;
        self.deadline = acknowledged_by;
    }

    /// Returns `true` if it is not awaited, and its answer may still arrive.
    pub(super) fn may_answer_late(&self) -> bool {
        let is_over = matches!(self.stage, RequestStage::Overdue | RequestStage::Lingering | RequestStage::Superseded);
        is_over && self.ack.is_some() && !self.acknowledged
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.stage == RequestStage::Awaited
    }

    /// Returns `true` if an answer may still arrive.
    pub(super) fn is_open(&self) -> bool {
        self.is_awaited() || self.is_overdue()
    }

    /// Returns `true` if the client may be in the room although no answer is awaited.
    pub(super) fn lingers(&self) -> bool {
        matches!(self.stage, RequestStage::Overdue | RequestStage::Lingering)
    }
}
