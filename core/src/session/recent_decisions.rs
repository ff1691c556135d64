//! Record of delivered decisions, for backfills by REST on servers without an event log.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    time::{Duration, Instant},
};

use crate::events::{Event, ModerationUpdate, Status};

/// Largest number of delivered decisions that are remembered to detect duplicates.
const DECISIONS_MAX: usize = 1024;
/// Time after a backfill during which the server may still send the decisions that the backfill returned.
const ECHO_TIMEOUT: Duration = Duration::from_secs(60);

/// Time by which a backfill starts before the newest decision, because decisions are published slightly out of order.
pub(crate) const BACKFILL_OVERLAP: Duration = Duration::from_secs(2);
/// Largest number of flagged items that are tracked.
pub(crate) const FLAGGED_ITEMS_MAX: usize = 5_000;

type ItemKey = (String, String);

fn key(update: &ModerationUpdate) -> ItemKey {
    (update.content_id.clone(), update.status.as_str().to_owned())
}

/// Recently delivered decisions by item and status, and the newest of their timestamps.
#[derive(Debug, Default)]
pub(crate) struct RecentDecisions {
    seen: HashSet<ItemKey>,
    order: VecDeque<ItemKey>,
    newest: Option<jiff::Timestamp>,
    /// Backfilled decisions that the server may still send until `echoes_until`: status and time by item.
    echoes: HashMap<String, (String, Option<jiff::Timestamp>)>,
    echoes_until: Option<Instant>,
    /// Items whose last known status is flagged. `None` until REST has listed them.
    flagged: Option<BTreeSet<String>>,
    /// Items flagged by events since that listing.
    flagged_live: BTreeSet<String>,
    /// True if REST could not list the flagged items.
    flagged_unknown: bool,
}

impl RecentDecisions {
    /// Remembers a decision. Returns `false` if the decision is a duplicate.
    pub(crate) fn insert(&mut self, update: &ModerationUpdate) -> bool {
        self.note_flag(update);
        let key = key(update);
        if !self.seen.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > DECISIONS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        // A server clock that is ahead must not delay the start of the next backfill.
        let decided = update.timestamp.instant().map(|at| at.min(update.meta.received_at));
        self.newest = self.newest.max(decided);
        true
    }

    /// Updates the flagged items. Once an item is flagged again, an earlier decision about it may be repeated.
    fn note_flag(&mut self, update: &ModerationUpdate) {
        let sets = [self.flagged.as_mut(), Some(&mut self.flagged_live)].into_iter().flatten();
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

    /// Replaces the flagged items with those that REST lists.
    pub(crate) fn set_flagged(&mut self, listed: Vec<String>) {
        let mut flagged: BTreeSet<_> = listed.into_iter().collect();
        // The listing may be older than an event that has arrived in the meantime.
        flagged.retain(|id| !self.was_decided(id));
        flagged.append(&mut self.flagged_live);
        self.flagged_unknown = false;
        self.flagged = Some(flagged);
    }

    fn was_decided(&self, id: &str) -> bool {
        let decided = |status: Status| self.seen.contains(&(id.to_owned(), status.as_str().to_owned()));
        decided(Status::Approved) || decided(Status::Rejected)
    }

    /// Records that REST could not list the flagged items. Items without an event remain unknown.
    pub(crate) fn set_flagged_unknown(&mut self) {
        self.flagged_unknown = self.flagged.is_none();
    }

    /// Returns `true` if REST has listed the flagged items.
    pub(crate) fn has_listed(&self) -> bool {
        self.flagged.is_some()
    }

    /// Returns the items that REST or events have reported as flagged, or `None` if REST could not list them.
    pub(crate) fn flagged(&self) -> Option<Vec<String>> {
        let flagged = self.flagged.as_ref().unwrap_or(&self.flagged_live);
        (!self.flagged_unknown).then(|| flagged.iter().cloned().collect())
    }

    /// Sets the server time before which no decision can be missing, unless it is known already.
    pub(crate) fn start(&mut self, at: jiff::Timestamp) {
        self.newest.get_or_insert(at);
    }

    /// Remembers an event if it is a decision. Returns `false` if the decision is a duplicate.
    pub(crate) fn insert_event(&mut self, event: &Event) -> bool {
        match event {
            Event::ModerationUpdate(update) => self.insert(update),
            _ => true,
        }
    }

    /// Like [`insert_event`](Self::insert_event), for an event from REST. Does not advance [`newest`](Self::newest),
    /// because earlier decisions may still be missing; [`move_to`](Self::move_to) does.
    pub(crate) fn insert_backfilled(&mut self, now: Instant, event: &Event) -> bool {
        let Event::ModerationUpdate(update) = event else { return true };
        let newest = self.newest;
        let new = self.insert(update);
        self.newest = newest;
        if new {
            let (content, status) = key(update);
            self.echoes.insert(content, (status, update.timestamp.instant()));
            self.echoes_until = Some(now + ECHO_TIMEOUT);
        }
        new
    }

    /// Records that REST has returned every decision up to this server time.
    pub(crate) fn move_to(&mut self, until: jiff::Timestamp, now: jiff::Timestamp) {
        self.newest = self.newest.max(Some(until.min(now)));
    }

    /// Returns `true` if a live event repeats a backfilled decision or is older than it. Each backfilled decision can
    /// be repeated only once; a second repetition is a new decision.
    pub(crate) fn is_echo(&mut self, now: Instant, event: &Event) -> bool {
        if self.echoes_until.is_none_or(|until| until <= now) {
            self.forget_echoes();
            return false;
        }
        let Event::ModerationUpdate(update) = event else { return false };
        let Some((status, at)) = self.echoes.get(&update.content_id) else { return false };
        let order = update.timestamp.instant().zip(*at).map(|(live, told)| live.cmp(&told));
        if update.status == *status.as_str() {
            self.echoes.remove(&update.content_id);
            return true;
        }
        if order == Some(Ordering::Greater) {
            // The backfilled decision is out of date, so no event can repeat it any more.
            self.echoes.remove(&update.content_id);
        }
        order == Some(Ordering::Less)
    }

    /// Forgets which decisions may be repeated. Their events were lost with the connection.
    pub(crate) fn forget_echoes(&mut self) {
        self.echoes_until = None;
        self.echoes.clear();
    }

    /// Returns the server time of the newest delivered decision.
    pub(crate) fn newest(&self) -> Option<jiff::Timestamp> {
        self.newest
    }
}
