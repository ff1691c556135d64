//! Readers of streams, fast and slow, and the checks of what they receive.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use super::{
    expected_ring::ExpectedRing,
    log_progress::{Excuses, LogProgress},
    plans::ReaderPlan,
    server::Server,
};
use crate::{
    Error, ErrorKind, EventStream,
    events::{Event, Gap, GapReason},
};

/// Waker that records a wake-up.
#[derive(Debug, Default)]
pub(super) struct WakeFlag(AtomicBool);

impl Wake for WakeFlag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reference that a reader's events are compared with.
#[derive(Debug)]
pub(super) enum Reference {
    /// Events that were put into its ring.
    Ring(ExpectedRing),
    /// The logs: events that found no room in the ring are read from them.
    Logs { projects: Vec<Option<LogProgress>>, unlogged: u64 },
}

#[derive(Debug)]
pub(super) struct Reader {
    pub(super) number: u64,
    pub(super) plan: ReaderPlan,
    /// `None` for all of the client's projects.
    pub(super) project: Option<usize>,
    stream: EventStream,
    flag: Arc<WakeFlag>,
    /// True if it waits to be woken, false during a pause.
    pub(super) waits: bool,
    pub(super) ended: bool,
    /// True if its project was left: a `Lagged` reports the rest.
    pub(super) leaving: bool,
    pub(super) reference: Reference,
    /// Position in each project's log after the events received; below it, positions held for a later replay.
    pub(super) positions: Vec<Option<u64>>,
    held: Vec<Option<u64>>,
    /// True if it was too slow and its stream has ended.
    pub(super) overflowed: bool,
    ends_on_overflow: bool,
}

/// Returns `true` if an event without a project goes to every project's streams.
pub(super) fn concerns_all(event: &Event) -> bool {
    matches!(event, Event::SystemNotification(_) | Event::ServerError(_) | Event::MalformedEvent(_))
}

/// Counts of one batch.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) events: u64,
    pub(super) missing: u64,
    pub(super) dropped: u64,
}

impl Reader {
    /// `positions`: its first position in each project.
    pub(super) fn new(
        number: u64,
        plan: ReaderPlan,
        project: Option<usize>,
        stream: EventStream,
        reference: Reference,
        positions: Vec<Option<u64>>,
        ends_on_overflow: bool,
    ) -> Self {
        Self {
            number,
            plan,
            project,
            stream,
            flag: Arc::default(),
            waits: false,
            ended: false,
            leaving: false,
            reference,
            held: vec![None; positions.len()],
            positions,
            overflowed: false,
            ends_on_overflow,
        }
    }

    /// Largest cursor of the project that this reader allows.
    pub(super) fn limit(&self, project: usize) -> Option<u64> {
        let position = self.positions[project]?;
        Some(self.held[project].map_or(position, |held| held.min(position)))
    }

    fn hold(&mut self, project: usize, to: u64) {
        self.held[project] = Some(self.held[project].map_or(to, |held| held.min(to)));
    }

    /// Returns `true` if the hub delivers the event to this reader.
    pub(super) fn is_for(&self, event: &Event, project: Option<usize>) -> bool {
        let mine = match (self.project, project) {
            (None, _) => true,
            (Some(mine), Some(project)) => mine == project,
            (Some(_), None) => event.project_id().is_none() && concerns_all(event),
        };
        mine && !self.ended && self.wants(event)
    }

    pub(super) fn wants(&self, event: &Event) -> bool {
        self.plan.kind.is_none_or(|kind| event.name() == kind) || matches!(event, Event::Gap(_))
    }

    pub(super) fn record(&mut self, event: &Event) {
        match &mut self.reference {
            Reference::Ring(expected) => expected.record(event),
            Reference::Logs { unlogged, .. } => {
                *unlogged += u64::from(event.event_id().is_none() && !matches!(event, Event::Gap(_)));
            }
        }
    }

    /// Returns `true` if it was woken since it started to wait.
    pub(super) fn was_woken(&mut self) -> bool {
        self.waits && self.flag.0.swap(false, Ordering::Relaxed)
    }

