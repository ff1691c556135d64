//! Fast and slow readers of streams, and the checks of the events that they receive.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use super::{
    expected_buffer::ExpectedBuffer,
    log_progress::{Excuses, LogProgress},
    plans::ReaderPlan,
    server::Server,
};
use crate::{
    Error, ErrorKind, EventStream,
    events::{Event, Gap, GapReason},
};

/// Waker that records whether `wake` was called.
#[derive(Debug, Default)]
pub(super) struct WakeFlag(AtomicBool);

impl Wake for WakeFlag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Events that a reader should receive.
#[derive(Debug)]
pub(super) enum Expectation {
    /// The events that were put into the reader's buffer.
    Buffer(ExpectedBuffer),
    /// The events of the logs. Events that did not fit into the buffer are read from the log later.
    Logs {
        /// Progress in the log of each project that the reader reads.
        projects: Vec<Option<LogProgress>>,
        /// Number of events without an id that the reader has not received yet.
        unread_unlogged: u64,
    },
}

#[derive(Debug)]
pub(super) struct Reader {
    pub(super) number: u64,
    pub(super) plan: ReaderPlan,
    /// Project of the stream, or `None` for a stream of all projects.
    pub(super) project: Option<usize>,
    stream: EventStream,
    wake_flag: Arc<WakeFlag>,
    /// True if the reader is waiting to be woken. False during a pause.
    pub(super) is_waiting: bool,
    pub(super) has_ended: bool,
    /// True if the program has left the reader's project. A `Lagged` may then report the unread events.
    pub(super) is_leaving: bool,
    pub(super) expectation: Expectation,
    /// Id of the last event received in each project; before the first event, the id after which the stream starts.
    pub(super) positions: Vec<Option<u64>>,
    /// Position in each project that the cursor must not pass, because the reader missed later events that can still be
    /// replayed.
    cursor_holds: Vec<Option<u64>>,
    /// True if the stream has ended because the reader was too slow.
    pub(super) has_overflowed: bool,
    /// True if the stream ends when its buffer overflows.
    ends_on_overflow: bool,
}

/// Returns `true` if the event, which names no project, is delivered to every project's streams.
pub(super) fn is_delivered_to_every_project(event: &Event) -> bool {
    matches!(event, Event::SystemNotification(_) | Event::ServerError(_) | Event::MalformedEvent(_))
}

/// Counts of the events in one batch.
#[derive(Debug, Default)]
pub(super) struct BatchCounts {
    pub(super) events: u64,
    /// Number of events that gaps in the batch report as missing.
    pub(super) missing: u64,
    /// Number of events that `Lagged` events in the batch report as dropped.
    pub(super) dropped: u64,
}

impl Reader {
    /// Creates a reader that starts at `positions`, which contains one position for each project.
    pub(super) fn new(
        number: u64,
        plan: ReaderPlan,
        project: Option<usize>,
        stream: EventStream,
        expectation: Expectation,
        positions: Vec<Option<u64>>,
        ends_on_overflow: bool,
    ) -> Self {
        Self {
            number,
            plan,
            project,
            stream,
            wake_flag: Arc::default(),
            is_waiting: false,
            has_ended: false,
            is_leaving: false,
            expectation,
            cursor_holds: vec![None; positions.len()],
            positions,
            has_overflowed: false,
            ends_on_overflow,
        }
    }

    /// Returns the largest cursor that this reader permits for the project.
    pub(super) fn cursor_limit(&self, project: usize) -> Option<u64> {
        let position = self.positions[project]?;
        Some(self.cursor_holds[project].map_or(position, |held| held.min(position)))
    }

    /// Keeps the cursor from passing this position.
    fn hold_cursor(&mut self, project: usize, to: u64) {
        self.cursor_holds[project] = Some(self.cursor_holds[project].map_or(to, |held| held.min(to)));
    }

    /// Returns `true` if the hub delivers the event to this reader.
    pub(super) fn receives(&self, event: &Event, project: Option<usize>) -> bool {
        let mine = match (self.project, project) {
            (None, _) => true,
            (Some(mine), Some(project)) => mine == project,
            (Some(_), None) => event.project_id().is_none() && is_delivered_to_every_project(event),
        };
        mine && !self.has_ended && self.selects_kind_of(event)
    }

    /// Returns `true` if the event is a gap or is of the kind that the reader selects.
    pub(super) fn selects_kind_of(&self, event: &Event) -> bool {
        self.plan.kind.is_none_or(|kind| event.name() == kind) || matches!(event, Event::Gap(_))
    }

    /// Records an event that the hub delivers to this reader.
    pub(super) fn record(&mut self, event: &Event) {
        match &mut self.expectation {
            Expectation::Buffer(expected) => expected.record(event),
            Expectation::Logs { unread_unlogged, .. } => {
                *unread_unlogged += u64::from(event.event_id().is_none() && !matches!(event, Event::Gap(_)));
            }
        }
    }

    /// Returns `true` if the reader has been woken since it started to wait.
    pub(super) fn was_woken(&mut self) -> bool {
        self.is_waiting && self.wake_flag.0.swap(false, Ordering::Relaxed)
    }

