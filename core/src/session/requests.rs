//! Unfinished joins and leaves of one connection.

use std::time::{Duration, Instant};

pub(crate) use super::request::{Request, RequestKind};
use super::{
    confirmations::Contested,
    request::{PossibleRefusal, RequestStage},
};
use crate::events::{ProjectId, ServerRejection};

/// Joins and leaves of one connection, in the order in which they were sent.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    pub(super) list: Vec<Request>,
    /// True if the server has acknowledged a join that it did not refuse.
    pub(super) server_acknowledges: bool,
    pub(super) contested: Option<Contested>,
}

impl Requests {
    /// Records a request that was just sent.
    pub(crate) fn sent(&mut self, ack: u64, project: ProjectId, kind: RequestKind, deadline: Instant) {
        if kind == RequestKind::Leave {
            self.note_left(&project);
        }
        // The acknowledgement of the confirmed join may still arrive, or the event that confirmed it answered another
        // join.
        while let Some(request) = self.take_if(|request| request.is_confirmed() && request.project == project) {
            self.supersede(request);
        }
        self.list.push(Request::new(Some(ack), project, kind, RequestStage::Awaited, deadline));
    }

    /// Returns the request whose answer is awaited. No other request may be sent until the answer arrives.
    pub(crate) fn awaited(&self) -> Option<&Request> {
        self.list.iter().find(|request| request.is_awaited())
    }

    /// Returns the project of the awaited request, if the request is of this kind. Answers that name no project refer
    /// to this project.
    pub(crate) fn awaited_project(&self, kind: RequestKind) -> Option<ProjectId> {
        self.awaited().filter(|request| request.kind == kind).map(|request| request.project.clone())
    }

    /// Returns the unanswered request with this acknowledgement id, unless it was given up.
    pub(crate) fn open(&self, ack: u64) -> Option<&Request> {
        self.list.iter().find(|request| request.is_open() && request.ack == Some(ack))
    }

    /// Removes the request with this acknowledgement id.
    pub(crate) fn take(&mut self, ack: u64) -> Option<Request> {
        self.take_if(|request| request.ack == Some(ack))
    }

    fn take_if(&mut self, is_it: impl Fn(&Request) -> bool) -> Option<Request> {
        let at = self.list.iter().position(is_it)?;
        Some(self.list.remove(at))
    }

    /// Marks a join as superseded. Only the latest superseded join of each project is kept.
    fn supersede(&mut self, request: Request) {
        let same = |other: &Request| other.stage == RequestStage::Superseded && other.project == request.project;
        let latest = self.take_if(same).filter(|other| other.ack > request.ack).unwrap_or(request);
        self.list.push(Request { stage: RequestStage::Superseded, possible_refusal: None, ..latest });
    }

    fn note_left(&mut self, project: &ProjectId) {
        for request in self.list.iter_mut().filter(|request| request.is_join() && request.project == *project) {
            request.left_since = true;
        }
    }

    /// Records that the client is out of the room.
    pub(crate) fn on_left(&mut self, project: &ProjectId) {
        self.note_left(project);
        let is_over = |request: &Request| request.stage == RequestStage::Lingering || request.is_contested();
        while let Some(request) = self.take_if(|request| is_over(request) && request.project == *project) {
            if request.is_join() && request.ack.is_some() && !request.acknowledged {
                self.supersede(request);
            }
        }
        self.list.retain(|request| !(request.is_open() && !request.is_join() && request.project == *project));
    }

    /// Records that the client is in the room although no known request explains why.
    pub(crate) fn linger(&mut self, project: &ProjectId, now: Instant) {
        if !self.lingers(project) {
            let (kind, stage) = (RequestKind::Join, RequestStage::Lingering);
            self.list.push(Request::new(None, project.clone(), kind, stage, now));
        }
    }

    /// Stops waiting for the answer to the request with this acknowledgement id.
    pub(crate) fn give_up(&mut self, ack: u64) {
        let Some(mut request) = self.take(ack) else { return };
        let other = self.take_if(|other| other.stage == RequestStage::Lingering && other.project == request.project);
        match other {
            Some(other) if !other.is_join() => request.kind = other.kind,
            Some(other) if other.left_since && other.may_answer_late() => self.supersede(other),
            _ => {}
        }
        request.stage = RequestStage::Lingering;
        request.possible_refusal = None;
        self.list.push(request);
    }

    /// Marks an unanswered request as overdue, which extends its deadline by `patience`. Gives up requests that have
    /// been overdue for that long. Returns the request that became overdue, if any.
    pub(crate) fn expire(&mut self, now: Instant, patience: Duration) -> Option<&Request> {
        while let Some(request) = self.list.iter().find(|request| request.is_overdue() && request.deadline <= now) {
            self.give_up(request.ack?);
        }
        let late = self.list.iter_mut().find(|request| request.is_awaited() && request.deadline <= now)?;
        late.stage = RequestStage::Overdue;
        late.deadline += patience;
        Some(late)
    }

