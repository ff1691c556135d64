//! Requests from a project's follower for pages of the event log.

use std::time::{Duration, Instant};

use super::{FollowerOutput, log::LogFollower};
use crate::{
    events::GapReason,
    session::{LogPage, Now},
};

/// Delay between the detection of a hole in the live ids and the request for the missing events. If a server publishes
/// concurrently, the missing events usually arrive within milliseconds.
const HOLE_WAIT: Duration = Duration::from_millis(250);

impl LogFollower {
    /// Returns the id after which to request a page, or `None` if no page should be requested now.
    pub(crate) fn due_page_start(&mut self, now: Instant) -> Option<u64> {
        let connection = self.connection.as_mut()?;
        if connection.page_attempts.is_pending() {
            return None;
        }
        if connection.hole_since.is_some_and(|since| now >= since + HOLE_WAIT) {
            self.read_until_id = self.newest_seen_id;
            connection.hole_since = None;
        }
        (connection.page_attempts.may_request(now) && self.reader.last_read_id() < self.read_until_id)
            .then(|| self.reader.last_read_id())
    }

    /// Returns the time at which the result of [`due_page_start`](Self::due_page_start) may change.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let connection = self.connection.as_ref().filter(|connection| !connection.page_attempts.is_pending())?;
        let retry = connection.page_attempts.deadline().filter(|_| self.last_read_id() < self.read_until_id);
        let hole = connection.hole_since.map(|since| since + HOLE_WAIT);
        retry.into_iter().chain(hole).min()
    }

    /// Returns the number of events that the readers have room for, if known.
    pub(crate) fn reader_capacity(&self) -> Option<u64> {
        self.connection.as_ref()?.reader_capacity
    }

    pub(super) fn set_reader_capacity(&mut self, events: u64) {
        if let Some(connection) = &mut self.connection {
            connection.reader_capacity = Some(events);
        }
    }

    pub(crate) fn on_page_requested(&mut self, after: u64) {
        if let Some(connection) = &mut self.connection {
            connection.page_attempts.on_requested(after);
            connection.reader_capacity = None;
        }
    }

    /// Returns `true` if the pending request is for the page after this id.
    pub(crate) fn awaits_page_after(&self, after: u64) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.page_attempts.awaits_page_after(after))
    }

    pub(crate) fn on_page(&mut self, now: Now, mut page: LogPage, output: &mut FollowerOutput<'_>) {
        let Some(connection) = &mut self.connection else { return };
        let is_first_try = !connection.page_attempts.has_failed();
        if let Some(gap) = self.reader.resync_to_head(&page.head_cursor(), now.wall) {
            connection.page_attempts.on_progress();
            output.deliver_gap(gap);
            self.held.drop_up_to(page.head_id);
            (self.newest_seen_id, self.read_until_id) = (page.head_id, page.head_id);
            return self.deliver_held(now, output);
        }
        let before = self.reader.last_read_id();
        let head = page.head_id;
        page.events = self.held.merge_into(page.events);
        self.reader.read_page(page, u64::MAX, now.wall, &mut |event| {
            // A repeated page contains the same events again. An event without an id cannot be recognised as a
            // repetition, so it is delivered only on the first try.
            if is_first_try || event.event_id().is_some() {
                output.deliver_event_or_gap(event);
            }
            true
        });
        self.newest_seen_id = self.newest_seen_id.max(head);
        self.read_until_id = self.read_until_id.max(head);
        self.deliver_held(now, output);
        let has_progressed = self.last_read_id() > before || self.last_read_id() >= self.read_until_id;
        match &mut self.connection {
            Some(connection) if has_progressed => connection.page_attempts.on_progress(),
            _ => self.on_page_failed(now, None, output),
        }
    }

    /// Handles a failed page request. Retries after a pause and reports a gap after too many failures. If `retry_after`
    /// is set, the server asked the client to wait that many seconds.
    pub(crate) fn on_page_failed(&mut self, now: Now, retry_after: Option<f64>, output: &mut FollowerOutput<'_>) {
        let Some(connection) = &mut self.connection else { return };
        if connection.page_attempts.schedule_retry_after_failure(now.mono, retry_after) {
            return;
        }
        let to = self.held.first_id().map_or(self.read_until_id, |first| (first - 1).max(self.reader.last_read_id()));
        if let Some(gap) = self.reader.skip_to(to, GapReason::ReplayFailed, now.wall) {
            output.deliver_gap(gap);
        }
        self.deliver_held(now, output);
    }
}
