//! The readers of an event: streams that somebody has taken, and those that wait to be.

use std::{sync::Arc, task::Waker};

use super::Ring;
use crate::events::{Event, EventKinds};

/// A stream that somebody has taken.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) ring: Arc<Ring>,
    /// The kinds of events that the reader wants; `None`: all.
    kinds: Option<EventKinds>,
}

impl Subscription {
    pub(super) fn new(ring: Arc<Ring>, kinds: Option<EventKinds>) -> Self {
        Self { ring, kinds }
    }

    fn wants(&self, event: &Event) -> bool {
        self.kinds.is_none_or(|kinds| kinds.lets_through(event))
    }
}

/// A project's first stream, which collects events from the join on. Nobody reads it yet, and perhaps nobody ever will, so
/// that it keeps compact copies.
#[derive(Debug)]
pub(super) struct PendingSubscription(Arc<Ring>);

impl PendingSubscription {
    pub(super) fn new(ring: Arc<Ring>) -> Self {
        Self(ring)
    }

    /// Somebody takes it, for events of these kinds.
    pub(super) fn take(self, kinds: Option<EventKinds>) -> Subscription {
        if let Some(kinds) = kinds {
            self.0.retain(|event| kinds.lets_through(event));
        }
        Subscription::new(self.0, kinds)
    }
}

/// Either of them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reader<'a> {
    Pending(&'a PendingSubscription),
    Taken(&'a Subscription),
}

impl<'a> Reader<'a> {
    pub(super) fn ring(self) -> &'a Arc<Ring> {
        match self {
            Self::Pending(pending) => &pending.0,
            Self::Taken(subscription) => &subscription.ring,
        }
    }

    pub(super) fn wants(self, event: &Event) -> bool {
        match self {
            Self::Pending(_) => true,
            Self::Taken(subscription) => subscription.wants(event),
        }
    }

    pub(super) fn wants_all(self) -> bool {
        match self {
            Self::Pending(_) => true,
            Self::Taken(subscription) => subscription.kinds.is_none(),
        }
    }

    pub(super) fn is_taken(self) -> bool {
        matches!(self, Self::Taken(_))
    }

    /// Gives it copies of the events that it wants. Returns false if there is no reader any more.
    pub(super) fn copy<'e>(self, events: impl Iterator<Item = &'e Event>, wakers: &mut Vec<Waker>) -> bool {
        match self {
            Self::Pending(pending) => pending.0.extend_compact(events, wakers),
            Self::Taken(subscription) => {
                subscription.ring.extend(events.filter(|event| subscription.wants(event)).cloned(), wakers)
            }
        }
    }
}

/// What nobody can attribute but everybody may have to know.
pub(super) fn concerns_all(event: &Event) -> bool {
    matches!(event, Event::SystemNotification(_) | Event::ServerError(_) | Event::MalformedEvent(_))
}

/// Whether two events have the same readers, but for their kinds.
pub(super) fn same_readers(one: &Event, other: &Event) -> bool {
    match (one.project_id(), other.project_id()) {
        (None, None) => concerns_all(one) == concerns_all(other),
        (one, other) => one == other,
    }
}
