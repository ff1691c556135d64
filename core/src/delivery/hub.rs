//! Fan-out: which streams an event belongs to.

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
    Overflow, PlannedStreams, Ring,
    planned::{Joins, Opening, begin},
    queue::Bound,
    ring::CapacitySignal,
};
use crate::{
    Error,
    events::{Event, EventKinds, ProjectId},
    session::{PAGE_MAX, Page, PageRequest, StreamId, Token},
};

/// What a stream is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of the client's events.
    Client,
    /// One project's.
    Project(ProjectId),
}

/// All streams of a client.
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
    projects: HashMap<ProjectId, Streams>,
    joins: Joins,
    ended: Option<Option<Error>>,
}

#[derive(Debug, Default)]
struct Streams {
    /// Collects from the join on until somebody takes it.
    first: Option<Subscription>,
    taken: Vec<Subscription>,
    /// Why the project has ended.
    ended: Option<Error>,
}

#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) ring: Arc<Ring>,
    /// The kinds of events that the reader wants; `None`: all.
    kinds: Option<EventKinds>,
    /// Nobody reads it yet, and perhaps nobody ever will.
    waits: bool,
}

impl Subscription {
    pub(super) fn new(ring: Arc<Ring>, kinds: Option<EventKinds>) -> Self {
        Self { ring, kinds, waits: false }
    }

    /// Gives it copies of the events that it wants. Returns false if there is no reader any more.
    fn copy<'e>(&self, events: impl Iterator<Item = &'e Event>, wakers: &mut Vec<Waker>) -> bool {
        let wanted = events.filter(|event| self.wants(event));
        if self.waits { self.ring.keep(wanted, wakers) } else { self.ring.extend(wanted.cloned(), wakers) }
    }

    fn wants(&self, event: &Event) -> bool {
        self.kinds.is_none_or(|kinds| kinds.lets_through(event))
    }
}

impl Hub {
    pub(crate) fn new(bound: Bound, overflow: Overflow) -> Self {
        Self { inner: Mutex::default(), bound, overflow, rings: AtomicU64::new(0), signal: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new stream's buffer, which no event reaches yet.
    pub(crate) fn ring(&self) -> Arc<Ring> {
        let id = StreamId(self.rings.fetch_add(1, Ordering::Relaxed));
        Arc::new(Ring::new(id, self.bound, self.overflow, self.signal.clone()))
    }

    /// Resolves when a stream may have room for a page: see [`page_requests`](Self::page_requests) and
    /// [`page_capacity`](Self::page_capacity).
    pub(crate) fn capacity_changed(&self) -> Notified<'_> {
        self.signal.notify.notified()
    }

    /// The pages of the log that slow streams have room for. [`on_page`](Self::on_page) is called with each.
    pub(crate) fn page_requests(&self) -> Vec<PageRequest> {
        if !self.signal.pending.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        let mut requests: Vec<_> =
            self.lock().subscriptions().flat_map(|subscription| subscription.ring.page_requests()).collect();
        requests.sort_by(|one, other| (one.stream, &one.project).cmp(&(other.stream, &other.project)));
        requests
    }

    /// The number of events of a project's replay that its quickest reader has room for; `None` if none has. Without a
    /// reader there is nothing to wait for.
    pub(crate) fn page_capacity(&self, project: &ProjectId) -> Option<u64> {
        let inner = self.lock();
        let streams = inner.projects.get(project).into_iter().flat_map(Streams::readers);
        let rings = inner.client.iter().chain(streams).map(|subscription| &subscription.ring);
        let capacities: Vec<_> = rings.filter(|ring| !ring.is_gone()).map(|ring| ring.page_capacity(project)).collect();
        if capacities.is_empty() { Some(PAGE_MAX) } else { capacities.into_iter().flatten().max() }
    }

    /// A page that a stream asked for, or the news that the server does not return it.
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
        if let Some(reader) = inner.subscriptions().find(|subscription| subscription.ring.id == stream) {
            reader.ring.on_page(project, after, page, at, |event| reader.wants(event), &mut wakers);
        }
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// How many streams there are, and how many events wait in them.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.lock().subscriptions().map(|subscription| 1 + subscription.ring.size()).sum()
    }

    /// A new stream. The first one of a project begins at its join, all others now.
    pub(crate) fn subscribe(&self, scope: &Scope, kinds: Option<EventKinds>) -> Arc<Ring> {
        let mut inner = self.lock();
        if let Some(end) = inner.ended.clone() {
            let ring = match scope {
                Scope::Project(id) => inner.projects.get_mut(id).and_then(|streams| streams.first.take()),
                Scope::Client => None,
            };
            let ring = ring.map_or_else(|| self.ring(), |first| first.ring);
            if let Some(kinds) = kinds {
                ring.retain(|event| kinds.lets_through(event));
            }
            ring.end(end);
            return ring;
        }
        let list = match scope {
            Scope::Client => &mut inner.client,
            Scope::Project(id) => {
                let Some(streams) = inner.projects.get_mut(id) else {
                    let ring = self.ring();
                    ring.end(None);
                    return ring;
                };
                if let Some(first) = streams.first.take() {
                    if let Some(kinds) = kinds {
                        first.ring.retain(|event| kinds.lets_through(event));
                    }
                    streams.taken.push(Subscription::new(first.ring.clone(), kinds));
                    return first.ring;
                }
                if let Some(end) = &streams.ended {
                    let ring = self.ring();
                    ring.end(Some(end.clone()));
                    return ring;
                }
                &mut streams.taken
            }
        };
        list.retain(|subscription| !subscription.ring.is_abandoned());
        let ring = self.ring();
        list.push(Subscription::new(ring.clone(), kinds));
        ring
    }

