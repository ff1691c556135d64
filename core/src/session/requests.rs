//! The joins and leaves that were sent on one connection and are not over.

use std::time::{Duration, Instant};

use crate::events::{Notice, ProjectId};

/// What is asked of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestKind {
    Join,
    Leave,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestStage {
    /// Its answer is awaited. There is at most one: servers answer concurrent requests in any order, and a failure does
    /// not name its project.
    Awaited,
    /// It was not answered in time, and its answer may still come: a refusal that names no project may be for this one.
    Overdue,
    /// The event that confirms the join has come, but not the acknowledgement that ends the request. The event may have
    /// been the late answer to an earlier request. `doubtful`: the server has refused something since, perhaps this.
    Confirmed { doubtful: bool },
    /// Its answer is not awaited any more, but the server may have us in the room.
    Lingering,
}

/// An `error` that may be the answer to a request. The acknowledgement that follows shows to which.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Suspicion {
    pub(crate) words: Notice,
    /// The event was `project_access_denied`.
    pub(crate) denied: bool,
    /// Another `error` has come as well, so that the words may be of another request's.
    pub(crate) mixed: bool,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Request {
    /// The id of its acknowledgement; `None` for a confirmation that nobody asked for.
    pub(crate) ack: Option<u64>,
    pub(crate) project: ProjectId,
    pub(crate) kind: RequestKind,
    pub(crate) stage: RequestStage,
    /// When the stage ends, if it is `Awaited` or `Overdue`.
    pub(crate) deadline: Instant,
    pub(crate) suspicion: Option<Suspicion>,
}

impl Request {
    pub(crate) fn is_join(&self) -> bool {
        self.kind == RequestKind::Join
    }

    pub(crate) fn is_overdue(&self) -> bool {
        self.stage == RequestStage::Overdue
    }

    fn is_awaited(&self) -> bool {
        self.stage == RequestStage::Awaited
    }

    /// Whether an answer may still come.
    fn is_open(&self) -> bool {
        self.is_awaited() || self.is_overdue()
    }

    /// Whether the server may have us in the room though nobody waits for an answer.
    fn lingers(&self) -> bool {
        matches!(self.stage, RequestStage::Overdue | RequestStage::Lingering)
    }
}

/// All requests of a connection, in the order in which they were sent.
#[derive(Debug, Default)]
pub(crate) struct Requests(Vec<Request>);

impl Requests {
    /// A request was sent.
    pub(crate) fn sent(&mut self, ack: u64, project: ProjectId, kind: RequestKind, deadline: Instant) {
        let confirmed = |request: &Request| matches!(request.stage, RequestStage::Confirmed { .. });
        self.0.retain(|request| !(confirmed(request) && request.project == project));
        let stage = RequestStage::Awaited;
        self.0.push(Request { ack: Some(ack), project, kind, stage, deadline, suspicion: None });
    }

    /// The request whose answer is awaited. Until it comes, no other one may be sent.
    pub(crate) fn awaited(&self) -> Option<&Request> {
        self.0.iter().find(|request| request.is_awaited())
    }

    /// The project whose join or leave is awaited, for an answer that names none.
    pub(crate) fn awaited_project(&self, kind: RequestKind) -> Option<ProjectId> {
        self.awaited().filter(|request| request.kind == kind).map(|request| request.project.clone())
    }

    /// The open request with this acknowledgement.
    pub(crate) fn open(&self, ack: u64) -> Option<&Request> {
        self.0.iter().find(|request| request.is_open() && request.ack == Some(ack))
    }

    /// The request with this acknowledgement is over.
    pub(crate) fn take(&mut self, ack: u64) -> Option<Request> {
        self.take_if(|request| request.ack == Some(ack))
    }

    fn take_if(&mut self, is_it: impl Fn(&Request) -> bool) -> Option<Request> {
        let at = self.0.iter().position(is_it)?;
        Some(self.0.remove(at))
    }

    /// The server says that we are in the room. Returns whether a join was awaited, and whether one was overdue.
    pub(crate) fn on_joined(&mut self, project: &ProjectId) -> (bool, bool) {
        let answers = |request: &Request| request.is_join() && request.project == *project;
        let awaited = self.0.iter_mut().find(|request| request.is_awaited() && answers(request));
        let was_awaited = awaited.is_some();
        if let Some(request) = awaited {
            request.stage = RequestStage::Confirmed { doubtful: false };
            request.suspicion = None;
        }
        (was_awaited, self.take_if(|request| request.is_overdue() && answers(request)).is_some())
    }

    /// The server says that we are out of the room.
    pub(crate) fn on_left(&mut self, project: &ProjectId) {
        self.0.retain(|request| {
            let answered = request.is_open() && !request.is_join() || request.stage == RequestStage::Lingering;
            !(answered && request.project == *project)
        });
    }

