//! Record of delivered decisions, for backfills through REST on servers without an event log.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    time::{Duration, Instant},
};

use crate::events::{Event, ModerationUpdate, Status};

/// Largest number of delivered decisions that are remembered to detect duplicates.
const REMEMBERED_DECISIONS_MAX: usize = 1024;
/// Time after a backfill during which the server may still send the decisions that the backfill returned.
const ECHO_WINDOW: Duration = Duration::from_secs(60);

/// Duration by which a backfill starts before [`RecentDecisions::complete_until`], because decisions may be published
/// slightly out of order.
pub(crate) const BACKFILL_OVERLAP: Duration = Duration::from_secs(2);
/// Largest number of flagged items that are tracked.
pub(crate) const FLAGGED_ITEMS_MAX: usize = 5_000;

type DecisionKey = (String, String);

fn decision_key(update: &ModerationUpdate) -> DecisionKey {
    (update.content_id.clone(), update.status.as_str().to_owned())
}

/// Recently delivered decisions by item and status, the server time up to which no decision is missing, and the flagged
/// items.
#[derive(Debug, Default)]
pub(crate) struct RecentDecisions {
    seen: HashSet<DecisionKey>,
    insertion_order: VecDeque<DecisionKey>,
    complete_until: Option<jiff::Timestamp>,
    /// Status and time, by item, of the backfilled decisions that the server may still send until `echoes_until`.
    possible_echoes: HashMap<String, (String, Option<jiff::Timestamp>)>,
    echoes_until: Option<Instant>,
    /// Items whose last known status is flagged. `None` until REST has listed them.
    flagged_ids: Option<BTreeSet<String>>,
    /// Items that events have flagged since REST last listed the flagged items, or since the start if REST has not
    /// listed them.
    flagged_ids_from_events: BTreeSet<String>,
    /// True if REST has failed to list the flagged items and has never listed them.
    has_only_failed_listings: bool,
}

impl RecentDecisions {
    /// Remembers a decision. Returns `false` if the decision is a duplicate.
    pub(crate) fn insert_decision(&mut self, update: &ModerationUpdate) -> bool {
        self.update_flagged(update);
        let key = decision_key(update);
        if !self.seen.insert(key.clone()) {
            return false;
        }
        self.insertion_order.push_back(key);
        if self.insertion_order.len() > REMEMBERED_DECISIONS_MAX
            && let Some(oldest) = self.insertion_order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        // A server clock that is ahead must not move the start of the next backfill into the future.
        let decided = update.timestamp.instant().map(|at| at.min(update.meta.received_at));
        self.complete_until = self.complete_until.max(decided);
        true
    }

    /// Updates the flagged items. Once an item is flagged again, a repeated decision on it is not a duplicate.
    fn update_flagged(&mut self, update: &ModerationUpdate) {
        let sets = [self.flagged_ids.as_mut(), Some(&mut self.flagged_ids_from_events)].into_iter().flatten();
        if update.status != Status::Flagged {
            for flagged in sets {
                flagged.remove(&update.content_id);
            }
        } else {
            for flagged in sets.filter(|flagged| flagged.len() < FLAGGED_ITEMS_MAX) {
                flagged.insert(update.content_id.clone());
            }
            for status in [Status::Approved, Status::Rejected] {
                self.seen.remove(&(update.content_id.clone(), status.as_str().to_owned()));
            }
        }
    }

    /// Replaces the flagged items with those that REST lists, except that newer events take precedence.
    pub(crate) fn set_listed_flagged(&mut self, listed: Vec<String>) {
        let mut flagged: BTreeSet<_> = listed.into_iter().collect();
        // The listing may be older than an event that has arrived in the meantime.
        flagged.retain(|id| !self.was_approved_or_rejected(id));
        flagged.append(&mut self.flagged_ids_from_events);
        self.has_only_failed_listings = false;
        self.flagged_ids = Some(flagged);
    }

