//! State of a project, kept up to date from the event log: a snapshot, with the events after it applied.

use super::{Snapshot, decision_event::decision_event};
use crate::{
    Cursor, Rule,
    events::{Event, ModerationUpdate, ModeratorType, RuleUpdate, RuleVerb, Status, Timestamp},
};

/// Maximum number of items in [`LiveState::review_queue`], the same as in a snapshot.
const QUEUE_ITEMS_MAX: usize = 100;
/// Number of items below which a queue that is only partly known is read again.
const QUEUE_ITEMS_BEFORE_RELOAD: usize = 50;

/// State of a project at one position in its event log.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LiveState {
    /// Position of the newest event that the state includes.
    pub cursor: Cursor,
    /// Moderation counters.
    pub counts: StatusCounts,
    /// All rules, in the order in which the server evaluates them.
    pub rules: Vec<Rule>,
    /// Newest items that await review, newest first. Contains all such items if there are at most 50, and otherwise the
    /// newest 50 to 100; [`StatusCounts::flagged`] is the number of all items that await review.
    pub review_queue: Vec<QueuedItem>,
}

/// Number of items in total and by decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StatusCounts {
    /// Number of submissions so far.
    pub total_content: u64,
    /// Number of approved items.
    pub approved: u64,
    /// Number of rejected items.
    pub rejected: u64,
    /// Number of items that await review.
    pub flagged: u64,
    /// Number of items without a decision.
    pub pending: u64,
}

/// Item that awaits review.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct QueuedItem {
    /// Time at which the item was submitted.
    pub submitted_at: Timestamp,
    /// Decision to flag the item.
    pub decision: ModerationUpdate,
}

/// Effect of an event on the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The state includes the event, or the event does not affect it.
    Included,
    /// The event does not contain enough data, so the state must be replaced by a newer snapshot.
    NeedsSnapshot,
}

impl LiveState {
    pub(crate) fn new(snapshot: Snapshot, now: jiff::Timestamp) -> Self {
        let stats = snapshot.stats;
        let items = snapshot.review.items.iter();
        let review_queue = items.filter_map(|content| match decision_event(content, now) {
            Event::ModerationUpdate(decision) => {
                Some(QueuedItem { submitted_at: content.created_at.clone(), decision })
            }
            _ => None,
        });
        Self {
            cursor: snapshot.cursor,
            counts: StatusCounts {
                total_content: stats.total_content,
                approved: stats.approved,
                rejected: stats.rejected,
                flagged: stats.flagged,
                pending: stats.pending,
            },
            rules: snapshot.rules,
            review_queue: review_queue.collect(),
        }
    }

    /// Applies the event, unless it is already included. If a snapshot is needed, the state does not change.
    pub(crate) fn apply(&mut self, event: &Event) -> Effect {
        if matches!(event, Event::Gap(_) | Event::Lagged(_)) {
            return Effect::NeedsSnapshot;
        }
        let Some(position) = event.meta().cursor().filter(|_| !self.includes(event)) else {
            return Effect::Included;
        };
        if !self.is_in_log_of(&position) {
            return Effect::NeedsSnapshot;
        }
        let effect = match event {
            Event::ModerationUpdate(decision) => self.apply_decision(decision),
            Event::RuleUpdate(update) => self.apply_rule_update(update),
            // It is unknown what the event changed.
            Event::MalformedEvent(_) => Effect::NeedsSnapshot,
            _ => Effect::Included,
        };
        if effect == Effect::Included {
            self.cursor.event_id = position.event_id;
        }
        effect
    }

    /// Returns `true` if the state already includes the event.
    pub(crate) fn includes(&self, event: &Event) -> bool {
        event
            .meta()
            .cursor()
            .is_some_and(|position| self.is_in_log_of(&position) && position.event_id <= self.cursor.event_id)
    }

    /// Returns `true` if the state belongs to the same log as the position, as far as both logs are known.
    fn is_in_log_of(&self, position: &Cursor) -> bool {
        self.cursor.log.as_ref().zip(position.log.as_ref()).is_none_or(|(own, log)| own == log)
    }

    fn apply_decision(&mut self, decision: &ModerationUpdate) -> Effect {
        let previous = decision.extra.get("previous_status").and_then(serde_json::Value::as_str).map(Status::from);
        let is_unspecified_review =
            previous.is_none() && decision.moderator_type.as_ref() == Some(&ModeratorType::Manual);
        let mut counts = self.counts;
        if is_unspecified_review || !counts.replace(previous.as_ref(), &decision.status) {
            return Effect::NeedsSnapshot;
        }
        let effect = self.update_queue(decision, previous.is_none(), counts.flagged);
        if effect == Effect::Included {
            self.counts = counts;
        }
        effect
    }

