//! The simulated world, which executes scheduled actions in virtual time until every client has received everything.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{
    action::ScheduledAction,
    dice::Dice,
    network::Connection,
    program::Program,
    scenario::Scenario,
    schedule::Schedule,
    server::{RowDefect, Server},
    tally::Tally,
};
use crate::session::Now;

/// Maximum number of actions in one simulation.
const ACTIONS_MAX: u64 = 2_000_000;

#[derive(Debug)]
pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) dice: Dice,
    pub(super) now: Duration,
    pub(super) start_instant: Instant,
    schedule: Schedule,
    pub(super) faults_active: bool,
    pub(super) server: Server,
    pub(super) connections: BTreeMap<u64, Connection>,
    pub(super) last_connection_id: u64,
    pub(super) clients: Vec<Program>,
    pub(super) tally: Tally,
    pub(super) faults_ended_at: Option<Duration>,
    /// True if every action is printed.
    pub(super) is_traced: bool,
    /// Maximum number of entries in the clients' tables and queues, by hour.
    pub(super) entry_count_max_by_hour: Vec<usize>,
    /// Time at which a program last started or a computer last woke up.
    pub(super) last_start_or_wake_up_at: Duration,
    pub(super) is_finished: bool,
}

impl World {
    pub(super) fn new(scenario: Scenario) -> Self {
        let program = |plan: &super::plans::ClientPlan| Program {
            plan: plan.clone(),
            run_number: 0,
            stored_cursors: vec![None; scenario.project_count],
            running: None,
            has_bad_key: false,
            lost_polling_session: false,
            total_sleep: Duration::ZERO,
            asleep_until: None,
        };
        let mut world = Self {
            dice: Dice::new(scenario.seed ^ 0x5EED),
            now: Duration::ZERO,
            start_instant: Instant::now(),
            schedule: Schedule::default(),
            faults_active: true,
            server: Server::new(scenario.project_count),
            connections: BTreeMap::new(),
            last_connection_id: 0,
            clients: scenario.clients.iter().map(program).collect(),
            tally: Tally { simulations: 1, ..Tally::default() },
            faults_ended_at: None,
            is_traced: false,
            entry_count_max_by_hour: Vec::new(),
            last_start_or_wake_up_at: Duration::ZERO,
            is_finished: false,
            scenario,
        };
        world.schedule_initial_actions();
        world
    }

    fn schedule_initial_actions(&mut self) {
        let trouble = self.scenario.fault_phase.as_millis() as u64;
        for at in 0..self.clients.len() {
            let pause = self.dice.duration_ms(0, 1_000);
            self.schedule_after(pause, ScheduledAction::StartProgram(at));
        }
        let mut remaining = self.scenario.event_count;
        while remaining > 0 {
            let burst_max = self.scenario.burst_max.min(self.scenario.event_count);
            let burst = self.dice.between(1, burst_max).min(remaining);
            let (start, spread) = (self.dice.duration_ms(0, trouble), self.dice.pick(&[0, 20, 2_000]));
            for _ in 0..burst {
                let pause = start + self.dice.duration_ms(0, spread);
                let project = self.dice.index(self.scenario.project_count);
                self.schedule_after(pause, ScheduledAction::Publish(project, false));
            }
            remaining -= burst;
        }
        if !self.scenario.server.has_log {
            for _ in 0..self.scenario.event_count / 6 {
                let (pause, project) =
                    (self.dice.duration_ms(0, trouble), self.dice.index(self.scenario.project_count));
                self.schedule_after(pause, ScheduledAction::ReviewContent(project));
            }
            for _ in 0..self.dice.between(0, 3) {
                let item_index = self.server.foreign_contents.submit(jiff::Timestamp::UNIX_EPOCH, RowDefect::None, 1);
                self.server.foreign_contents.decide(item_index, "approved", jiff::Timestamp::UNIX_EPOCH, true);
            }
        }
        let faults_end = self.scenario.fault_phase;
        self.schedule_at(faults_end, ScheduledAction::EndFaults);
        // A client that has missed the last event notices the loss only when another event arrives, so three more
        // events of each project are published.
        for project in 0..self.scenario.project_count {
            for pause in [61_000, 62_000, 75_000] {
                let noise = self.dice.duration_ms(0, 500);
                self.schedule_at(
                    faults_end + Duration::from_millis(pause) + noise,
                    ScheduledAction::Publish(project, true),
                );
            }
        }
        self.schedule_at(faults_end + Duration::from_secs(80), ScheduledAction::CheckCompletion);
        self.schedule_after(Duration::ZERO, ScheduledAction::InjectFault);
        self.schedule_after(Duration::from_secs(1), ScheduledAction::MeasureEntryCount);
    }

    pub(super) fn schedule_at(&mut self, at: Duration, action: ScheduledAction) {
        self.schedule.add(at.max(self.now), action);
    }

    pub(super) fn schedule_after(&mut self, pause: Duration, action: ScheduledAction) {
        self.schedule_at(self.now + pause, action);
    }

