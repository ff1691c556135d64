//! Which join an event confirms. The event does not say: it may be the late answer to an earlier join of the project.

use std::time::Instant;

use super::{
    request::{Request, RequestStage},
    requests::Requests,
    room_protocol::JoinedProject,
};
use crate::events::ProjectId;

/// Request that the event that confirms a join answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// The awaited one.
    Awaited,
    /// One that is overdue.
    Overdue,
    /// The awaited one, or an earlier one whose room the client has left since. The acknowledgement that follows shows
    /// which.
    Contested,
    /// None.
    Unrequested,
}

/// Events that confirm the awaited join or an earlier one. A server acknowledges a join right after its event.
#[derive(Debug)]
pub(super) struct Contested {
    /// Acknowledgement id of the awaited join.
    awaited: u64,
    project: ProjectId,
    /// Number of events that no acknowledgement has explained.
    events: u32,
    /// The latest one.
    joined: JoinedProject,
}

impl Requests {
    /// Notes that the server has acknowledged a request, however late. `refused`: the acknowledgement says no.
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

    /// Handles the event that confirms a join. The acknowledgement of an awaited join is due at `acknowledged_by`.
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
        // Without a leave in between, the answer to an earlier join shows as well that the client is in the room.
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

    /// Handles the event that confirms a join although none is awaited.
    fn on_late_joined(&mut self, project: &ProjectId, acknowledged_by: Instant) -> Confirmation {
        let answers = |request: &Request| request.is_join() && request.project == *project;
        let Some(at) = self.list.iter().position(|request| request.is_overdue() && answers(request)) else {
            return Confirmation::Unrequested;
        };
        // A leave that was sent since ends the membership.
        if self.awaits(project) {
            return Confirmation::Unrequested;
        }
        if self.list.iter().filter(|request| request.may_answer_late() && answers(request)).count() > 1 {
            // This one may still be refused, if the event is the answer to another.
            let contested = self.may_answer_an_ended_join(project);
            self.list[at].confirm(contested, acknowledged_by);
        } else {
            self.list.remove(at);
        }
        Confirmation::Overdue
    }

    /// Returns `true` if an event may be the answer to a join whose room the client has left since.
    fn may_answer_an_ended_join(&self, project: &ProjectId) -> bool {
        let is_it = |request: &Request| request.is_join() && request.project == *project && request.left_since;
        self.list.iter().any(|request| is_it(request) && request.may_answer_late())
    }

    fn contest(&mut self, awaited: u64, project: &ProjectId, joined: &JoinedProject) {
        let events = self.contested.take_if(|contested| contested.awaited == awaited).map_or(0, |known| known.events);
        let (project, joined) = (project.clone(), joined.clone());
        self.contested = Some(Contested { awaited, project, events: events + 1, joined });
    }

    /// Takes the contested confirmation that this acknowledgement decides.
    pub(crate) fn take_contested(&mut self, ack: u64) -> Option<JoinedProject> {
        self.contested.take_if(|contested| contested.awaited == ack).map(|contested| contested.joined)
    }
}
