//! State transitions on a confirmed join. The server may have gained or lost its log since the last join.

use super::{
    Follower, FollowerOutput, FollowerState, LogFollower, NoLogFollower, held::HeldEvents, unjoined::Unjoined,
    waiting::WaitingEvents,
};
use crate::{
    events::{Cursor, Event, GapReason},
    session::{Backfill, Now, Output, recent_decisions::RecentDecisions},
};

impl Follower {
    /// Handles the confirmation of a join that was sent at `asked_at`. `head` is the head of the server's log, if the
    /// server has one. Returns the time from which a backfill is needed, if one is needed.
    pub(crate) fn on_joined(
        &mut self,
        now: Now,
        asked_at: Now,
        head: Option<Cursor>,
        backfill: Backfill,
        output: &mut FollowerOutput<'_>,
    ) -> Option<jiff::Timestamp> {
        let state = std::mem::replace(&mut self.state, FollowerState::Unjoined(Unjoined::default()));
        if let Some(head) = head {
            let replays = backfill != Backfill::Off;
            let log = match state {
                FollowerState::Unjoined(unjoined) => self.first_log(unjoined, &head, replays, now, output),
                FollowerState::Log(log) => self.log_again(log, &head, replays, now, output),
                FollowerState::NoLog(no_log) => self.log_after_none(*no_log, &head, now, output),
            };
            self.state = FollowerState::Log(log);
            return None;
        }
        // A project with a log, now or before, lacks the events since its last position. REST cannot return them,
        // because the time of that position is unknown.
        let (mut no_log, missed, backfills) = match state {
            FollowerState::NoLog(no_log) => (no_log, true, backfill == Backfill::Auto),
            FollowerState::Unjoined(Unjoined { after, held, mut waiting }) => {
                let held_dropped = held.dropped() > 0;
                waiting.extend(held.into_events());
                (self.without_log(waiting), after.is_some() || held_dropped, false)
            }
            FollowerState::Log(log) => {
                let mut waiting = WaitingEvents::default();
                waiting.extend(log.held.into_events());
                (self.without_log(waiting), true, false)
            }
        };
        let since = no_log.start(now, asked_at, missed, backfills, output);
        self.state = FollowerState::NoLog(no_log);
        since
    }

    fn without_log(&self, waiting: WaitingEvents) -> Box<NoLogFollower> {
        let recent = self.can_ask_rest.then(RecentDecisions::default);
        Box::new(NoLogFollower::new(self.project.clone(), recent, waiting))
    }

    fn first_log(
        &mut self,
        unjoined: Unjoined,
        head: &Cursor,
        replays: bool,
        now: Now,
        output: &mut FollowerOutput<'_>,
    ) -> LogFollower {
        let Unjoined { after, held, mut waiting } = unjoined;
        let has_cursor = after.is_some();
        let position = after.unwrap_or_else(|| start_of(&held, head));
        let mut log = LogFollower::new(self.project.clone(), position, held);
        if has_cursor {
            compare(&mut log, head, (!replays).then_some(GapReason::Expired), now, output);
        } else if waiting.take_dropped() {
            let gap = log.reader.jump(log.reader.position().clone(), GapReason::Interrupted, None, now.wall);
            output.gap(gap);
        }
        self.start_log(&mut log, head, now, output);
        waiting.take().into_iter().for_each(|event| output.deliver(event));
        log
    }

    fn log_again(
        &mut self,
        mut log: LogFollower,
        head: &Cursor,
        replays: bool,
        now: Now,
        output: &mut FollowerOutput<'_>,
    ) -> LogFollower {
        compare(&mut log, head, (!replays).then_some(GapReason::Interrupted), now, output);
        self.start_log(&mut log, head, now, output);
        log
    }

    /// Handles a server that had no log before this join.
    fn log_after_none(
        &mut self,
        mut no_log: NoLogFollower,
        head: &Cursor,
        now: Now,
        output: &mut FollowerOutput<'_>,
    ) -> LogFollower {
        no_log.deliver_pending(usize::MAX, output);
        let mut held = HeldEvents::default();
        let mut without_id = Vec::new();
        for event in no_log.waiting.take() {
            match event.event_id() {
                Some(id) => drop(held.insert(id, event, None, output)),
                None => without_id.push(event),
            }
        }
        let position = start_of(&held, head);
        let mut log = LogFollower::new(self.project.clone(), position.clone(), held);
        output.gap(log.reader.jump(position, GapReason::Interrupted, None, now.wall));
        self.start_log(&mut log, head, now, output);
        without_id.into_iter().for_each(|event: Event| output.deliver(event));
        log
    }

    /// Follows the log from its reader's position. Streams receive only the first such position.
    fn start_log(&mut self, log: &mut LogFollower, head: &Cursor, now: Now, output: &mut FollowerOutput<'_>) {
        log.reader.set_log(head.log.clone());
        if !std::mem::replace(&mut self.has_position, true) {
            let cursor = log.reader.position().clone();
            output.out.push_back(Output::StreamStarted { project: self.project.clone(), cursor });
        }
        log.start(head.event_id, now, output);
    }
}

/// Compares the position with the head of the log, and reports a gap if the log does not continue at the position. If
/// `skip` is set, missed events are not replayed but skipped, for that reason.
fn compare(log: &mut LogFollower, head: &Cursor, skip: Option<GapReason>, now: Now, output: &mut FollowerOutput<'_>) {
    if let Some(gap) = log.reader.leave_broken(head, now.wall) {
        log.held.keep_after(head.event_id);
        output.gap(gap);
    } else if let Some(reason) = skip {
        log.reader.set_log(head.log.clone());
        if let Some(gap) = log.reader.skip_to(head.event_id, reason, now.wall) {
            output.gap(gap);
        }
    }
}

/// Returns the start position of a stream without a cursor. Live events that arrived before the confirmation belong to
/// the stream.
fn start_of(held: &HeldEvents, head: &Cursor) -> Cursor {
    let event_id = held.first().map_or(head.event_id, |first| first.saturating_sub(1).min(head.event_id));
    Cursor { log: head.log.clone(), event_id }
}
