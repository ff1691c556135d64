//! Invariants that are checked after each step and at the end.

use std::time::Duration;

use super::LogWorld;
use crate::{
    Cursor, GapReason,
    events::Event,
    session::{Input, machine::tests::rig::StreamOutput},
};

impl LogWorld {
    /// Compares the streams' new events with the logs.
    pub(super) fn check_outputs(&mut self) {
        while let Some(output) = self.rig.stream_outputs.pop_front() {
            match output {
                StreamOutput::ProjectOpened(_) | StreamOutput::ClientEnded => {}
                StreamOutput::StreamStarted(project, cursor) => {
                    let log = &self.logs[&*project];
                    assert_eq!(
                        cursor.log.as_deref(),
                        Some(&*log.id()),
                        "the stream starts in a log that no longer exists"
                    );
                    let reader = self.readers.get_mut(&project).expect("a start position for an unknown reader");
                    if let Some(position) = &reader.position {
                        assert_eq!(*position, cursor, "the start position contradicts an earlier gap");
                    } else if let Some(asked) = &reader.requested_cursor {
                        assert_eq!(
                            asked.event_id, cursor.event_id,
                            "the stream does not start at the requested cursor"
                        );
                    }
                    reader.position = Some(cursor);
                }
                StreamOutput::Ended(project, error) => {
                    // A join that finds no connection in time ends with an error. The user may then join again.
                    let _ = error;
                    if let Some(position) = self.readers.remove(&project).and_then(|reader| reader.position) {
                        self.last_cursors.insert(project, position);
                    }
                }
                StreamOutput::Event(event) => self.check_event(&event),
            }
        }
    }

    pub(super) fn check_event(&mut self, event: &Event) {
        let Some(project) = event.project_id().map(ToString::to_string) else {
            panic!("an event without a project: {event:?}")
        };
        // A late event of a project that the user has left belongs to none of that project's streams.
        let Some(reader) = self.readers.get_mut(&project) else { return };
        let log = &self.logs[&*project];
        match event {
            Event::StatsUpdate(_) => {}
            Event::ModerationUpdate(update) => {
                let id = update.meta.event_id.expect("an event of a log without an id");
                let position = reader.position.as_mut().expect("an event before the start position");
                assert_eq!(id, position.event_id + 1, "an event out of order, duplicated or skipped");
                assert_eq!(position.log.as_deref(), Some(&*log.id()), "an event from a log that no longer exists");
                assert_eq!(update.content_id, log.items[id as usize - 1], "the event differs from the one in the log");
                assert_eq!(update.meta.cursor().as_ref().map(Cursor::event_id), Some(id));
                position.event_id = id;
                self.delivered_count += 1;
            }
            Event::Gap(gap) => {
                self.gap_count += 1;
                let to = gap.meta.cursor().expect("a gap without an end position");
                assert_eq!(to.log.as_deref(), Some(&*log.id()), "a gap into a log that no longer exists");
                assert!(to.event_id <= log.head_id(), "a gap that ends after the head of the log");
                let position = reader
                    .position
                    .as_ref()
                    .or(reader.requested_cursor.as_ref())
                    .expect("a gap without a start position");
                match gap.reason {
                    GapReason::LogChanged => assert_ne!(position.log, to.log, "`log_changed`, but the log is the same"),
                    GapReason::CursorAhead => {
                        assert!(position.log.is_none(), "`cursor_ahead`, but no log has lost events")
                    }
                    reason => {
                        assert_eq!(
                            gap.missed,
                            Some(to.event_id - position.event_id),
                            "the gap's number of missed events is wrong"
                        );
                        match reason {
                            GapReason::Expired if !self.skips_missed_events => {
                                assert!(to.event_id < log.oldest_id, "`expired`, but the event is still in the log")
                            }
                            GapReason::ReplayFailed => {
                                assert!(self.fails_some_pages, "`replay_failed`, but every page was returned")
                            }
                            GapReason::Expired | GapReason::Interrupted => {
                                assert!(self.skips_missed_events, "a gap for events that a replay could return");
                            }
                            other => panic!("unexpected gap reason on a server with a log: {other:?}"),
                        }
                    }
                }
                reader.position = Some(to);
            }
            other => panic!("an event that was never sent: {other:?}"),
        }
    }

    /// Ends all faults, reconnects the client, and waits until every reader has received everything.
    pub(super) fn recover_and_check(&mut self) {
        self.fails_some_pages = false;
        self.rig.drop_connection();
        self.check_outputs();
        // The wait lasts up to 20 minutes, because the smallest budget allows ten page requests per minute, and a page
        // may contain only one event.
        for _ in 0..12_000 {
            self.clear_after_disconnect();
            if self.rig.pending_attempt_id.is_some() {
                self.rig.complete_handshake();
            }
            self.handle_requests();
            self.deliver_frames(usize::MAX);
            if self.rig.sent_frames.is_empty() && self.is_caught_up() {
                return;
            }
            self.rig.run_for(Duration::from_millis(100), |_| {});
            // Answers a probe, if one is pending.
            self.rig.handle(Input::SignOfLife);
            self.check_outputs();
        }
        let positions: Vec<_> = self.readers.iter().map(|(project, reader)| (project, &reader.position)).collect();
        let heads: Vec<_> = self.logs.iter().map(|(project, log)| (project, log.id(), log.head_id())).collect();
        panic!("not caught up after 20 minutes without a failure: positions {positions:?}, heads {heads:?}");
    }

    pub(super) fn is_caught_up(&self) -> bool {
        self.readers.iter().all(|(project, reader)| {
            let log = &self.logs[&**project];
            reader.position.as_ref().is_some_and(|position| {
                position.event_id == log.head_id() && position.log.as_deref() == Some(&*log.id())
            })
        })
    }
}
