//! Unfinished joins and leaves of one connection.

use std::time::{Duration, Instant};

pub(crate) use super::room_request::{RoomRequest, RoomRequestKind};
use super::{
    join_confirmations::ContestedConfirmation,
    room_request::{PossibleRefusal, RoomRequestStage},
};
use crate::events::{ProjectId, ServerRefusal};

/// Joins and leaves that were sent on one connection and whose outcome is not final.
#[derive(Debug, Default)]
pub(crate) struct RoomRequests {
    pub(super) requests: Vec<RoomRequest>,
    /// True if the server has acknowledged a join that it did not refuse.
    pub(super) server_acknowledges_joins: bool,
    pub(super) contested_confirmation: Option<ContestedConfirmation>,
}

impl RoomRequests {
    pub(crate) fn record_sent(&mut self, ack_id: u64, project: ProjectId, kind: RoomRequestKind, deadline: Instant) {
        if kind == RoomRequestKind::Leave {
            self.mark_left_since_join(&project);
        }
        // A confirmed join is superseded instead of removed, because its acknowledgement may still arrive, or the event
        // that confirmed it may have answered another join.
        while let Some(request) = self.remove_first(|request| request.is_confirmed() && request.project == project) {
            self.supersede(request);
        }
        self.requests.push(RoomRequest::new(Some(ack_id), project, kind, RoomRequestStage::Awaited, deadline));
    }

    /// Returns the request whose answer is awaited. No other request may be sent until the answer arrives or is
    /// overdue.
    pub(crate) fn awaited(&self) -> Option<&RoomRequest> {
        self.requests.iter().find(|request| request.is_awaited())
    }

    /// Returns the project of the awaited request if the request is of this kind. Answers that name no project refer to
    /// this project.
    pub(crate) fn awaited_project(&self, kind: RoomRequestKind) -> Option<ProjectId> {
        self.awaited().filter(|request| request.kind == kind).map(|request| request.project.clone())
    }

    /// Returns the request with this acknowledgement id if it is unanswered and has not been given up.
    pub(crate) fn find_pending(&self, ack_id: u64) -> Option<&RoomRequest> {
        self.requests.iter().find(|request| request.is_pending() && request.ack_id == Some(ack_id))
    }

    pub(crate) fn remove(&mut self, ack_id: u64) -> Option<RoomRequest> {
        self.remove_first(|request| request.ack_id == Some(ack_id))
    }

    fn remove_first(&mut self, matches: impl Fn(&RoomRequest) -> bool) -> Option<RoomRequest> {
        let at = self.requests.iter().position(matches)?;
        Some(self.requests.remove(at))
    }

    /// Marks a join as superseded. Only the latest superseded join of each project is kept.
    fn supersede(&mut self, request: RoomRequest) {
        let same =
            |other: &RoomRequest| other.stage == RoomRequestStage::Superseded && other.project == request.project;
        let latest = self.remove_first(same).filter(|other| other.ack_id > request.ack_id).unwrap_or(request);
        self.requests.push(RoomRequest { stage: RoomRequestStage::Superseded, possible_refusal: None, ..latest });
    }

    fn mark_left_since_join(&mut self, project: &ProjectId) {
        for request in self.requests.iter_mut().filter(|request| request.is_join() && request.project == *project) {
            request.has_left_since = true;
        }
    }

    pub(crate) fn on_room_left(&mut self, project: &ProjectId) {
        self.mark_left_since_join(project);
        let is_over = |request: &RoomRequest| request.stage == RoomRequestStage::GivenUp || request.is_contested();
        while let Some(request) = self.remove_first(|request| is_over(request) && request.project == *project) {
            if request.is_join() && request.ack_id.is_some() && !request.is_acknowledged {
                self.supersede(request);
            }
        }
        self.requests.retain(|request| !(request.is_pending() && !request.is_join() && request.project == *project));
    }

    /// Records that the client is in the room although no known request explains why.
    pub(crate) fn record_unexplained_membership(&mut self, project: &ProjectId, now: Instant) {
        if !self.may_be_in_room(project) {
            let (kind, stage) = (RoomRequestKind::Join, RoomRequestStage::GivenUp);
            self.requests.push(RoomRequest::new(None, project.clone(), kind, stage, now));
        }
    }

    /// Stops waiting for the answer to the request with this acknowledgement id.
    pub(crate) fn give_up(&mut self, ack_id: u64) {
        let Some(mut request) = self.remove(ack_id) else { return };
        let other =
            self.remove_first(|other| other.stage == RoomRequestStage::GivenUp && other.project == request.project);
        match other {
            Some(other) if !other.is_join() => request.kind = other.kind,
            Some(other) if other.has_left_since && other.can_be_answered_late() => self.supersede(other),
            _ => {}
        }
        request.stage = RoomRequestStage::GivenUp;
        request.possible_refusal = None;
        self.requests.push(request);
    }

    /// If the deadline of the awaited request has passed, marks the request as overdue and extends the deadline by
    /// `extension`. Gives up requests that have been overdue for `extension`. Returns the request that became overdue,
    /// if any.
    pub(crate) fn mark_overdue_or_give_up(&mut self, now: Instant, extension: Duration) -> Option<&RoomRequest> {
        while let Some(request) =
            self.requests.iter().find(|request| request.is_overdue() && request.stage_deadline <= now)
        {
            self.give_up(request.ack_id?);
        }
        let late = self.requests.iter_mut().find(|request| request.is_awaited() && request.stage_deadline <= now)?;
        late.stage = RoomRequestStage::Overdue;
        late.stage_deadline += extension;
        Some(late)
    }

