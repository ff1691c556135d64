//! Follows one project's events so that each is delivered once and in order, across interruptions.
//!
//! On a server with an event log every kept event has an id that counts 1, 2, 3, … in its project. What has been
//! delivered is one number, so duplicates are dropped and holes are seen. A hole is waited for briefly, because servers
//! publish concurrently, and then asked for. What the log no longer has is told as a [`Gap`]. Anything held back may be
//! dropped at any time: it is in the log, and will be asked for again.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use super::{Backfill, Cursor, Metrics, Now, Outbox, Output, backfill::Recent, wire::LogHead, wire::Page};
use crate::events::{Event, Gap, GapReason, Meta, ModerationUpdate, Origin, ProjectId};

/// How long a hole in live ids is waited for. Concurrent publishers differ by milliseconds.
const HOLE_WAIT: Duration = Duration::from_millis(250);
/// The most events held back while earlier ones are asked for.
const HELD_MAX: usize = 4096;
/// After so many failed pages in a row the missing events are given up.
const PAGE_FAILURES_MAX: u32 = 5;

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
    hole_since: Option<Instant>,
    /// The id behind which a page has been asked for.
    asking: Option<u64>,
    not_before: Option<Instant>,
    failures: u32,
    /// Events without ids that came before the join was confirmed, or during a backfill.
    waiting: VecDeque<Event>,
    interrupted: bool,
    joined_at: Option<jiff::Timestamp>,
    recent: Option<Recent>,
    backfilling: Option<u64>,
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
            hole_since: None,
            asking: None,
            not_before: None,
            failures: 0,
            waiting: VecDeque::new(),
            interrupted: false,
            joined_at: None,
            recent: remember.then(Recent::default),
            backfilling: None,
        }
    }

    /// The join was confirmed. Returns since when a backfill is wanted, if one is.
    pub(crate) fn joined(
        &mut self,
        now: Now,
        head: Option<LogHead>,
        backfill: Backfill,
        sink: &mut Sink<'_>,
    ) -> Option<jiff::Timestamp> {
        self.joined = true;
        self.failures = 0;
        self.not_before = None;
        let joined_at = *self.joined_at.get_or_insert(now.wall);
        match head {
            Some(head) => {
                self.keeping = Keeping::Log;
                self.place_in(head, backfill == Backfill::Off, now, sink);
                self.deliver_held(now, sink);
                self.flush_waiting(sink);
                None
            }
            None => {
                // A server that was made anew without a log, or one that never had one.
                let resumed = self.keeping == Keeping::Untold && self.place.is_some();
                self.keeping = Keeping::Nothing;
                self.place = None;
                let missed = std::mem::take(&mut self.interrupted) || resumed;
                self.waiting.extend(std::mem::take(&mut self.held).into_values());
                if missed
                    && backfill == Backfill::Auto
                    && !resumed
                    && let Some(recent) = &self.recent
                {
                    return Some(recent.newest().unwrap_or(joined_at));
                }
                if missed {
                    self.gap(GapReason::Interrupted, None, None, now, sink);
                }
                self.flush_waiting(sink);
                None
            }
        }
    }

    /// Compares the user's place with the log.
    fn place_in(&mut self, log: LogHead, skip: bool, now: Now, sink: &mut Sink<'_>) {
        let interrupted = std::mem::take(&mut self.interrupted);
        let head = Cursor { log: log.log.clone(), event_id: log.head };
        let place = match self.place.take() {
            // What came live before the confirmation is part of the join.
            None => {
                if interrupted {
                    // The server keeps a log only since it came back.
                    self.gap(GapReason::Interrupted, None, Some(&head), now, sink);
                }
                self.held.keys().next().map_or(log.head, |first| (first - 1).min(log.head))
            }
            Some(place) if place.log.is_some() && log.log.is_some() && place.log != log.log => {
                self.held.retain(|id, _| *id > log.head);
                self.gap(GapReason::LogChanged, None, Some(&head), now, sink);
                log.head
            }
            Some(place) if place.event_id > log.head => {
                self.held.retain(|id, _| *id > log.head);
                self.gap(GapReason::CursorAhead, None, Some(&head), now, sink);
                log.head
            }
            Some(place) if skip && place.event_id < log.head => {
                let missed = log.head - place.event_id;
                let reason = if interrupted { GapReason::Interrupted } else { GapReason::Expired };
                self.gap(reason, Some(missed), Some(&head), now, sink);
                log.head
            }
            Some(place) => place.event_id,
        };
        self.seen = log.head.max(self.held.keys().next_back().copied().unwrap_or(0));
        self.target = log.head;
        self.hole_since = None;
        let cursor = Cursor { log: log.log, event_id: place };
        self.place = Some(cursor.clone());
        if !std::mem::replace(&mut self.placed, true) {
            sink.out.push_back(Output::Placed { project: self.project.clone(), cursor });
        }
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
            if id == last + 1 && self.asking.is_none() {
                self.advance(id, event, sink);
                self.seen = self.seen.max(id);
                if !self.held.is_empty() || self.hole_since.is_some() {
                    self.deliver_held(now, sink);
                }
                return;
            }
        }
        self.seen = self.seen.max(id);
        if self.held.insert(id, event).is_some() {
            sink.counters.duplicates += 1;
        }
        if self.held.len() > HELD_MAX {
            self.held.pop_last();
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

    fn flush_waiting(&mut self, sink: &mut Sink<'_>) {
        for event in std::mem::take(&mut self.waiting) {
            self.deliver_plain(event, sink);
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

    /// The id after which to ask for a page now, if one is wanted.
    pub(crate) fn wants_page(&mut self, now: Instant) -> Option<u64> {
        if !self.joined || self.asking.is_some() || self.keeping != Keeping::Log {
            return None;
        }
        if self.hole_since.is_some_and(|since| now >= since + HOLE_WAIT) {
            self.target = self.seen;
            self.hole_since = None;
        }
        let due = self.not_before.is_none_or(|at| at <= now);
        (due && self.last() < self.target).then(|| self.last())
    }

    /// The page that was wanted has been asked for.
    pub(crate) fn asked(&mut self, after: u64) {
        self.asking = Some(after);
    }

    /// Whether the page behind this id is the one that was asked for.
    pub(crate) fn awaits(&self, after: u64) -> bool {
        self.asking == Some(after)
    }

    /// When [`wants_page`](Self::wants_page) may have a new answer.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if !self.joined || self.asking.is_some() || self.keeping != Keeping::Log {
            return None;
        }
        let retry = self.not_before.filter(|_| self.last() < self.target);
        let hole = self.hole_since.map(|since| since + HOLE_WAIT);
        retry.into_iter().chain(hole).min()
    }

    /// A page of the log came.
    pub(crate) fn page(&mut self, now: Now, page: Page, sink: &mut Sink<'_>) {
        self.asking = None;
        let same_log = self.place.as_ref().is_none_or(|p| p.log.is_none() || page.log.is_none() || p.log == page.log);
        if !same_log || page.head < self.last() {
            let reason = if same_log { GapReason::CursorAhead } else { GapReason::LogChanged };
            self.held.retain(|id, _| *id > page.head);
            let head = Cursor { log: page.log, event_id: page.head };
            self.gap(reason, None, Some(&head), now, sink);
            (self.seen, self.target) = (page.head, page.head);
            self.place = Some(head);
            return self.deliver_held(now, sink);
        }
        let before = self.last();
        if page.oldest > self.last() + 1 {
            self.skip_to(page.oldest - 1, GapReason::Expired, now, sink);
        }
        for mut event in page.events {
            let Some(id) = event.event_id() else {
                // It can't be told from the same one in the next page, which is asked for if this one leads nowhere.
                if self.failures == 0 {
                    event.meta_mut().project_id.get_or_insert_with(|| self.project.clone());
                    deliver(event, sink);
                }
                continue;
            };
            self.deliver_held(now, sink);
            if id <= self.last() {
                continue;
            }
            if id > self.last() + 1 {
                self.skip_to(id - 1, GapReason::ReplayFailed, now, sink);
            }
            event.meta_mut().project_id.get_or_insert_with(|| self.project.clone());
            self.advance(id, event, sink);
        }
        self.seen = self.seen.max(page.head);
        self.target = self.target.max(page.head);
        self.deliver_held(now, sink);
        if self.last() > before || self.last() >= self.target {
            self.failures = 0;
            self.not_before = None;
        } else {
            self.page_failed(now, sink);
        }
    }

    /// The page could not be had. Tries again after a pause, and in the end tells the gap and goes on.
    pub(crate) fn page_failed(&mut self, now: Now, sink: &mut Sink<'_>) {
        self.asking = None;
        self.failures += 1;
        if self.failures < PAGE_FAILURES_MAX {
            let pause = Duration::from_millis(250) * 2u32.pow(self.failures);
            self.not_before = Some(now.mono + pause);
            return;
        }
        self.failures = 0;
        self.not_before = None;
        let to = self.held.keys().next().map_or(self.target, |first| (first - 1).max(self.last()));
        self.skip_to(to, GapReason::ReplayFailed, now, sink);
        self.deliver_held(now, sink);
    }

    fn skip_to(&mut self, id: u64, reason: GapReason, now: Now, sink: &mut Sink<'_>) {
        let missed = id.saturating_sub(self.last());
        if missed > 0 {
            let log = self.place.as_ref().and_then(|place| place.log.clone());
            let place = Cursor { log, event_id: id };
            self.gap(reason, Some(missed), Some(&place), now, sink);
            self.place = Some(place);
        }
    }

    /// Tells that events are missing; `to` is where the stream stands behind the gap.
    fn gap(&mut self, reason: GapReason, missed: Option<u64>, to: Option<&Cursor>, now: Now, sink: &mut Sink<'_>) {
        sink.counters.gaps += 1;
        let mut meta = Meta::new(Origin::Live, now.wall);
        meta.event_id = to.map(|place| place.event_id);
        meta.log = to.and_then(|place| place.log.clone());
        sink.out.run().push_back(Gap::new(self.project.clone(), reason, missed, meta).into());
    }

    /// The connection is gone, or the server dropped the room.
    pub(crate) fn lost(&mut self) {
        if self.keeping != Keeping::Untold {
            self.interrupted = true;
        }
        self.joined = false;
        self.asking = None;
        self.hole_since = None;
        self.not_before = None;
        self.held.clear();
        self.backfilling = None;
        if let Some(recent) = &mut self.recent {
            recent.forget_echoes();
        }
    }

    /// A backfill with this id has been asked for; until it comes, live events wait.
    pub(crate) fn backfill_asked(&mut self, id: u64) {
        self.backfilling = Some(id);
    }

    /// The answer to a backfill: what was found, oldest first, and whether it is all; `None` if it failed.
    pub(crate) fn backfilled(
        &mut self,
        now: Now,
        id: u64,
        found: Option<(Vec<ModerationUpdate>, bool)>,
        sink: &mut Sink<'_>,
    ) {
        if self.backfilling != Some(id) {
            return;
        }
        self.backfilling = None;
        let overflowed = std::mem::take(&mut self.interrupted);
        let (updates, complete) = found.unwrap_or_default();
        if !complete || overflowed {
            self.gap(GapReason::BackfillIncomplete, None, None, now, sink);
        }
        for update in updates {
            if self.recent.as_mut().is_none_or(|recent| recent.insert_backfilled(now.mono, &update)) {
                deliver(update.into(), sink);
            }
        }
        for event in std::mem::take(&mut self.waiting) {
            if self.recent.as_mut().is_some_and(|recent| recent.is_echo(now.mono, &event)) {
                sink.counters.duplicates += 1;
            } else {
                self.deliver_plain(event, sink);
            }
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