    /// Removes a join that a contested event confirmed but that was not acknowledged in time, if the server is known to
    /// acknowledge joins. Returns the project, because the join itself may have been lost.
    pub(crate) fn take_unacknowledged(&mut self, now: Instant) -> Option<ProjectId> {
        let acknowledges = self.server_acknowledges;
        let request = self.take_if(|request| acknowledges && request.is_contested() && request.deadline <= now)?;
        Some(request.project)
    }

    /// Returns the earliest time at which a request expires.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let expires = |request: &&Request| request.is_open() || self.server_acknowledges && request.is_contested();
        self.list.iter().filter(expires).map(|request| request.deadline).min()
    }

    /// Records that the server refused a request of the named project, or of any project if `named` is `None`. The
    /// refusal may concern a join that an event seemed to confirm.
    pub(crate) fn mark_doubtful(&mut self, named: Option<&ProjectId>) {
        for request in self.list.iter_mut().filter(|request| named.is_none_or(|named| *named == request.project)) {
            if let RequestStage::Confirmed { doubtful, .. } = &mut request.stage {
                *doubtful = true;
            }
        }
    }

    /// Removes the request that a refusal answers.
    ///
    /// # Errors
    /// Returns [`Ambiguous`] if the refusal may answer several requests. The acknowledgement that follows shows which
    /// one.
    pub(crate) fn take_refused(&mut self, named: Option<&ProjectId>) -> Result<Option<Request>, Ambiguous> {
        let matches = |request: &Request| request.is_open() && named.is_none_or(|named| *named == request.project);
        if self.list.iter().filter(|request| matches(request)).count() > 1 {
            return Err(Ambiguous);
        }
        Ok(self.take_if(matches))
    }

    /// Records a refusal that may answer the awaited request or, if `overdue_too` is true, an overdue one. If the
    /// refusal names a project, only requests of that project are considered.
    pub(crate) fn note_possible_refusal(&mut self, rejection: &ServerRejection, denied: bool, overdue_too: bool) {
        let named = rejection.project_id.as_ref();
        let matches = |request: &&mut Request| named.is_none_or(|named| *named == request.project);
        let open = |request: &&mut Request| request.is_awaited() || overdue_too && request.is_overdue();
        for request in self.list.iter_mut().filter(open).filter(matches) {
            let is_uncertain = request.possible_refusal.as_ref().is_some_and(|before| before.rejection != *rejection);
            request.possible_refusal = Some(PossibleRefusal { rejection: rejection.clone(), denied, is_uncertain });
        }
    }

    /// Removes this possible refusal from the remaining requests, because it has turned out to answer another one.
    /// Requests with several possible refusals keep theirs.
    pub(crate) fn clear_possible_refusal(&mut self, possible_refusal: &PossibleRefusal) {
        for request in &mut self.list {
            request
                .possible_refusal
                .take_if(|other| other.rejection == possible_refusal.rejection && !other.is_uncertain);
        }
    }

    /// Returns `true` if the awaited request is a join of the project. Answers to earlier joins are then ignored.
    pub(crate) fn awaits_join(&self, project: &ProjectId) -> bool {
        self.awaited().is_some_and(|request| request.is_join() && request.project == *project)
    }

    /// Returns `true` if the awaited request is a join or leave of the project.
    pub(crate) fn awaits(&self, project: &ProjectId) -> bool {
        self.awaited().is_some_and(|request| request.project == *project)
    }

    /// Removes a join that an event has confirmed. Returns its project, and `true` if the server may have refused the
    /// join.
    pub(crate) fn take_confirmed(&mut self, ack: u64) -> Option<(ProjectId, bool)> {
        let at = self.list.iter().position(|request| request.ack == Some(ack))?;
        let RequestStage::Confirmed { doubtful, .. } = self.list[at].stage else { return None };
        Some((self.list.remove(at).project, doubtful))
    }

    /// Returns `true` if the client may be in the project's room because of an unanswered request.
    pub(crate) fn lingers(&self, project: &str) -> bool {
        self.list.iter().any(|request| request.lingers() && *request.project == *project)
    }

    /// Returns `true` if the client may be in another project's room because of an unanswered request.
    pub(crate) fn lingers_elsewhere(&self, project: &ProjectId) -> bool {
        self.list.iter().any(|request| request.lingers() && request.project != *project)
    }

    /// Returns `true` if events of the project may be older than a leave that was not answered.
    pub(crate) fn may_be_old(&self, project: &str) -> bool {
        self.list.iter().any(|request| request.lingers() && !request.is_join() && *request.project == *project)
    }

    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.list.len()
    }
}

/// Error for a refusal that may answer several requests.
#[derive(Debug)]
pub(crate) struct Ambiguous;
