//! Checks of everything that leaves a machine, and its record for the checks of the readers.

use super::{
    decision_progress::DecisionProgress,
    expected_ring::ExpectedRing,
    log_progress::{Excuses, LogProgress},
    process::{ProjectProgress, Running},
    reader::concerns_all,
    world::World,
};
use crate::{Backfill, Cursor, Overflow, events::Event};

impl World {
    pub(super) fn on_project_opened(&self, client: usize, running: &mut Running, at: usize) {
        let room = &mut running.rooms[at];
        room.progress = match self.scenario.server.has_log {
            true => ProjectProgress::Log(LogProgress::from(room.after.as_ref().map(Cursor::event_id))),
            false => {
                let plan = &self.clients[client].plan;
                let polls = plan.review_poll.is_some();
                // Until a leave is carried out, an event before the confirmation of the join may predate the leave.
                let decisions_at_leave =
                    if room.has_open_leave { self.server.contents[at].history.len() } else { room.decisions_at_leave };
                ProjectProgress::Decisions(DecisionProgress::from(
                    room.decisions_at_join.max(room.decisions_at_call).max(decisions_at_leave),
                    polls,
                    plan.backfill != Backfill::Auto,
                ))
            }
        };
        room.opening = room.progress.clone();
        (room.opening_ring, room.opening_unlogged) = (Some(ExpectedRing::default()), 0);
        for reader in running.readers.iter_mut().filter(|reader| reader.project.is_none()) {
            reader.on_project_opened(at, &room.opening);
        }
    }

    pub(super) fn on_stream_started(&self, running: &mut Running, at: usize, cursor: &Cursor) {
        assert!(cursor.event_id() <= self.server.logs[at].head() || self.server.logs[at].has_changed());
        let room = &mut running.rooms[at];
        (room.start_position, room.last_reader_position) = (Some(cursor.event_id()), None);
        for progress in [&mut room.progress, &mut room.opening] {
            let ProjectProgress::Log(log_progress) = progress else { panic!("a position without a log") };
            log_progress.id.get_or_insert(cursor.event_id());
        }
        if let ProjectProgress::Log(log_progress) = &room.progress {
            assert_eq!(log_progress.id, Some(cursor.event_id()), "a stream starts elsewhere than its join");
        }
        for reader in running.readers.iter_mut().filter(|reader| reader.project.is_none()) {
            reader.on_stream_started(at, cursor.event_id());
        }
    }

    /// Checks an event as it leaves the machine, and records it for the readers that receive it later.
    pub(super) fn on_event_output(&mut self, at: usize, running: &mut Running, event: &Event) {
        self.tally.handed_out += 1;
        let project = event.project_id().and_then(|name| self.server.project(name));
        let excuses = self.excuses(at, running.rooms.iter().map(|room| room.undetected_restore));
        if let Some(project) = project {
            let joined = running.rooms[project].decisions_at_join;
            match &mut running.rooms[project].progress {
                // A join that the program no longer waits for may still succeed.
                ProjectProgress::Nothing => {}
                ProjectProgress::Log(log_progress) => {
                    let missing = log_progress.check(event, &self.server.logs[project], excuses[project]);
                    self.tally.told_missing += missing;
                }
                ProjectProgress::Decisions(decisions) => decisions.check(event, &self.server.contents[project], joined),
            }
        }
        for reader in running.readers.iter_mut().filter(|reader| reader.is_for(event, project)) {
            reader.record(event);
        }
        for (number, room) in running.rooms.iter_mut().enumerate() {
            let concerns_it = project == Some(number) || project.is_none() && concerns_all(event);
            if let Some(opening_ring) = room.opening_ring.as_mut().filter(|_| concerns_it) {
                opening_ring.record(event);
                room.opening_unlogged += u64::from(event.event_id().is_none() && !matches!(event, Event::Gap(_)));
            }
        }
    }

    /// Reasons, by project, for which a client may lack events.
    pub(super) fn excuses(&self, at: usize, hidden: impl Iterator<Item = bool>) -> Vec<Excuses> {
        let (behaviour, wire) = (&self.scenario.server, &self.scenario.wire);
        let plan = &self.clients[at].plan;
        let excuses = Excuses {
            no_pages: [behaviour.refuses_pages, behaviour.answers_late, wire.garbles, wire.stalls]
                .iter()
                .any(|p| *p > 0.0),
            not_wanted: plan.backfill == Backfill::Off,
            stale_answers: [behaviour.answers_late, behaviour.answers_twice, wire.stalls].iter().any(|p| *p > 0.0),
            undetected_restore: false,
        };
        hidden.map(|undetected_restore| Excuses { undetected_restore, ..excuses }).collect()
    }

    /// Returns `true` if readers are compared with the logs and not with their rings.
    pub(super) fn reads_logs(&self, at: usize) -> bool {
        self.scenario.server.has_log && self.clients[at].plan.overflow == Overflow::Replay
    }
}
