//! Joins and leaves sent on one connection that are not over.

use std::time::{Duration, Instant};

pub(crate) use super::request::{Request, RequestKind};
use super::{
    confirmations::Contested,
    request::{PossibleRefusal, RequestStage},
};
use crate::events::{ProjectId, ServerRejection};

/// Requests of a connection, in the order in which they were sent.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    pub(super) list: Vec<Request>,
    /// The server has acknowledged a join that it did not refuse.
    pub(super) server_acknowledges: bool,
    pub(super) contested: Option<Contested>,
}

impl Requests {
    /// Records a request.
    pub(crate) fn sent(&mut self, ack: u64, project: ProjectId, kind: RequestKind, deadline: Instant) {
        if kind == RequestKind::Leave {
            self.note_left(&project);
        }
        // Its acknowledgement may be on the way, or the event was the answer to another join.
        while let Some(request) = self.take_if(|request| request.is_confirmed() && request.project == project) {
            self.supersede(request);
        }
        self.list.push(Request::new(Some(ack), project, kind, RequestStage::Awaited, deadline));
    }

    /// The request whose answer is awaited. No other may be sent until it arrives.
    pub(crate) fn awaited(&self) -> Option<&Request> {
        self.list.iter().find(|request| request.is_awaited())
    }

    /// Project whose join or leave is awaited, for answers that name no project.
    pub(crate) fn awaited_project(&self, kind: RequestKind) -> Option<ProjectId> {
        self.awaited().filter(|request| request.kind == kind).map(|request| request.project.clone())
    }

    /// The open request with this acknowledgement.
    pub(crate) fn open(&self, ack: u64) -> Option<&Request> {
        self.list.iter().find(|request| request.is_open() && request.ack == Some(ack))
    }

    /// Removes the request with this acknowledgement.
    pub(crate) fn take(&mut self, ack: u64) -> Option<Request> {
        self.take_if(|request| request.ack == Some(ack))
    }

    fn take_if(&mut self, is_it: impl Fn(&Request) -> bool) -> Option<Request> {
        let at = self.list.iter().position(is_it)?;
        Some(self.list.remove(at))
    }

    /// Keeps the latest join of a project whose answer may still arrive.
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

    /// Notes that the client is out of the room.
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

    /// Notes that the client is in the room because of an unknown request.
    pub(crate) fn linger(&mut self, project: &ProjectId, now: Instant) {
        if !self.lingers(project) {
            let (kind, stage) = (RequestKind::Join, RequestStage::Lingering);
            self.list.push(Request::new(None, project.clone(), kind, stage, now));
        }
    }

    /// Notes that no answer will arrive for the request with this acknowledgement.
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

    /// Marks requests without an answer as overdue for another `patience`, then gives up on them. Returns the request
    /// that became overdue.
    pub(crate) fn expire(&mut self, now: Instant, patience: Duration) -> Option<&Request> {
        while let Some(request) = self.list.iter().find(|request| request.is_overdue() && request.deadline <= now) {
            self.give_up(request.ack?);
        }
        let late = self.list.iter_mut().find(|request| request.is_awaited() && request.deadline <= now)?;
        late.stage = RequestStage::Overdue;
        late.deadline += patience;
        Some(late)
    }

    /// Removes a join that counts as confirmed by a contested event, but was not acknowledged in time by a server that
    /// acknowledges requests. Returns its project: the join may have been lost.
    pub(crate) fn take_unacknowledged(&mut self, now: Instant) -> Option<ProjectId> {
        let acknowledges = self.server_acknowledges;
        let request = self.take_if(|request| acknowledges && request.is_contested() && request.deadline <= now)?;
        Some(request.project)
    }

    /// Time at which the next request expires.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let expires = |request: &&Request| request.is_open() || self.server_acknowledges && request.is_contested();
        self.list.iter().filter(expires).map(|request| request.deadline).min()
    }

    /// Notes that the server refused a request: of this project, or of any if it names none. A join that counts as
    /// confirmed may be the one.
    pub(crate) fn mark_doubtful(&mut self, named: Option<&ProjectId>) {
        for request in self.list.iter_mut().filter(|request| named.is_none_or(|named| *named == request.project)) {
            if let RequestStage::Confirmed { doubtful, .. } = &mut request.stage {
                *doubtful = true;
            }
        }
    }

    /// Removes the request that a refusal answers. `Err` if several are possible, of which one may be an earlier join
    /// of the same project: the acknowledgement that follows shows which.
    pub(crate) fn take_refused(&mut self, named: Option<&ProjectId>) -> Result<Option<Request>, Ambiguous> {
        let matches = |request: &Request| request.is_open() && named.is_none_or(|named| *named == request.project);
        if self.list.iter().filter(|request| matches(request)).count() > 1 {
            return Err(Ambiguous);
        }
        Ok(self.take_if(matches))
    }

    /// Notes a possible answer to the awaited request, or to any open one; only of the project that it names, if any.
    pub(crate) fn note_possible_refusal(&mut self, rejection: &ServerRejection, denied: bool, overdue_too: bool) {
        let named = rejection.project_id.as_ref();
        let matches = |request: &&mut Request| named.is_none_or(|named| *named == request.project);
        let open = |request: &&mut Request| request.is_awaited() || overdue_too && request.is_overdue();
        for request in self.list.iter_mut().filter(open).filter(matches) {
            let is_uncertain = request.possible_refusal.as_ref().is_some_and(|before| before.rejection != *rejection);
            request.possible_refusal = Some(PossibleRefusal { rejection: rejection.clone(), denied, is_uncertain });
        }
    }

    /// Clears a possible refusal that turned out to be about another request.
    pub(crate) fn clear_possible_refusal(&mut self, possible_refusal: &PossibleRefusal) {
        for request in &mut self.list {
            request
                .possible_refusal
                .take_if(|other| other.rejection == possible_refusal.rejection && !other.is_uncertain);
        }
    }

    /// Returns `true` if a join of the project is awaited. Its answer decides, not that of an earlier join.
    pub(crate) fn awaits_join(&self, project: &ProjectId) -> bool {
        self.awaited().is_some_and(|request| request.is_join() && request.project == *project)
    }

    /// Returns `true` if a join or leave of the project is awaited.
    pub(crate) fn awaits(&self, project: &ProjectId) -> bool {
        self.awaited().is_some_and(|request| request.project == *project)
    }

    /// Removes a join that counts as confirmed. Returns its project, and whether that is doubtful.
    pub(crate) fn take_confirmed(&mut self, ack: u64) -> Option<(ProjectId, bool)> {
        let at = self.list.iter().position(|request| request.ack == Some(ack))?;
        let RequestStage::Confirmed { doubtful, .. } = self.list[at].stage else { return None };
        Some((self.list.remove(at).project, doubtful))
    }

    /// Returns `true` if the client may be in the room although no answer is awaited.
    pub(crate) fn lingers(&self, project: &str) -> bool {
        self.list.iter().any(|request| request.lingers() && *request.project == *project)
    }

    /// Returns `true` if the client may be in the room of another project.
    pub(crate) fn lingers_elsewhere(&self, project: &ProjectId) -> bool {
        self.list.iter().any(|request| request.lingers() && request.project != *project)
    }

    /// Returns `true` if events of the project may predate a leave.
    pub(crate) fn may_be_old(&self, project: &str) -> bool {
        self.list.iter().any(|request| request.lingers() && !request.is_join() && *request.project == *project)
    }

    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.list.len()
    }
}

/// Several open requests are possible for a refusal.
#[derive(Debug)]
pub(crate) struct Ambiguous;