    /// Removes a join that only a contested event has confirmed, if the server acknowledges joins but has not
    /// acknowledged this join in time. Returns the join's project: the join may have been lost and must be repeated.
    pub(crate) fn take_unacknowledged_join(&mut self, now: Instant) -> Option<ProjectId> {
        let acknowledges = self.server_acknowledges_joins;
        let request =
            self.remove_first(|request| acknowledges && request.is_contested() && request.stage_deadline <= now)?;
        Some(request.project)
    }

    /// Returns the earliest time at which a request expires.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let expires =
            |request: &&RoomRequest| request.is_pending() || self.server_acknowledges_joins && request.is_contested();
        self.requests.iter().filter(expires).map(|request| request.stage_deadline).min()
    }

    /// Records that the server refused a request for the named project, or for an unknown project if `named` is `None`.
    /// The refusal may concern a join that an event seemed to confirm.
    pub(crate) fn mark_possibly_refused(&mut self, named: Option<&ProjectId>) {
        for request in self.requests.iter_mut().filter(|request| named.is_none_or(|named| *named == request.project)) {
            if let RoomRequestStage::Confirmed { may_be_refused, .. } = &mut request.stage {
                *may_be_refused = true;
            }
        }
    }

    /// Removes and returns the request that a refusal answers, if any.
    ///
    /// # Errors
    /// Returns [`AmbiguousRefusal`] if the refusal may answer several requests. The acknowledgement that follows
    /// shows which request the server refused.
    pub(crate) fn take_refused(&mut self, named: Option<&ProjectId>) -> Result<Option<RoomRequest>, AmbiguousRefusal> {
        let matches =
            |request: &RoomRequest| request.is_pending() && named.is_none_or(|named| *named == request.project);
        if self.requests.iter().filter(|request| matches(request)).count() > 1 {
            return Err(AmbiguousRefusal);
        }
        Ok(self.remove_first(matches))
    }

    /// Records a refusal that may answer the awaited request or, if `include_overdue` is true, an overdue request. If
    /// the refusal names a project, only requests of that project are considered.
    pub(crate) fn record_possible_refusal(
        &mut self,
        refusal: &ServerRefusal,
        is_access_denial: bool,
        include_overdue: bool,
    ) {
        let named = refusal.project_id.as_ref();
        let matches = |request: &&mut RoomRequest| named.is_none_or(|named| *named == request.project);
        let open = |request: &&mut RoomRequest| request.is_awaited() || include_overdue && request.is_overdue();
        for request in self.requests.iter_mut().filter(open).filter(matches) {
            let is_ambiguous = request.possible_refusal.as_ref().is_some_and(|before| before.refusal != *refusal);
            request.possible_refusal =
                Some(PossibleRefusal { refusal: refusal.clone(), is_access_denial, is_ambiguous });
        }
    }

    /// Removes a possible refusal from all other requests once the request that it answers is known. Ambiguous refusals
    /// are kept.
    pub(crate) fn clear_possible_refusal(&mut self, possible_refusal: &PossibleRefusal) {
        for request in &mut self.requests {
            request.possible_refusal.take_if(|other| other.refusal == possible_refusal.refusal && !other.is_ambiguous);
        }
    }

    /// Returns `true` if the awaited request is a join of the project. Refusals of earlier joins of the project are
    /// then ignored.
    pub(crate) fn awaits_join(&self, project: &ProjectId) -> bool {
        self.awaited().is_some_and(|request| request.is_join() && request.project == *project)
    }

    /// Returns `true` if the awaited request is a join or leave of the project.
    pub(crate) fn awaits_answer_for(&self, project: &ProjectId) -> bool {
        self.awaited().is_some_and(|request| request.project == *project)
    }

    /// Removes a join that an event has confirmed. Returns the join's project, and `true` if the server may have
    /// refused the join.
    pub(crate) fn take_join_confirmed_by_event(&mut self, ack_id: u64) -> Option<(ProjectId, bool)> {
        let at = self.requests.iter().position(|request| request.ack_id == Some(ack_id))?;
        let RoomRequestStage::Confirmed { may_be_refused, .. } = self.requests[at].stage else { return None };
        Some((self.requests.remove(at).project, may_be_refused))
    }

    /// Returns `true` if the client may be in the project's room because of a request that is overdue or was given up.
    pub(crate) fn may_be_in_room(&self, project: &str) -> bool {
        self.requests.iter().any(|request| request.may_be_in_room() && *request.project == *project)
    }

    /// Returns `true` if the client may be in another project's room because of a request that is overdue or was given
    /// up.
    pub(crate) fn may_be_in_other_room(&self, project: &ProjectId) -> bool {
        self.requests.iter().any(|request| request.may_be_in_room() && request.project != *project)
    }

    /// Returns `true` if events of the project may predate a leave that is overdue or was given up.
    pub(crate) fn events_may_predate_leave(&self, project: &str) -> bool {
        self.requests
            .iter()
            .any(|request| request.may_be_in_room() && !request.is_join() && *request.project == *project)
    }

    #[cfg(test)]
    pub(crate) fn entry_count(&self) -> usize {
        self.requests.len()
    }
}

/// Error for a refusal that may answer several requests.
#[derive(Debug)]
pub(crate) struct AmbiguousRefusal;
