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
    plans::Plan,
    sequence::{Excuses, Sequence},
    server::Server,
    shadow::Shadow,
};
use crate::{
    Error, ErrorKind, EventStream,
    events::{Event, Gap, GapReason},
};

/// Waker that records a wake-up.
#[derive(Debug, Default)]
pub(super) struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reference that a reader's events are compared with.
#[derive(Debug)]
pub(super) enum Book {
    /// Events that were put into its ring.
    Ring(Shadow),
    /// The logs: events that found no room in the ring are read from them.
    Logs { projects: Vec<Option<Sequence>>, unlogged: u64 },
}

#[derive(Debug)]
pub(super) struct Reader {
    pub(super) number: u64,
    pub(super) plan: Plan,
    /// `None` for all of the client's projects.
    pub(super) project: Option<usize>,
    stream: EventStream,
    flag: Arc<Flag>,
    /// True if it waits to be woken, false during a pause.
    pub(super) waits: bool,
    pub(super) ended: bool,
    /// True if its project was left: a `Lagged` reports the rest.
    pub(super) leaving: bool,
    pub(super) book: Book,
    /// Position in each project's log after the events received; below it, positions held for a later replay.
    pub(super) stands: Vec<Option<u64>>,
    kept: Vec<Option<u64>>,
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
    /// `stands`: its first position in each project.
    pub(super) fn new(
        number: u64,
        plan: Plan,
        project: Option<usize>,
        stream: EventStream,
        book: Book,
        stands: Vec<Option<u64>>,
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
            book,
            kept: vec![None; stands.len()],
            stands,
            overflowed: false,
            ends_on_overflow,
        }
    }

    /// Largest cursor of the project that this reader allows.
    pub(super) fn limit(&self, project: usize) -> Option<u64> {
        let stands = self.stands[project]?;
        Some(self.kept[project].map_or(stands, |kept| kept.min(stands)))
    }

    fn keep(&mut self, project: usize, to: u64) {
        self.kept[project] = Some(self.kept[project].map_or(to, |kept| kept.min(to)));
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

    pub(super) fn hand(&mut self, event: &Event) {
        match &mut self.book {
            Book::Ring(shadow) => shadow.hand(event),
            Book::Logs { unlogged, .. } => {
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
        match &mut self.book {
            Book::Ring(shadow) => batch.dropped += shadow.see(event),
            Book::Logs { projects, unlogged } => match (event, project) {
                (Event::Lagged(lagged), _) => {
                    assert!(self.leaving || lagged.missed <= *unlogged, "LOST: {lagged:?}, of {unlogged} without ids");
                    *unlogged = unlogged.saturating_sub(lagged.missed);
                    batch.dropped += lagged.missed;
                }
                (_, Some(project)) if event.event_id().is_some() => {
                    // A project that is not joined is not checked.
                    if let Some(sequence) = &mut projects[project] {
                        batch.missing += sequence.see(event, &server.logs[project], excuses(project));
                    }
                }
                _ => *unlogged = unlogged.checked_sub(1).expect("TWICE: more than was handed out"),
            },
        }
        if let Some((project, id)) = project.zip(event.event_id()) {
            self.stands[project] = Some(id);
            if let Event::Gap(Gap { reason: GapReason::ReplayFailed, missed: Some(missed), .. }) = event {
                self.keep(project, id - missed);
            }
        }
        let dropped = match &mut self.book {
            Book::Ring(shadow) => std::mem::take(&mut shadow.dropped),
            Book::Logs { .. } => Vec::new(),
        };
        for (name, id) in dropped {
            server.project(&name).into_iter().for_each(|project| self.keep(project, id - 1));
        }
    }

    /// Returns `true` if it has received everything.
    pub(super) fn is_done(&self, server: &Server) -> bool {
        let read = match &self.book {
            Book::Ring(shadow) => shadow.is_empty(),
            Book::Logs { projects, unlogged } => {
                let sequences = projects.iter().zip(&server.logs);
                // After an undetectable restore, the log may hold more events of its kind than this reader can know of.
                let done = |sequence: &Sequence, log| sequence.is_done(log) || sequence.is_of_another_past(log);
                *unlogged == 0 && sequences.into_iter().all(|(s, log)| s.as_ref().is_none_or(|s| done(s, log)))
            }
        };
        self.ended || (self.waits && read)
    }
}

impl Reader {
    /// Progress in a project's log, if it is compared with the log.
    pub(super) fn sequence(&self, project: usize) -> Option<&Sequence> {
        match &self.book {
            Book::Logs { projects, .. } => projects[project].as_ref(),
            Book::Ring(_) => None,
        }
    }

    /// Notes a restore that its client could not detect.
    pub(super) fn hide(&mut self, project: usize, to: Option<u64>) {
        if let Book::Logs { projects, .. } = &mut self.book
            && let Some(sequence) = &mut projects[project]
        {
            sequence.hide(to);
        }
    }

    /// Starts the record of a project that was joined.
    pub(super) fn opened(&mut self, at: usize, opening: &super::process::Follow) {
        if let (Book::Logs { projects, .. }, super::process::Follow::Log(sequence)) = (&mut self.book, opening) {
            projects[at] = Some(sequence.of_kind(self.plan.kind));
        }
    }

    pub(super) fn placed(&mut self, at: usize, id: u64) {
        (self.stands[at], self.kept[at]) = (Some(id), None);
        if let Book::Logs { projects, .. } = &mut self.book
            && let Some(sequence) = &mut projects[at]
        {
            sequence.id.get_or_insert(id);
        }
    }
}