    /// Takes up to a batch of events; `None` if there are none, and it waits.
    pub(super) fn read(&mut self, server: &Server, excuses: &dyn Fn(usize) -> Excuses, over: bool) -> Option<Batch> {
        self.waits = false;
        let waker = Waker::from(self.flag.clone());
        let taken = self.poll(&mut Context::from_waker(&waker));
        let Poll::Ready(taken) = taken else {
            self.waits = true;
            return None;
        };
        let events = taken.unwrap_or_else(|error| {
            self.overflowed = self.ends_on_overflow && error.kind() == ErrorKind::Overflow;
            assert!(over || self.overflowed, "a stream ended: {error}");
            Vec::new()
        });
        self.ended = events.is_empty();
        let mut batch = Batch { events: events.len() as u64, ..Batch::default() };
        for event in events {
            self.check(&event, server, excuses, &mut batch);
        }
        Some(batch)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<Event>, Error>> {
        if self.plan.batch > 1 {
            return pin!(self.stream.next_batch(self.plan.batch)).poll(cx);
        }
        let next = pin!(self.stream.next()).poll(cx);
        next.map(|event| event.transpose().map(|event| event.into_iter().collect()))
    }

    fn check(&mut self, event: &Event, server: &Server, excuses: &dyn Fn(usize) -> Excuses, batch: &mut Batch) {
        let project = event.project_id().and_then(|name| server.project(name));
        assert!(self.wants(event) || matches!(event, Event::Lagged(_)), "unwanted: {event:?}");
        match &mut self.reference {
            Reference::Ring(expected) => batch.dropped += expected.check(event),
            Reference::Logs { projects, unlogged } => match (event, project) {
                (Event::Lagged(lagged), _) => {
                    assert!(self.leaving || lagged.missed <= *unlogged, "LOST: {lagged:?}, of {unlogged} without ids");
                    *unlogged = unlogged.saturating_sub(lagged.missed);
                    batch.dropped += lagged.missed;
                }
                (_, Some(project)) if event.event_id().is_some() => {
                    // A project that is not joined is not checked.
                    if let Some(log_progress) = &mut projects[project] {
                        batch.missing += log_progress.check(event, &server.logs[project], excuses(project));
                    }
                }
                _ => *unlogged = unlogged.checked_sub(1).expect("TWICE: more than was handed out"),
            },
        }
        if let Some((project, id)) = project.zip(event.event_id()) {
            self.positions[project] = Some(id);
            if let Event::Gap(Gap { reason: GapReason::ReplayFailed, missed: Some(missed), .. }) = event {
                self.hold(project, id - missed);
            }
        }
        let dropped = match &mut self.reference {
            Reference::Ring(expected) => std::mem::take(&mut expected.dropped),
            Reference::Logs { .. } => Vec::new(),
        };
        for (name, id) in dropped {
            server.project(&name).into_iter().for_each(|project| self.hold(project, id - 1));
        }
    }

    /// Returns `true` if it has received everything.
    pub(super) fn is_done(&self, server: &Server) -> bool {
        let read = match &self.reference {
            Reference::Ring(expected) => expected.is_empty(),
            Reference::Logs { projects, unlogged } => {
                let progresses = projects.iter().zip(&server.logs);
                // After an undetectable restore, the log may hold more events of its kind than this reader can know of.
                let done =
                    |log_progress: &LogProgress, log| log_progress.is_done(log) || log_progress.is_of_another_past(log);
                *unlogged == 0 && progresses.into_iter().all(|(s, log)| s.as_ref().is_none_or(|s| done(s, log)))
            }
        };
        self.ended || (self.waits && read)
    }
}

impl Reader {
    /// Progress in a project's log, if it is compared with the log.
    pub(super) fn log_progress(&self, project: usize) -> Option<&LogProgress> {
        match &self.reference {
            Reference::Logs { projects, .. } => projects[project].as_ref(),
            Reference::Ring(_) => None,
        }
    }

    /// Notes a restore that its client could not detect.
    pub(super) fn note_restore(&mut self, project: usize, to: Option<u64>) {
        if let Reference::Logs { projects, .. } = &mut self.reference
            && let Some(log_progress) = &mut projects[project]
        {
            log_progress.note_restore(to);
        }
    }

    /// Starts the record of a project that was joined.
    pub(super) fn on_project_opened(&mut self, at: usize, opening: &super::process::ProjectProgress) {
        if let (Reference::Logs { projects, .. }, super::process::ProjectProgress::Log(log_progress)) =
            (&mut self.reference, opening)
        {
            projects[at] = Some(log_progress.of_kind(self.plan.kind));
        }
    }

    pub(super) fn on_stream_started(&mut self, at: usize, id: u64) {
        (self.positions[at], self.held[at]) = (Some(id), None);
        if let Reference::Logs { projects, .. } = &mut self.reference
            && let Some(log_progress) = &mut projects[at]
        {
            log_progress.id.get_or_insert(id);
        }
    }
}
