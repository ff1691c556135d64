//! Matching of `joined_project` events to joins. The event does not identify the join that it answers, which may be an
//! earlier join of the project.

use std::time::Instant;

use super::{
    request::{Request, RequestStage},
    requests::Requests,
    room_protocol::JoinedProject,
};
use crate::events::ProjectId;

/// Request that a `joined_project` event answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// The awaited join.
    Awaited,
    /// An overdue join.
    Overdue,
    /// Either the awaited join or an earlier one, after which the client left the room. The acknowledgement that
    /// follows shows which.
    Contested,
    /// No known join.
    Unrequested,
}

/// Events that answer either the awaited join or an earlier one. A server acknowledges a join right after its event, so
/// the next acknowledgement shows which.
#[derive(Debug)]
pub(super) struct Contested {
    /// Acknowledgement id of the awaited join.
    awaited: u64,
    project: ProjectId,
    /// Number of events that no acknowledgement of an earlier join has explained.
    events: u32,
    /// Payload of the latest event.
    joined: JoinedProject,
}

impl Requests {
    /// Records that the server has acknowledged a request, even if the answer is no longer awaited. `refused` is true
    /// if the acknowledgement refuses the request.
    pub(crate) fn on_acknowledged(&mut self, ack: u64, refused: bool) {
        let Some(at) = self.list.iter().position(|request| request.ack == Some(ack)) else { return };
        let request = &mut self.list[at];
        request.acknowledged = true;
        if !request.is_join() {
            return;
        }
        self.server_acknowledges |= !refused;
        if let Some(contested) = &mut self.contested
            && contested.awaited != ack
            && contested.project == request.project
        {
            contested.events -= 1;
            self.contested.take_if(|contested| contested.events == 0);
        }
        if self.list[at].stage == RequestStage::Superseded {
            self.list.remove(at);
        }
    }

    /// Handles a `joined_project` event. If it confirms a join, the acknowledgement of that join is due by
    /// `acknowledged_by`.
    pub(crate) fn on_joined(
        &mut self,
        project: &ProjectId,
        joined: &JoinedProject,
        acknowledged_by: Instant,
    ) -> Confirmation {
        let answers = |request: &Request| request.is_join() && request.project == *project;
        let Some(at) = self.list.iter().position(|request| request.is_awaited() && answers(request)) else {
            return self.on_late_joined(project, acknowledged_by);
        };
        if self.list[at].acknowledged {
            self.list.remove(at);
            return Confirmation::Awaited;
        }
        // If the client did not leave the room in between, the answer to an earlier join also shows that the client is
        // in the room.
        let contested = self.may_answer_an_ended_join(project);
        if contested
            && self.server_acknowledges
            && let Some(awaited) = self.list[at].ack
        {
            self.contest(awaited, project, joined);
            return Confirmation::Contested;
        }
        self.list[at].confirm(contested, acknowledged_by);
        Confirmation::Awaited
    }

    /// Handles a `joined_project` event while no join of the project is awaited.
    fn on_late_joined(&mut self, project: &ProjectId, acknowledged_by: Instant) -> Confirmation {
        let answers = |request: &Request| request.is_join() && request.project == *project;
        let Some(at) = self.list.iter().position(|request| request.is_overdue() && answers(request)) else {
            return Confirmation::Unrequested;
        };
        // A leave that was sent in the meantime ends the membership.
        if self.awaits(project) {
            return Confirmation::Unrequested;
        }
        if self.list.iter().filter(|request| request.may_answer_late() && answers(request)).count() > 1 {
            // The event may have answered another join, so this one may still be refused.
            let contested = self.may_answer_an_ended_join(project);
            self.list[at].confirm(contested, acknowledged_by);
        } else {
            self.list.remove(at);
        }
        Confirmation::Overdue
    }

    /// Returns `true` if an event may answer an earlier join of the project, after which the client left the room.
    fn may_answer_an_ended_join(&self, project: &ProjectId) -> bool {
        let is_it = |request: &Request| request.is_join() && request.project == *project && request.left_since;
        self.list.iter().any(|request| is_it(request) && request.may_answer_late())
    }

    fn contest(&mut self, awaited: u64, project: &ProjectId, joined: &JoinedProject) {
        let events = self.contested.take_if(|contested| contested.awaited == awaited).map_or(0, |known| known.events);
        let (project, joined) = (project.clone(), joined.clone());
        self.contested = Some(Contested { awaited, project, events: events + 1, joined });
    }

    /// Removes and returns the payload of the contested event, if this acknowledgement decides in favour of the awaited
    /// join.
    pub(crate) fn take_contested(&mut self, ack: u64) -> Option<JoinedProject> {
        self.contested.take_if(|contested| contested.awaited == ack).map(|contested| contested.joined)
    }
}
