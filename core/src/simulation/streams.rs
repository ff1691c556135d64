//! Streams that are dropped and opened again, and the cursors that follow from the events read.

use std::time::Duration;

use super::{
    expected_ring::ExpectedRing,
    plans::ReaderPlan,
    process::{ProjectProgress, Running},
    reader::{Reader, Reference},
    world::{Action, World},
};
use crate::{EventKinds, Project, session::Input};

impl Running {
    /// Readers that a project's cursor follows: those of all its events, or else those of some kinds.
    fn followed(&self, project: usize) -> impl Iterator<Item = &Reader> {
        let mine = move |reader: &&Reader| {
            let its = reader.project.is_none_or(|its| its == project);
            its && !reader.ended && !reader.leaving && reader.limit(project).is_some()
        };
        let any_full = self.readers.iter().filter(mine).any(|reader| reader.plan.kind.is_none());
        self.readers.iter().filter(mine).filter(move |reader| !any_full || reader.plan.kind.is_none())
    }

    /// Removes a reader. After a project's last one, the cursor stays where it is.
    pub(super) fn remove_reader(&mut self, at: usize) {
        let reader = self.readers.remove(at);
        for project in 0..self.rooms.len() {
            if self.followed(project).next().is_none() && !reader.leaving {
                let limit = reader.limit(project);
                self.rooms[project].last_reader_position = limit.or(self.rooms[project].last_reader_position);
            }
        }
    }
}

impl World {
    /// Checks that no project's cursor is past an event that one of its readers has not received.
    pub(super) fn check_cursors(&self, at: usize) {
        let Some(running) = &self.clients[at].running else { return };
        for (number, room) in running.rooms.iter().enumerate() {
            let Some(cursor) = room.project.as_ref().and_then(Project::cursor) else { continue };
            let slowest = running.followed(number).filter_map(|reader| reader.limit(number)).min();
            let limit = slowest.or(room.last_reader_position).filter(|_| !self.server.logs[number].has_changed());
            if let Some(limit) = limit {
                let cursor = cursor.event_id();
                assert!(cursor <= limit, "LOST by a restart: the cursor is {cursor}, a reader is at {limit}");
            }
        }
    }

    /// Drops a random reader; often another one replaces it.
    pub(super) fn drop_a_stream(&mut self, at: usize) {
        let (back, pause) = (self.dice.chance(0.7), self.dice.pause(0, 10_000));
        let Some(running) = &self.clients[at].running else { return };
        let readers: Vec<_> = (0..running.readers.len()).filter(|reader| !running.readers[*reader].leaving).collect();
        if readers.is_empty() || running.over {
            return;
        }
        let reader = self.dice.pick(&readers);
        self.with_client(at, |world, running| {
            let Reader { plan, project, .. } = running.readers[reader];
            running.remove_reader(reader);
            world.tally.streams_dropped += 1;
            running.task.machine.handle(world.present(at), Input::Tick);
            if back {
                world.after(pause, Action::Reopen(at, world.clients[at].life, plan, project));
            }
        });
        self.check_cursors(at);
    }

    pub(super) fn reopen(&mut self, at: usize, plan: ReaderPlan, project: Option<usize>) {
        let is_left = |running: &Running| running.rooms.iter().any(|room| room.was_left && room.project.is_none());
        if project.is_none() && self.clients[at].running.as_deref().is_some_and(is_left) {
            // It would receive the rest of the project before the next join, and the same events again after it.
            return self.after(Duration::from_secs(1), Action::Reopen(at, self.clients[at].life, plan, project));
        }
        self.with_client(at, |world, running| {
            let filter = plan.kind.and_then(EventKinds::named);
            let stream = match project {
                None => running.client.stream(filter),
                // The project was left meanwhile; the next join opens its streams.
                Some(number) => match &running.rooms[number].project {
                    Some(project) => project.stream(filter),
                    None => return,
                },
            };
            let mine = |number: usize| project.is_none_or(|project| project == number);
            let progresses = running.rooms.iter().enumerate().map(|(number, room)| match &room.progress {
                ProjectProgress::Log(log_progress) if mine(number) => Some(log_progress.of_kind(plan.kind)),
                _ => None,
            });
            let reference = match world.reads_logs(at) {
                true => Reference::Logs { projects: progresses.collect(), unlogged: 0 },
                false => Reference::Ring(ExpectedRing::default()),
            };
            // The reader starts now. If it is the only one, the cursor stays where the last one left it.
            let positions = running.rooms.iter().enumerate().map(|(number, room)| match &room.progress {
                ProjectProgress::Log(_) if mine(number) && running.followed(number).next().is_none() => {
                    room.last_reader_position
                }
                ProjectProgress::Log(log_progress) if mine(number) => log_progress.id,
                _ => None,
            });
            let positions = positions.collect();
            world.tally.streams_reopened += 1;
            world.add_reader(at, running, plan, project, stream, reference, positions);
        });
    }
}
