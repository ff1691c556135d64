//! Streams that are dropped and reopened, and the check that cursors do not pass unread events.

use std::time::Duration;

use super::{
    action::ScheduledAction,
    expected_buffer::ExpectedBuffer,
    plans::ReaderPlan,
    program::{ProgramRun, ProjectProgress},
    reader::{Expectation, Reader},
    world::World,
};
use crate::{EventKinds, Project, session::Input};

impl ProgramRun {
    /// Returns the readers that determine a project's cursor: the readers of all kinds of events or, if there are none,
    /// the readers of one kind.
    fn cursor_readers(&self, project: usize) -> impl Iterator<Item = &Reader> {
        let mine = move |reader: &&Reader| {
            let its = reader.project.is_none_or(|its| its == project);
            its && !reader.has_ended && !reader.is_leaving && reader.cursor_limit(project).is_some()
        };
        let any_full = self.readers.iter().filter(mine).any(|reader| reader.plan.kind.is_none());
        self.readers.iter().filter(mine).filter(move |reader| !any_full || reader.plan.kind.is_none())
    }

    /// Removes a reader. If it was the last reader of a project, the project's cursor stays at the reader's position.
    pub(super) fn remove_reader(&mut self, index: usize) {
        let reader = self.readers.remove(index);
        for project in 0..self.project_states.len() {
            if self.cursor_readers(project).next().is_none() && !reader.is_leaving {
                let limit = reader.cursor_limit(project);
                self.project_states[project].removed_reader_event_id =
                    limit.or(self.project_states[project].removed_reader_event_id);
            }
        }
    }
}

impl World {
    /// Checks that no project's cursor is ahead of the slowest of the readers that determine it.
    pub(super) fn check_cursors(&self, client: usize) {
        let Some(running) = &self.clients[client].running else { return };
        for (number, state) in running.project_states.iter().enumerate() {
            let Some(cursor) = state.project.as_ref().and_then(Project::cursor) else { continue };
            let slowest = running.cursor_readers(number).filter_map(|reader| reader.cursor_limit(number)).min();
            let limit = slowest
                .or(state.removed_reader_event_id)
                .filter(|_| !self.server.logs[number].was_restored_or_replaced());
            if let Some(limit) = limit {
                let cursor = cursor.event_id();
                assert!(cursor <= limit, "LOST by a restart: the cursor is at {cursor}, but a reader is at {limit}");
            }
        }
    }

    /// Drops a random stream, which the program usually reopens later.
    pub(super) fn drop_random_stream(&mut self, client: usize) {
        let (is_reopened, pause) = (self.dice.chance(0.7), self.dice.duration_ms(0, 10_000));
        let Some(running) = &self.clients[client].running else { return };
        let readers: Vec<_> =
            (0..running.readers.len()).filter(|reader| !running.readers[*reader].is_leaving).collect();
        if readers.is_empty() || running.has_ended {
            return;
        }
        let reader = self.dice.pick(&readers);
        self.with_client(client, |world, running| {
            let Reader { plan, project, .. } = running.readers[reader];
            running.remove_reader(reader);
            world.tally.streams_dropped += 1;
            running.task.machine.handle(world.client_now(client), Input::Tick);
            if is_reopened {
                world.schedule_after(
                    pause,
                    ScheduledAction::ReopenStream(client, world.clients[client].run_number, plan, project),
                );
            }
        });
        self.check_cursors(client);
    }

    /// Opens a replacement for a stream that the program dropped or that ended because its reader was too slow.
    pub(super) fn reopen_stream(&mut self, client: usize, plan: ReaderPlan, project: Option<usize>) {
        let is_left =
            |running: &ProgramRun| running.project_states.iter().any(|state| state.was_left && state.project.is_none());
        if project.is_none() && self.clients[client].running.as_deref().is_some_and(is_left) {
            // If the program has left a project, the stream would receive the project's remaining events now, and again
            // after the next join.
            return self.schedule_after(
                Duration::from_secs(1),
                ScheduledAction::ReopenStream(client, self.clients[client].run_number, plan, project),
            );
        }
        self.with_client(client, |world, running| {
            let filter = plan.kind.and_then(EventKinds::from_name);
            let stream = match project {
                None => running.client.stream(filter),
                // If the program has left the project in the meantime, the next join opens the project's streams.
                Some(number) => match &running.project_states[number].project {
                    Some(project) => project.stream(filter),
                    None => return,
                },
            };
            let mine = |number: usize| project.is_none_or(|project| project == number);
            let progresses = running.project_states.iter().enumerate().map(|(number, state)| match &state.progress {
                ProjectProgress::Log(log_progress) if mine(number) => Some(log_progress.for_kind(plan.kind)),
                _ => None,
            });
            let expectation = match world.checks_readers_against_logs(client) {
                true => Expectation::Logs { projects: progresses.collect(), unread_unlogged: 0 },
                false => Expectation::Buffer(ExpectedBuffer::default()),
            };
            // The reader starts at the current position. If the project has no other reader, the cursor keeps the
            // position of the project's last reader.
            let positions = running.project_states.iter().enumerate().map(|(number, state)| match &state.progress {
                ProjectProgress::Log(_) if mine(number) && running.cursor_readers(number).next().is_none() => {
                    state.removed_reader_event_id
                }
                ProjectProgress::Log(log_progress) if mine(number) => log_progress.complete_to,
                _ => None,
            });
            let positions = positions.collect();
            world.tally.streams_reopened += 1;
            world.add_reader(client, running, plan, project, stream, expectation, positions);
        });
    }
}
