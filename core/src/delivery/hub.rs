//! Fan-out: which streams an event belongs to.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Overflow, Ring};
use crate::{
    Error,
    events::{Event, ProjectId},
};

/// What a stream is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of the client's events.
    Client,
    /// One project's.
    Project(ProjectId),
}

/// Selects events of one kind; notices of losses are let through as well.
type Filter = fn(&Event) -> bool;

/// All streams of a client.
#[derive(Debug)]
pub(crate) struct Hub {
    inner: Mutex<Inner>,
    capacity: usize,
    overflow: Overflow,
}

#[derive(Debug, Default)]
struct Inner {
    client: Vec<Subscription>,
    projects: HashMap<ProjectId, Streams>,
    ended: Option<Option<Error>>,
}

#[derive(Debug, Default)]
struct Streams {
    /// Collects from the join on until somebody takes it.
    first: Option<Arc<Ring>>,
    taken: Vec<Subscription>,
    /// Why the project has ended.
    ended: Option<Error>,
}

#[derive(Debug)]
struct Subscription {
    ring: Arc<Ring>,
    filter: Option<Filter>,
}

impl Subscription {
    fn wants(&self, event: &Event) -> bool {
        self.filter.is_none_or(|filter| passes(filter, event))
    }
}

fn passes(filter: Filter, event: &Event) -> bool {
    filter(event) || matches!(event, Event::Gap(_) | Event::Lagged(_))
}

impl Hub {
    pub(crate) fn new(capacity: usize, overflow: Overflow) -> Self {
        Self { inner: Mutex::default(), capacity, overflow }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::new(Ring::new(self.capacity, self.overflow))
    }

    /// A new stream. The first one of a project begins at its join, all others now.
    pub(crate) fn subscribe(&self, scope: &Scope, filter: Option<Filter>) -> Arc<Ring> {
        let mut inner = self.lock();
        if let Some(end) = inner.ended.clone() {
            let ring = match scope {
                Scope::Project(id) => inner.projects.get_mut(id).and_then(|streams| streams.first.take()),
                Scope::Client => None,
            };
            let ring = ring.unwrap_or_else(|| self.ring());
            if let Some(filter) = filter {
                ring.retain(|event| passes(filter, event));
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
                    if let Some(filter) = filter {
                        first.retain(|event| passes(filter, event));
                    }
                    streams.taken.push(Subscription { ring: first.clone(), filter });
                    return first;
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
        list.push(Subscription { ring: ring.clone(), filter });
        ring
    }

    /// The project was joined for the first time, or anew after it was left.
    pub(crate) fn open(&self, project: ProjectId) {
        let first = Some(self.ring());
        self.lock().projects.insert(project, Streams { first, ..Streams::default() });
    }

    /// Hands out a run of events with one lock, then wakes every reader once.
    pub(crate) fn publish(&self, events: impl Iterator<Item = Event>) {
        let mut inner = self.lock();
        let mut touched = Vec::new();
        for event in events {
            inner.route(event, &mut touched);
        }
        drop(inner);
        for ring in touched {
            ring.wake();
        }
    }

    /// Ends a project's streams. Whoever takes one only later is told the error as well.
    pub(crate) fn end_project(&self, project: &str, error: Option<Error>) {
        let mut inner = self.lock();
        if let Some(streams) = inner.projects.get_mut(project) {
            let left = error.is_none();
            streams.end(error);
            if left {
                inner.projects.remove(project);
            }
        }
    }

    /// Ends all streams, and those that are made later.
    pub(crate) fn end_all(&self, error: Option<Error>) {
        let mut inner = self.lock();
        if inner.ended.is_some() {
            return;
        }
        inner.ended = Some(error.clone());
        for subscription in inner.client.drain(..) {
            subscription.ring.end(error.clone());
        }
        for streams in inner.projects.values_mut() {
            for subscription in streams.taken.drain(..) {
                subscription.ring.end(error.clone());
            }
        }
    }
}

impl Streams {
    fn end(&mut self, error: Option<Error>) {
        for ring in self.first.iter().chain(self.taken.iter().map(|subscription| &subscription.ring)) {
            ring.end(error.clone());
        }
        self.taken.clear();
        self.ended = error;
    }
}

impl Inner {
    fn route(&mut self, event: Event, touched: &mut Vec<Arc<Ring>>) {
        let mut delivery = Delivery { event: Some(event), last: None, touched };
        offer(&mut self.client, &mut delivery);
        match delivery.project() {
            Some(id) => {
                if let Some(streams) = self.projects.get_mut(&id) {
                    streams.offer(&mut delivery);
                }
            }
            // What nobody can attribute but everybody may have to know.
            None if delivery.concerns_all() => {
                for streams in self.projects.values_mut() {
                    streams.offer(&mut delivery);
                }
            }
            None => {}
        }
        delivery.finish();
    }
}

impl Streams {
    fn offer(&mut self, delivery: &mut Delivery<'_>) {
        if let Some(first) = &self.first {
            delivery.to(first);
        }
        offer(&mut self.taken, delivery);
    }
}

fn offer(list: &mut Vec<Subscription>, delivery: &mut Delivery<'_>) {
    let mut gone = false;
    for subscription in &*list {
        if delivery.event.as_ref().is_some_and(|event| subscription.wants(event)) {
            gone |= !delivery.to(&subscription.ring);
        }
    }
    if gone {
        list.retain(|subscription| !subscription.ring.is_abandoned());
    }
}

/// One event on its way: cloned for every reader but the last.
struct Delivery<'a> {
    event: Option<Event>,
    last: Option<Arc<Ring>>,
    touched: &'a mut Vec<Arc<Ring>>,
}

impl Delivery<'_> {
    fn project(&self) -> Option<ProjectId> {
        self.event.as_ref()?.project_id().cloned()
    }

    fn concerns_all(&self) -> bool {
        matches!(self.event, Some(Event::SystemNotification(_) | Event::ServerError(_) | Event::MalformedEvent(_)))
    }

    /// Returns false if the reader was found to be gone.
    fn to(&mut self, ring: &Arc<Ring>) -> bool {
        if let Some(before) = self.last.replace(ring.clone())
            && let Some(event) = &self.event
        {
            before.push(event.clone());
            self.touch(before);
        }
        !ring.is_abandoned()
    }

    fn touch(&mut self, ring: Arc<Ring>) {
        if !self.touched.iter().any(|known| Arc::ptr_eq(known, &ring)) {
            self.touched.push(ring);
        }
    }

    fn finish(mut self) {
        if let (Some(ring), Some(event)) = (self.last.take(), self.event.take()) {
            ring.push(event);
            self.touch(ring);
        }
    }
}
