//! Check that, in a project without a log, the machine outputs each decision once.

use std::collections::{BTreeMap, BTreeSet};

use super::server::ModelContents;
use crate::{
    events::{Event, GapReason, Origin},
    session::{BackfillData, BackfillQuery},
};

/// Progress of a client in a project without a log. Positions are indices into the history of the project's decisions.
#[derive(Debug, Clone)]
pub(super) struct DecisionProgress {
    /// Position of the first decision that the client must receive.
    start: usize,
    received: BTreeSet<usize>,
    /// Position of the newest decision received for each item.
    newest_by_item: BTreeMap<usize, usize>,
    /// Position up to which live events have been checked.
    checked_to: usize,
    /// Position up to which a gap covers decisions. These decisions may still arrive.
    gap_covers_to: usize,
    /// Positions of decisions that a complete backfill must have found and that have not arrived yet.
    expected_from_rest: BTreeSet<usize>,
    /// True if a REST reply or a live event shows from which point decisions may be missing. A review does not show
    /// that point, because earlier reviews may be missing.
    knows_stream_start: bool,
    /// Number of failed or incomplete backfills that no gap has reported yet.
    unreported_failure_count: u32,
    /// Items that the client has seen in a list of flagged items.
    known_flagged: BTreeSet<usize>,
    /// Number of decisions made before the last answered backfill was requested.
    decision_count_at_last_backfill: usize,
    polls_reviews: bool,
    backfill_disabled: bool,
}

/// Request for a backfill, with the state of the model when the request was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordedBackfillRequest {
    pub(super) query: BackfillQuery,
    pub(super) decision_count_at_request: usize,
    /// True if the backfill may be incomplete, for example because of a defective response or an exceeded limit.
    pub(super) may_be_incomplete: bool,
    /// True if the API key belongs to another project.
    pub(super) uses_foreign_key: bool,
}

impl DecisionProgress {
    /// Creates the progress of a client that must receive the decisions from position `start` on.
    pub(super) fn new(start: usize, polls_reviews: bool, backfill_disabled: bool) -> Self {
        Self {
            start,
            received: BTreeSet::new(),
            newest_by_item: BTreeMap::new(),
            checked_to: start,
            gap_covers_to: start,
            expected_from_rest: BTreeSet::new(),
            knows_stream_start: false,
            unreported_failure_count: 0,
            known_flagged: BTreeSet::new(),
            decision_count_at_last_backfill: 0,
            polls_reviews,
            backfill_disabled,
        }
    }

    /// Returns `true` if the decision has arrived or need not arrive. The decision need not arrive if a gap covers it,
    /// if a newer decision on the item has arrived, or if the client can't read the item's row.
    fn is_settled(&self, contents: &ModelContents, position: usize) -> bool {
        let item_index = contents.history[position].item_index;
        position < self.gap_covers_to
            || self.received.contains(&position)
            || self.newest_by_item.get(&item_index).is_some_and(|newest| *newest > position)
            || contents.is_unreadable(item_index)
    }

    /// Checks the next event. A gap covers the first `decision_count_at_join` decisions, which were made before
    /// the server let the client join.
    pub(super) fn check(&mut self, event: &Event, contents: &ModelContents, decision_count_at_join: usize) {
        match event {
            Event::Gap(gap) => self.check_gap(gap.reason, decision_count_at_join),
            Event::ModerationUpdate(update) => {
                let position = contents
                    .decision_position_of(event)
                    .unwrap_or_else(|| panic!("a decision of another project: {event:?}"));
                self.check_decision(position, update.meta.origin, contents);
            }
            _ => {}
        }
    }

    fn check_gap(&mut self, reason: GapReason, decision_count_at_join: usize) {
        let true_reason = match reason {
            // Without a known start, the client can't request a backfill.
            GapReason::Interrupted => self.backfill_disabled || !self.knows_stream_start,
            GapReason::BackfillIncomplete => self.unreported_failure_count > 0,
            _ => false,
        };
        assert!(true_reason, "LOST: a gap ({reason:?}) for decisions that REST still lists; {self:?}");
        self.unreported_failure_count =
            self.unreported_failure_count.saturating_sub(u32::from(reason == GapReason::BackfillIncomplete));
        self.gap_covers_to = self.gap_covers_to.max(decision_count_at_join);
    }

