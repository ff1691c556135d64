//! Checks of everything that leaves a machine, and its record for the checks of the readers.

use super::{
    decisions::Decisions,
    process::{Follow, Running},
    reader::concerns_all,
    sequence::{Excuses, Sequence},
    shadow::Shadow,
    world::World,
};
use crate::{Backfill, Cursor, Overflow, events::Event};

impl World {
    pub(super) fn opened(&self, client: usize, running: &mut Running, at: usize) {
        let room = &mut running.rooms[at];
        room.follow = match self.scenario.server.has_log {
            true => Follow::Log(Sequence::from(room.after.as_ref().map(Cursor::event_id))),
            false => {
                let plan = &self.clients[client].plan;
                let polls = plan.review_poll.is_some();
                // Until a leave is carried out, an event before the confirmation of the join may predate the leave.
                let unclear = if room.leave_open { self.server.contents[at].history.len() } else { room.unclear };
                Follow::Plain(Decisions::from(
                    room.joined.max(room.asked_place).max(unclear),
                    polls,
                    plan.backfill != Backfill::Auto,
                ))
            }
        };
        room.opening = room.follow.clone();
        (room.early, room.early_unlogged) = (Some(Shadow::default()), 0);
        for reader in running.readers.iter_mut().filter(|reader| reader.project.is_none()) {
            reader.opened(at, &room.opening);
        }
    }

    pub(super) fn placed(&self, running: &mut Running, at: usize, cursor: &Cursor) {
        assert!(cursor.event_id() <= self.server.logs[at].head() || self.server.logs[at].has_changed());
        let room = &mut running.rooms[at];
        (room.placed, room.floor) = (Some(cursor.event_id()), None);
        for follow in [&mut room.follow, &mut room.opening] {
            let Follow::Log(sequence) = follow else { panic!("a place in no log") };
            sequence.id.get_or_insert(cursor.event_id());
        }
        if let Follow::Log(sequence) = &room.follow {
            assert_eq!(sequence.id, Some(cursor.event_id()), "placed elsewhere than it was told");
        }
        for reader in running.readers.iter_mut().filter(|reader| reader.project.is_none()) {
            reader.placed(at, cursor.event_id());
        }
    }

    /// Checks an event as it leaves the machine, and records it for the readers that receive it later.
    pub(super) fn handed_out(&mut self, at: usize, running: &mut Running, event: &Event) {
        self.tally.handed_out += 1;
        let project = event.project_id().and_then(|name| self.server.project(name));
        let excuses = self.excuses(at, running.rooms.iter().map(|room| room.hidden_past));
        if let Some(project) = project {
            let joined = running.rooms[project].joined;
            match &mut running.rooms[project].follow {
                // A join that the program no longer waits for may still succeed.
                Follow::Nothing => {}
                Follow::Log(sequence) => {
                    let missing = sequence.see(event, &self.server.logs[project], excuses[project]);
                    self.tally.told_missing += missing;
                }
                Follow::Plain(decisions) => decisions.see(event, &self.server.contents[project], joined),
            }
        }
        for reader in running.readers.iter_mut().filter(|reader| reader.is_for(event, project)) {
            reader.hand(event);
        }
        for (number, room) in running.rooms.iter_mut().enumerate() {
            let concerns_it = project == Some(number) || project.is_none() && concerns_all(event);
            if let Some(early) = room.early.as_mut().filter(|_| concerns_it) {
                early.hand(event);
                room.early_unlogged += u64::from(event.event_id().is_none() && !matches!(event, Event::Gap(_)));
            }
        }
    }

    /// Reasons, by project, for which a client may lack events.
    pub(super) fn excuses(&self, at: usize, hidden: impl Iterator<Item = bool>) -> Vec<Excuses> {
        let (manners, wire) = (&self.scenario.server, &self.scenario.wire);
        let plan = &self.clients[at].plan;
        let excuses = Excuses {
            no_pages: [manners.refuses_pages, manners.answers_late, wire.garbles, wire.stalls].iter().any(|p| *p > 0.0),
            not_wanted: plan.backfill == Backfill::Off,
            stale_answers: [manners.answers_late, manners.answers_twice, wire.stalls].iter().any(|p| *p > 0.0),
            hidden_past: false,
        };
        hidden.map(|hidden_past| Excuses { hidden_past, ..excuses }).collect()
    }

    /// Returns `true` if readers are compared with the logs and not with their rings.
    pub(super) fn reads_logs(&self, at: usize) -> bool {
        self.scenario.server.has_log && self.clients[at].plan.overflow == Overflow::Replay
    }
}
