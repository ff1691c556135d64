//! Check of a project with a log: each event arrives once and in order, or a correct gap stands for it.

use super::server::{Log, Place};
use crate::events::{Event, Gap, GapReason};

/// Reasons for which a client may lack events, other than a log that has dropped them or was replaced.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Excuses {
    /// Pages are refused, late or damaged: after five in a row a client continues without them.
    pub(super) no_pages: bool,
    /// The user has disabled backfill.
    pub(super) not_wanted: bool,
    /// Answers to joins arrive so late, or twice, that a later join takes them for its own and their head for the
    /// current one.
    pub(super) stale_answers: bool,
    /// A restored backup had grown beyond the client's position before the client returned, so the restore can't be
    /// detected.
    pub(super) hidden_past: bool,
}

/// Progress of one reader of a project with a log.
#[derive(Debug, Clone)]
pub(super) struct Sequence {
    /// Position up to which it has everything.
    pub(super) id: Option<u64>,
    /// Last event that it received itself, unless the log may have changed since.
    last: Option<Place>,
    /// Position of its client when it returned to another past that it could not detect. Events up to there that only
    /// the new past has don't count as missed.
    hidden_to: Option<u64>,
    kind: Option<&'static str>,
}

/// Position of an event in the model.
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

    /// The same progress for a reader of one kind.
    pub(super) fn of_kind(&self, kind: Option<&'static str>) -> Self {
        Self { kind, ..self.clone() }
    }

    fn wants(&self, log: &Log, place: Place) -> bool {
        let kind = log.kind(place);
        self.kind.is_none_or(|wanted| kind == Some(wanted))
    }

    /// Checks the next event; returns the number of events that it reports as missing.
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

    /// Returns `true` if the last event received is not the one that the log has at its id now.
    pub(super) fn is_of_another_past(&self, log: &Log) -> bool {
        let ids = self.id.zip(self.last).filter(|(id, _)| *id <= log.head());
        ids.is_some_and(|(_, last)| log.place(last.id) != last)
    }

    pub(super) fn hide(&mut self, to: Option<u64>) {
        self.hidden_to = self.hidden_to.max(to);
    }

    /// Returns `true` if the log has nothing more for the reader.
    pub(super) fn is_done(&self, log: &Log) -> bool {
        let Some(id) = self.id else { return false };
        let known = self.hidden_to.map_or(id, |hidden_to| hidden_to.max(id));
        id <= log.head() && (known + 1..=log.head()).all(|id| !self.wants(log, log.place(id)))
    }
}