    /// The server has said that we are in the room, in answer to a request that can't be told.
    pub(crate) fn linger(&mut self, project: &ProjectId, now: Instant) {
        if !self.lingers(project) {
            let (kind, stage) = (RequestKind::Join, RequestStage::Lingering);
            let project = project.clone();
            self.0.push(Request { ack: None, project, kind, stage, deadline: now, suspicion: None });
        }
    }

    /// No answer will come any more to the request with this acknowledgement.
    pub(crate) fn give_up(&mut self, ack: u64) {
        let Some(mut request) = self.take(ack) else { return };
        let other = self.take_if(|other| other.stage == RequestStage::Lingering && other.project == request.project);
        if let Some(other) = other.filter(|other| !other.is_join()) {
            request.kind = other.kind;
        }
        request.stage = RequestStage::Lingering;
        request.suspicion = None;
        self.0.push(request);
    }

    /// What was not answered in time becomes overdue for another `patience`, and is given up after that. Returns the
    /// request that has become overdue.
    pub(crate) fn expire(&mut self, now: Instant, patience: Duration) -> Option<&Request> {
        while let Some(request) = self.0.iter().find(|request| request.is_overdue() && request.deadline <= now) {
            self.give_up(request.ack?);
        }
        let late = self.0.iter_mut().find(|request| request.is_awaited() && request.deadline <= now)?;
        late.stage = RequestStage::Overdue;
        late.deadline += patience;
        Some(late)
    }

    /// When the next one expires.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.iter().filter(|request| request.is_open()).map(|request| request.deadline).min()
    }

    /// The server has refused a request: of this project, or of any if it names none. A join that is taken for confirmed
    /// may be meant.
    pub(crate) fn doubt(&mut self, named: Option<&ProjectId>) {
        for request in self.0.iter_mut().filter(|request| named.is_none_or(|named| *named == request.project)) {
            if let RequestStage::Confirmed { doubtful } = &mut request.stage {
                *doubtful = true;
            }
        }
    }

    /// Takes the request that a refusal answers. `Err` if it may be for several, of which one may be an earlier join of the
    /// same project: which of them is shown by the acknowledgement that follows.
    pub(crate) fn take_refused(&mut self, named: Option<&ProjectId>) -> Result<Option<Request>, Ambiguous> {
        let meant = |request: &Request| request.is_open() && named.is_none_or(|named| *named == request.project);
        if self.0.iter().filter(|request| meant(request)).count() > 1 {
            return Err(Ambiguous);
        }
        Ok(self.take_if(meant))
    }

    /// Notes what may be the answer to any open request, or to the one that is awaited; of the project that it names, if
    /// it names one.
    pub(crate) fn suspect(&mut self, words: &Notice, denied: bool, overdue_too: bool) {
        let named = words.project_id.as_ref();
        let meant = |request: &&mut Request| named.is_none_or(|named| *named == request.project);
        let open = |request: &&mut Request| request.is_awaited() || overdue_too && request.is_overdue();
        for request in self.0.iter_mut().filter(open).filter(meant) {
            let mixed = request.suspicion.as_ref().is_some_and(|before| before.words != *words);
            request.suspicion = Some(Suspicion { words: words.clone(), denied, mixed });
        }
    }

    /// The suspicion was about a request that is over now.
    pub(crate) fn acquit_others(&mut self, suspicion: &Suspicion) {
        for request in &mut self.0 {
            request.suspicion.take_if(|other| other.words == suspicion.words && !other.mixed);
        }
    }

    /// Whether a join of the project is awaited: its answer decides, and not that of an earlier one.
    pub(crate) fn awaits_join(&self, project: &ProjectId) -> bool {
        self.awaited().is_some_and(|request| request.is_join() && request.project == *project)
    }

    /// The end of a join that was taken for confirmed: of which project, and whether that is doubtful.
    pub(crate) fn take_confirmed(&mut self, ack: u64) -> Option<(ProjectId, bool)> {
        let at = self.0.iter().position(|request| request.ack == Some(ack))?;
        let RequestStage::Confirmed { doubtful } = self.0[at].stage else { return None };
        Some((self.0.remove(at).project, doubtful))
    }

    /// Whether the server may have us in the room though nobody waits for an answer.
    pub(crate) fn lingers(&self, project: &str) -> bool {
        self.0.iter().any(|request| request.lingers() && *request.project == *project)
    }

    /// Whether the server may have us in the room of another project.
    pub(crate) fn lingers_elsewhere(&self, project: &ProjectId) -> bool {
        self.0.iter().any(|request| request.lingers() && request.project != *project)
    }

    /// Whether what comes of the project may be of before a leave.
    pub(crate) fn may_be_old(&self, project: &str) -> bool {
        self.0.iter().any(|request| request.lingers() && !request.is_join() && *request.project == *project)
    }

    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.0.len()
    }
}

/// A refusal while several requests are open that it may answer.
#[derive(Debug)]
pub(crate) struct Ambiguous;
