//! The order of one project's events on this node: each event is published once, in the order of the ids, regardless of which node
//! committed it.
//!
//! Events come from this node's commits, from other nodes, and from the log. Events with later ids wait for missing ones. While Redis is
//! up, a missing event is usually on its way in another node's message, so it is read from the log only after a short wait.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// Maximum number of events that wait for a missing one. Further events are read from the log when they are needed.
const EARLY_EVENTS_MAX: usize = 1024;

/// The events of one project that wait to be published in order.
#[derive(Debug)]
pub(super) struct Sequencer<E> {
    /// Id of the next event to publish; `None` until the sequence has started.
    next_id: Option<i64>,
    early_events: BTreeMap<i64, E>,
    /// The greatest id that is known to be in the log.
    logged_head: i64,
    /// The greatest id that another node announced; reset to 0 if a read of the log refutes it.
    announced_head: i64,
    /// Value of `announced_head` when the current read started.
    announced_head_before_read: i64,
    /// Time from which the missing events are read from the log; `None` if none are missing.
    read_due_at: Option<Instant>,
    /// Time before which no read starts, because the last one failed.
    retry_at: Option<Instant>,
    is_reading: bool,
}

impl<E> Default for Sequencer<E> {
    fn default() -> Self {
        Self {
            next_id: None,
            early_events: BTreeMap::new(),
            logged_head: 0,
            announced_head: 0,
            announced_head_before_read: 0,
            read_due_at: None,
            retry_at: None,
            is_reading: false,
        }
    }
}

impl<E> Sequencer<E> {
    /// Returns the id that precedes the next event to publish; `None` until the sequence has started.
    pub(super) fn last_published_id(&self) -> Option<i64> {
        self.next_id.map(|next| next - 1)
    }

    pub(super) fn is_started(&self) -> bool {
        self.next_id.is_some()
    }

    /// Starts the sequence after this id, unless it has already started. Returns the events that can be published now.
    pub(super) fn start(&mut self, after: i64) -> Vec<E> {
        if self.next_id.is_none() {
            self.next_id = Some(after + 1);
            self.early_events = self.early_events.split_off(&(after + 1));
        }
        self.take_publishable()
    }

    /// Adds an event that is known to be in the log. Returns the events that can be published now.
    pub(super) fn push_logged(&mut self, id: i64, event: E) -> Vec<E> {
        self.logged_head = self.logged_head.max(id);
        self.insert(id, event)
    }

    /// Adds an event from another node's message. An event that waits for missing ones is dropped if a read shows that the log does not
    /// contain it. Returns the events that can be published now.
    pub(super) fn push_announced(&mut self, id: i64, event: E) -> Vec<E> {
        self.announced_head = self.announced_head.max(id);
        self.insert(id, event)
    }

    fn insert(&mut self, id: i64, event: E) -> Vec<E> {
        match self.next_id {
            Some(next_id) if id < next_id => return Vec::new(),
            Some(next_id) if id == next_id => {
                self.next_id = Some(next_id + 1);
                let mut ready = vec![event];
                ready.extend(self.take_publishable());
                return ready;
            }
            _ if self.early_events.len() < EARLY_EVENTS_MAX => drop(self.early_events.insert(id, event)),
            // The events with the lowest ids are kept, because they are needed first.
            _ => {
                if self.early_events.last_key_value().is_some_and(|(&last, _)| id < last) {
                    self.early_events.pop_last();
                    self.early_events.insert(id, event);
                }
            }
        }
        Vec::new()
    }

    /// Records that the log contains events up to this id.
    pub(super) fn raise_logged_head(&mut self, head: i64) {
        self.logged_head = self.logged_head.max(head);
    }

    /// Applies the newest id in the log, as seen by the read that [`Self::start_read_if_due`] began. Nodes announce only committed
    /// events. An id that was announced before the read but is greater than `head` is therefore not in the log, and is
    /// neither awaited nor published.
    pub(super) fn apply_head_of_read(&mut self, head: i64) {
        self.raise_logged_head(head);
        if self.announced_head_before_read > head {
            // This also drops events of this node, which are read from the log when they are needed.
            self.early_events.split_off(&head.saturating_add(1));
            if self.announced_head == self.announced_head_before_read {
                self.announced_head = 0;
            }
        }
    }

    /// Skips the events that precede this id and that the log no longer contains. Clients notice the hole in the ids. Returns the
    /// events that can be published now.
    pub(super) fn skip_to(&mut self, id: i64) -> Vec<E> {
        if let Some(next_id) = self.next_id
            && next_id < id
        {
            self.next_id = Some(id);
            self.early_events = self.early_events.split_off(&id);
        }
        self.take_publishable()
    }

    fn take_publishable(&mut self) -> Vec<E> {
        let mut ready = Vec::new();
        while let Some(next_id) = self.next_id
            && let Some(event) = self.early_events.remove(&next_id)
        {
            ready.push(event);
            self.next_id = Some(next_id + 1);
        }
        ready
    }

    /// Returns the time at which the missing events must be read from the log: at most `grace` from now, or later if the last read failed.
    /// Returns `None` if no events are missing or a read is in progress.
    pub(super) fn next_read_at(&mut self, now: Instant, grace: Duration) -> Option<Instant> {
        let is_missing = self.next_id.is_some_and(|next_id| next_id <= self.logged_head.max(self.announced_head));
        self.read_due_at = is_missing.then(|| {
            let due_at = self.read_due_at.map_or(now + grace, |read_due_at| read_due_at.min(now + grace));
            self.retry_at.map_or(due_at, |retry_at| retry_at.max(due_at))
        });
        self.read_due_at.filter(|_| !self.is_reading)
    }

    /// Starts a read of the missing events if it is due, and returns the last id before the missing events. The read lasts until
    /// [`Self::end_read`].
    pub(super) fn start_read_if_due(&mut self, now: Instant) -> Option<i64> {
        let next_id = self.next_id?;
        (!self.is_reading && self.read_due_at.is_some_and(|read_due_at| read_due_at <= now)).then(|| {
            self.is_reading = true;
            self.announced_head_before_read = self.announced_head;
            next_id - 1
        })
    }

    /// Ends the read. If the read failed, the next read starts no earlier than `retry_at`.
    pub(super) fn end_read(&mut self, retry_at: Option<Instant>) {
        self.is_reading = false;
        self.read_due_at = None;
        self.retry_at = retry_at;
    }
}

#[cfg(test)]
mod tests;
