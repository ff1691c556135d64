//! Follows one project's events so that each is delivered once and in order, across interruptions.
//!
//! On a server with an event log every kept event has an id that counts 1, 2, 3, … in its project. What has been
//! delivered is one number, so duplicates are dropped and holes are seen. A hole is waited for briefly, because servers
//! publish concurrently, and then asked for. What the log no longer has is told as a [`Gap`](crate::Gap). Anything held back may be
//! dropped at any time: it is in the log, and will be asked for again.

mod backfill;
mod joined;
mod pages;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Instant,
};

use super::{Metrics, Now, Outbox, backfill::Recent};
use crate::events::{Cursor, Event, Origin, ProjectId};

/// The most events, and bytes, held back while earlier ones are asked for.
const HELD_MAX: usize = 4096;
const HELD_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Where a follower writes what it has to say.
pub(crate) struct Sink<'a> {
    pub(crate) out: &'a mut Outbox,
    pub(crate) counters: &'a mut Metrics,
}

/// How the server keeps this project's events, as the last join told.
#[derive(Debug, PartialEq, Eq)]
enum Keeping {
    /// Not joined yet.
    Untold,
    /// It forgets them.
    Nothing,
    /// In a log.
    Log,
}

/// The state of one project's events.
#[derive(Debug)]
pub(crate) struct Follower {
    project: ProjectId,
    keeping: Keeping,
    joined: bool,
    /// What was delivered last. Set by the user's cursor, or by the first join.
    place: Option<Cursor>,
    /// Whether the streams have been told where they start.
    placed: bool,
    /// The newest id known to exist.
    seen: u64,
    /// The newest id worth asking for now.
    target: u64,
    held: BTreeMap<u64, Event>,
    held_bytes: usize,
    hole_since: Option<Instant>,
    /// The id behind which a page has been asked for.
    asking: Option<u64>,
    not_before: Option<Instant>,
    failures: u32,
    /// The number of events that the readers have room for, until the next page is asked for.
    capacity: Option<u64>,
    /// Events without ids that came before the join was confirmed, or during a backfill.
    waiting: VecDeque<Event>,
    /// What REST has found, and what came after it, until readers have room.
    pending: VecDeque<Event>,
    /// The number of live events in it.
    pending_live: usize,
    interrupted: bool,
    recent: Option<Recent>,
    backfilling: Option<u64>,
    /// A question to REST for which no event waits.
    reviewing: Option<u64>,
    /// When reviews were asked for last, or the join was confirmed.
    reviewed: Option<Instant>,
}

impl Follower {
    /// `after` is the user's cursor. `remember` keeps what a backfill needs to tell what was delivered before.
    pub(crate) fn new(project: ProjectId, after: Option<Cursor>, remember: bool) -> Self {
        Self {
            project,
            keeping: Keeping::Untold,
            joined: false,
            place: after,
            placed: false,
            seen: 0,
            target: 0,
            held: BTreeMap::new(),
            held_bytes: 0,
            hole_since: None,
            asking: None,
            not_before: None,
            failures: 0,
            capacity: None,
            waiting: VecDeque::new(),
            pending: VecDeque::new(),
            pending_live: 0,
            interrupted: false,
            recent: remember.then(Recent::default),
            backfilling: None,
            reviewing: None,
            reviewed: None,
        }
    }

    /// Whether the server keeps this project's events, as far as is known.
    pub(crate) fn has_log(&self) -> bool {
        self.keeping == Keeping::Log
    }

