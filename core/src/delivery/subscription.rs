//! Subscriptions to events: those of streams in use, and those of streams that have not been taken yet.

use std::{sync::Arc, task::Waker};

use super::Ring;
use crate::events::{Event, EventKinds};

/// Subscription of a stream in use.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) ring: Arc<Ring>,
    /// Kinds of events that the reader wants; `None` means all.
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

/// Subscription of a project's first stream, which collects events from the join on. The stream may never be taken, so
/// it keeps compact copies.
#[derive(Debug)]
pub(super) struct PendingSubscription(Arc<Ring>);

impl PendingSubscription {
    pub(super) fn new(ring: Arc<Ring>) -> Self {
        Self(ring)
    }

    /// Takes the stream for events of the given kinds.
    pub(super) fn take(self, kinds: Option<EventKinds>) -> Subscription {
        if let Some(kinds) = kinds {
            self.0.retain(|event| kinds.lets_through(event));
        }
        Subscription::new(self.0, kinds)
    }
}

/// Reference to a subscription of either type.
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

    /// Adds copies of the events that the reader wants. Returns `false` if the reader is gone.
    pub(super) fn copy<'e>(self, events: impl Iterator<Item = &'e Event>, wakers: &mut Vec<Waker>) -> bool {
        match self {
            Self::Pending(pending) => pending.0.extend_compact(events, wakers),
            Self::Taken(subscription) => {
                subscription.ring.extend(events.filter(|event| subscription.wants(event)).cloned(), wakers)
            }
        }
    }
}

/// Returns `true` if the event may concern every project although it names none.
pub(super) fn concerns_all(event: &Event) -> bool {
    matches!(event, Event::SystemNotification(_) | Event::ServerError(_) | Event::MalformedEvent(_))
}

/// Returns `true` if two events have the same readers, regardless of the kinds that each reader wants.
pub(super) fn same_readers(one: &Event, other: &Event) -> bool {
    match (one.project_id(), other.project_id()) {
        (None, None) => concerns_all(one) == concerns_all(other),
        (one, other) => one == other,
    }
}
