//! Matching of `joined_project` events to joins. Such an event does not identify the join that it answers, which may be
//! an earlier join of the project.

use std::time::Instant;

use super::{
    room_protocol::JoinedProjectPayload,
    room_request::{RoomRequest, RoomRequestStage},
    room_requests::RoomRequests,
};
use crate::events::ProjectId;

/// Join that a `joined_project` event answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnsweredJoin {
    /// The awaited join.
    Awaited,
    /// An overdue join.
    Overdue,
    /// Either the awaited join, or an earlier join after which the client left the room. The next acknowledgement shows
    /// which join was answered.
    Contested,
    /// No known join.
    Unrequested,
}

/// Events that answer either the awaited join or an earlier one. A server acknowledges a join right after its event, so
/// the next acknowledgement shows which join was answered.
#[derive(Debug)]
pub(super) struct ContestedConfirmation {
    /// Acknowledgement id of the awaited join.
    awaited_ack_id: u64,
    project: ProjectId,
    /// Number of events that no acknowledgement of an earlier join has explained.
    unexplained_event_count: u32,
    /// Payload of the latest event.
    latest_payload: JoinedProjectPayload,
}

impl RoomRequests {
    /// Records that the server has acknowledged a request, even if the answer is no longer awaited. `refused` is true
    /// if the acknowledgement refuses the request.
    pub(crate) fn on_request_acknowledged(&mut self, ack_id: u64, refused: bool) {
        let Some(at) = self.requests.iter().position(|request| request.ack_id == Some(ack_id)) else { return };
        let request = &mut self.requests[at];
        request.is_acknowledged = true;
        if !request.is_join() {
            return;
        }
        self.server_acknowledges_joins |= !refused;
        if let Some(contested) = &mut self.contested_confirmation
            && contested.awaited_ack_id != ack_id
            && contested.project == request.project
        {
            contested.unexplained_event_count -= 1;
            self.contested_confirmation.take_if(|contested| contested.unexplained_event_count == 0);
        }
        if self.requests[at].stage == RoomRequestStage::Superseded {
            self.requests.remove(at);
        }
    }

    /// Handles a `joined_project` event. If it confirms a join, the acknowledgement of that join is due by
    /// `ack_deadline`.
    pub(crate) fn on_joined_event(
        &mut self,
        project: &ProjectId,
        joined: &JoinedProjectPayload,
        ack_deadline: Instant,
    ) -> AnsweredJoin {
        let answers = |request: &RoomRequest| request.is_join() && request.project == *project;
        let Some(at) = self.requests.iter().position(|request| request.is_awaited() && answers(request)) else {
            return self.on_late_joined_event(project, ack_deadline);
        };
        if self.requests[at].is_acknowledged {
            self.requests.remove(at);
            return AnsweredJoin::Awaited;
        }
        // The answer to an earlier join also shows that the client is in the room, unless the client has left the room
        // since that join.
        let contested = self.may_answer_join_before_leave(project);
        if contested
            && self.server_acknowledges_joins
            && let Some(awaited) = self.requests[at].ack_id
        {
            self.record_contested_event(awaited, project, joined);
            return AnsweredJoin::Contested;
        }
        self.requests[at].confirm(contested, ack_deadline);
        AnsweredJoin::Awaited
    }

    /// Handles a `joined_project` event while no join of the project is awaited.
    fn on_late_joined_event(&mut self, project: &ProjectId, ack_deadline: Instant) -> AnsweredJoin {
        let answers = |request: &RoomRequest| request.is_join() && request.project == *project;
        let Some(at) = self.requests.iter().position(|request| request.is_overdue() && answers(request)) else {
            return AnsweredJoin::Unrequested;
        };
        // A leave that was sent in the meantime ends the membership.
        if self.awaits_answer_for(project) {
            return AnsweredJoin::Unrequested;
        }
        if self.requests.iter().filter(|request| request.can_be_answered_late() && answers(request)).count() > 1 {
            // The event may have answered another join, so this join may still be refused.
            let contested = self.may_answer_join_before_leave(project);
            self.requests[at].confirm(contested, ack_deadline);
        } else {
            self.requests.remove(at);
        }
        AnsweredJoin::Overdue
    }

    /// Returns `true` if a `joined_project` event may answer an earlier join of the project, after which the client
    /// left the room.
    fn may_answer_join_before_leave(&self, project: &ProjectId) -> bool {
        let matches =
            |request: &RoomRequest| request.is_join() && request.project == *project && request.has_left_since;
        self.requests.iter().any(|request| matches(request) && request.can_be_answered_late())
    }

    fn record_contested_event(&mut self, awaited_ack_id: u64, project: &ProjectId, joined: &JoinedProjectPayload) {
        let earlier_events = self
            .contested_confirmation
            .take_if(|contested| contested.awaited_ack_id == awaited_ack_id)
            .map_or(0, |known| known.unexplained_event_count);
        let (project, joined) = (project.clone(), joined.clone());
        self.contested_confirmation = Some(ContestedConfirmation {
            awaited_ack_id,
            project,
            unexplained_event_count: earlier_events + 1,
            latest_payload: joined,
        });
    }

    /// Removes and returns the payload of the contested event if this acknowledgement shows that the event answered the
    /// awaited join.
    pub(crate) fn take_contested_payload(&mut self, ack_id: u64) -> Option<JoinedProjectPayload> {
        self.contested_confirmation
            .take_if(|contested| contested.awaited_ack_id == ack_id)
            .map(|contested| contested.latest_payload)
    }
}
