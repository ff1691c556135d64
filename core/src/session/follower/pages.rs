//! Pages of the log that a project's follower requests.

use std::time::{Duration, Instant};

use super::{FollowerOutput, log::LogFollower};
use crate::{
    events::GapReason,
    session::{Now, Page},
};

/// Delay before a hole in live ids is read from the log. The missing events usually follow within milliseconds, because
/// servers publish concurrently.
const HOLE_WAIT: Duration = Duration::from_millis(250);

impl LogFollower {
    /// Returns the id after which to request a page now, if a page is needed.
    pub(crate) fn wants_page(&mut self, now: Instant) -> Option<u64> {
        let connection = self.connection.as_mut()?;
        if connection.attempts.is_requested() {
            return None;
        }
        if connection.hole_since.is_some_and(|since| now >= since + HOLE_WAIT) {
            self.target = self.seen;
            connection.hole_since = None;
        }
        (connection.attempts.may_request(now) && self.reader.last() < self.target).then(|| self.reader.last())
    }

    /// Returns the time at which the result of [`wants_page`](Self::wants_page) may change.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let connection = self.connection.as_ref().filter(|connection| !connection.attempts.is_requested())?;
        let retry = connection.attempts.deadline().filter(|_| self.last() < self.target);
        let hole = connection.hole_since.map(|since| since + HOLE_WAIT);
        retry.into_iter().chain(hole).min()
    }

    /// Returns the number of events that the readers have room for, if known.
    pub(crate) fn capacity(&self) -> Option<u64> {
        self.connection.as_ref()?.capacity
    }

    pub(super) fn set_capacity(&mut self, events: u64) {
        if let Some(connection) = &mut self.connection {
            connection.capacity = Some(events);
        }
    }

    /// Records the request for the page after this id.
    pub(crate) fn on_requested(&mut self, after: u64) {
        if let Some(connection) = &mut self.connection {
            connection.attempts.on_requested(after);
            connection.capacity = None;
        }
    }

    /// Returns `true` if the pending request is for the page after this id.
    pub(crate) fn awaits(&self, after: u64) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.attempts.awaits(after))
    }

    /// Handles the requested page.
    pub(crate) fn on_page(&mut self, now: Now, mut page: Page, output: &mut FollowerOutput<'_>) {
        let Some(connection) = &mut self.connection else { return };
        let is_first = !connection.attempts.has_failed();
        if let Some(gap) = self.reader.leave_broken(&page.head(), now.wall) {
            connection.attempts.on_gain();
            output.gap(gap);
            self.held.keep_after(page.head);
            (self.seen, self.target) = (page.head, page.head);
            return self.deliver_held(now, output);
        }
        let before = self.reader.last();
        let head = page.head;
        page.events = self.held.merge_into(page.events);
        self.reader.read(page, u64::MAX, now.wall, &mut |event| {
            // A repeated page contains the same events again. Without an id, an event cannot be recognised as a
            // repetition, so it is only delivered from the first page.
            if is_first || event.event_id().is_some() {
                output.deliver_or_gap(event);
            }
            true
        });
        self.seen = self.seen.max(head);
        self.target = self.target.max(head);
        self.deliver_held(now, output);
        let leads_on = self.last() > before || self.last() >= self.target;
        match &mut self.connection {
            Some(connection) if leads_on => connection.attempts.on_gain(),
            _ => self.on_page_failed(now, None, output),
        }
    }

    /// Handles a page that the server did not return: retries after a pause, and finally reports a gap. If
    /// `retry_after` is set, the server expects to have the page after that many seconds.
    pub(crate) fn on_page_failed(&mut self, now: Now, retry_after: Option<f64>, output: &mut FollowerOutput<'_>) {
        let Some(connection) = &mut self.connection else { return };
        if connection.attempts.on_failure(now.mono, retry_after) {
            return;
        }
        let to = self.held.first().map_or(self.target, |first| (first - 1).max(self.reader.last()));
        if let Some(gap) = self.reader.skip_to(to, GapReason::ReplayFailed, now.wall) {
            output.gap(gap);
        }
        self.deliver_held(now, output);
    }
}
