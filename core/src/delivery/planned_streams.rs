//! Streams that are created before a join and start at the join.

use std::sync::Arc;

use super::{StreamBuffer, StreamEnd, subscription::Subscription};
use crate::{
    events::{EventKinds, ProjectId},
    session::CommandId,
};

/// Streams of one join. Dropping this value ends the streams, unless they have been taken.
#[derive(Debug, Default)]
pub(crate) struct PlannedStreams(Vec<Subscription>);

impl PlannedStreams {
    /// Adds a stream of the given kinds of events, or of all kinds if `kinds` is `None`.
    pub(crate) fn add(&mut self, buffer: Arc<StreamBuffer>, kinds: Option<EventKinds>) {
        self.0.push(Subscription::new(buffer, kinds));
    }

    /// Takes the streams that still have a reader. Afterwards, dropping this value no longer ends them.
    fn take(&mut self) -> impl Iterator<Item = Subscription> {
        std::mem::take(&mut self.0).into_iter().filter(|subscription| !subscription.buffer.is_abandoned())
    }

    /// Ends the streams.
    pub(crate) fn end(mut self, end: &StreamEnd) {
        self.take().for_each(|subscription| subscription.buffer.end(end.clone()));
    }
}

impl Drop for PlannedStreams {
    fn drop(&mut self) {
        self.take().for_each(|subscription| subscription.buffer.end(StreamEnd::Closed));
    }
}

/// Joins that have not been answered yet.
#[derive(Debug, Default)]
pub(super) struct PendingJoins(Vec<PendingJoin>);

#[derive(Debug)]
struct PendingJoin {
    command_id: CommandId,
    project: ProjectId,
    streams: PlannedStreams,
}

/// Streams of a project that is being opened.
pub(super) struct OpenedStreams {
    /// Streams that start at the join.
    pub(super) streams: Vec<Subscription>,
    /// `true` if the first stream created after the join must also start at the join. This is the case if no join of
    /// the project was pending, or if one of the joins had no streams.
    pub(super) next_starts_at_join: bool,
}

impl PendingJoins {
    pub(super) fn add(&mut self, command_id: CommandId, project: ProjectId, streams: PlannedStreams) {
        self.0.push(PendingJoin { command_id, project, streams });
    }

    /// Takes the streams of all joins of a project that has just been joined.
    pub(super) fn take_streams_of(&mut self, project: &ProjectId) -> OpenedStreams {
        let joins: Vec<_> = self.0.extract_if(.., |join| join.project == *project).collect();
        let next_starts_at_join = joins.is_empty() || joins.iter().any(|join| join.streams.0.is_empty());
        let streams = joins.into_iter().flat_map(|mut join| join.streams.take().collect::<Vec<_>>()).collect();
        OpenedStreams { streams, next_starts_at_join }
    }

    /// Removes an answered join. Returns its streams if they have not started yet.
    pub(super) fn remove(&mut self, command_id: CommandId) -> Option<(ProjectId, PlannedStreams)> {
        let at = self.0.iter().position(|join| join.command_id == command_id)?;
        let join = self.0.swap_remove(at);
        Some((join.project, join.streams))
    }
}

/// Starts the streams of a join whose project was already joined.
pub(super) fn start_streams(mut streams: PlannedStreams, subscriptions: &mut Vec<Subscription>) {
    subscriptions.extend(streams.take());
}
