//! Asking for pages of the log, and telling what they don't have.

use std::time::{Duration, Instant};

use super::{Follower, Keeping, Sink, deliver};
use crate::{
    events::{Cursor, Gap, GapReason, Meta, Origin},
    session::{Now, wire::Page},
};

/// How long a hole in live ids is waited for. Concurrent publishers differ by milliseconds.
const HOLE_WAIT: Duration = Duration::from_millis(250);
/// After so many failed pages in a row the missing events are given up.
const PAGE_FAILURES_MAX: u32 = 5;

impl Follower {
    /// The id after which to ask for a page now, if one is wanted.
    pub(crate) fn wants_page(&mut self, now: Instant) -> Option<u64> {
        if !self.joined || self.asking.is_some() || self.keeping != Keeping::Log {
            return None;
        }
        if self.hole_since.is_some_and(|since| now >= since + HOLE_WAIT) {
            self.target = self.seen;
            self.hole_since = None;
        }
        // One that has passed is no deadline any more, whether the page can be asked for now or not.
        self.not_before = self.not_before.filter(|at| *at > now);
        (self.not_before.is_none() && self.last() < self.target).then(|| self.last())
    }

    /// The number of events that the readers have room for, where that is known.
    pub(crate) fn capacity(&self) -> Option<u64> {
        self.capacity
    }

    pub(crate) fn set_capacity(&mut self, events: u64) {
        self.capacity = Some(events);
    }

    /// The page that was wanted has been asked for.
    pub(crate) fn asked(&mut self, after: u64) {
        (self.asking, self.capacity) = (Some(after), None);
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
            self.keep_held_after(page.head);
            let head = Cursor { log: page.log, event_id: page.head };
            self.gap(reason, None, Some(&head), now, sink);
            (self.seen, self.target) = (page.head, page.head);
            self.place = Some(head);
            return self.deliver_held(now, sink);
        }
        let before = self.last();
        // What a log begins with can't be behind its end.
        let oldest = page.oldest.min(page.head.saturating_add(1));
        if oldest > self.last().saturating_add(1) {
            self.skip_to(oldest - 1, GapReason::Expired, now, sink);
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

    /// The server has the page, but only later.
    pub(crate) fn page_later(&mut self, now: Now, pause: Duration) {
        self.asking = None;
        self.not_before = Some(now.mono + pause);
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
    pub(super) fn gap(
        &mut self,
        reason: GapReason,
        missed: Option<u64>,
        to: Option<&Cursor>,
        now: Now,
        sink: &mut Sink<'_>,
    ) {
        sink.counters.gaps += 1;
        let mut meta = Meta::new(Origin::Live, now.wall);
        meta.event_id = to.map(|place| place.event_id);
        meta.log = to.and_then(|place| place.log.clone());
        let gap = Gap::new(self.project.clone(), reason, missed, meta).into();
        if self.pending.is_empty() {
            sink.out.run().push_back(gap);
        } else {
            // After what came before it.
            self.pending.push_back(gap);
        }
    }
}
