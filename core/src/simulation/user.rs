//! The program around a client: it connects, joins, opens its streams, reads them, leaves, crashes, and starts again
//! from its stored cursors.

use std::time::Duration;

use super::{
    expected_ring::ExpectedRing,
    log_progress::LogProgress,
    plans::ReaderPlan,
    process::{ProjectProgress, Room, Running},
    reader::{Reader, Reference},
    world::{Action, World},
};
use crate::{EventKinds, Overflow, Project};

impl World {
    pub(super) fn spawn(&mut self, at: usize) {
        if self.clients[at].running.is_some() {
            return;
        }
        self.spawned = self.now;
        let seed = self.dice.between(0, u64::MAX);
        let bad_key = self.troubled && self.dice.chance(self.scenario.server.bad_keys);
        self.tally.bad_keys += u64::from(bad_key);
        let now = self.present(at);
        let process = &mut self.clients[at];
        process.bad_key = bad_key;
        process.running = Some(Box::new(Running::new(&process.plan, self.server.logs.len(), seed, now)));
        self.with_client(at, |_, _| {});
    }

    /// Crashes the program, which starts again later from its stored cursors.
    pub(super) fn restart(&mut self, at: usize, life: u64, down: Duration) {
        if self.clients[at].life != life {
            return;
        }
        self.check_cursors(at);
        let process = &mut self.clients[at];
        let Some(running) = process.running.take() else { return };
        process.life += 1;
        for (room, stored) in running.rooms.iter().zip(&mut process.stored) {
            if let Some(project) = &room.project {
                *stored = project.cursor().map(|cursor| cursor.to_string()).or(stored.take());
            }
        }
        if let Some(id) = running.connection {
            self.hang_up(id);
        }
        self.tally.lives += 1;
        self.after(down.max(Duration::from_millis(10)), Action::Spawn(at));
    }

    pub(super) fn on_connected(&mut self, at: usize, running: &mut Running) {
        for plan in self.clients[at].plan.readers.clone().into_iter().filter(|plan| plan.wide) {
            let stream = running.client.stream(plan.kind.and_then(EventKinds::named));
            let reference = match self.reads_logs(at) {
                true => Reference::Logs { projects: vec![None; self.server.logs.len()], unlogged: 0 },
                false => Reference::Ring(ExpectedRing::default()),
            };
            let positions = vec![None; self.server.logs.len()];
            self.add_reader(at, running, plan, None, stream, reference, positions);
        }
        for project in 0..self.server.logs.len() {
            self.join_project(at, running, project);
        }
    }

    pub(super) fn join_project(&mut self, at: usize, running: &mut Running, project: usize) {
        let stored = self.clients[at].stored[project].clone();
        running.rooms[project].decisions_at_call = self.server.contents[project].history.len();
        running.join(project, &self.server.logs[project].name, stored.as_deref(), self.now);
    }

    /// Opens the readers of a project that was joined.
    pub(super) fn on_joined(&mut self, at: usize, running: &mut Running, number: usize, project: Project) {
        for plan in self.clients[at].plan.readers.clone().into_iter().filter(|plan| !plan.wide) {
            let stream = project.stream(plan.kind.and_then(EventKinds::named));
            let room = &mut running.rooms[number];
            let first = room.opening_ring.take();
            let progress = if first.is_some() { &room.opening } else { &room.progress };
            let log_progress = match progress {
                ProjectProgress::Log(log_progress) => log_progress.of_kind(plan.kind),
                _ => LogProgress::from(None),
            };
            let reference = if self.reads_logs(at) {
                let mut projects = vec![None; self.server.logs.len()];
                projects[number] = Some(log_progress);
                let unlogged = if first.is_some() { room.opening_unlogged } else { 0 };
                Reference::Logs { projects, unlogged }
            } else {
                Reference::Ring(first.unwrap_or_default())
            };
            let mut positions = vec![None; self.server.logs.len()];
            positions[number] = room.start_position;
            self.add_reader(at, running, plan, Some(number), stream, reference, positions);
        }
        running.rooms[number].project = Some(project);
    }