    /// Returns the current time on a client's computer, whose monotonic clock stops while the computer sleeps.
    pub(super) fn client_now(&self, client: usize) -> Now {
        Now { mono: self.start_instant + self.now - self.clients[client].total_sleep, wall: self.wall_time() }
    }

    pub(super) fn wall_time(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH + self.now
    }

    /// Returns the current time on the server's clock, which may be wrong.
    pub(super) fn server_time(&self) -> jiff::Timestamp {
        self.wall_time() + jiff::SignedDuration::from_secs(self.scenario.server.clock_skew_s)
    }

    /// Runs the simulation until every client has received everything.
    pub(super) fn run(mut self) -> Self {
        while !self.is_finished {
            let Some((at, action)) = self.schedule.pop() else { panic!("no action is scheduled") };
            self.now = at;
            self.tally.actions += 1;
            assert!(self.tally.actions < ACTIONS_MAX, "the simulation does not end: {action:?}");
            self.trace(|| format!("{action:?}"));
            self.execute(action);
        }
        self.tally.virtual_seconds = self.now.as_secs();
        self
    }

    pub(super) fn trace(&self, message: impl FnOnce() -> String) {
        if self.is_traced {
            eprintln!("{:12.6} {}", self.now.as_secs_f64(), message());
        }
    }

    fn is_current_run(&self, client: usize, run_number: u64) -> bool {
        self.clients[client].run_number == run_number
    }

    fn execute(&mut self, action: ScheduledAction) {
        let sleeper = self.client_needed_by(&action).and_then(|client| self.clients[client].asleep_until);
        if let Some(until) = sleeper {
            return self.schedule_at(until, action);
        }
        match action {
            ScheduledAction::Timer(client, run_number) => {
                let running = self.clients[client].running.as_ref();
                if self.is_current_run(client, run_number)
                    && running.is_some_and(|running| running.next_timer_at == Some(self.now))
                {
                    self.on_timer(client);
                }
            }
            ScheduledAction::Dialed { client, run_number, attempt, node, fails }
                if self.is_current_run(client, run_number) =>
            {
                self.on_dialed(client, attempt, (!fails).then_some(node));
            }
            ScheduledAction::DeliverFrames(id, to) => self.deliver_frames(id, to),
            ScheduledAction::NoticeClosed(id, side) => self.notice_closed(id, side),
            ScheduledAction::SendPing(id) => self.send_ping(id),
            ScheduledAction::HandleRequest(id, request) => self.handle_request(id, &request),
            ScheduledAction::SendFrames(id, frames) => self.send_frames(id, frames),
            ScheduledAction::Publish(project, must_be_logged) => self.publish_random_event(project, must_be_logged),
            ScheduledAction::Broadcast(published) => self.broadcast(&published),
            ScheduledAction::StartServer => self.start_server(),
            ScheduledAction::StartNode(node) => {
                self.server.running_nodes[node] = true;
                self.maybe_start_unstable_phase();
            }
            ScheduledAction::DecideContent(project, item_index, status) => {
                self.decide_content(project, item_index, status)
            }
            ScheduledAction::ReviewContent(project) => self.review_random_content(project),
            ScheduledAction::DropConnection(id, sends_disconnect) => self.drop_connection(id, sends_disconnect),
            ScheduledAction::EmitCustomEvent(client, run_number) if self.is_current_run(client, run_number) => {
                self.with_client(client, |_, running| running.emit());
            }
            ScheduledAction::ReopenStream(client, run_number, plan, project)
                if self.is_current_run(client, run_number) =>
            {
                self.reopen_stream(client, plan, project);
            }
            ScheduledAction::EndSleep(client, span) => self.end_sleep(client, span),
            ScheduledAction::CheckWakeUp(client, run_number, number) if self.is_current_run(client, run_number) => {
                self.check_wake_up(client, number);
            }
            ScheduledAction::RestRequestArrived { client, run_number, backfill, query, reply }
                if self.is_current_run(client, run_number) =>
            {
                self.on_rest_request(client, run_number, backfill, &query, reply);
            }
            ScheduledAction::RestResponseArrived { client, run_number, backfill, reply, response }
                if self.is_current_run(client, run_number) =>
            {
                self.on_rest_response(client, backfill, reply, response);
            }
            ScheduledAction::StartProgram(client) => self.start_program(client),
            ScheduledAction::RestartProgram { client, run_number, down } => {
                self.restart_program(client, run_number, down)
            }
            ScheduledAction::Join(client, run_number, project) if self.is_current_run(client, run_number) => {
                self.rejoin(client, project)
            }
            ScheduledAction::RunReader(client, run_number, reader) if self.is_current_run(client, run_number) => {
                self.run_reader(client, reader)
            }
            ScheduledAction::InjectFault => self.inject_fault(),
            ScheduledAction::MeasureEntryCount => self.measure_entry_count(),
            ScheduledAction::EndFaults => (self.faults_active, self.faults_ended_at) = (false, Some(self.now)),
            ScheduledAction::CheckCompletion => self.check_completion(),
            _ => {}
        }
    }
}
