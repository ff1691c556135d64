//! State transitions when a join is confirmed. The server may have gained or lost its log since the last join.

use super::{
    Follower, FollowerOutput, FollowerState, LogFollower, NoLogFollower, held_events::HeldEvents,
    unjoined::UnjoinedFollower, waiting_events::WaitingEvents,
};
use crate::{
    events::{Cursor, Event, GapReason},
    session::{Backfill, Now, Output, recent_decisions::RecentDecisions},
};

impl Follower {
    /// Handles the confirmation of a join that was sent at `join_sent_at`. `head` is the head of the server's log, or
    /// `None` if the server has no log. Returns the time from which to start a backfill, or `None` if no backfill is
    /// needed or possible.
    pub(crate) fn on_join_confirmed(
        &mut self,
        now: Now,
        join_sent_at: Now,
        head: Option<Cursor>,
        backfill: Backfill,
        output: &mut FollowerOutput<'_>,
    ) -> Option<jiff::Timestamp> {
        let state = std::mem::replace(&mut self.state, FollowerState::Unjoined(UnjoinedFollower::default()));
        if let Some(head) = head {
            let replays = backfill != Backfill::Off;
            let log = match state {
                FollowerState::Unjoined(unjoined) => self.start_first_log(unjoined, &head, replays, now, output),
                FollowerState::Log(log) => self.resume_log(log, &head, replays, now, output),
                FollowerState::NoLog(no_log) => self.start_log_after_no_log(*no_log, &head, now, output),
            };
            self.state = FollowerState::Log(log);
            return None;
        }
        // In the last two arms, events may be missing after the user's cursor, among the held events, or after the last
        // event read from a log. REST cannot return these events, because the time of the first missing event is
        // unknown.
        let (mut no_log, missed, backfills) = match state {
            FollowerState::NoLog(no_log) => (no_log, true, backfill == Backfill::Auto),
            FollowerState::Unjoined(UnjoinedFollower { cursor, held, mut waiting }) => {
                let held_dropped = held.newest_dropped_id() > 0;
                waiting.extend(held.into_events());
                (self.new_no_log_follower(waiting), cursor.is_some() || held_dropped, false)
            }
            FollowerState::Log(log) => {
                let mut waiting = WaitingEvents::default();
                waiting.extend(log.held.into_events());
                (self.new_no_log_follower(waiting), true, false)
            }
        };
        let since = no_log.on_join_confirmed(now, join_sent_at, missed, backfills, output);
        self.state = FollowerState::NoLog(no_log);
        since
    }

    fn new_no_log_follower(&self, waiting: WaitingEvents) -> Box<NoLogFollower> {
        let recent = self.can_ask_rest.then(RecentDecisions::default);
        Box::new(NoLogFollower::new(self.project.clone(), recent, waiting))
    }

    fn start_first_log(
        &mut self,
        unjoined: UnjoinedFollower,
        head: &Cursor,
        replays: bool,
        now: Now,
        output: &mut FollowerOutput<'_>,
    ) -> LogFollower {
        let UnjoinedFollower { cursor, held, mut waiting } = unjoined;
        let has_cursor = cursor.is_some();
        let position = cursor.unwrap_or_else(|| start_position(&held, head));
        let mut log = LogFollower::new(self.project.clone(), position, held);
        if has_cursor {
            reconcile_position(&mut log, head, (!replays).then_some(GapReason::Expired), now, output);
        } else if waiting.take_drop_flag() {
            let gap = log.reader.jump_to(log.reader.position().clone(), GapReason::Interrupted, None, now.wall);
            output.deliver_gap(gap);
        }
        self.start_log(&mut log, head, now, output);
        waiting.take_all().into_iter().for_each(|event| output.deliver(event));
        log
    }

    fn resume_log(
        &mut self,
        mut log: LogFollower,
        head: &Cursor,
        replays: bool,
        now: Now,
        output: &mut FollowerOutput<'_>,
    ) -> LogFollower {
        reconcile_position(&mut log, head, (!replays).then_some(GapReason::Interrupted), now, output);
        self.start_log(&mut log, head, now, output);
        log
    }

    /// Starts to follow a log on a server that had no log at the last join.
    fn start_log_after_no_log(
        &mut self,
        mut no_log: NoLogFollower,
        head: &Cursor,
        now: Now,
        output: &mut FollowerOutput<'_>,
    ) -> LogFollower {
        no_log.deliver_queued(usize::MAX, output);
        let mut held = HeldEvents::default();
        let mut without_id = Vec::new();
        for event in no_log.waiting.take_all() {
            match event.event_id() {
                Some(id) => drop(held.insert(id, event, None, output)),
                None => without_id.push(event),
            }
        }
        let position = start_position(&held, head);
        let mut log = LogFollower::new(self.project.clone(), position.clone(), held);
        output.deliver_gap(log.reader.jump_to(position, GapReason::Interrupted, None, now.wall));
        self.start_log(&mut log, head, now, output);
        without_id.into_iter().for_each(|event: Event| output.deliver(event));
        log
    }

    /// Starts to follow the log from the reader's position. Only the first start position is reported to the streams.
    fn start_log(&mut self, log: &mut LogFollower, head: &Cursor, now: Now, output: &mut FollowerOutput<'_>) {
        log.reader.set_log_id(head.log.clone());
        if !std::mem::replace(&mut self.has_reported_start, true) {
            let cursor = log.reader.position().clone();
            output.outputs.push_back(Output::StreamStarted { project: self.project.clone(), cursor });
        }
        log.on_join_confirmed(head.event_id, now, output);
    }
}

/// If the log does not continue from the follower's position, moves the position to the log's head and reports a gap.
/// If it does continue and `skip` contains a reason, skips the missed events and reports them as a gap with that
/// reason.
fn reconcile_position(
    log: &mut LogFollower,
    head: &Cursor,
    skip: Option<GapReason>,
    now: Now,
    output: &mut FollowerOutput<'_>,
) {
    if let Some(gap) = log.reader.resync_to_head(head, now.wall) {
        log.held.drop_up_to(head.event_id);
        output.deliver_gap(gap);
    } else if let Some(reason) = skip {
        log.reader.set_log_id(head.log.clone());
        if let Some(gap) = log.reader.skip_to(head.event_id, reason, now.wall) {
            output.deliver_gap(gap);
        }
    }
}

/// Returns the start position of a stream without a cursor. Live events that arrived before the confirmation belong to
/// the stream.
fn start_position(held: &HeldEvents, head: &Cursor) -> Cursor {
    let event_id = held.first_id().map_or(head.event_id, |first| first.saturating_sub(1).min(head.event_id));
    Cursor { log: head.log.clone(), event_id }
}
