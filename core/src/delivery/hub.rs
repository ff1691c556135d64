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
    BufferLimits, Overflow, PlannedStreams, StreamBuffer, StreamEnd,
    planned_streams::{OpenedStreams, PendingJoins, start_streams},
    project_streams::ProjectStreams,
    stream_buffer::CapacitySignal,
    subscription::{
        StreamScope, Subscription, SubscriptionRef, UntakenSubscription, have_same_readers, may_concern_all_projects,
    },
};
use crate::{
    Error,
    events::{Event, EventKinds, ProjectId},
    session::{BacklogPageRequest, CommandId, LogPage, PAGE_EVENTS_MAX, StreamId},
};

/// Registry that distributes events to a client's streams.
#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<HubState>,
    limits: BufferLimits,
    overflow: Overflow,
    next_stream_id: AtomicU64,
    capacity_signal: Arc<CapacitySignal>,
}

#[derive(Debug, Default)]
struct HubState {
    all_projects_streams: Vec<Subscription>,
    projects: HashMap<ProjectId, ProjectStreams>,
    joins: PendingJoins,
    client_end: Option<StreamEnd>,
}

impl Hub {
    pub(crate) fn new(limits: BufferLimits, overflow: Overflow) -> Self {
        let (state, next_stream_id) = (Mutex::default(), AtomicU64::new(0));
        Self { state, limits, overflow, next_stream_id, capacity_signal: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HubState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates the buffer of a new stream. The buffer is not registered yet, so it receives no events.
    pub(crate) fn new_buffer(&self) -> Arc<StreamBuffer> {
        let id = StreamId(self.next_stream_id.fetch_add(1, Ordering::Relaxed));
        Arc::new(StreamBuffer::new(id, self.limits, self.overflow, self.capacity_signal.clone()))
    }

    /// Returns a future that completes when a stream may have room for a page. The caller then checks
    /// [`page_requests`](Self::page_requests) and [`fastest_reader_page_capacity`](Self::fastest_reader_page_capacity).
    pub(crate) fn capacity_changed(&self) -> Notified<'_> {
        self.capacity_signal.notify.notified()
    }

    /// Returns requests for the log pages that slow streams have room for. The response to each request is passed to
    /// [`on_page`](Self::on_page).
    pub(crate) fn page_requests(&self) -> Vec<BacklogPageRequest> {
        if !self.capacity_signal.is_set.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        let mut requests: Vec<_> =
            self.lock().all_readers().flat_map(|reader| reader.buffer().page_requests()).collect();
        requests.sort_by(|one, other| (one.stream, &one.project).cmp(&(other.stream, &other.project)));
        requests
    }

    /// Returns the number of replayed or backfilled events of a project that its fastest reader has room for, or `None`
    /// if no reader has room. Without readers, returns the maximum page size.
    pub(crate) fn fastest_reader_page_capacity(&self, project: &ProjectId) -> Option<u64> {
        let state = self.lock();
        let buffers =
            state.all_projects_readers().chain(state.single_project_readers(project)).map(SubscriptionRef::buffer);
        let capacities: Vec<_> =
            buffers.filter(|buffer| !buffer.is_closed()).map(|buffer| buffer.page_capacity(project)).collect();
        if capacities.is_empty() { Some(PAGE_EVENTS_MAX) } else { capacities.into_iter().flatten().max() }
    }

    /// Passes a requested page to its stream. `page` is `None` if the server did not return the page.
    pub(crate) fn on_page(
        &self,
        stream: StreamId,
        project: &ProjectId,
        after: u64,
        page: Option<LogPage>,
        at: jiff::Timestamp,
    ) {
        let mut wakers = Vec::new();
        let state = self.lock();
        if let Some(reader) = state.all_readers().find(|reader| reader.buffer().id == stream) {
            reader.buffer().on_page(project, after, page, at, |event| reader.wants(event), &mut wakers);
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Returns the number of streams plus the number of events and backlogs that they hold.
    #[cfg(test)]
    pub(crate) fn entry_count(&self) -> usize {
        self.lock().all_readers().map(|reader| 1 + reader.buffer().entry_count()).sum()
    }

    /// Creates a stream and returns its buffer. The first stream of a project starts at the join, unless the join had
    /// its own streams; every other stream starts now. If the project is not joined or the client has ended, the stream
    /// ends after any events collected since the join.
    pub(crate) fn subscribe(&self, scope: &StreamScope, kinds: Option<EventKinds>) -> Arc<StreamBuffer> {
        let mut state = self.lock();
        let HubState { all_projects_streams, projects, client_end, .. } = &mut *state;
        let project = match scope {
            StreamScope::AllProjects => None,
            StreamScope::Project(id) => Some(projects.get_mut(id)),
        };
        let buffer = match project {
            Some(Some(streams)) => return streams.subscribe(kinds, client_end.as_ref(), || self.new_buffer()),
            Some(None) => {
                let buffer = self.new_buffer();
                buffer.end(client_end.clone().unwrap_or(StreamEnd::Closed));
                return buffer;
            }
            None => self.new_buffer(),
        };
        match client_end {
            Some(end) => buffer.end(end.clone()),
            None => {
                all_projects_streams.retain(|subscription| !subscription.buffer.is_abandoned());
                all_projects_streams.push(Subscription::new(buffer.clone(), kinds));
            }
        }
        buffer
    }

    /// Opens a project that has been joined for the first time, or again after it ended.
    pub(crate) fn open_project(&self, project: ProjectId) {
        let mut state = self.lock();
        let OpenedStreams { streams, next_starts_at_join } = state.joins.take_streams_of(&project);
        let untaken = next_starts_at_join.then(|| UntakenSubscription::new(self.new_buffer()));
        state.projects.insert(project, ProjectStreams::new(untaken, streams));
    }

    /// Registers the streams of a join that is in progress. The streams start when the project is opened or, if it is
    /// already open, when the join is answered.
    pub(crate) fn add_join(&self, command_id: CommandId, project: ProjectId, streams: PlannedStreams) {
        self.lock().joins.add(command_id, project, streams);
    }

    /// Handles the answer to a command. If the command is a join whose streams have not started, the streams start now
    /// if the join succeeded and the project is still joined, and end otherwise.
    pub(crate) fn on_answer(&self, command_id: CommandId, error: Option<&Error>) {
        let mut state = self.lock();
        let Some((project, streams)) = state.joins.remove(command_id) else { return };
        let end = match (error, state.client_end.clone()) {
            (Some(error), _) => StreamEnd::Failed(error.clone()),
            (None, Some(end)) => end,
            (None, None) => match state.projects.get_mut(&project) {
                Some(open) if open.is_open() => return start_streams(streams, &mut open.subscriptions),
                other => other.and_then(|streams| streams.error().cloned()).into(),
            },
        };
        drop(state);
        streams.end(&end);
    }

    /// Returns the ids of the joined projects, in no particular order.
    pub(crate) fn joined_projects(&self) -> Vec<ProjectId> {
        let state = self.lock();
        if state.client_end.is_some() {
            return Vec::new();
        }
        let open = state.projects.iter().filter(|(_, streams)| streams.is_open());
        open.map(|(project, _)| project.clone()).collect()
    }

    pub(crate) fn has_joined(&self, project: &str) -> bool {
        let state = self.lock();
        state.client_end.is_none() && state.projects.get(project).is_some_and(ProjectStreams::is_open)
    }

    /// Delivers a batch of events and then wakes the readers. Consecutive events with the same readers are delivered
    /// together.
    pub(crate) fn publish(&self, run: &mut VecDeque<Event>) {
        let mut wakers = Vec::new();
        let mut state = self.lock();
        while let Some(first) = run.front() {
            let count = run.iter().take_while(|event| have_same_readers(first, event)).count();
            state.deliver_first(run, count, &mut wakers);
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Ends a project's streams. Streams that are created before the next join end in the same way.
    pub(crate) fn end_project(&self, project: &str, error: Option<Error>) {
        let mut state = self.lock();
        let Some(streams) = state.projects.get_mut(project) else { return };
        let ended = streams.end(error.clone());
        if error.is_none() {
            state.projects.remove(project);
        }
        drop(state);
        end_buffers(&ended, &error.into());
    }

    /// Ends all existing and future streams.
    pub(crate) fn end_all(&self, error: Option<Error>) {
        let mut state = self.lock();
        if state.client_end.is_some() {
            return;
        }
        let reason = StreamEnd::from(error);
        state.client_end = Some(reason.clone());
        let mut ended: Vec<_> = state.all_projects_streams.drain(..).map(|subscription| subscription.buffer).collect();
        for streams in state.projects.values_mut() {
            ended.extend(streams.subscriptions.drain(..).map(|subscription| subscription.buffer));
        }
        drop(state);
        end_buffers(&ended, &reason);
    }
}

/// Ends the streams of these buffers. Must not be called while the hub is locked, because a woken reader may immediately
/// create a stream, which locks the hub.
fn end_buffers(buffers: &[Arc<StreamBuffer>], end: &StreamEnd) {
    for buffer in buffers {
        buffer.end(end.clone());
    }
}

impl HubState {
    /// Delivers the first `count` events of `run`, which have the same readers, and removes them from `run`.
    fn deliver_first(&mut self, run: &mut VecDeque<Event>, count: usize, wakers: &mut Vec<Waker>) {
        let mut readers = run.front().map(|event| self.readers_of(event)).unwrap_or_default();
        // The last reader receives the events themselves, and the others receive copies. The last reader should be one
        // that wants all events and is in use: such a reader can take over the whole batch, whereas a stream that may
        // never be taken should receive compact copies.
        readers.sort_by_key(|reader| (reader.wants_all(), reader.is_active()));
        let mut all_present = true;
        if let Some((last, others)) = readers.split_last() {
            for reader in others {
                all_present &= reader.push_copies(run.range(..count), wakers);
            }
            all_present &= if last.wants_all() && count == run.len() {
                last.buffer().append(run, wakers)
            } else {
                last.buffer().push_all(run.drain(..count).filter(|event| last.wants(event)), wakers)
            };
        } else {
            run.drain(..count);
        }
        if !all_present {
            self.remove_abandoned();
        }
    }

    fn all_projects_readers(&self) -> impl Iterator<Item = SubscriptionRef<'_>> {
        self.all_projects_streams.iter().map(SubscriptionRef::Active)
    }

    fn single_project_readers(&self, project: &ProjectId) -> impl Iterator<Item = SubscriptionRef<'_>> {
        self.projects.get(project).into_iter().flat_map(ProjectStreams::readers)
    }

    fn all_readers(&self) -> impl Iterator<Item = SubscriptionRef<'_>> {
        self.all_projects_readers().chain(self.projects.values().flat_map(ProjectStreams::readers))
    }

    fn readers_of(&self, event: &Event) -> Vec<SubscriptionRef<'_>> {
        let mut readers: Vec<_> = self.all_projects_readers().collect();
        match event.project_id() {
            Some(id) => readers.extend(self.single_project_readers(id)),
            None if may_concern_all_projects(event) => {
                readers.extend(self.projects.values().flat_map(ProjectStreams::readers))
            }
            None => {}
        }
        readers
    }

    fn remove_abandoned(&mut self) {
        for list in
            self.projects.values_mut().map(|streams| &mut streams.subscriptions).chain([&mut self.all_projects_streams])
        {
            list.retain(|subscription| !subscription.buffer.is_abandoned());
        }
    }
}