    #[allow(clippy::too_many_arguments)] // the parts of a reader
    pub(super) fn add_reader(
        &mut self,
        at: usize,
        running: &mut Running,
        plan: ReaderPlan,
        project: Option<usize>,
        stream: crate::EventStream,
        reference: Reference,
        positions: Vec<Option<u64>>,
    ) {
        running.numbers += 1;
        let closes = self.clients[at].plan.overflow == Overflow::Close;
        running.readers.push(Reader::new(running.numbers, plan, project, stream, reference, positions, closes));
        self.after(Duration::ZERO, Action::Read(at, self.clients[at].life, running.numbers));
    }

    pub(super) fn read(&mut self, at: usize, number: u64) {
        let Some(running) = &mut self.clients[at].running else { return };
        let hidden: Vec<_> = running.rooms.iter().map(|room| room.undetected_restore).collect();
        let excuses = self.excuses(at, hidden.into_iter());
        let Some(running) = &mut self.clients[at].running else { return };
        let Some(reader) = running.readers.iter_mut().find(|reader| reader.number == number) else { return };
        let batch = reader.read(&self.server, &|project| excuses[project], running.over);
        if self.traced {
            eprintln!("{:12.6} reader {number} of client {at}: {batch:?}", self.now.as_secs_f64());
        }
        if let Some(batch) = batch {
            let pace = if self.troubled { reader.plan.pace } else { reader.plan.pace.min(20) };
            self.tally.read += batch.events;
            self.tally.told_dropped += batch.dropped;
            self.tally.told_missing += batch.missing;
            if !reader.ended {
                let pause = self.dice.pause(0, pace);
                self.after(pause, Action::Read(at, self.clients[at].life, number));
            } else if reader.overflowed {
                let (plan, project) = (reader.plan, reader.project);
                let pause = self.dice.pause(10, 3_000);
                self.tally.overflowed += 1;
                self.after(pause, Action::Reopen(at, self.clients[at].life, plan, project));
            }
        }
        let Some(running) = &mut self.clients[at].running else { return };
        while let Some(gone) = running.readers.iter().position(|reader| reader.ended) {
            running.remove_reader(gone);
        }
        self.check_cursors(at);
        let Some(running) = &mut self.clients[at].running else { return };
        if running.has_capacity() {
            self.with_client(at, |world, running| {
                running.task.machine.handle(world.present(at), crate::session::Input::Tick);
            });
        }
    }

    /// Leaves a project and joins it again, after its cursor or anew, at once or when the leave is done.
    pub(super) fn leave_and_come_back(&mut self, at: usize) {
        let project = self.dice.index(self.server.logs.len());
        let (anew, pause) = (self.dice.chance(0.3), self.dice.pause(0, 3_000));
        let at_once = self.dice.chance(0.5);
        let life = self.clients[at].life;
        let Some(running) = &self.clients[at].running else { return };
        // A project's events in a stream of the whole client start again with the next join, but not in its ring.
        let is_wide = running.readers.iter().any(|reader| reader.project.is_none());
        let Some(joined) = running.rooms[project].project.clone().filter(|_| !is_wide) else { return };
        let cursor = joined.cursor().map(|cursor| cursor.to_string());
        self.clients[at].stored[project] = cursor.filter(|_| !anew);
        self.with_client(at, |world, running| {
            for reader in running.readers.iter_mut().filter(|reader| reader.project == Some(project)) {
                reader.leaving = true;
            }
            running.leave(project);
            let Room { opening_ring, was_left, .. } = &mut running.rooms[project];
            (*opening_ring, *was_left) = (None, true);
            if at_once {
                world.join_project(at, running, project);
            } else {
                world.after(pause, Action::Join(at, life, project));
            }
        });
    }

    pub(super) fn come_back(&mut self, at: usize, project: usize) {
        self.with_client(at, |world, running| world.join_project(at, running, project));
    }
}
