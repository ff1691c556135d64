//! Check of a project with a log: each event arrives once and in order, or a correct gap stands for it.

use super::server::{Log, LogPosition};
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
    pub(super) undetected_restore: bool,
}

/// Progress of one reader of a project with a log.
#[derive(Debug, Clone)]
pub(super) struct LogProgress {
    /// Position up to which it has everything.
    pub(super) id: Option<u64>,
    /// Last event that it received itself, unless the log may have changed since.
    last: Option<LogPosition>,
    /// Position of its client when it returned to another past that it could not detect. Events up to there that only
    /// the new past has don't count as missed.
    restored_to: Option<u64>,
    kind: Option<&'static str>,
}

/// Position of an event in the model.
pub(super) fn position_of(event: &Event) -> Option<LogPosition> {
    let payload = event.meta().payload.as_ref()?.as_str();
    let key = payload.split_once(r#""key":""#)?.1.split_once('"')?.0;
    let (past, id) = key.split_once('/')?.1.split_once('/')?;
    Some(LogPosition { past: past.parse().ok()?, id: id.parse().ok()? })
}

impl LogProgress {
    pub(super) fn from(id: Option<u64>) -> Self {
        Self { id, last: None, restored_to: None, kind: None }
    }

    /// The same progress for a reader of one kind.
    pub(super) fn of_kind(&self, kind: Option<&'static str>) -> Self {
        Self { kind, ..self.clone() }
    }

    fn wants(&self, log: &Log, position: LogPosition) -> bool {
        let kind = log.kind(position);
        self.kind.is_none_or(|wanted| kind == Some(wanted))
    }

    /// Checks the next event; returns the number of events that it reports as missing.
    pub(super) fn check(&mut self, event: &Event, log: &Log, excuses: Excuses) -> u64 {
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
        let Some(position) = position_of(event) else { panic!("an event that the model has not published: {event:?}") };
        assert_eq!(position.id, id, "the id is another event's: {event:?}");
        assert_eq!(log.kind(position), Some(event.name()), "of another kind than was published");
        if let Some(before) = self.id {
            assert!(id > before, "TWICE OR OUT OF ORDER: {position:?} after {before}, last {:?}", self.last);
            if let Some(last) = self.last.filter(|last| !log.follows(position, *last)) {
                assert!(excuses.undetected_restore, "LOST: {position:?} after {last:?}, which is of another past");
            }
            let lost: Vec<_> = log.between(before, position).filter(|lost| self.wants(log, *lost)).collect();
            assert!(
                lost.is_empty() || excuses.undetected_restore,
                "LOST: {lost:?}, before {position:?}, without a gap"
            );
        }
        (self.id, self.last) = (Some(id), Some(position));
    }

    fn gap(&mut self, gap: &Gap, log: &Log, excuses: Excuses) -> u64 {
        let to = gap.meta.event_id.expect("a gap in a log has a position");
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
                let lost = (before + 1..=from).map(|id| log.position(id)).find(|lost| self.wants(log, *lost));
                assert!(from >= before && lost.is_none(), "{gap:?} after {before} does not add up: {lost:?}");
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
        ids.is_some_and(|(_, last)| log.position(last.id) != last)
    }

    pub(super) fn note_restore(&mut self, to: Option<u64>) {
        self.restored_to = self.restored_to.max(to);
    }

    /// Returns `true` if the log has nothing more for the reader.
    pub(super) fn is_done(&self, log: &Log) -> bool {
        let Some(id) = self.id else { return false };
        let known = self.restored_to.map_or(id, |restored_to| restored_to.max(id));
        id <= log.head() && (known + 1..=log.head()).all(|id| !self.wants(log, log.position(id)))
    }
}
