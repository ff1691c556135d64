//! Fan-out of events to streams.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
};

use tokio::sync::futures::Notified;

use super::{
    Bound, Overflow, PlannedStreams, Ring, StreamEnd,
    planned::{Joins, Opening, begin},
    project_streams::ProjectStreams,
    ring::CapacitySignal,
    subscription::{PendingSubscription, Reader, Subscription, concerns_all, same_readers},
};
use crate::{
    Error,
    events::{Event, EventKinds, ProjectId},
    session::{CommandToken, PAGE_EVENTS_MAX, Page, PageRequest, StreamId},
};

/// Set of projects whose events a stream covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All projects, and events that belong to none.
    Client,
    /// A single project.
    Project(ProjectId),
}

/// Registry of a client's streams, which distributes events to them.
#[derive(Debug)]
pub(crate) struct Hub {
    inner: Mutex<Inner>,
    bound: Bound,
    overflow: Overflow,
    rings: AtomicU64,
    signal: Arc<CapacitySignal>,
}

#[derive(Debug, Default)]
struct Inner {
    client: Vec<Subscription>,
    projects: HashMap<ProjectId, ProjectStreams>,
    joins: Joins,
    ended: Option<StreamEnd>,
}

impl Hub {
    pub(crate) fn new(bound: Bound, overflow: Overflow) -> Self {
        Self { inner: Mutex::default(), bound, overflow, rings: AtomicU64::new(0), signal: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates the buffer of a new stream. It receives no events yet.
    pub(crate) fn ring(&self) -> Arc<Ring> {
        let id = StreamId(self.rings.fetch_add(1, Ordering::Relaxed));
        Arc::new(Ring::new(id, self.bound, self.overflow, self.signal.clone()))
    }

    /// Returns a future that completes when a stream may have room for a page. The caller then checks
    /// [`page_requests`](Self::page_requests) and [`page_capacity`](Self::page_capacity).
    pub(crate) fn capacity_changed(&self) -> Notified<'_> {
        self.signal.notify.notified()
    }

    /// Returns requests for the log pages that slow streams have room for. The response to each request is passed to
    /// [`on_page`](Self::on_page).
    pub(crate) fn page_requests(&self) -> Vec<PageRequest> {
        if !self.signal.pending.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        let mut requests: Vec<_> = self.lock().all_readers().flat_map(|reader| reader.ring().page_requests()).collect();
        requests.sort_by(|one, other| (one.stream, &one.project).cmp(&(other.stream, &other.project)));
        requests
    }

    /// Returns the number of replayed events of a project that its fastest reader has room for, or `None` if no reader
    /// has room. Without readers, returns the maximum page size.
    pub(crate) fn page_capacity(&self, project: &ProjectId) -> Option<u64> {
        let inner = self.lock();
        let rings = inner.client_readers().chain(inner.project_readers(project)).map(Reader::ring);
        let capacities: Vec<_> = rings.filter(|ring| !ring.is_gone()).map(|ring| ring.page_capacity(project)).collect();
        if capacities.is_empty() { Some(PAGE_EVENTS_MAX) } else { capacities.into_iter().flatten().max() }
    }

    /// Passes a requested page to its stream. `page` is `None` if the server did not return the page.
    pub(crate) fn on_page(
        &self,
        stream: StreamId,
        project: &ProjectId,
        after: u64,
        page: Option<Page>,
        at: jiff::Timestamp,
    ) {
        let mut wakers = Vec::new();
        let inner = self.lock();
        if let Some(reader) = inner.all_readers().find(|reader| reader.ring().id == stream) {
            reader.ring().on_page(project, after, page, at, |event| reader.wants(event), &mut wakers);
        }
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Returns the number of streams plus the number of events and backlogs that they hold.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.lock().all_readers().map(|reader| 1 + reader.ring().size()).sum()
    }

    /// Creates a stream and returns its buffer. The first stream of a project starts at the join; every other stream
    /// starts now.
    pub(crate) fn subscribe(&self, scope: &Scope, kinds: Option<EventKinds>) -> Arc<Ring> {
        let mut inner = self.lock();
        let Inner { client, projects, ended, .. } = &mut *inner;
        let project = match scope {
            Scope::Client => None,
            Scope::Project(id) => Some(projects.get_mut(id)),
        };
        let ring = match project {
            Some(Some(streams)) => return streams.subscribe(kinds, ended.as_ref(), || self.ring()),
            Some(None) => {
                let ring = self.ring();
                ring.end(ended.clone().unwrap_or(StreamEnd::Closed));
                return ring;
            }
            None => self.ring(),
        };
        match ended {
            Some(end) => ring.end(end.clone()),
            None => {
                client.retain(|subscription| !subscription.ring.is_abandoned());
                client.push(Subscription::new(ring.clone(), kinds));
            }
        }
        ring
    }

    /// Opens a project when it is joined for the first time, or joined again after a leave.
    pub(crate) fn open(&self, project: ProjectId) {
        let mut inner = self.lock();
        let Opening { streams: taken, has_first } = inner.joins.open(&project);
        let pending = has_first.then(|| PendingSubscription::new(self.ring()));
        inner.projects.insert(project, ProjectStreams::new(pending, taken));
    }

    /// Registers the streams of a join that is in progress. They start when the project is opened.
    pub(crate) fn joining(&self, token: CommandToken, project: ProjectId, streams: PlannedStreams) {
        self.lock().joins.add(token, project, streams);
    }

    /// Handles the answer to a command. If the command is a join whose streams have not started, they start now or end
    /// with the error.
    pub(crate) fn answered(&self, token: CommandToken, error: Option<&Error>) {
        let mut inner = self.lock();
        let Some((project, streams)) = inner.joins.remove(token) else { return };
        let end = match (error, inner.ended.clone()) {
            (Some(error), _) => StreamEnd::Failed(error.clone()),
            (None, Some(end)) => end,
            (None, None) => match inner.projects.get_mut(&project) {
                Some(open) if open.is_open() => return begin(streams, &mut open.taken),
                other => other.and_then(|streams| streams.error().cloned()).into(),
            },
        };
        drop(inner);
        streams.end(&end);
    }

    /// Returns the ids of the joined projects, in no particular order.
    pub(crate) fn joined(&self) -> Vec<ProjectId> {
        let inner = self.lock();
        if inner.ended.is_some() {
            return Vec::new();
        }
        let open = inner.projects.iter().filter(|(_, streams)| streams.is_open());
        open.map(|(project, _)| project.clone()).collect()
    }

    /// Returns `true` if the project is joined.
    pub(crate) fn has_joined(&self, project: &str) -> bool {
        let inner = self.lock();
        inner.ended.is_none() && inner.projects.get(project).is_some_and(ProjectStreams::is_open)
    }

    /// Delivers a batch of events and then wakes the readers. Consecutive events with the same readers are delivered
    /// together.
    pub(crate) fn publish(&self, run: &mut VecDeque<Event>) {
        let mut wakers = Vec::new();
        let mut inner = self.lock();
        while let Some(first) = run.front() {
            let count = run.iter().take_while(|event| same_readers(first, event)).count();
            inner.deliver(run, count, &mut wakers);
        }
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Ends a project's streams. Streams that are created later end with the same error.
    pub(crate) fn end_project(&self, project: &str, error: Option<Error>) {
        let mut inner = self.lock();
        let Some(streams) = inner.projects.get_mut(project) else { return };
        let ended = streams.end(error.clone());
        if error.is_none() {
            inner.projects.remove(project);
        }
        drop(inner);
        end(&ended, &error.into());
    }

    /// Ends all existing and future streams.
    pub(crate) fn end_all(&self, error: Option<Error>) {
        let mut inner = self.lock();
        if inner.ended.is_some() {
            return;
        }
        let reason = StreamEnd::from(error);
        inner.ended = Some(reason.clone());
        let mut ended: Vec<_> = inner.client.drain(..).map(|subscription| subscription.ring).collect();
        for streams in inner.projects.values_mut() {
            ended.extend(streams.taken.drain(..).map(|subscription| subscription.ring));
        }
        drop(inner);
        end(&ended, &reason);
    }
}

/// Ends the streams of these rings. Must not be called while the hub is locked, because a woken reader may create a
/// stream immediately.
fn end(rings: &[Arc<Ring>], end: &StreamEnd) {
    for ring in rings {
        ring.end(end.clone());
    }
}

impl Inner {
    /// Delivers the first `count` events of `run`, which have the same readers.
    fn deliver(&mut self, run: &mut VecDeque<Event>, count: usize, wakers: &mut Vec<Waker>) {
        let mut readers = run.front().map(|event| self.readers(event)).unwrap_or_default();
        // The last reader receives the events without a copy. A reader that is in use and wants all of them is
        // preferred.
        readers.sort_by_key(|reader| (reader.wants_all(), reader.is_taken()));
        let mut all_there = true;
        if let Some((last, others)) = readers.split_last() {
            for reader in others {
                all_there &= reader.copy(run.range(..count), wakers);
            }
            all_there &= if last.wants_all() && count == run.len() {
                last.ring().append(run, wakers)
            } else {
                last.ring().extend(run.drain(..count).filter(|event| last.wants(event)), wakers)
            };
        } else {
            run.drain(..count);
        }
        if !all_there {
            self.forget_the_gone();
        }
    }

    fn client_readers(&self) -> impl Iterator<Item = Reader<'_>> {
        self.client.iter().map(Reader::Taken)
    }

    fn project_readers(&self, project: &ProjectId) -> impl Iterator<Item = Reader<'_>> {
        self.projects.get(project).into_iter().flat_map(ProjectStreams::readers)
    }

    fn all_readers(&self) -> impl Iterator<Item = Reader<'_>> {
        self.client_readers().chain(self.projects.values().flat_map(ProjectStreams::readers))
    }

    fn readers(&self, event: &Event) -> Vec<Reader<'_>> {
        let mut readers: Vec<_> = self.client_readers().collect();
        match event.project_id() {
            Some(id) => readers.extend(self.project_readers(id)),
            None if concerns_all(event) => readers.extend(self.projects.values().flat_map(ProjectStreams::readers)),
            None => {}
        }
        readers
    }

    fn forget_the_gone(&mut self) {
        for list in self.projects.values_mut().map(|streams| &mut streams.taken).chain([&mut self.client]) {
            list.retain(|subscription| !subscription.ring.is_abandoned());
        }
    }
}