    /// How many events wait in it.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.held.len() + self.waiting.len() + self.pending.len()
    }

    fn last(&self) -> u64 {
        self.place.as_ref().map_or(0, |place| place.event_id)
    }

    /// An event of this project came.
    #[inline]
    pub(crate) fn live(&mut self, now: Now, event: Event, sink: &mut Sink<'_>) {
        let Some(id) = event.event_id().filter(|_| self.keeping != Keeping::Nothing) else {
            return self.live_without_id(now, event, sink);
        };
        if self.joined && self.place.is_some() {
            let last = self.last();
            if id <= last {
                sink.counters.duplicates += 1;
                return;
            }
            if id == last + 1 && self.asking.is_none() && !matches!(event, Event::MalformedEvent(_)) {
                self.advance(id, event, sink);
                self.seen = self.seen.max(id);
                if !self.held.is_empty() || self.hole_since.is_some() {
                    self.deliver_held(now, sink);
                }
                return;
            }
        }
        self.seen = self.seen.max(id);
        if matches!(event, Event::MalformedEvent(_)) {
            // The log has it undamaged, or else it comes from there as it is.
            sink.counters.malformed += 1;
            self.target = self.seen;
            return;
        }
        if self.place.is_some() && id.saturating_sub(self.last()) > HELD_MAX as u64 {
            // The replay that is under way will get there.
            self.target = self.seen;
            return;
        }
        self.held_bytes += event.weight();
        if let Some(known) = self.held.insert(id, event) {
            self.held_bytes -= known.weight();
            sink.counters.duplicates += 1;
        }
        while self.held.len() > HELD_MAX || (self.held_bytes > HELD_BYTES_MAX && self.held.len() > 1) {
            if let Some((_, dropped)) = self.held.pop_last() {
                self.held_bytes -= dropped.weight();
            }
            self.target = self.seen;
        }
        if self.joined && self.hole_since.is_none() {
            self.hole_since = Some(now.mono);
        }
    }

    #[inline]
    fn live_without_id(&mut self, now: Now, event: Event, sink: &mut Sink<'_>) {
        // Before the join is confirmed it is not known what was missed before this event.
        let early = !self.joined && self.keeping != Keeping::Log;
        if early || self.backfilling.is_some() {
            if self.waiting.len() >= HELD_MAX {
                // Only a backfill of a server without a log gets here; the loss is told when it ends.
                self.waiting.pop_front();
                self.interrupted = true;
            }
            self.waiting.push_back(event);
        } else if !self.pending.is_empty() {
            self.postpone(now, event, sink);
        } else if self.recent.as_mut().is_some_and(|recent| recent.is_echo(now.mono, &event)) {
            sink.counters.duplicates += 1;
        } else {
            self.deliver_plain(event, sink);
        }
    }

    #[inline]
    fn deliver_plain(&mut self, event: Event, sink: &mut Sink<'_>) {
        if let Some(recent) = &mut self.recent
            && self.keeping == Keeping::Nothing
        {
            recent.insert_event(&event);
        }
        deliver(event, sink);
    }

    fn flush_waiting(&mut self, now: Now, sink: &mut Sink<'_>) {
        for event in std::mem::take(&mut self.waiting) {
            if self.pending.is_empty() {
                self.deliver_plain(event, sink);
            } else {
                self.postpone(now, event, sink);
            }
        }
    }

    #[inline]
    fn advance(&mut self, id: u64, mut event: Event, sink: &mut Sink<'_>) {
        if let Some(place) = &mut self.place {
            place.event_id = id;
            event.meta_mut().log = place.log.clone();
        }
        deliver(event, sink);
    }

    /// Delivers what is held back and now follows without a hole; starts or ends the wait for a hole.
    fn deliver_held(&mut self, now: Now, sink: &mut Sink<'_>) {
        while let Some(entry) = self.held.first_entry() {
            let (id, last) = (*entry.key(), self.place.as_ref().map_or(0, |place| place.event_id));
            if id > last + 1 {
                break;
            }
            let event = entry.remove();
            self.held_bytes -= event.weight();
            if id == last + 1 {
                self.advance(id, event, sink);
            } else {
                sink.counters.duplicates += 1;
            }
        }
        if self.held.is_empty() {
            self.hole_since = None;
        } else if self.hole_since.is_none() {
            self.hole_since = Some(now.mono);
        }
    }

    fn keep_held_after(&mut self, id: u64) {
        self.held.retain(|held, _| *held > id);
        self.held_bytes = self.held.values().map(Event::weight).sum();
    }

    /// The connection is gone, or the server dropped the room.
    pub(crate) fn lost(&mut self) {
        if self.keeping != Keeping::Untold {
            self.interrupted = true;
        }
        // The next backfill has their decisions again, or a gap stands for them; the others it does not have. Before a
        // join was confirmed, none counts.
        let keeps_others = self.keeping == Keeping::Nothing;
        self.waiting.retain(|event| keeps_others && !matches!(event, Event::ModerationUpdate(_)));
        self.joined = false;
        self.asking = None;
        self.hole_since = None;
        self.not_before = None;
        (self.held_bytes, self.capacity) = (0, None);
        self.held.clear();
        (self.backfilling, self.reviewing, self.reviewed) = (None, None, None);
        if let Some(recent) = &mut self.recent {
            recent.forget_echoes();
        }
    }
}

/// Hands an event to the streams.
#[inline]
pub(crate) fn deliver(event: Event, sink: &mut Sink<'_>) {
    let counters = &mut *sink.counters;
    counters.events += 1;
    match event.meta().origin {
        Origin::Live => {}
        Origin::Replay => counters.replayed += 1,
        Origin::Backfill => counters.backfilled += 1,
    }
    if matches!(event, Event::MalformedEvent(_)) {
        counters.malformed += 1;
    }
    sink.out.run().push_back(event);
}
