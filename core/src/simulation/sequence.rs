//! Whether what somebody is given of a project is its log: each event once, in order, or a gap that adds up and is true.

use super::server::{Log, Place};
use crate::events::{Event, Gap, GapReason};

/// What may keep a client from what it wants, beside a log that has forgotten it or was replaced.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Excuses {
    /// Pages are refused, late or garbled: after five in a row a client goes on without.
    pub(super) no_pages: bool,
    /// The user does not want what was missed.
    pub(super) not_wanted: bool,
    /// Answers to joins come so late, or again, that a later join takes them for its own and their head for the present.
    pub(super) stale_answers: bool,
    /// A restored backup had grown beyond the client's place before it came back: nothing shows that it is another past.
    pub(super) hidden_past: bool,
}

/// Where a reader of a project with a log stands.
#[derive(Debug, Clone)]
pub(super) struct Sequence {
    /// It has everything up to here.
    pub(super) id: Option<u64>,
    /// The last event that it was given itself, if nothing is known to have happened to the log since.
    last: Option<Place>,
    /// Where its client stood when it came back to a past that it could not tell from the one before: what this one has up to
    /// there, and the other had not, nobody has missed.
    hidden_to: Option<u64>,
    kind: Option<&'static str>,
}

/// Which event of the model this is.
pub(super) fn place_of(event: &Event) -> Option<Place> {
    let payload = event.meta().payload.as_ref()?.as_str();
    let key = payload.split_once(r#""key":""#)?.1.split_once('"')?.0;
    let (past, id) = key.split_once('/')?.1.split_once('/')?;
    Some(Place { past: past.parse().ok()?, id: id.parse().ok()? })
}

impl Sequence {
    pub(super) fn from(id: Option<u64>) -> Self {
        Self { id, last: None, hidden_to: None, kind: None }
    }

    /// The same place for a reader of one kind.
    pub(super) fn of_kind(&self, kind: Option<&'static str>) -> Self {
        Self { kind, ..self.clone() }
    }

    fn wants(&self, log: &Log, place: Place) -> bool {
        let kind = log.kind(place);
        self.kind.is_none_or(|wanted| kind == Some(wanted))
    }

    /// Takes in what comes next. Returns how many events it says are missing.
    pub(super) fn see(&mut self, event: &Event, log: &Log, excuses: Excuses) -> u64 {
        match event {
            Event::Gap(gap) => self.gap(gap, log, excuses),
            _ => {
                if let Some(id) = event.event_id() {
                    self.event(id, event, log, excuses);
                }
                0
            }
        }
    }

    fn event(&mut self, id: u64, event: &Event, log: &Log, excuses: Excuses) {
        let Some(place) = place_of(event) else { panic!("an event that the model has not published: {event:?}") };
        assert_eq!(place.id, id, "the id is another event's: {event:?}");
        assert_eq!(log.kind(place), Some(event.name()), "of another kind than was published");
        if let Some(before) = self.id {
            assert!(id > before, "TWICE OR OUT OF ORDER: {place:?} behind {before}, last {:?}", self.last);
            if let Some(last) = self.last.filter(|last| !log.follows(place, *last)) {
                assert!(excuses.hidden_past, "LOST: {place:?} behind {last:?}, which is of another past");
            }
            let lost: Vec<_> = log.between(before, place).filter(|lost| self.wants(log, *lost)).collect();
            assert!(lost.is_empty() || excuses.hidden_past, "LOST: {lost:?}, before {place:?}, and no word of it");
        }
        (self.id, self.last) = (Some(id), Some(place));
    }

    fn gap(&mut self, gap: &Gap, log: &Log, excuses: Excuses) -> u64 {
        let to = gap.meta.event_id.expect("a gap in a log says where it goes on");
        let true_reason = match gap.reason {
            GapReason::Expired => to <= log.forgotten || excuses.not_wanted,
            GapReason::ReplayFailed => excuses.no_pages || log.has_changed(),
            GapReason::LogChanged => log.has_changed(),
            GapReason::CursorAhead => log.has_changed() || excuses.stale_answers,
            GapReason::Interrupted => excuses.not_wanted,
            GapReason::BackfillIncomplete => false,
        };
        assert!(true_reason, "LOST: {gap:?} for events that the log still has; after {:?}", self.id);
        if let (Some(missed), Some(before)) = (gap.missed, self.id) {
            let from = to.checked_sub(missed).expect("no more can be missing than there ever was");
            if !log.has_changed() {
                let lost = (before + 1..=from).map(|id| log.place(id)).find(|lost| self.wants(log, *lost));
                assert!(from >= before && lost.is_none(), "{gap:?} behind {before} does not add up: {lost:?}");
            }
        }
        if gap.missed.is_none() {
            self.last = None;
        }
        self.id = Some(to);
        gap.missed.unwrap_or_default()
    }

    /// Whether what was given last is not what the log has there now.
    pub(super) fn is_of_another_past(&self, log: &Log) -> bool {
        let ids = self.id.zip(self.last).filter(|(id, _)| *id <= log.head());
        ids.is_some_and(|(_, last)| log.place(last.id) != last)
    }

    pub(super) fn hide(&mut self, to: Option<u64>) {
        self.hidden_to = self.hidden_to.max(to);
    }

    /// Whether there is nothing more to be had.
    pub(super) fn is_done(&self, log: &Log) -> bool {
        let Some(id) = self.id else { return false };
        let known = self.hidden_to.map_or(id, |hidden_to| hidden_to.max(id));
        id <= log.head() && (known + 1..=log.head()).all(|id| !self.wants(log, log.place(id)))
    }
}
