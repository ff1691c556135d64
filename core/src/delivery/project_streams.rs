//! Streams of one project.

use std::sync::Arc;

use super::{
    StreamBuffer, StreamEnd,
    subscription::{Subscription, SubscriptionRef, UntakenSubscription},
};
use crate::{Error, events::EventKinds};

#[derive(Debug, Default)]
pub(super) struct ProjectStreams {
    /// Stream that collects events from the join on, until the application takes it.
    untaken: Option<UntakenSubscription>,
    pub(super) subscriptions: Vec<Subscription>,
    /// Error that ended the project, if any.
    end_error: Option<Error>,
}

impl ProjectStreams {
    pub(super) fn new(untaken: Option<UntakenSubscription>, subscriptions: Vec<Subscription>) -> Self {
        Self { untaken, subscriptions, end_error: None }
    }

    pub(super) fn readers(&self) -> impl Iterator<Item = SubscriptionRef<'_>> {
        self.untaken.iter().map(SubscriptionRef::Untaken).chain(self.subscriptions.iter().map(SubscriptionRef::Active))
    }

    /// Returns the stream that has collected events since the join, or a new stream that starts now. `end` is set if
    /// the client has ended.
    pub(super) fn subscribe(
        &mut self,
        kinds: Option<EventKinds>,
        end: Option<&StreamEnd>,
        new_buffer: impl FnOnce() -> Arc<StreamBuffer>,
    ) -> Arc<StreamBuffer> {
        let untaken = self.untaken.take();
        let collects = untaken.is_some();
        let subscription =
            untaken.map_or_else(|| Subscription::new(new_buffer(), kinds), |untaken| untaken.activate(kinds));
        let buffer = subscription.buffer.clone();
        match (end, &self.end_error) {
            (Some(end), _) => buffer.end(end.clone()),
            // The stream that collected events was ended together with the project.
            (None, Some(error)) if !collects => buffer.end(StreamEnd::Failed(error.clone())),
            (None, _) => {
                self.subscriptions.retain(|subscription| !subscription.buffer.is_abandoned());
                self.subscriptions.push(subscription);
            }
        }
        buffer
    }

    /// Returns the error that ended the project, if any.
    pub(super) fn error(&self) -> Option<&Error> {
        self.end_error.as_ref()
    }

    pub(super) fn is_open(&self) -> bool {
        self.end_error.is_none()
    }

    /// Ends the project. Returns the buffers of its streams, which the caller must end.
    pub(super) fn end(&mut self, error: Option<Error>) -> Vec<Arc<StreamBuffer>> {
        let ended = self.readers().map(|reader| reader.buffer().clone()).collect();
        self.subscriptions.clear();
        self.end_error = error;
        ended
    }
}
