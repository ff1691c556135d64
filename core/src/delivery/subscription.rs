//! Subscriptions to events, for streams in use and for streams that have not been taken yet.

use std::{sync::Arc, task::Waker};

use super::StreamBuffer;
use crate::events::{Event, EventKinds, ProjectId};

/// Set of projects whose events a stream covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StreamScope {
    /// All projects, and events that belong to no project.
    AllProjects,
    /// A single project.
    Project(ProjectId),
}

/// Subscription of a stream in use.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) buffer: Arc<StreamBuffer>,
    /// Kinds of events that the reader wants; `None` means all.
    kinds: Option<EventKinds>,
}

impl Subscription {
    pub(super) fn new(buffer: Arc<StreamBuffer>, kinds: Option<EventKinds>) -> Self {
        Self { buffer, kinds }
    }

    fn wants(&self, event: &Event) -> bool {
        self.kinds.is_none_or(|kinds| kinds.lets_through(event))
    }
}

/// Subscription of a project's first stream, which collects events starting with the join. The stream may never be
/// taken, so if another reader receives the events themselves, this stream receives only compact copies.
#[derive(Debug)]
pub(super) struct UntakenSubscription(Arc<StreamBuffer>);

impl UntakenSubscription {
    pub(super) fn new(buffer: Arc<StreamBuffer>) -> Self {
        Self(buffer)
    }

    /// Puts the stream into use. If kinds are given, discards the collected events of all other kinds, except losses.
    pub(super) fn activate(self, kinds: Option<EventKinds>) -> Subscription {
        if let Some(kinds) = kinds {
            self.0.retain(|event| kinds.lets_through(event));
        }
        Subscription::new(self.0, kinds)
    }
}

/// Reference to a subscription of either type.
#[derive(Debug, Clone, Copy)]
pub(super) enum SubscriptionRef<'a> {
    Untaken(&'a UntakenSubscription),
    Active(&'a Subscription),
}

impl<'a> SubscriptionRef<'a> {
    pub(super) fn buffer(self) -> &'a Arc<StreamBuffer> {
        match self {
            Self::Untaken(untaken) => &untaken.0,
            Self::Active(subscription) => &subscription.buffer,
        }
    }

    pub(super) fn wants(self, event: &Event) -> bool {
        match self {
            Self::Untaken(_) => true,
            Self::Active(subscription) => subscription.wants(event),
        }
    }

    pub(super) fn wants_all(self) -> bool {
        match self {
            Self::Untaken(_) => true,
            Self::Active(subscription) => subscription.kinds.is_none(),
        }
    }

    pub(super) fn is_active(self) -> bool {
        matches!(self, Self::Active(_))
    }

    /// Adds copies of the events that the reader wants. Returns `false` if the reader is gone or the stream has ended.
    pub(super) fn push_copies<'e>(self, events: impl Iterator<Item = &'e Event>, wakers: &mut Vec<Waker>) -> bool {
        match self {
            Self::Untaken(untaken) => untaken.0.push_all_compact(events, wakers),
            Self::Active(subscription) => {
                subscription.buffer.push_all(events.filter(|event| subscription.wants(event)).cloned(), wakers)
            }
        }
    }
}

/// Returns `true` if an event of this kind that names no project may concern every project.
pub(super) fn may_concern_all_projects(event: &Event) -> bool {
    matches!(event, Event::SystemNotification(_) | Event::ServerError(_) | Event::MalformedEvent(_))
}

/// Returns `true` if two events have the same readers, regardless of the kinds that each reader wants.
pub(super) fn have_same_readers(one: &Event, other: &Event) -> bool {
    match (one.project_id(), other.project_id()) {
        (None, None) => may_concern_all_projects(one) == may_concern_all_projects(other),
        (one, other) => one == other,
    }
}
