//! A join or leave that was sent on a connection, and the progress of this request.

use std::time::Instant;

use crate::events::{ProjectId, ServerRefusal};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoomRequestKind {
    Join,
    Leave,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoomRequestStage {
    /// Waiting for the answer. Only one request at a time is in this stage, because servers may answer concurrent
    /// requests in any order, and some refusals name no project.
    Awaited,
    /// Not answered in time. The answer may still arrive. A refusal that names no project may refer to this
    /// request.
    Overdue,
    /// Confirmed by a `joined_project` event, but not yet by the acknowledgement that ends the request.
    Confirmed {
        /// True if the event may have answered an earlier join, after which the client left the room.
        is_contested: bool,
        /// True if the server has since refused a request, possibly this request.
        may_be_refused: bool,
    },
    /// No longer awaited, although the outcome is unclear. The client may be in the room.
    GivenUp,
    /// Followed by a leave, another join, or a `left_project` event. The answer to this request may still arrive.
    Superseded,
}

/// `error` or `project_access_denied` event that may answer a request. A later acknowledgement shows which request the
/// event answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PossibleRefusal {
    pub(crate) refusal: ServerRefusal,
    /// True if the event was `project_access_denied`.
    pub(crate) is_access_denial: bool,
    /// True if a different refusal had arrived before, so that either event may answer another request.
    pub(crate) is_ambiguous: bool,
}

/// Join or leave of a room, with its progress.
#[derive(Debug)]
pub(crate) struct RoomRequest {
    /// Id of the expected acknowledgement. `None` if the client is in the room but no known request explains why.
    pub(crate) ack_id: Option<u64>,
    pub(crate) project: ProjectId,
    pub(crate) kind: RoomRequestKind,
    pub(crate) stage: RoomRequestStage,
    /// Time at which the stage ends. The value is meaningful only for `Awaited`, `Overdue` and, if the server
    /// acknowledges joins, contested `Confirmed` stages. The other stages have no time limit.
    pub(crate) stage_deadline: Instant,
    pub(crate) possible_refusal: Option<PossibleRefusal>,
    pub(crate) is_acknowledged: bool,
    /// True if the client has left the room, or asked to leave it, since this join was sent.
    pub(crate) has_left_since: bool,
}

impl RoomRequest {
    pub(super) fn new(
        ack_id: Option<u64>,
        project: ProjectId,
        kind: RoomRequestKind,
        stage: RoomRequestStage,
        stage_deadline: Instant,
    ) -> Self {
        Self {
            ack_id,
            project,
            kind,
            stage,
            stage_deadline,
            possible_refusal: None,
            is_acknowledged: false,
            has_left_since: false,
        }
    }

    pub(crate) fn is_join(&self) -> bool {
        self.kind == RoomRequestKind::Join
    }

    pub(crate) fn is_overdue(&self) -> bool {
        self.stage == RoomRequestStage::Overdue
    }

    pub(super) fn is_confirmed(&self) -> bool {
        matches!(self.stage, RoomRequestStage::Confirmed { .. })
    }

    pub(super) fn is_contested(&self) -> bool {
        matches!(self.stage, RoomRequestStage::Confirmed { is_contested: true, .. })
    }

    /// Records that an event confirms the request. The acknowledgement is due by `ack_deadline`.
    pub(super) fn confirm(&mut self, is_contested: bool, ack_deadline: Instant) {
        self.stage = RoomRequestStage::Confirmed { is_contested, may_be_refused: false };
        self.possible_refusal = None;
        self.stage_deadline = ack_deadline;
    }

    /// Returns `true` if the answer may still arrive even though the client has stopped waiting for it.
    pub(super) fn can_be_answered_late(&self) -> bool {
        let is_over =
            matches!(self.stage, RoomRequestStage::Overdue | RoomRequestStage::GivenUp | RoomRequestStage::Superseded);
        is_over && self.ack_id.is_some() && !self.is_acknowledged
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.stage == RoomRequestStage::Awaited
    }

    /// Returns `true` if the request has not been answered, given up or superseded.
    pub(super) fn is_pending(&self) -> bool {
        self.is_awaited() || self.is_overdue()
    }

    /// Returns `true` if the client has stopped waiting for the answer and may be in the room.
    pub(super) fn may_be_in_room(&self) -> bool {
        matches!(self.stage, RoomRequestStage::Overdue | RoomRequestStage::GivenUp)
    }
}