    fn check_decision(&mut self, position: usize, origin: Origin, contents: &ModelContents) {
        let decision = contents.history[position];
        assert!(self.received.insert(position), "TWICE: {decision:?}");
        let newest = self.newest_by_item.insert(decision.item_index, position);
        assert!(newest.is_none_or(|newest| newest < position), "OUT OF ORDER: {decision:?} after a newer one");
        self.expected_from_rest.remove(&position);
        if origin == Origin::Live {
            self.knows_stream_start = true;
            assert!(position >= self.checked_to || position < self.start, "OUT OF ORDER: {decision:?}, live");
            let due = (self.checked_to..position).filter(|due| contents.history[*due].is_published);
            let lost: Vec<_> = due.filter(|due| !self.is_settled(contents, *due)).collect();
            assert!(lost.is_empty(), "LOST: {lost:?} before {position}, without a gap; {self:?}");
            self.checked_to = self.checked_to.max(position);
        }
    }

    /// Checks and records the reply to a backfill request.
    pub(super) fn on_backfill_reply(
        &mut self,
        request: RecordedBackfillRequest,
        found: Option<&BackfillData>,
        contents: &ModelContents,
    ) {
        self.decision_count_at_last_backfill = request.decision_count_at_request;
        if let Some(listed) = found.and_then(|found| found.flagged_ids.as_ref()) {
            let flagged =
                contents.flagged.iter().copied().filter(|item_index| {
                    contents.first_decision_position(*item_index) < request.decision_count_at_request
                });
            self.known_flagged.extend(
                flagged.filter(|item_index| !request.may_be_incomplete || listed.contains(&contents.id(*item_index))),
            );
        }
        self.knows_stream_start |= found.is_some_and(|found| found.stream_start_time.is_some());
        let complete = found.is_some_and(|found| found.is_complete);
        let missed = matches!(request.query, BackfillQuery::MissedDecisions { .. });
        assert!(
            complete || request.may_be_incomplete || !missed,
            "LOST: the backfill missed decisions that REST lists: {request:?}, {found:?}"
        );
        match request.query {
            BackfillQuery::MissedDecisions { .. } if !complete => self.unreported_failure_count += 1,
            BackfillQuery::MissedDecisions { .. } => {
                self.expect_from_rest(request.decision_count_at_request, contents, |_, _| true)
            }
            // The client does not know that an item is flagged until the item's first decision has arrived.
            BackfillQuery::Reviews if complete && !request.uses_foreign_key => {
                self.expect_from_rest(request.decision_count_at_request, contents, |this, item_index| {
                    this.newest_by_item.contains_key(&item_index)
                        || contents.first_decision_position(item_index) < this.start
                })
            }
            BackfillQuery::Reviews | BackfillQuery::StreamStart => {}
        }
    }

    /// Records a reply that the client ignores because it has rejoined the project since the request.
    pub(super) fn on_ignored_backfill_reply(&mut self, found: Option<&BackfillData>) {
        self.unreported_failure_count += u32::from(found.is_none_or(|found| !found.is_complete));
    }

    /// Expects the most recent decision before position `to` on each item that the client knows.
    fn expect_from_rest(&mut self, to: usize, contents: &ModelContents, known: impl Fn(&Self, usize) -> bool) {
        let due = (self.start..to).filter(|position| !self.is_settled(contents, *position));
        // An item may have been flagged before the join or within a gap, and reviewed before REST listed the item.
        // The client can't know about such an item.
        let listed = |item_index| {
            let first = contents.first_decision_position(item_index);
            first >= self.gap_covers_to || self.received.contains(&first) || self.known_flagged.contains(&item_index)
        };
        let due = due.filter(|position| listed(contents.history[*position].item_index));
        let due: Vec<_> = due.filter(|position| known(self, contents.history[*position].item_index)).collect();
        // REST lists only the most recent decision on each item.
        let newest: BTreeMap<_, _> =
            due.iter().map(|position| (contents.history[*position].item_index, *position)).collect();
        self.expected_from_rest.extend(newest.into_values());
    }

    /// Returns `true` if no further decision has to arrive.
    pub(super) fn is_done(&self, contents: &ModelContents) -> bool {
        let due = |position: &usize| contents.history[*position].is_published;
        let last_review = contents.history.iter().rposition(|decision| !decision.is_published);
        (!self.polls_reviews
            || last_review.is_none_or(|review| self.decision_count_at_last_backfill > review || review < self.start))
            && self.expected_from_rest.iter().all(|position| self.is_settled(contents, *position))
            && (self.start..contents.history.len()).filter(due).all(|position| self.is_settled(contents, position))
    }
}
