//! Whether what leaves a machine of a project without a log is all that was decided, each decision once.

use std::collections::{BTreeMap, BTreeSet};

use super::server::Contents;
use crate::{
    events::{Event, GapReason, Origin},
    session::{BackfillData, BackfillQuery},
};

/// What a client was given of a project without a log. Places are those of the history of its decisions.
#[derive(Debug, Clone)]
pub(super) struct Decisions {
    /// What was decided before was before its time.
    start: usize,
    given: BTreeSet<usize>,
    /// The newest decision that was given of each content.
    newest: BTreeMap<usize, usize>,
    /// Live events up to here have been looked at.
    checked: usize,
    /// What a gap stands for, as far as it does not come all the same.
    excused: usize,
    /// What REST says to have found.
    owed: BTreeSet<usize>,
    /// REST has told where to begin, or a live event has. Reviews do not: others from before them may be missing.
    start_known: bool,
    /// How many backfills have failed without a gap yet.
    failed: u32,
    /// The contents that REST has listed as flagged.
    known: BTreeSet<usize>,
    /// The number of decisions when REST was asked last and has answered since.
    polled: usize,
    polls: bool,
    not_wanted: bool,
}

/// A question to REST, as far as the checks must know it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) wanted: BackfillQuery,
    /// The number of decisions when it was asked.
    pub(super) decided: usize,
    /// Something was wrong with an answer, or it can't have been found.
    pub(super) excused: bool,
    /// By a key of another project.
    pub(super) foreign: bool,
}

impl Decisions {
    /// `polls`: reviews are asked for all the time. `not_wanted`: the user does not want what was missed.
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

    /// What has come, or never needs to: something newer has, or it can't be read.
    fn is_settled(&self, contents: &Contents, place: usize) -> bool {
        let content = contents.history[place].content;
        place < self.excused
            || self.given.contains(&place)
            || self.newest.get(&content).is_some_and(|newest| *newest > place)
            || contents.is_unreadable(content)
    }

    /// `joined`: the number of decisions when the server put the client into the room.
    pub(super) fn see(&mut self, event: &Event, contents: &Contents, joined: usize) {
        match event {
            Event::Gap(gap) => self.gap(gap.reason, joined),
            Event::ModerationUpdate(update) => {
                let place = contents.find(event).unwrap_or_else(|| panic!("of another project: {event:?}"));
                self.decision(place, update.meta.origin, contents);
            }
            _ => {}
        }
    }

    fn gap(&mut self, reason: GapReason, joined: usize) {
        let true_reason = match reason {
            // Without a moment to begin at there is nothing to ask REST for.
            GapReason::Interrupted => self.not_wanted || !self.start_known,
            GapReason::BackfillIncomplete => self.failed > 0,
            _ => false,
        };
        assert!(true_reason, "LOST: a gap ({reason:?}) for what REST still lists; {self:?}");
        self.failed = self.failed.saturating_sub(u32::from(reason == GapReason::BackfillIncomplete));
        self.excused = self.excused.max(joined);
    }

    fn decision(&mut self, place: usize, origin: Origin, contents: &Contents) {
        let decision = contents.history[place];
        assert!(self.given.insert(place), "TWICE: {decision:?}");
        let newest = self.newest.insert(decision.content, place);
        assert!(newest.is_none_or(|newest| newest < place), "OUT OF ORDER: {decision:?} after a newer one");
        self.owed.remove(&place);
        if origin == Origin::Live {
            self.start_known = true;
            assert!(place >= self.checked || place < self.start, "OUT OF ORDER: {decision:?}, live");
            let due = (self.checked..place).filter(|due| contents.history[*due].published);
            let lost: Vec<_> = due.filter(|due| !self.is_settled(contents, *due)).collect();
            assert!(lost.is_empty(), "LOST: {lost:?} before {place}, and no word of it; {self:?}");
            self.checked = self.checked.max(place);
        }
    }

    /// REST has answered.
    pub(super) fn told(&mut self, asked: Asked, found: Option<&BackfillData>, contents: &Contents) {
        self.polled = asked.decided;
        if let Some(listed) = found.and_then(|found| found.flagged.as_ref()) {
            let flagged =
                contents.flagged.iter().copied().filter(|content| contents.first_decision(*content) < asked.decided);
            self.known.extend(flagged.filter(|content| !asked.excused || listed.contains(&contents.id(*content))));
        }
        self.start_known |= found.is_some_and(|found| found.start.is_some());
        let complete = found.is_some_and(|found| found.complete);
        let missed = matches!(asked.wanted, BackfillQuery::Missed { .. });
        assert!(complete || asked.excused || !missed, "LOST: REST does not find what it has: {asked:?}, {found:?}");
        match asked.wanted {
            BackfillQuery::Missed { .. } if !complete => self.failed += 1,
            BackfillQuery::Missed { .. } => self.owe(asked.decided, contents, |_, _| true),
            // One that has not come yet is not known as flagged.
            BackfillQuery::Reviews if complete && !asked.foreign => {
                self.owe(asked.decided, contents, |this, content| {
                    this.newest.contains_key(&content) || contents.first_decision(content) < this.start
                })
            }
            BackfillQuery::Reviews | BackfillQuery::Start => {}
        }
    }

    /// As [`told`](Self::told), after the room was joined once more: whether the client takes the answer depends on how
    /// far it is.
    pub(super) fn told_late(&mut self, found: Option<&BackfillData>) {
        self.failed += u32::from(found.is_none_or(|found| !found.complete));
    }

    fn owe(&mut self, to: usize, contents: &Contents, known: impl Fn(&Self, usize) -> bool) {
        let due = (self.start..to).filter(|place| !self.is_settled(contents, *place));
        // What was flagged before the join, or behind a gap, and reviewed before REST listed it, nobody can know.
        let listed = |content| {
            let first = contents.first_decision(content);
            first >= self.excused || self.given.contains(&first) || self.known.contains(&content)
        };
        let due = due.filter(|place| listed(contents.history[*place].content));
        let due: Vec<_> = due.filter(|place| known(self, contents.history[*place].content)).collect();
        // Of each content only the last state is listed.
        let newest: BTreeMap<_, _> = due.iter().map(|place| (contents.history[*place].content, *place)).collect();
        self.owed.extend(newest.into_values());
    }

    /// Whether there is nothing more to come.
    pub(super) fn is_done(&self, contents: &Contents) -> bool {
        let due = |place: &usize| contents.history[*place].published;
        let last_review = contents.history.iter().rposition(|decision| !decision.published);
        (!self.polls || last_review.is_none_or(|review| self.polled > review || review < self.start))
            && self.owed.iter().all(|place| self.is_settled(contents, *place))
            && (self.start..contents.history.len()).filter(due).all(|place| self.is_settled(contents, place))
    }
}
