//! Check that, in a project with a log, each event arrives once and in order, or a correct gap reports it as missing.

use super::server::{Log, LogPosition};
use crate::events::{Event, Gap, GapReason};

/// Reasons why a client may miss events, apart from the expiry of events and the replacement of the log.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Excuses {
    /// True if pages of the log may be refused, late or damaged. After five failures in a row, a client continues
    /// without the missing events.
    pub(super) pages_unavailable: bool,
    /// True if the client's options disable backfill.
    pub(super) backfill_disabled: bool,
    /// True if replies to joins may arrive late or twice. The client may then attribute such a reply, and the newest
    /// event id in it, to a later join.
    pub(super) stale_join_replies: bool,
    /// True if the log was restored from a backup and then grew beyond the client's position before the client
    /// returned. The client can't detect the restore.
    pub(super) restore_undetected: bool,
}

/// Progress of a session machine or a reader in the log of a project.
#[derive(Debug, Clone)]
pub(super) struct LogProgress {
    /// Id up to which all events have been received or reported as missing.
    pub(super) complete_to: Option<u64>,
    /// Position of the last event received, unless the log may have changed since.
    last_received: Option<LogPosition>,
    /// Position of the client when it continued on another branch of the log without detecting the change. Events of
    /// the new branch up to this position don't count as missed.
    position_at_undetected_restore: Option<u64>,
    /// Kind of events that the reader selects, or `None` for all kinds.
    kind: Option<&'static str>,
}

/// Returns the position of an event in the model's log.
pub(super) fn log_position_of(event: &Event) -> Option<LogPosition> {
    let payload = event.meta().payload.as_ref()?.as_str();
    let key = payload.split_once(r#""key":""#)?.1.split_once('"')?.0;
    let (branch, id) = key.split_once('/')?.1.split_once('/')?;
    Some(LogPosition { branch: branch.parse().ok()?, id: id.parse().ok()? })
}

impl LogProgress {
    pub(super) fn new(complete_to: Option<u64>) -> Self {
        Self { complete_to, last_received: None, position_at_undetected_restore: None, kind: None }
    }

    /// Returns a copy of the progress for a reader that selects events of this kind.
    pub(super) fn for_kind(&self, kind: Option<&'static str>) -> Self {
        Self { kind, ..self.clone() }
    }

    fn selects(&self, log: &Log, position: LogPosition) -> bool {
        let kind = log.kind(position);
        self.kind.is_none_or(|wanted| kind == Some(wanted))
    }

    /// Checks the next event. Returns the number of events that the checked event reports as missing.
    pub(super) fn check(&mut self, event: &Event, log: &Log, excuses: Excuses) -> u64 {
        match event {
            Event::Gap(gap) => self.check_gap(gap, log, excuses),
            _ => {
                if let Some(id) = event.event_id() {
                    self.check_logged_event(id, event, log, excuses);
                }
                0
            }
        }
    }

    fn check_logged_event(&mut self, id: u64, event: &Event, log: &Log, excuses: Excuses) {
        let Some(position) = log_position_of(event) else {
            panic!("the server has not published this event: {event:?}")
        };
        assert_eq!(position.id, id, "the id belongs to another event: {event:?}");
        assert_eq!(log.kind(position), Some(event.name()), "the event is of another kind than was published");
        if let Some(before) = self.complete_to {
            assert!(id > before, "TWICE OR OUT OF ORDER: {position:?} after {before}, last {:?}", self.last_received);
            if let Some(last) = self.last_received.filter(|last| !log.follows(position, *last)) {
                assert!(excuses.restore_undetected, "LOST: {position:?} after {last:?}, which is on another branch");
            }
            let lost: Vec<_> = log.between(before, position).filter(|lost| self.selects(log, *lost)).collect();
            assert!(lost.is_empty() || excuses.restore_undetected, "LOST: {lost:?} before {position:?} without a gap");
        }
        (self.complete_to, self.last_received) = (Some(id), Some(position));
    }

    fn check_gap(&mut self, gap: &Gap, log: &Log, excuses: Excuses) -> u64 {
        let to = gap.meta.event_id.expect("gaps in a log have a position");
        let true_reason = match gap.reason {
            GapReason::Expired => to <= log.newest_expired_id || excuses.backfill_disabled,
            GapReason::ReplayFailed => excuses.pages_unavailable || log.was_restored_or_replaced(),
            GapReason::LogChanged => log.was_restored_or_replaced(),
            GapReason::CursorAhead => log.was_restored_or_replaced() || excuses.stale_join_replies,
            GapReason::Interrupted => excuses.backfill_disabled,
            GapReason::BackfillIncomplete => false,
        };
        assert!(true_reason, "LOST: {gap:?} for events that the log still contains, after {:?}", self.complete_to);
        if let (Some(missed), Some(before)) = (gap.missed, self.complete_to) {
            let from = to.checked_sub(missed).expect("a gap can't report more events than were published");
            if !log.was_restored_or_replaced() {
                let lost = (before + 1..=from).map(|id| log.position(id)).find(|lost| self.selects(log, *lost));
                assert!(
                    from >= before && lost.is_none(),
                    "a wrong number of missing events: {gap:?} after {before}, with {lost:?} missing"
                );
            }
        }
        if gap.missed.is_none() {
            self.last_received = None;
        }
        self.complete_to = Some(to);
        gap.missed.unwrap_or_default()
    }

    /// Returns `true` if the log now contains another event with the id of the last event received.
    pub(super) fn is_on_another_branch(&self, log: &Log) -> bool {
        let ids = self.complete_to.zip(self.last_received).filter(|(id, _)| *id <= log.head_id());
        ids.is_some_and(|(_, last)| log.position(last.id) != last)
    }

    pub(super) fn record_undetected_restore(&mut self, to: Option<u64>) {
        self.position_at_undetected_restore = self.position_at_undetected_restore.max(to);
    }

    /// Returns `true` if the log contains no further events for the reader.
    pub(super) fn is_done(&self, log: &Log) -> bool {
        let Some(id) = self.complete_to else { return false };
        let known = self.position_at_undetected_restore.map_or(id, |position| position.max(id));
        id <= log.head_id() && (known + 1..=log.head_id()).all(|id| !self.selects(log, log.position(id)))
    }
}
