//! One project's events on this node: each once, in the order of ids, wherever it was committed.
//!
//! Events come from this node's own commits, from other nodes, and from the log. Early ones wait. Missing ones are
//! awaited briefly, because another node's message is usually on its way, and are then read from the log.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// The most events waiting for a missing one. Further ones are read from the log at their turn.
const AHEAD: usize = 1024;

#[derive(Debug)]
pub(super) struct Line<E> {
    /// The id of the next event to publish; `None` until the start of the line is known.
    next: Option<i64>,
    ahead: BTreeMap<i64, E>,
    /// The newest id known to be assigned.
    head: i64,
    /// The newest id that another node's message named, until the log knows better.
    claimed: i64,
    /// The claim before the read that is under way.
    questioned: i64,
    /// The time from which the hole is read from the log, if there is one.
    due: Option<Instant>,
    reading: bool,
}

impl<E> Default for Line<E> {
    fn default() -> Self {
        Self { next: None, ahead: BTreeMap::new(), head: 0, claimed: 0, questioned: 0, due: None, reading: false }
    }
}

impl<E> Line<E> {
    pub(super) fn is_started(&self) -> bool {
        self.next.is_some()
    }

    /// Starts the line after this id, unless it has begun. Returns the events that can be published.
    pub(super) fn start(&mut self, after: i64) -> Vec<E> {
        if self.next.is_none() {
            self.next = Some(after + 1);
            self.ahead = self.ahead.split_off(&(after + 1));
        }
        self.ready()
    }

    /// An event that is in the log. Returns the events that can be published now.
    pub(super) fn take(&mut self, id: i64, event: E) -> Vec<E> {
        self.head = self.head.max(id);
        self.place(id, event)
    }

    /// An event of another node's message, whose id counts until the log is read. Returns the events that can be published now.
    pub(super) fn hear(&mut self, id: i64, event: E) -> Vec<E> {
        self.claimed = self.claimed.max(id);
        self.place(id, event)
    }

    fn place(&mut self, id: i64, event: E) -> Vec<E> {
        match self.next {
            Some(next) if id < next => return Vec::new(),
            Some(next) if id == next => {
                self.next = Some(next + 1);
                let mut ready = vec![event];
                ready.extend(self.ready());
                return ready;
            }
            _ if self.ahead.len() < AHEAD => drop(self.ahead.insert(id, event)),
            // Prefers those needed first.
            _ => {
                if self.ahead.last_key_value().is_some_and(|(&last, _)| id < last) {
                    self.ahead.pop_last();
                    self.ahead.insert(id, event);
                }
            }
        }
        Vec::new()
    }

    /// Ids up to this one have been assigned.
    pub(super) fn know(&mut self, head: i64) {
        self.head = self.head.max(head);
    }

    /// The log's head, from a read that began after [`Self::read`]. Messages announce what is committed, so an id that was
    /// claimed before and is beyond this head is not in the log: it is neither awaited nor published.
    pub(super) fn learn(&mut self, head: i64) {
        self.know(head);
        if self.questioned > head {
            // Events of this node among them are read from the log at their turn.
            self.ahead.split_off(&head.saturating_add(1));
            if self.claimed == self.questioned {
                self.claimed = 0;
            }
        }
    }

    /// The log no longer has the events before this id: clients see the hole.
    pub(super) fn skip_to(&mut self, id: i64) -> Vec<E> {
        if let Some(next) = self.next
            && next < id
        {
            self.next = Some(id);
            self.ahead = self.ahead.split_off(&id);
        }
        self.ready()
    }

    fn ready(&mut self) -> Vec<E> {
        let mut ready = Vec::new();
        while let Some(next) = self.next
            && let Some(event) = self.ahead.remove(&next)
        {
            ready.push(event);
            self.next = Some(next + 1);
        }
        ready
    }

    /// Checks whether events are missing, and sets the time to read them.
    pub(super) fn look(&mut self, now: Instant, wait: Duration) -> Option<Instant> {
        let is_missing = self.next.is_some_and(|next| next <= self.head.max(self.claimed));
        self.due = is_missing.then(|| self.due.map_or(now + wait, |due| due.min(now + wait)));
        self.due.filter(|_| !self.reading)
    }

    /// The last id before the hole, if it is time to read the hole. It counts as being read until [`Self::was_read`].
    pub(super) fn read(&mut self, now: Instant) -> Option<i64> {
        let next = self.next?;
        (!self.reading && self.due.is_some_and(|due| due <= now)).then(|| {
            self.reading = true;
            self.questioned = self.claimed;
            next - 1
        })
    }