    /// Reads and checks one batch of events. Returns `None` and starts to wait if no events are available.
    pub(super) fn read(
        &mut self,
        server: &Server,
        excuses: &dyn Fn(usize) -> Excuses,
        client_has_ended: bool,
    ) -> Option<BatchCounts> {
        self.is_waiting = false;
        let waker = Waker::from(self.wake_flag.clone());
        let taken = self.poll(&mut Context::from_waker(&waker));
        let Poll::Ready(taken) = taken else {
            self.is_waiting = true;
            return None;
        };
        let events = taken.unwrap_or_else(|error| {
            self.has_overflowed = self.ends_on_overflow && error.kind() == ErrorKind::Overflow;
            assert!(client_has_ended || self.has_overflowed, "a stream ended with an error: {error}");
            Vec::new()
        });
        self.has_ended = events.is_empty();
        let mut batch = BatchCounts { events: events.len() as u64, ..BatchCounts::default() };
        for event in events {
            self.check(&event, server, excuses, &mut batch);
        }
        Some(batch)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<Event>, Error>> {
        if self.plan.batch_size > 1 {
            return pin!(self.stream.next_batch(self.plan.batch_size)).poll(cx);
        }
        let next = pin!(self.stream.next()).poll(cx);
        next.map(|event| event.transpose().map(|event| event.into_iter().collect()))
    }

    fn check(&mut self, event: &Event, server: &Server, excuses: &dyn Fn(usize) -> Excuses, batch: &mut BatchCounts) {
        let project = event.project_id().and_then(|name| server.project_index(name));
        assert!(
            self.selects_kind_of(event) || matches!(event, Event::Lagged(_)),
            "the reader did not select this kind: {event:?}"
        );
        match &mut self.expectation {
            Expectation::Buffer(expected) => batch.dropped += expected.check(event),
            Expectation::Logs { projects, unread_unlogged } => match (event, project) {
                (Event::Lagged(lagged), _) => {
                    assert!(
                        self.is_leaving || lagged.missed <= *unread_unlogged,
                        "LOST: {lagged:?}, of {unread_unlogged} without ids"
                    );
                    *unread_unlogged = unread_unlogged.saturating_sub(lagged.missed);
                    batch.dropped += lagged.missed;
                }
                (_, Some(project)) if event.event_id().is_some() => {
                    // Events of projects that have not been joined are not checked.
                    if let Some(log_progress) = &mut projects[project] {
                        batch.missing += log_progress.check(event, &server.logs[project], excuses(project));
                    }
                }
                _ => *unread_unlogged = unread_unlogged.checked_sub(1).expect("TWICE: more events than were delivered"),
            },
        }
        if let Some((project, id)) = project.zip(event.event_id()) {
            self.positions[project] = Some(id);
            if let Event::Gap(Gap { reason: GapReason::ReplayFailed, missed: Some(missed), .. }) = event {
                self.hold_cursor(project, id - missed);
            }
        }
        let dropped = match &mut self.expectation {
            Expectation::Buffer(expected) => std::mem::take(&mut expected.dropped_ids),
            Expectation::Logs { .. } => Vec::new(),
        };
        for (name, id) in dropped {
            server.project_index(&name).into_iter().for_each(|project| self.hold_cursor(project, id - 1));
        }
    }

    /// Returns `true` if the reader has ended or has received everything.
    pub(super) fn is_done(&self, server: &Server) -> bool {
        let read = match &self.expectation {
            Expectation::Buffer(expected) => expected.is_empty(),
            Expectation::Logs { projects, unread_unlogged } => {
                let progresses = projects.iter().zip(&server.logs);
                // After a restore that the client can't detect, the log may contain events that the reader never
                // receives.
                let done = |log_progress: &LogProgress, log| {
                    log_progress.is_done(log) || log_progress.is_on_another_branch(log)
                };
                *unread_unlogged == 0 && progresses.into_iter().all(|(s, log)| s.as_ref().is_none_or(|s| done(s, log)))
            }
        };
        self.has_ended || (self.is_waiting && read)
    }
}

impl Reader {
    /// Returns the progress in a project's log, if the reader is checked against the log.
    pub(super) fn log_progress(&self, project: usize) -> Option<&LogProgress> {
        match &self.expectation {
            Expectation::Logs { projects, .. } => projects[project].as_ref(),
            Expectation::Buffer(_) => None,
        }
    }

    /// Records that the project's log was restored in a way that the client can't detect.
    pub(super) fn record_undetected_restore(&mut self, project: usize, to: Option<u64>) {
        if let Expectation::Logs { projects, .. } = &mut self.expectation
            && let Some(log_progress) = &mut projects[project]
        {
            log_progress.record_undetected_restore(to);
        }
    }

    /// Starts to check the events of a project that the program is joining.
    pub(super) fn on_project_opened(&mut self, project: usize, initial_progress: &super::program::ProjectProgress) {
        if let (Expectation::Logs { projects, .. }, super::program::ProjectProgress::Log(log_progress)) =
            (&mut self.expectation, initial_progress)
        {
            projects[project] = Some(log_progress.for_kind(self.plan.kind));
        }
    }

    /// Records the position at which the events of a project start.
    pub(super) fn on_stream_started(&mut self, project: usize, id: u64) {
        (self.positions[project], self.cursor_holds[project]) = (Some(id), None);
        if let Expectation::Logs { projects, .. } = &mut self.expectation
            && let Some(log_progress) = &mut projects[project]
        {
            log_progress.complete_to.get_or_insert(id);
        }
    }
}
