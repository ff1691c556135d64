//! Readers of streams, quick and slow, and what is checked of what they are given.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use super::{
    scenario::Plan,
    sequence::{Excuses, Sequence},
    server::Server,
    shadow::Shadow,
};
use crate::{Error, EventStream, events::Event};

/// Whether somebody was woken.
#[derive(Debug, Default)]
pub(super) struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a reader is compared with.
#[derive(Debug)]
pub(super) enum Book {
    /// What was put into its ring.
    Ring(Shadow),
    /// The logs: what finds no room in the ring comes from there.
    Logs { projects: Vec<Option<Sequence>>, unlogged: u64 },
}

#[derive(Debug)]
pub(super) struct Reader {
    pub(super) number: u64,
    pub(super) plan: Plan,
    /// `None`: all of the client's.
    pub(super) project: Option<usize>,
    stream: EventStream,
    flag: Arc<Flag>,
    /// It waits to be woken, rather than taking its time.
    pub(super) waits: bool,
    pub(super) ended: bool,
    /// Its project was left: what it lacks is told as dropped.
    pub(super) leaving: bool,
    pub(super) book: Book,
    /// Where it stands by what it was given.
    pub(super) stands: Option<u64>,
}

/// Of what belongs to no project: whether every project's streams are given it.
pub(super) fn concerns_all(event: &Event) -> bool {
    matches!(event, Event::SystemNotification(_) | Event::ServerError(_) | Event::MalformedEvent(_))
}

/// What a batch was, all in all.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) events: u64,
    pub(super) missing: u64,
    pub(super) dropped: u64,
}

impl Reader {
    pub(super) fn new(number: u64, plan: Plan, project: Option<usize>, stream: EventStream, book: Book) -> Self {
        let flag = Arc::default();
        Self { number, plan, project, stream, flag, waits: false, ended: false, leaving: false, book, stands: None }
    }

    /// Whether the hub would give it this.
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

    /// Whether it was woken since it began to wait.
    pub(super) fn was_woken(&mut self) -> bool {
        self.waits && self.flag.0.swap(false, Ordering::Relaxed)
    }

    /// Takes what there is, up to its batch. `None`: nothing, so that it waits from now on.
    pub(super) fn read(&mut self, server: &Server, excuses: &dyn Fn(usize) -> Excuses) -> Option<Batch> {
        self.waits = false;
        let waker = Waker::from(self.flag.clone());
        let taken = self.poll(&mut Context::from_waker(&waker));
        let Poll::Ready(taken) = taken else {
            self.waits = true;
            return None;
        };
        let events = taken.unwrap_or_else(|error| panic!("a stream ended: {error}"));
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
                    // What is not joined is nobody's business.
                    if let Some(sequence) = &mut projects[project] {
                        batch.missing += sequence.see(event, &server.logs[project], excuses(project));
                    }
                }
                _ => *unlogged = unlogged.checked_sub(1).expect("TWICE: more than was handed out"),
            },
        }
        if event.event_id().is_some() && project == self.project {
            self.stands = event.event_id();
        }
    }

    /// Whether it has all that there is.
    pub(super) fn is_done(&self, server: &Server) -> bool {
        let read = match &self.book {
            Book::Ring(shadow) => shadow.is_empty(),
            Book::Logs { projects, unlogged } => {
                let sequences = projects.iter().zip(&server.logs);
                // In another past there may be more of its kind, which nobody knows of who was here in the one before.
                let done = |sequence: &Sequence, log| sequence.is_done(log) || sequence.is_of_another_past(log);
                *unlogged == 0 && sequences.into_iter().all(|(s, log)| s.as_ref().is_none_or(|s| done(s, log)))
            }
        };
        self.ended || (self.waits && read)
    }
}

impl Reader {
    /// Where it stands in a project's log, if that is what it is compared with.
    pub(super) fn sequence(&self, project: usize) -> Option<&Sequence> {
        match &self.book {
            Book::Logs { projects, .. } => projects[project].as_ref(),
            Book::Ring(_) => None,
        }
    }

    /// Its client came back to a past that it could not tell from the one before, and stands there.
    pub(super) fn hide(&mut self, project: usize, to: Option<u64>) {
        if let Book::Logs { projects, .. } = &mut self.book
            && let Some(sequence) = &mut projects[project]
        {
            sequence.hide(to);
        }
    }

    /// A project was joined, and what is read of it from now on begins here.
    pub(super) fn opened(&mut self, at: usize, opening: &super::process::Follow) {
        if let (Book::Logs { projects, .. }, super::process::Follow::Log(sequence)) = (&mut self.book, opening) {
            projects[at] = Some(sequence.of_kind(self.plan.kind));
        }
    }

    pub(super) fn placed(&mut self, at: usize, id: u64) {
        if let Book::Logs { projects, .. } = &mut self.book
            && let Some(sequence) = &mut projects[at]
        {
            sequence.id.get_or_insert(id);
        }
    }
}