    /// Nothing more is read before `again`.
    pub(super) fn was_read(&mut self, again: Option<Instant>) {
        self.reading = false;
        self.due = again;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order_and_once_whatever_the_order_of_arrival() {
        for arrivals in [[4, 5, 6, 7, 8], [8, 7, 6, 5, 4], [5, 4, 5, 8, 7], [7, 7, 5, 6, 4]] {
            let mut line = Line::default();
            // Events before the start is known, and events before the start.
            assert!(line.take(5, 5).is_empty() && line.take(3, 3).is_empty());
            let mut published = line.start(3);
            for id in arrivals.into_iter().chain([6, 4, 8]) {
                published.extend(line.take(id, id));
            }
            published.extend(line.take(7, 7));
            assert_eq!(published, [4, 5, 6, 7, 8], "{arrivals:?}");
            assert_eq!(line.look(Instant::now(), Duration::ZERO), None);
        }
    }

    #[test]
    fn a_hole_is_read_after_a_while_and_once() {
        let (now, wait) = (Instant::now(), Duration::from_millis(50));
        let mut line = Line::default();
        line.start(0);
        assert_eq!((line.look(now, wait), line.read(now)), (None, None));
        assert!(line.take(3, 3).is_empty());
        assert_eq!((line.look(now, wait), line.read(now)), (Some(now + wait), None));
        // It does not restart with each event.
        assert!(line.take(4, 4).is_empty());
        assert_eq!(line.look(now + wait, wait), Some(now + wait));
        assert_eq!(line.read(now + wait), Some(0));
        assert_eq!((line.look(now + wait, wait), line.read(now + wait)), (None, None));
        line.was_read(None);
        assert_eq!((line.take(1, 1), line.take(2, 2)), (vec![1], vec![2, 3, 4]));
        assert_eq!(line.look(now, wait), None);
    }

    #[test]
    fn an_id_that_the_log_does_not_know_is_looked_up_once() {
        let (now, wait) = (Instant::now(), Duration::from_millis(50));
        for id in [i64::MAX, i64::MAX - 1, 9] {
            let mut line = Line::default();
            line.start(0);
            assert!(line.hear(id, "forged").is_empty());
            assert_eq!(line.look(now, wait), Some(now + wait));
            assert_eq!(line.read(now + wait), Some(0));
            line.was_read(None);
            line.learn(2);
            // The log's own events are read, and that is all.
            assert_eq!((line.take(1, "first"), line.take(2, "second")), (vec!["first"], vec!["second"]));
            assert_eq!(line.look(now, wait), None, "{id}");
            let real: Vec<_> = (3..=9).flat_map(|id| line.take(id, "real")).collect();
            assert_eq!(real, ["real"; 7], "{id}");
        }
    }

    #[test]
    fn a_claim_during_a_read_is_for_the_next_read() {
        let (now, wait) = (Instant::now(), Duration::from_millis(50));
        let mut line = Line::default();
        line.start(0);
        line.hear(2, 2);
        line.look(now, Duration::ZERO);
        assert_eq!(line.read(now), Some(0));
        // Committed after the snapshot that is read, like the event of this node that waits in front of it.
        assert!(line.hear(4, 4).is_empty() && line.take(3, 3).is_empty());
        line.was_read(None);
        line.learn(2);
        assert_eq!(line.take(1, 1), [1, 2, 3, 4]);
        assert_eq!(line.look(now, wait), None);
    }

    #[test]
    fn an_event_of_this_node_is_read_again_after_a_forged_id() {
        let now = Instant::now();
        let mut line = Line::default();
        line.start(0);
        line.hear(9, 9);
        line.look(now, Duration::ZERO);
        assert_eq!(line.read(now), Some(0));
        assert!(line.take(2, 2).is_empty());
        line.was_read(None);
        line.learn(0);
        assert_eq!(line.take(1, 1), [1]);
        line.look(now, Duration::ZERO);
        assert_eq!(line.read(now), Some(1));
    }

    #[test]
    fn what_the_log_no_longer_has_is_passed_over() {
        let mut line = Line::default();
        line.start(0);
        assert!(line.take(7, 7).is_empty());
        assert!(line.skip_to(6).is_empty());
        assert_eq!(line.take(6, 6), [6, 7]);
        line.know(9);
        assert!(line.look(Instant::now(), Duration::ZERO).is_some());
    }

    #[test]
    fn what_waits_is_bounded_and_the_first_are_kept() {
        let mut line = Line::default();
        line.start(0);
        for id in (2..5000).rev() {
            line.take(id, id);
        }
        assert_eq!(line.take(1, 1), (1..=1025).collect::<Vec<_>>());
        assert!(line.look(Instant::now(), Duration::ZERO).is_some());
    }
}
