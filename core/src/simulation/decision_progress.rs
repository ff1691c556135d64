//! Check of a project without a log: each decision leaves the machine once.

use std::collections::{BTreeMap, BTreeSet};

use super::server::Contents;
use crate::{
    events::{Event, GapReason, Origin},
    session::{BackfillData, BackfillQuery},
};

/// Decisions that a client received from a project without a log. Positions are those in the history of its decisions.
#[derive(Debug, Clone)]
pub(super) struct DecisionProgress {
    /// First position that the client must receive.
    start: usize,
    given: BTreeSet<usize>,
    /// Position of each item's newest decision that was received.
    newest: BTreeMap<usize, usize>,
    /// Position up to which live events were checked.
    checked: usize,
    /// Position up to which a gap covers decisions; they may still arrive.
    excused: usize,
    /// Decisions that REST reported as found and that have not arrived yet.
    owed: BTreeSet<usize>,
    /// True if REST or a live event has given a start. A review does not: earlier ones may be missing.
    start_known: bool,
    /// Number of failed backfills that no gap has reported yet.
    failed: u32,
    /// Items that REST has listed as flagged.
    known: BTreeSet<usize>,
    /// Number of decisions at the time of the last answered REST request.
    polled: usize,
    polls: bool,
    not_wanted: bool,
}

/// Request to REST, as the checks see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct CheckedRequest {
    pub(super) wanted: BackfillQuery,
    /// Number of decisions when it was sent.
    pub(super) decided: usize,
    /// True if an answer was defective, or the decisions can't have been found.
    pub(super) excused: bool,
    /// True if it used the key of another project.
    pub(super) foreign: bool,
}

impl DecisionProgress {
    /// `polls`: reviews are polled. `not_wanted`: the user has disabled backfill.
    pub(super) fn from(start: usize, polls: bool, not_wanted: bool) -> Self {
        Self {
            start,
            given: BTreeSet::new(),
            newest: BTreeMap::new(),
            checked: start,
            excused: start,
            owed: BTreeSet::new(),
            start_known: false,
            failed: 0,
            known: BTreeSet::new(),
            polled: 0,
            polls,
            not_wanted,
        }
    }

    /// Returns `true` if the decision has arrived or need not arrive: a newer one has, or it can't be read.
    fn is_settled(&self, contents: &Contents, position: usize) -> bool {
        let content = contents.history[position].content;
        position < self.excused
            || self.given.contains(&position)
            || self.newest.get(&content).is_some_and(|newest| *newest > position)
            || contents.is_unreadable(content)
    }

    /// `joined`: number of decisions when the server put the client into the room.
    pub(super) fn check(&mut self, event: &Event, contents: &Contents, joined: usize) {
        match event {
            Event::Gap(gap) => self.gap(gap.reason, joined),
            Event::ModerationUpdate(update) => {
                let position = contents.find(event).unwrap_or_else(|| panic!("of another project: {event:?}"));
                self.decision(position, update.meta.origin, contents);
            }
            _ => {}
        }
    }

    fn gap(&mut self, reason: GapReason, joined: usize) {
        let true_reason = match reason {
            // Without a start there is nothing to request from REST.
            GapReason::Interrupted => self.not_wanted || !self.start_known,
            GapReason::BackfillIncomplete => self.failed > 0,
            _ => false,
        };
        assert!(true_reason, "LOST: a gap ({reason:?}) for what REST still lists; {self:?}");
        self.failed = self.failed.saturating_sub(u32::from(reason == GapReason::BackfillIncomplete));
        self.excused = self.excused.max(joined);
    }

    fn decision(&mut self, position: usize, origin: Origin, contents: &Contents) {
        let decision = contents.history[position];
        assert!(self.given.insert(position), "TWICE: {decision:?}");
        let newest = self.newest.insert(decision.content, position);
        assert!(newest.is_none_or(|newest| newest < position), "OUT OF ORDER: {decision:?} after a newer one");
        self.owed.remove(&position);
        if origin == Origin::Live {
            self.start_known = true;
            assert!(position >= self.checked || position < self.start, "OUT OF ORDER: {decision:?}, live");
            let due = (self.checked..position).filter(|due| contents.history[*due].published);
            let lost: Vec<_> = due.filter(|due| !self.is_settled(contents, *due)).collect();
            assert!(lost.is_empty(), "LOST: {lost:?} before {position}, without a gap; {self:?}");
            self.checked = self.checked.max(position);
        }
    }

    /// Notes an answer of REST.
    pub(super) fn on_rest_answer(&mut self, asked: CheckedRequest, found: Option<&BackfillData>, contents: &Contents) {
        self.polled = asked.decided;
        if let Some(listed) = found.and_then(|found| found.flagged.as_ref()) {
            let flagged =
                contents.flagged.iter().copied().filter(|content| contents.first_decision(*content) < asked.decided);
            self.known.extend(flagged.filter(|content| !asked.excused || listed.contains(&contents.id(*content))));
        }
        self.start_known |= found.is_some_and(|found| found.stream_start.is_some());
        let complete = found.is_some_and(|found| found.is_complete);
        let missed = matches!(asked.wanted, BackfillQuery::MissedDecisions { .. });
        assert!(complete || asked.excused || !missed, "LOST: REST does not find what it has: {asked:?}, {found:?}");
        match asked.wanted {
            BackfillQuery::MissedDecisions { .. } if !complete => self.failed += 1,
            BackfillQuery::MissedDecisions { .. } => self.owe(asked.decided, contents, |_, _| true),
            // An item whose first decision has not arrived is not known as flagged.
            BackfillQuery::Reviews if complete && !asked.foreign => {
                self.owe(asked.decided, contents, |this, content| {
                    this.newest.contains_key(&content) || contents.first_decision(content) < this.start
                })
            }
            BackfillQuery::Reviews | BackfillQuery::StreamStart => {}
        }
    }

    /// Like [`on_rest_answer`](Self::on_rest_answer), after the room was joined again: the client may ignore the answer.
    pub(super) fn on_late_rest_answer(&mut self, found: Option<&BackfillData>) {
        self.failed += u32::from(found.is_none_or(|found| !found.is_complete));
    }

    fn owe(&mut self, to: usize, contents: &Contents, known: impl Fn(&Self, usize) -> bool) {
        let due = (self.start..to).filter(|position| !self.is_settled(contents, *position));
        // An item flagged before the join or within a gap, and reviewed before REST listed it, can't be known.
        let listed = |content| {
            let first = contents.first_decision(content);
            first >= self.excused || self.given.contains(&first) || self.known.contains(&content)
        };
        let due = due.filter(|position| listed(contents.history[*position].content));
        let due: Vec<_> = due.filter(|position| known(self, contents.history[*position].content)).collect();
        // REST lists only the latest state of each item.
        let newest: BTreeMap<_, _> =
            due.iter().map(|position| (contents.history[*position].content, *position)).collect();
        self.owed.extend(newest.into_values());
    }

    /// Returns `true` if no further decision is due.
    pub(super) fn is_done(&self, contents: &Contents) -> bool {
        let due = |position: &usize| contents.history[*position].published;
        let last_review = contents.history.iter().rposition(|decision| !decision.published);
        (!self.polls || last_review.is_none_or(|review| self.polled > review || review < self.start))
            && self.owed.iter().all(|position| self.is_settled(contents, *position))
            && (self.start..contents.history.len()).filter(due).all(|position| self.is_settled(contents, position))
    }
}
