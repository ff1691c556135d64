//! Streams of one project.

use std::sync::Arc;

use super::{
    Ring, StreamEnd,
    subscription::{PendingSubscription, Reader, Subscription},
};
use crate::{Error, events::EventKinds};

#[derive(Debug, Default)]
pub(super) struct ProjectStreams {
    /// Stream that collects events from the join on, until the application takes it.
    pending: Option<PendingSubscription>,
    pub(super) taken: Vec<Subscription>,
    /// Error that ended the project, if any.
    ended: Option<Error>,
}

impl ProjectStreams {
    pub(super) fn new(pending: Option<PendingSubscription>, taken: Vec<Subscription>) -> Self {
        Self { pending, taken, ended: None }
    }

    pub(super) fn readers(&self) -> impl Iterator<Item = Reader<'_>> {
        self.pending.iter().map(Reader::Pending).chain(self.taken.iter().map(Reader::Taken))
    }

    /// Returns the stream that has collected events since the join, or a new stream that starts now. `end` is set if
    /// the client has ended.
    pub(super) fn subscribe(
        &mut self,
        kinds: Option<EventKinds>,
        end: Option<&StreamEnd>,
        new_ring: impl FnOnce() -> Arc<Ring>,
    ) -> Arc<Ring> {
        let pending = self.pending.take();
        let collects = pending.is_some();
        let subscription = pending.map_or_else(|| Subscription::new(new_ring(), kinds), |pending| pending.take(kinds));
        let ring = subscription.ring.clone();
        match (end, &self.ended) {
            (Some(end), _) => ring.end(end.clone()),
            // The stream that collected events was ended together with the project.
            (None, Some(error)) if !collects => ring.end(StreamEnd::Failed(error.clone())),
            (None, _) => {
                self.taken.retain(|subscription| !subscription.ring.is_abandoned());
                self.taken.push(subscription);
            }
        }
        ring
    }

    /// Returns the error that ended the project, if any.
    pub(super) fn error(&self) -> Option<&Error> {
        self.ended.as_ref()
    }

    pub(super) fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Ends the project. Returns the rings of its streams, which the caller must end.
    pub(super) fn end(&mut self, error: Option<Error>) -> Vec<Arc<Ring>> {
        let ended = self.readers().map(|reader| reader.ring().clone()).collect();
        self.taken.clear();
        self.ended = error;
        ended
    }
}