    fn was_approved_or_rejected(&self, id: &str) -> bool {
        let decided = |status: Status| self.seen.contains(&(id.to_owned(), status.as_str().to_owned()));
        decided(Status::Approved) || decided(Status::Rejected)
    }

    /// Records that REST could not list the flagged items. The flagged items are then unknown, unless an earlier
    /// listing has succeeded.
    pub(crate) fn on_listing_failed(&mut self) {
        self.has_only_failed_listings = self.flagged_ids.is_none();
    }

    /// Returns `true` if REST has listed the flagged items.
    pub(crate) fn has_flagged_listing(&self) -> bool {
        self.flagged_ids.is_some()
    }

    /// Returns the ids of the items whose last known status is flagged, or `None` if the flagged items are unknown
    /// because REST could not list them.
    pub(crate) fn known_flagged_ids(&self) -> Option<Vec<String>> {
        let flagged = self.flagged_ids.as_ref().unwrap_or(&self.flagged_ids_from_events);
        (!self.has_only_failed_listings).then(|| flagged.iter().cloned().collect())
    }

    /// Sets the server time before which no decision can be missing. Has no effect if this time is already known.
    pub(crate) fn set_complete_until_if_unknown(&mut self, at: jiff::Timestamp) {
        self.complete_until.get_or_insert(at);
    }

    /// Remembers an event if it is a decision. Returns `false` if the decision is a duplicate.
    pub(crate) fn insert_event(&mut self, event: &Event) -> bool {
        match event {
            Event::ModerationUpdate(update) => self.insert_decision(update),
            _ => true,
        }
    }

    /// Like [`insert_event`](Self::insert_event), but for an event from REST. Does not advance
    /// [`complete_until`](Self::complete_until), because earlier decisions may still be missing;
    /// [`advance_complete_until`](Self::advance_complete_until) advances it.
    pub(crate) fn insert_backfilled(&mut self, now: Instant, event: &Event) -> bool {
        let Event::ModerationUpdate(update) = event else { return true };
        let before = self.complete_until;
        let new = self.insert_decision(update);
        self.complete_until = before;
        if new {
            let (content, status) = decision_key(update);
            self.possible_echoes.insert(content, (status, update.timestamp.instant()));
            self.echoes_until = Some(now + ECHO_WINDOW);
        }
        new
    }

    /// Records that REST has returned every decision up to this server time, or that a gap covers the decisions that
    /// REST did not return.
    pub(crate) fn advance_complete_until(&mut self, until: jiff::Timestamp, now: jiff::Timestamp) {
        self.complete_until = self.complete_until.max(Some(until.min(now)));
    }

    /// Returns `true` if a live event repeats a backfilled decision or is older than the backfilled decision on the
    /// same item. Each backfilled decision can be repeated only once; a second repetition counts as a new decision.
    pub(crate) fn is_backfill_echo(&mut self, now: Instant, event: &Event) -> bool {
        if self.echoes_until.is_none_or(|until| until <= now) {
            self.forget_backfill_echoes();
            return false;
        }
        let Event::ModerationUpdate(update) = event else { return false };
        let Some((status, at)) = self.possible_echoes.get(&update.content_id) else { return false };
        let order = update.timestamp.instant().zip(*at).map(|(live, backfilled)| live.cmp(&backfilled));
        if update.status == *status.as_str() {
            self.possible_echoes.remove(&update.content_id);
            return true;
        }
        if order == Some(Ordering::Greater) {
            // The backfilled decision is out of date, so no event can repeat it any more.
            self.possible_echoes.remove(&update.content_id);
        }
        order == Some(Ordering::Less)
    }

    /// Forgets which decisions the server may still repeat, for example because their events were lost with the
    /// connection.
    pub(crate) fn forget_backfill_echoes(&mut self) {
        self.echoes_until = None;
        self.possible_echoes.clear();
    }

    /// Returns the server time up to which no decision is missing: the latest of the time of the newest live decision,
    /// the end of the last backfill, and the start of the stream.
    pub(crate) fn complete_until(&self) -> Option<jiff::Timestamp> {
        self.complete_until
    }
}
