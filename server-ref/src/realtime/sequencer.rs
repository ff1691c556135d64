//! The order of one project's events on this node: each event is published once, in the order of the ids, regardless of which node
//! committed it.
//!
//! Events come from this node's commits, from other nodes, and from the log. Events with later ids wait for missing ones.
//! A missing event is usually on its way in another node's message, so it is read from the log only after a short wait.

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
    /// The greatest id that another node announced, until a read of the log confirms or refutes it.
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
mod tests {
    use super::*;

    #[test]
    fn events_are_published_once_and_in_order() {
        for arrivals in [[4, 5, 6, 7, 8], [8, 7, 6, 5, 4], [5, 4, 5, 8, 7], [7, 7, 5, 6, 4]] {
            let mut sequencer = Sequencer::default();
            // One event arrives before the start is known, and another precedes the start.
            assert!(sequencer.push_logged(5, 5).is_empty() && sequencer.push_logged(3, 3).is_empty());
            let mut published = sequencer.start(3);
            for id in arrivals.into_iter().chain([6, 4, 8]) {
                published.extend(sequencer.push_logged(id, id));
            }
            published.extend(sequencer.push_logged(7, 7));
            assert_eq!(published, [4, 5, 6, 7, 8], "{arrivals:?}");
            assert_eq!(sequencer.next_read_at(Instant::now(), Duration::ZERO), None);
        }
    }

    #[test]
    fn a_hole_is_read_once_after_the_grace_time() {
        let (now, grace) = (Instant::now(), Duration::from_millis(50));
        let mut sequencer = Sequencer::default();
        sequencer.start(0);
        assert_eq!((sequencer.next_read_at(now, grace), sequencer.start_read_if_due(now)), (None, None));
        assert!(sequencer.push_logged(3, 3).is_empty());
        assert_eq!((sequencer.next_read_at(now, grace), sequencer.start_read_if_due(now)), (Some(now + grace), None));
        // Later events do not restart the wait.
        assert!(sequencer.push_logged(4, 4).is_empty());
        assert_eq!(sequencer.next_read_at(now + grace, grace), Some(now + grace));
        assert_eq!(sequencer.start_read_if_due(now + grace), Some(0));
        assert_eq!(
            (sequencer.next_read_at(now + grace, grace), sequencer.start_read_if_due(now + grace)),
            (None, None)
        );
        sequencer.end_read(None);
        assert_eq!((sequencer.push_logged(1, 1), sequencer.push_logged(2, 2)), (vec![1], vec![2, 3, 4]));
        assert_eq!(sequencer.next_read_at(now, grace), None);
    }

    #[test]
    fn an_announced_id_missing_from_the_log_is_read_once() {
        let (now, grace) = (Instant::now(), Duration::from_millis(50));
        for id in [i64::MAX, i64::MAX - 1, 9] {
            let mut sequencer = Sequencer::default();
            sequencer.start(0);
            assert!(sequencer.push_announced(id, "forged").is_empty());
            assert_eq!(sequencer.next_read_at(now, grace), Some(now + grace));
            assert_eq!(sequencer.start_read_if_due(now + grace), Some(0));
            sequencer.end_read(None);
            sequencer.apply_head_of_read(2);
            // Only the events that the log contains are read.
            assert_eq!(
                (sequencer.push_logged(1, "first"), sequencer.push_logged(2, "second")),
                (vec!["first"], vec!["second"])
            );
            assert_eq!(sequencer.next_read_at(now, grace), None, "{id}");
            let real: Vec<_> = (3..=9).flat_map(|id| sequencer.push_logged(id, "real")).collect();
            assert_eq!(real, ["real"; 7], "{id}");
        }
    }

    #[test]
    fn failed_read_is_retried_no_earlier_than_requested() {
        let (now, delay) = (Instant::now(), Duration::from_millis(250));
        let mut sequencer = Sequencer::default();
        sequencer.start(0);
        sequencer.push_announced(2, 2);
        sequencer.next_read_at(now, Duration::ZERO);
        assert_eq!(sequencer.start_read_if_due(now), Some(0));
        sequencer.end_read(Some(now + delay));
        assert_eq!(
            (sequencer.next_read_at(now, Duration::ZERO), sequencer.start_read_if_due(now)),
            (Some(now + delay), None)
        );
        assert_eq!(sequencer.start_read_if_due(now + delay), Some(0));
        sequencer.end_read(None);
        assert_eq!(sequencer.next_read_at(now + delay, Duration::ZERO), Some(now + delay));
    }

    #[test]
    fn an_announcement_during_a_read_waits_for_the_next_read() {
        let (now, grace) = (Instant::now(), Duration::from_millis(50));
        let mut sequencer = Sequencer::default();
        sequencer.start(0);
        sequencer.push_announced(2, 2);
        sequencer.next_read_at(now, Duration::ZERO);
        assert_eq!(sequencer.start_read_if_due(now), Some(0));
        // Both events were committed after the snapshot that the read sees.
        assert!(sequencer.push_announced(4, 4).is_empty() && sequencer.push_logged(3, 3).is_empty());
        sequencer.end_read(None);
        sequencer.apply_head_of_read(2);
        assert_eq!(sequencer.push_logged(1, 1), [1, 2, 3, 4]);
        assert_eq!(sequencer.next_read_at(now, grace), None);
    }

    #[test]
    fn an_event_of_this_node_is_read_again_after_a_forged_id() {
        let now = Instant::now();
        let mut sequencer = Sequencer::default();
        sequencer.start(0);
        sequencer.push_announced(9, 9);
        sequencer.next_read_at(now, Duration::ZERO);
        assert_eq!(sequencer.start_read_if_due(now), Some(0));
        assert!(sequencer.push_logged(2, 2).is_empty());
        sequencer.end_read(None);
        sequencer.apply_head_of_read(0);
        assert_eq!(sequencer.push_logged(1, 1), [1]);
        sequencer.next_read_at(now, Duration::ZERO);
        assert_eq!(sequencer.start_read_if_due(now), Some(1));
    }

    #[test]
    fn events_that_the_log_no_longer_has_are_skipped() {
        let mut sequencer = Sequencer::default();
        sequencer.start(0);
        assert!(sequencer.push_logged(7, 7).is_empty());
        assert!(sequencer.skip_to(6).is_empty());
        assert_eq!(sequencer.push_logged(6, 6), [6, 7]);
        sequencer.raise_logged_head(9);
        assert!(sequencer.next_read_at(Instant::now(), Duration::ZERO).is_some());
    }

    #[test]
    fn early_events_are_bounded_and_the_first_are_kept() {
        let mut sequencer = Sequencer::default();
        sequencer.start(0);
        for id in (2..5000).rev() {
            sequencer.push_logged(id, id);
        }
        assert_eq!(sequencer.push_logged(1, 1), (1..=1025).collect::<Vec<_>>());
        assert!(sequencer.next_read_at(Instant::now(), Duration::ZERO).is_some());
    }
}
