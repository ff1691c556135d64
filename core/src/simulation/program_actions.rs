//! Actions of the programs, which join projects, read streams, leave, crash and resume from stored cursors.

use std::time::Duration;

use super::{
    action::ScheduledAction,
    expected_buffer::ExpectedBuffer,
    log_progress::LogProgress,
    plans::ReaderPlan,
    program::{ProgramRun, ProjectProgress, ProjectState},
    reader::{Expectation, Reader},
    world::World,
};
use crate::{EventKinds, Overflow, Project};

impl World {
    pub(super) fn start_program(&mut self, client: usize) {
        if self.clients[client].running.is_some() {
            return;
        }
        self.last_start_or_wake_up_at = self.now;
        let seed = self.dice.between(0, u64::MAX);
        let has_bad_key = self.faults_active && self.dice.chance(self.scenario.server.bad_key_rate);
        self.tally.runs_with_bad_key += u64::from(has_bad_key);
        let now = self.client_now(client);
        let program = &mut self.clients[client];
        program.has_bad_key = has_bad_key;
        program.running = Some(Box::new(ProgramRun::new(&program.plan, self.server.logs.len(), seed, now)));
        self.with_client(client, |_, _| {});
    }

    /// Crashes the program and schedules its next run, which resumes from the stored cursors.
    pub(super) fn restart_program(&mut self, client: usize, run_number: u64, down: Duration) {
        if self.clients[client].run_number != run_number {
            return;
        }
        self.check_cursors(client);
        let program = &mut self.clients[client];
        let Some(running) = program.running.take() else { return };
        program.run_number += 1;
        for (state, stored) in running.project_states.iter().zip(&mut program.stored_cursors) {
            if let Some(project) = &state.project {
                *stored = project.cursor().map(|cursor| cursor.to_string()).or(stored.take());
            }
        }
        if let Some(id) = running.connection_id {
            self.close_client_side(id);
        }
        self.tally.program_restarts += 1;
        self.schedule_after(down.max(Duration::from_millis(10)), ScheduledAction::StartProgram(client));
    }

    pub(super) fn on_connected(&mut self, client: usize, running: &mut ProgramRun) {
        for plan in self.clients[client].plan.readers.clone().into_iter().filter(|plan| plan.reads_all_projects) {
            let stream = running.client.stream(plan.kind.and_then(EventKinds::from_name));
            let expectation = match self.checks_readers_against_logs(client) {
                true => Expectation::Logs { projects: vec![None; self.server.logs.len()], unread_unlogged: 0 },
                false => Expectation::Buffer(ExpectedBuffer::default()),
            };
            let positions = vec![None; self.server.logs.len()];
            self.add_reader(client, running, plan, None, stream, expectation, positions);
        }
        for project in 0..self.server.logs.len() {
            self.join_project(client, running, project);
        }
    }

    pub(super) fn join_project(&mut self, client: usize, running: &mut ProgramRun, project: usize) {
        let stored = self.clients[client].stored_cursors[project].clone();
        running.project_states[project].decision_count_at_join_call = self.server.contents[project].history.len();
        running.join(project, &self.server.logs[project].project_id, stored.as_deref(), self.now);
    }

    /// Opens the streams of a project that the program has joined.
    pub(super) fn on_joined(&mut self, client: usize, running: &mut ProgramRun, number: usize, project: Project) {
        for plan in self.clients[client].plan.readers.clone().into_iter().filter(|plan| !plan.reads_all_projects) {
            let stream = project.stream(plan.kind.and_then(EventKinds::from_name));
            let state = &mut running.project_states[number];
            let first = state.initial_buffer.take();
            let progress = if first.is_some() { &state.initial_progress } else { &state.progress };
            let log_progress = match progress {
                ProjectProgress::Log(log_progress) => log_progress.for_kind(plan.kind),
                _ => LogProgress::new(None),
            };
            let expectation = if self.checks_readers_against_logs(client) {
                let mut projects = vec![None; self.server.logs.len()];
                projects[number] = Some(log_progress);
                let unread_unlogged = if first.is_some() { state.unlogged_count_since_join } else { 0 };
                Expectation::Logs { projects, unread_unlogged }
            } else {
                Expectation::Buffer(first.unwrap_or_default())
            };
            let mut positions = vec![None; self.server.logs.len()];
            positions[number] = state.start_event_id;
            self.add_reader(client, running, plan, Some(number), stream, expectation, positions);
        }
        running.project_states[number].project = Some(project);
    }