    /// Updates the queue. `flagged` is the number of all items that await review after the decision.
    fn update_queue(&mut self, decision: &ModerationUpdate, is_new: bool, flagged: u64) -> Effect {
        let queue = &mut self.review_queue;
        let known = queue.iter().position(|item| item.decision.content_id == decision.content_id);
        match (known, decision.status == Status::Flagged) {
            (Some(index), true) => queue[index].decision = decision.clone(),
            (Some(index), false) => {
                let rest = queue.len() - 1;
                if (rest as u64) < flagged && rest < QUEUE_ITEMS_BEFORE_RELOAD {
                    return Effect::NeedsSnapshot;
                }
                queue.remove(index);
            }
            (None, true) if is_new => return self.add_to_queue(decision, flagged),
            // The event does not contain the time of the submission.
            (None, true) => return Effect::NeedsSnapshot,
            (None, false) => {}
        }
        Effect::Included
    }

    /// Adds a new item, whose time of submission is the time of the decision, in the server's order.
    fn add_to_queue(&mut self, decision: &ModerationUpdate, flagged: u64) -> Effect {
        let Some(submitted_at) = decision.timestamp.instant() else {
            return Effect::NeedsSnapshot;
        };
        let new_key = (Some(submitted_at), decision.content_id.as_str());
        let queue = &mut self.review_queue;
        let index = queue.iter().position(|item| item.sort_key() < new_key).unwrap_or(queue.len());
        // If the end of the queue is unknown, so is the order of the items there.
        let is_partly_known = (queue.len() as u64) + 1 < flagged;
        if index < queue.len() || !is_partly_known {
            queue.insert(index, QueuedItem { submitted_at: decision.timestamp.clone(), decision: decision.clone() });
            queue.truncate(QUEUE_ITEMS_MAX);
        }
        Effect::Included
    }

    /// Removes a deleted rule. Events about other changes do not contain the whole rule.
    fn apply_rule_update(&mut self, update: &RuleUpdate) -> Effect {
        if update.action != RuleVerb::Deleted {
            return Effect::NeedsSnapshot;
        }
        self.rules.retain(|rule| rule.id != update.rule.id);
        Effect::Included
    }
}

impl QueuedItem {
    /// Returns the key by which the server sorts the queue, in descending order.
    fn sort_key(&self) -> (Option<jiff::Timestamp>, &str) {
        (self.submitted_at.instant(), &self.decision.content_id)
    }
}

impl StatusCounts {
    /// Counts a decision, which replaces the previous decision on the item if there is one. Returns `false` if a status
    /// has no counter.
    fn replace(&mut self, previous: Option<&Status>, status: &Status) -> bool {
        let Some(counter) = self.counter(status) else {
            return false;
        };
        *counter += 1;
        let Some(previous) = previous else {
            self.total_content += 1;
            return true;
        };
        let Some(counter) = self.counter(previous) else {
            return false;
        };
        *counter = counter.saturating_sub(1);
        true
    }

