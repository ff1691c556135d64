//! Making up by REST for what an interruption cost, on servers without an event log.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    time::{Duration, Instant},
};

use crate::events::{Event, ModerationUpdate, Status};

/// How many decisions are remembered to tell what was delivered before.
const REMEMBERED: usize = 1024;
/// How long the event of a decision that REST has told already may be under way.
const ECHO: Duration = Duration::from_secs(60);

/// How much earlier than the newest decision a backfill begins, because decisions are published a little out of order.
pub(crate) const SLACK: Duration = Duration::from_secs(2);
/// The most flagged contents that are kept track of.
pub(crate) const FLAGGED_MAX: usize = 5_000;

type Key = (String, String);

fn key(update: &ModerationUpdate) -> Key {
    (update.content_id.clone(), update.status.as_str().to_owned())
}

/// The decisions delivered lately, by content and status, and the newest of their timestamps.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    seen: HashSet<Key>,
    order: VecDeque<Key>,
    newest: Option<jiff::Timestamp>,
    /// What a backfill has delivered and the server may still send itself, until then: by content, the status and when it
    /// was decided.
    echoes: HashMap<String, (String, Option<jiff::Timestamp>)>,
    echoes_until: Option<Instant>,
    /// The contents that were flagged when they were last heard of; `None` until REST has listed them.
    flagged: Option<BTreeSet<String>>,
    /// Those that events have told since it has.
    flagged_live: BTreeSet<String>,
    /// REST could not list them.
    flagged_unknown: bool,
}

impl Recent {
    /// Remembers a decision; false if it was remembered before.
    pub(crate) fn insert(&mut self, update: &ModerationUpdate) -> bool {
        self.note_flag(update);
        let key = key(update);
        if !self.seen.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        // A server's clock that is ahead must not move the place from which the next backfill asks.
        let decided = update.timestamp.instant().map(|at| at.min(update.meta.received_at));
        self.newest = self.newest.max(decided);
        true
    }

    /// Keeps track of which contents are flagged. One that is flagged anew may be decided again as it was before.
    fn note_flag(&mut self, update: &ModerationUpdate) {
        let sets = [self.flagged.as_mut(), Some(&mut self.flagged_live)].into_iter().flatten();
        if update.status != Status::Flagged {
            for flagged in sets {
                flagged.remove(&update.content_id);
            }
        } else {
            for flagged in sets.filter(|flagged| flagged.len() < FLAGGED_MAX) {
                flagged.insert(update.content_id.clone());
            }
            for status in [Status::Approved, Status::Rejected] {
                self.seen.remove(&(update.content_id.clone(), status.as_str().to_owned()));
            }
        }
    }

    /// The contents that REST lists as flagged.
    pub(crate) fn set_flagged(&mut self, listed: Vec<String>) {
        let mut flagged: BTreeSet<_> = listed.into_iter().collect();
        // The listing may be older than an event that has come since.
        flagged.retain(|id| !self.was_decided(id));
        flagged.append(&mut self.flagged_live);
        self.flagged_unknown = false;
        self.flagged = Some(flagged);
    }

    fn was_decided(&self, id: &str) -> bool {
        let decided = |status: Status| self.seen.contains(&(id.to_owned(), status.as_str().to_owned()));
        decided(Status::Approved) || decided(Status::Rejected)
    }

    /// REST could not list the contents that are flagged: those that no event has told remain unknown.
    pub(crate) fn set_flagged_unknown(&mut self) {
        self.flagged_unknown = self.flagged.is_none();
    }

    /// Whether REST has listed the contents that are flagged.
    pub(crate) fn has_listed(&self) -> bool {
        self.flagged.is_some()
    }

    /// The contents that were listed or seen as flagged; `None` if they could not be listed.
    pub(crate) fn flagged(&self) -> Option<Vec<String>> {
        let flagged = self.flagged.as_ref().unwrap_or(&self.flagged_live);
        (!self.flagged_unknown).then(|| flagged.iter().cloned().collect())
    }

    /// Nothing that was decided before this time of the server's is missed.
    pub(crate) fn start(&mut self, at: jiff::Timestamp) {
        self.newest.get_or_insert(at);
    }

    /// Remembers the event if it is a decision; false if it is one that was remembered before.
    pub(crate) fn insert_event(&mut self, event: &Event) -> bool {
        match event {
            Event::ModerationUpdate(update) => self.insert(update),
            _ => true,
        }
    }

    /// As [`insert`](Self::insert), for a decision that REST has told. Others that were made before it may be missing
    /// still: see [`move_to`](Self::move_to).
    pub(crate) fn insert_backfilled(&mut self, now: Instant, event: &Event) -> bool {
        let Event::ModerationUpdate(update) = event else { return true };
        let newest = self.newest;
        let new = self.insert(update);
        self.newest = newest;
        if new {
            let (content, status) = key(update);
            self.echoes.insert(content, (status, update.timestamp.instant()));
            self.echoes_until = Some(now + ECHO);
        }
        new
    }

    /// REST has told everything that was decided up to this time of the server's.
    pub(crate) fn move_to(&mut self, until: jiff::Timestamp, now: jiff::Timestamp) {
        self.newest = self.newest.max(Some(until.min(now)));
    }

    /// Whether a live event only repeats what REST has just told, or what came before that. A repetition comes once: a
    /// later one is another decision.
    pub(crate) fn is_echo(&mut self, now: Instant, event: &Event) -> bool {
        if self.echoes_until.is_none_or(|until| until <= now) {
            self.forget_echoes();
            return false;
        }
        let Event::ModerationUpdate(update) = event else { return false };
        let Some((status, at)) = self.echoes.get(&update.content_id) else { return false };
        if update.status != *status.as_str() {
            return update.timestamp.instant().zip(*at).is_some_and(|(live, told)| live < told);
        }
        self.echoes.remove(&update.content_id);
        true
    }

    /// What was under way is lost with its connection.
    pub(crate) fn forget_echoes(&mut self) {
        self.echoes_until = None;
        self.echoes.clear();
    }

    /// The server's time of the newest decision that was delivered.
    pub(crate) fn newest(&self) -> Option<jiff::Timestamp> {
        self.newest
    }
}
