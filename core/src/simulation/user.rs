//! What the program around a client does: it connects, joins, makes its streams, reads them, leaves, dies and starts
//! again from the cursors it has stored.

use std::time::Duration;

use super::{
    process::{Follow, Room, Running},
    reader::{Book, Reader},
    scenario::Plan,
    sequence::Sequence,
    shadow::Shadow,
    world::{Act, World},
};
use crate::{EventKinds, Project};

impl World {
    pub(super) fn spawn(&mut self, at: usize) {
        if self.clients[at].running.is_some() {
            return;
        }
        self.spawned = self.now;
        let seed = self.dice.between(0, u64::MAX);
        let process = &mut self.clients[at];
        process.running = Some(Running::new(&process.plan, self.server.logs.len(), seed));
        self.with_client(at, |_, _| {});
    }

    /// The program dies, and starts again later from what it has stored.
    pub(super) fn restart(&mut self, at: usize, life: u64, down: Duration) {
        let process = &mut self.clients[at];
        if process.life != life {
            return;
        }
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
        self.after(down.max(Duration::from_millis(10)), Act::Spawn(at));
    }

    pub(super) fn connected(&mut self, at: usize, running: &mut Running) {
        for plan in self.clients[at].plan.readers.clone().into_iter().filter(|plan| plan.wide) {
            let stream = running.client.stream(plan.kind.and_then(EventKinds::named));
            let book = match self.reads_logs(at) {
                true => Book::Logs { projects: vec![None; self.server.logs.len()], unlogged: 0 },
                false => Book::Ring(Shadow::default()),
            };
            self.add_reader(at, running, plan, None, stream, book);
        }
        for project in 0..self.server.logs.len() {
            self.join_project(at, running, project);
        }
    }

    pub(super) fn join_project(&mut self, at: usize, running: &mut Running, project: usize) {
        let stored = self.clients[at].stored[project].clone();
        running.join(project, &self.server.logs[project].name, stored.as_deref());
    }

    /// The project was joined: its readers are made.
    pub(super) fn joined(&mut self, at: usize, running: &mut Running, number: usize, project: Project) {
        for plan in self.clients[at].plan.readers.clone().into_iter().filter(|plan| !plan.wide) {
            let stream = project.stream(plan.kind.and_then(EventKinds::named));
            let room = &mut running.rooms[number];
            let first = room.early.take();
            let follow = if first.is_some() { &room.opening } else { &room.follow };
            let sequence = match follow {
                Follow::Log(sequence) => sequence.of_kind(plan.kind),
                _ => Sequence::from(None),
            };
            let stands = room.placed;
            let book = if self.reads_logs(at) {
                let mut projects = vec![None; self.server.logs.len()];
                projects[number] = Some(sequence);
                let unlogged = if first.is_some() { room.early_unlogged } else { 0 };
                Book::Logs { projects, unlogged }
            } else {
                Book::Ring(first.unwrap_or_default())
            };
            self.add_reader(at, running, plan, Some(number), stream, book);
            if let Some(reader) = running.readers.last_mut() {
                reader.stands = stands;
            }
        }
        running.rooms[number].project = Some(project);
    }

    fn add_reader(
        &mut self,
        at: usize,
        running: &mut Running,
        plan: Plan,
        project: Option<usize>,
        stream: crate::EventStream,
        book: Book,
    ) {
        running.numbers += 1;
        running.readers.push(Reader::new(running.numbers, plan, project, stream, book));
        self.after(Duration::ZERO, Act::Read(at, self.clients[at].life, running.numbers));
    }

    pub(super) fn read(&mut self, at: usize, number: u64) {
        let Some(running) = &mut self.clients[at].running else { return };
        let hidden: Vec<_> = running.rooms.iter().map(|room| room.hidden_past).collect();
        let excuses = self.excuses(at, hidden.into_iter());
        let Some(running) = &mut self.clients[at].running else { return };
        let Some(reader) = running.readers.iter_mut().find(|reader| reader.number == number) else { return };
        let batch = reader.read(&self.server, &|project| excuses[project]);
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
                self.after(pause, Act::Read(at, self.clients[at].life, number));
            }
        }
        self.check_cursors(at);
        let Some(running) = &mut self.clients[at].running else { return };
        running.readers.retain(|reader| !reader.ended);
        if running.has_capacity() {
            self.with_client(at, |world, running| {
                running.task.machine.handle(world.present(), crate::session::Input::Tick);
            });
        }
    }

    /// Nobody who goes on from a project's cursor may miss what a reader of the project has not been given yet.
    fn check_cursors(&self, at: usize) {
        let Some(running) = &self.clients[at].running else { return };
        for (number, room) in running.rooms.iter().enumerate() {
            let Some(cursor) = room.project.as_ref().and_then(Project::cursor) else { continue };
            let readers = running.readers.iter().filter(|r| r.project == Some(number) && r.plan.kind.is_none());
            let slowest =
                readers.filter(|reader| !reader.ended && !reader.leaving).filter_map(|reader| reader.stands).min();
            if let Some(slowest) = slowest.filter(|_| !self.server.logs[number].has_changed()) {
                let cursor = cursor.event_id();
                assert!(cursor <= slowest, "LOST by a restart: the cursor is {cursor}, a reader stands at {slowest}");
            }
        }
    }

    /// Leaves a project and joins it again, behind where it was or anew, at once or when the leave is done.
    pub(super) fn leave_and_come_back(&mut self, at: usize) {
        let project = self.dice.index(self.server.logs.len());
        let (anew, pause) = (self.dice.chance(0.3), self.dice.pause(0, 3_000));
        let at_once = self.dice.chance(0.5);
        let life = self.clients[at].life;
        let Some(running) = &self.clients[at].running else { return };
        // What a stream of the whole client says of a project begins again with the next join, but not in its ring.
        let is_wide = running.readers.iter().any(|reader| reader.project.is_none());
        let Some(joined) = running.rooms[project].project.clone().filter(|_| !is_wide) else { return };
        let cursor = joined.cursor().map(|cursor| cursor.to_string());
        self.clients[at].stored[project] = cursor.filter(|_| !anew);
        self.with_client(at, |world, running| {
            for reader in running.readers.iter_mut().filter(|reader| reader.project == Some(project)) {
                reader.leaving = true;
            }
            running.leave(project);
            let Room { early, .. } = &mut running.rooms[project];
            *early = None;
            if at_once {
                world.join_project(at, running, project);
            } else {
                world.after(pause, Act::Join(at, life, project));
            }
        });
    }

    pub(super) fn come_back(&mut self, at: usize, project: usize) {
        self.with_client(at, |world, running| world.join_project(at, running, project));
    }
}