    fn counter(&mut self, status: &Status) -> Option<&mut u64> {
        match status {
            Status::Approved => Some(&mut self.approved),
            Status::Rejected => Some(&mut self.rejected),
            Status::Flagged => Some(&mut self.flagged),
            Status::Pending => Some(&mut self.pending),
            Status::Other(_) => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        events::{Arrival, Origin, decode},
        rest::{Content, ReviewQueue, Statistics},
    };

    const NOW: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

    fn time(second: usize) -> String {
        format!("2026-11-29T12:{:02}:{:02}Z", second / 60, second % 60)
    }

    /// Returns a state with this number of flagged items. The queue contains the newest of them, in the server's order.
    fn state_with_flagged(flagged: usize) -> LiveState {
        let items = (0..flagged).rev().take(QUEUE_ITEMS_MAX).map(|n| {
            let content =
                json!({"id": format!("c{n}"), "status": "flagged", "content_data": "x", "created_at": time(n)});
            serde_json::from_value::<Content>(content).unwrap()
        });
        let total = flagged as u64;
        let stats = Statistics { total_content: total, flagged: total, ..Statistics::default() };
        let review = ReviewQueue { total, items: items.collect() };
        let cursor = Cursor { log: Some("log".into()), event_id: 10 };
        LiveState::new(Snapshot { cursor, stats, rules: Vec::new(), review }, NOW)
    }

    fn event(name: &str, payload: &Value) -> Event {
        let mut event = decode(name, &payload.to_string(), Arrival { origin: Origin::Live, at: NOW });
        event.meta_mut().log = Some("log".into());
        event
    }

    fn decision(id: u64, content: &str, status: &str, previous: Option<&str>, at: usize) -> Event {
        let mut payload =
            json!({"event_id": id, "content_id": content, "status": status, "timestamp": time(at), "project_id": "p"});
        if let Some(previous) = previous {
            payload["previous_status"] = previous.into();
        }
        event("moderation_update", &payload)
    }

    fn queued(state: &LiveState) -> Vec<&str> {
        state.review_queue.iter().map(|item| item.decision.content_id.as_str()).collect()
    }

    #[test]
    fn events_change_counters_and_queue() {
        let mut state = state_with_flagged(2);
        assert_eq!(state.apply(&decision(11, "new", "flagged", None, 5)), Effect::Included);
        assert_eq!(state.apply(&decision(12, "fine", "approved", None, 6)), Effect::Included);
        assert_eq!(state.apply(&decision(13, "c0", "rejected", Some("flagged"), 7)), Effect::Included);
        assert_eq!(queued(&state), ["new", "c1"]);
        let expected = StatusCounts { total_content: 4, approved: 1, rejected: 1, flagged: 2, pending: 0 };
        assert_eq!((state.counts, state.cursor.event_id), (expected, 13));
    }

    #[test]
    fn event_of_the_snapshot_changes_nothing() {
        let mut state = state_with_flagged(1);
        let (before, event) = (state.clone(), decision(10, "c0", "flagged", None, 0));
        assert!(state.includes(&event));
        assert_eq!(state.apply(&event), Effect::Included);
        assert_eq!(state, before);
    }

    #[test]
    fn items_are_listed_in_the_servers_order_even_if_their_events_are_not() {
        let mut state = state_with_flagged(0);
        for (id, content, at) in [(11, "b", 5), (12, "a", 5), (13, "c", 4), (14, "d", 6)] {
            assert_eq!(state.apply(&decision(id, content, "flagged", None, at)), Effect::Included);
        }
        assert_eq!(queued(&state), ["d", "b", "a", "c"]);
    }

    #[test]
    fn the_unknown_end_of_a_long_queue_is_not_guessed() {
        let mut state = state_with_flagged(300);
        assert_eq!(state.apply(&decision(11, "old", "flagged", None, 1)), Effect::Included);
        assert_eq!((state.counts.flagged, state.review_queue.len()), (301, 100));
        assert!(!queued(&state).contains(&"old"));
        assert_eq!(state.apply(&decision(12, "new", "flagged", None, 400)), Effect::Included);
        assert_eq!((queued(&state)[0], state.review_queue.len()), ("new", 100));
        let mut reviewed = 0;
        while state.apply(&decision(20 + reviewed, queued(&state)[0], "approved", Some("flagged"), 0))
            == Effect::Included
        {
            reviewed += 1;
        }
        assert_eq!(reviewed, 50, "a new snapshot is needed once fewer than 50 items are known");
    }

    #[test]
    fn events_without_enough_data_need_a_snapshot() {
        let mut of_other_log = decision(9, "x", "flagged", None, 5);
        of_other_log.meta_mut().log = Some("other".into());
        let mut unspecified = json!({"event_id": 11, "content_id": "c0", "status": "approved"});
        unspecified["moderator_type"] = "manual".into();
        let gap =
            crate::Gap::new("p".into(), crate::GapReason::LogChanged, None, event("x", &json!({})).meta().clone());
        for event in [
            event("moderation_update", &unspecified),
            decision(11, "c7", "flagged", Some("approved"), 0),
            decision(11, "new", "on hold", None, 0),
            event("rule_update", &json!({"event_id": 11, "action": "created", "rule": {"id": "r"}})),
            Event::Gap(gap),
            of_other_log,
        ] {
            let mut state = state_with_flagged(1);
            let before = state.clone();
            assert_eq!(state.apply(&event), Effect::NeedsSnapshot, "{event:?}");
            assert_eq!(state, before, "{event:?}");
        }
    }

    #[test]
    fn deleted_rule_is_removed() {
        let mut state = state_with_flagged(0);
        let Event::RuleUpdate(created) =
            event("rule_update", &json!({"event_id": 1, "action": "created", "rule": {"id": "r"}}))
        else {
            unreachable!()
        };
        state.rules = vec![created.rule];
        let deleted = event("rule_update", &json!({"event_id": 11, "action": "deleted", "rule": {"id": "r"}}));
        assert_eq!(state.apply(&deleted), Effect::Included);
        assert_eq!(state.rules, []);
    }
}