    #[allow(clippy::too_many_arguments)] // all of them are parts of a reader
    pub(super) fn add_reader(
        &mut self,
        client: usize,
        running: &mut ProgramRun,
        plan: ReaderPlan,
        project: Option<usize>,
        stream: crate::EventStream,
        expectation: Expectation,
        positions: Vec<Option<u64>>,
    ) {
        running.last_reader_number += 1;
        let ends_on_overflow = self.clients[client].plan.overflow == Overflow::Close;
        running.readers.push(Reader::new(
            running.last_reader_number,
            plan,
            project,
            stream,
            expectation,
            positions,
            ends_on_overflow,
        ));
        self.schedule_after(
            Duration::ZERO,
            ScheduledAction::RunReader(client, self.clients[client].run_number, running.last_reader_number),
        );
    }

    pub(super) fn run_reader(&mut self, client: usize, number: u64) {
        let Some(running) = &mut self.clients[client].running else { return };
        let restores_undetected: Vec<_> = running.project_states.iter().map(|state| state.restore_undetected).collect();
        let excuses = self.excuses(client, restores_undetected.into_iter());
        let Some(running) = &mut self.clients[client].running else { return };
        let Some(reader) = running.readers.iter_mut().find(|reader| reader.number == number) else { return };
        let batch = reader.read(&self.server, &|project| excuses[project], running.has_ended);
        if self.is_traced {
            eprintln!("{:12.6} reader {number} of client {client}: {batch:?}", self.now.as_secs_f64());
        }
        if let Some(batch) = batch {
            let pause_max_ms =
                if self.faults_active { reader.plan.pause_max_ms } else { reader.plan.pause_max_ms.min(20) };
            self.tally.events_read += batch.events;
            self.tally.reported_dropped += batch.dropped;
            self.tally.reported_missing += batch.missing;
            if !reader.has_ended {
                let pause = self.dice.duration_ms(0, pause_max_ms);
                self.schedule_after(pause, ScheduledAction::RunReader(client, self.clients[client].run_number, number));
            } else if reader.has_overflowed {
                let (plan, project) = (reader.plan, reader.project);
                let pause = self.dice.duration_ms(10, 3_000);
                self.tally.streams_overflowed += 1;
                self.schedule_after(
                    pause,
                    ScheduledAction::ReopenStream(client, self.clients[client].run_number, plan, project),
                );
            }
        }
        let Some(running) = &mut self.clients[client].running else { return };
        while let Some(ended) = running.readers.iter().position(|reader| reader.has_ended) {
            running.remove_reader(ended);
        }
        self.check_cursors(client);
        let Some(running) = &mut self.clients[client].running else { return };
        if running.take_capacity_signal() {
            self.with_client(client, |world, running| {
                running.task.machine.handle(world.client_now(client), crate::session::Input::Tick);
            });
        }
    }

    /// Leaves a random project and rejoins it with or without its cursor, immediately or after a pause.
    pub(super) fn leave_and_rejoin(&mut self, client: usize) {
        let project = self.dice.index(self.server.logs.len());
        let (without_cursor, pause) = (self.dice.chance(0.3), self.dice.duration_ms(0, 3_000));
        let immediately = self.dice.chance(0.5);
        let run_number = self.clients[client].run_number;
        let Some(running) = &self.clients[client].running else { return };
        // After a rejoin, a stream of all projects receives the project's events from a new position. The expected
        // buffer does not model this, so a program with such a reader leaves no project.
        let has_reader_of_all_projects = running.readers.iter().any(|reader| reader.project.is_none());
        let Some(joined) = running.project_states[project].project.clone().filter(|_| !has_reader_of_all_projects)
        else {
            return;
        };
        let cursor = joined.cursor().map(|cursor| cursor.to_string());
        self.clients[client].stored_cursors[project] = cursor.filter(|_| !without_cursor);
        self.with_client(client, |world, running| {
            for reader in running.readers.iter_mut().filter(|reader| reader.project == Some(project)) {
                reader.is_leaving = true;
            }
            running.leave(project);
            let ProjectState { initial_buffer, was_left, .. } = &mut running.project_states[project];
            (*initial_buffer, *was_left) = (None, true);
            if immediately {
                world.join_project(client, running, project);
            } else {
                world.schedule_after(pause, ScheduledAction::Join(client, run_number, project));
            }
        });
    }

    pub(super) fn rejoin(&mut self, client: usize, project: usize) {
        self.with_client(client, |world, running| world.join_project(client, running, project));
    }

    /// Randomly schedules events that the program emits soon after connecting and that the server does not know.
    pub(super) fn maybe_schedule_custom_events(&mut self, client: usize) {
        if self.faults_active && self.dice.chance(self.scenario.server.custom_event_rate) {
            for _ in 0..self.dice.between(1, 3) {
                let pause = self.dice.duration_ms(0, 2_000);
                self.schedule_after(pause, ScheduledAction::EmitCustomEvent(client, self.clients[client].run_number));
            }
        }
    }
}