    /// The project was joined for the first time, or anew after it was left.
    pub(crate) fn open(&self, project: ProjectId) {
        let mut inner = self.lock();
        let Opening { streams: taken, has_first } = inner.joins.open(&project);
        let first = has_first.then(|| Subscription { ring: self.ring(), kinds: None, waits: true });
        inner.projects.insert(project, Streams { first, taken, ended: None });
    }

    /// A join was asked for, with these streams: they begin when the project is opened.
    pub(crate) fn joining(&self, token: Token, project: ProjectId, streams: PlannedStreams) {
        self.lock().joins.add(token, project, streams);
    }

    /// A command has its answer. If it is a join whose streams have not begun, they begin now, or end with its error.
    pub(crate) fn answered(&self, token: Token, error: Option<&Error>) {
        let mut inner = self.lock();
        let Some((project, streams)) = inner.joins.remove(token) else { return };
        let end = match (error, inner.ended.clone()) {
            (Some(error), _) => Some(error.clone()),
            (None, Some(end)) => end,
            (None, None) => match inner.projects.get_mut(&project) {
                Some(open) if open.ended.is_none() => return begin(streams, &mut open.taken),
                other => other.and_then(|streams| streams.ended.clone()),
            },
        };
        drop(inner);
        streams.end(end.as_ref());
    }

    /// The projects that are joined.
    pub(crate) fn joined(&self) -> Vec<ProjectId> {
        let inner = self.lock();
        if inner.ended.is_some() {
            return Vec::new();
        }
        let open = inner.projects.iter().filter(|(_, streams)| streams.ended.is_none());
        open.map(|(project, _)| project.clone()).collect()
    }

    /// Whether the project is joined.
    pub(crate) fn has_joined(&self, project: &str) -> bool {
        let inner = self.lock();
        inner.ended.is_none() && inner.projects.get(project).is_some_and(|streams| streams.ended.is_none())
    }

    /// Hands out a run of events, as far as they have the same readers at once, then wakes the readers.
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

    /// Ends a project's streams. Whoever takes one only later is told the error as well.
    pub(crate) fn end_project(&self, project: &str, error: Option<Error>) {
        let mut inner = self.lock();
        let Some(streams) = inner.projects.get_mut(project) else { return };
        let ended = streams.end(error.clone());
        if error.is_none() {
            inner.projects.remove(project);
        }
        drop(inner);
        end(&ended, error.as_ref());
    }

    /// Ends all streams, and those that are made later.
    pub(crate) fn end_all(&self, error: Option<Error>) {
        let mut inner = self.lock();
        if inner.ended.is_some() {
            return;
        }
        inner.ended = Some(error.clone());
        let mut ended: Vec<_> = inner.client.drain(..).map(|subscription| subscription.ring).collect();
        for streams in inner.projects.values_mut() {
            ended.extend(streams.taken.drain(..).map(|subscription| subscription.ring));
        }
        drop(inner);
        end(&ended, error.as_ref());
    }
}

/// Not to be called under the hub's lock: a reader that is woken may want a new stream at once.
fn end(rings: &[Arc<Ring>], error: Option<&Error>) {
    for ring in rings {
        ring.end(error.cloned());
    }
}

impl Streams {
    /// Forgets the readers, which are to be ended.
    fn end(&mut self, error: Option<Error>) -> Vec<Arc<Ring>> {
        let ended = self.readers().map(|reader| reader.ring.clone()).collect();
        self.taken.clear();
        self.ended = error;
        ended
    }
}

impl Streams {
    fn readers(&self) -> impl Iterator<Item = &Subscription> {
        self.first.iter().chain(&self.taken)
    }
}

impl Inner {
    /// Hands out the first `count` events of `run`, which have the same readers.
    fn deliver(&mut self, run: &mut VecDeque<Event>, count: usize, wakers: &mut Vec<Waker>) {
        let mut readers = run.front().map(|event| self.readers(event)).unwrap_or_default();
        // The last one is given the events themselves: better one that reads them, and wants them all.
        readers.sort_by_key(|reader| (reader.kinds.is_none(), !reader.waits));
        let mut all_there = true;
        if let Some((last, others)) = readers.split_last() {
            for reader in others {
                all_there &= reader.copy(run.range(..count), wakers);
            }
            all_there &= if last.kinds.is_none() && count == run.len() {
                last.ring.append(run, wakers)
            } else {
                last.ring.extend(run.drain(..count).filter(|event| last.wants(event)), wakers)
            };
        } else {
            run.drain(..count);
        }
        if !all_there {
            self.forget_the_gone();
        }
    }

    fn subscriptions(&self) -> impl Iterator<Item = &Subscription> {
        self.client.iter().chain(self.projects.values().flat_map(Streams::readers))
    }

    fn readers(&self, event: &Event) -> Vec<&Subscription> {
        let mut readers: Vec<_> = self.client.iter().collect();
        match event.project_id() {
            Some(id) => readers.extend(self.projects.get(id).into_iter().flat_map(Streams::readers)),
            None if concerns_all(event) => readers.extend(self.projects.values().flat_map(Streams::readers)),
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

/// What nobody can attribute but everybody may have to know.
fn concerns_all(event: &Event) -> bool {
    matches!(event, Event::SystemNotification(_) | Event::ServerError(_) | Event::MalformedEvent(_))
}

fn same_readers(one: &Event, other: &Event) -> bool {
    match (one.project_id(), other.project_id()) {
        (None, None) => concerns_all(one) == concerns_all(other),
        (one, other) => one == other,
    }
}
