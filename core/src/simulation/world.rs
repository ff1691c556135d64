//! Virtual time: executes scheduled actions in order until every client has everything.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    dice::Dice,
    network::{Connection, Side},
    plans::ReaderPlan,
    process::Process,
    rest::RestQuery,
    scenario::Scenario,
    schedule::Schedule,
    server::{Published, Request, RowDefect, Server},
    tally::Tally,
};
use crate::{Error, rest::Body, session::Now};

/// Largest number of actions in one simulation.
const STEPS_MAX: u64 = 2_000_000;

/// Scheduled action.
#[derive(Debug)]
pub(super) enum Action {
    /// A timer of a client, in one of its runs.
    Timer(usize, u64),
    Dialed {
        client: usize,
        life: u64,
        attempt: u64,
        node: usize,
        fails: bool,
    },
    Deliver(u64, Side),
    NoticeClosed(u64, Side),
    Ping(u64),
    Serve(u64, Request),
    SendFrames(u64, Vec<String>),
    /// Its project; true if it must be an event that the log keeps.
    Publish(usize, bool),
    Broadcast(Published),
    /// An item of a project without a log gets this status.
    Decide(usize, usize, &'static str),
    /// A connection that was just accepted is closed; true if the client is notified.
    DropConnection(u64, bool),
    /// The program sends an event of its own.
    Emit(usize, u64),
    /// A stream replaces one that was dropped.
    Reopen(usize, u64, ReaderPlan, Option<usize>),
    EndSleep(usize, Duration),
    CheckWakeUp(usize, u64, u64),
    Review(usize),
    StartServer,
    StartNode(usize),
    /// A request of a client's backfill arrives at the server; below, its answer arrives at the client.
    RestAsked {
        client: usize,
        life: u64,
        inquiry: u64,
        query: RestQuery,
        reply: oneshot::Sender<Result<Body, Error>>,
    },
    RestAnswered {
        client: usize,
        life: u64,
        inquiry: u64,
        reply: oneshot::Sender<Result<Body, Error>>,
        answer: Result<Body, Error>,
    },
    Spawn(usize),
    Restart {
        client: usize,
        life: u64,
        down: Duration,
    },
    Join(usize, u64, usize),
    Read(usize, u64, u64),
    Fault,
    /// Measures the size of all tables and queues.
    Measure,
    /// Ends the trouble.
    EndTrouble,
    CheckDone,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) dice: Dice,
    pub(super) now: Duration,
    pub(super) base: Instant,
    schedule: Schedule,
    pub(super) troubled: bool,
    pub(super) server: Server,
    pub(super) connections: BTreeMap<u64, Connection>,
    pub(super) dialed: u64,
    pub(super) clients: Vec<Process>,
    pub(super) tally: Tally,
    pub(super) calm_since: Option<Duration>,
    /// True to print every action.
    pub(super) traced: bool,
    /// Largest number of entries of all tables and queues, by the hour.
    pub(super) sizes: Vec<usize>,
    /// Time at which a program was last started.
    pub(super) spawned: Duration,
    pub(super) done: bool,
}

impl World {
    pub(super) fn new(scenario: Scenario) -> Self {
        let process = |plan: &super::plans::ClientPlan| Process {
            plan: plan.clone(),
            life: 0,
            stored: vec![None; scenario.projects],
            running: None,
            bad_key: false,
            astray: false,
            slept: Duration::ZERO,
            asleep_until: None,
        };
        let mut world = Self {
            dice: Dice::new(scenario.seed ^ 0x5EED),
            now: Duration::ZERO,
            base: Instant::now(),
            schedule: Schedule::default(),
            troubled: true,
            server: Server::new(scenario.projects),
            connections: BTreeMap::new(),
            dialed: 0,
            clients: scenario.clients.iter().map(process).collect(),
            tally: Tally { simulations: 1, ..Tally::default() },
            calm_since: None,
            traced: false,
            sizes: Vec::new(),
            spawned: Duration::ZERO,
            done: false,
            scenario,
        };
        world.plan();
        world
    }

    fn plan(&mut self) {
        let trouble = self.scenario.trouble.as_millis() as u64;
        for at in 0..self.clients.len() {
            let pause = self.dice.pause(0, 1_000);
            self.after(pause, Action::Spawn(at));
        }
        let mut left = self.scenario.events;
        while left > 0 {
            let most = self.scenario.burst.min(self.scenario.events);
            let burst = self.dice.between(1, most).min(left);
            let (start, spread) = (self.dice.pause(0, trouble), self.dice.pick(&[0, 20, 2_000]));
            for _ in 0..burst {
                let pause = start + self.dice.pause(0, spread);
                let project = self.dice.index(self.scenario.projects);
                self.after(pause, Action::Publish(project, false));
            }
            left -= burst;
        }
        if !self.scenario.server.has_log {
            for _ in 0..self.scenario.events / 6 {
                let (pause, project) = (self.dice.pause(0, trouble), self.dice.index(self.scenario.projects));
                self.after(pause, Action::Review(project));
            }
            for _ in 0..self.dice.between(0, 3) {
                let content = self.server.foreign.submit(jiff::Timestamp::UNIX_EPOCH, RowDefect::None, 1);
                self.server.foreign.decide(content, "approved", jiff::Timestamp::UNIX_EPOCH, true);
            }
        }
        let calm = self.scenario.trouble;
        self.at(calm, Action::EndTrouble);
        // A lost event that nothing reports shows only when the next event arrives.
        for project in 0..self.scenario.projects {
            for pause in [61_000, 62_000, 75_000] {
                let noise = self.dice.pause(0, 500);
                self.at(calm + Duration::from_millis(pause) + noise, Action::Publish(project, true));
            }
        }
        self.at(calm + Duration::from_secs(80), Action::CheckDone);
        self.after(Duration::ZERO, Action::Fault);
        self.after(Duration::from_secs(1), Action::Measure);
    }

    pub(super) fn at(&mut self, at: Duration, action: Action) {
        self.schedule.add(at.max(self.now), action);
    }

    pub(super) fn after(&mut self, pause: Duration, action: Action) {
        self.at(self.now + pause, action);
    }

    /// Time at a client.
    pub(super) fn present(&self, at: usize) -> Now {
        Now { mono: self.base + self.now - self.clients[at].slept, wall: self.wall() }
    }

    pub(super) fn wall(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH + self.now
    }

    /// Time of the server, whose clock may be wrong.
    pub(super) fn server_wall(&self) -> jiff::Timestamp {
        self.wall() + jiff::SignedDuration::from_secs(self.scenario.server.skew)
    }

    /// Runs until every client has everything.
    pub(super) fn run(mut self) -> Self {
        while !self.done {
            let Some((at, action)) = self.schedule.pop() else { panic!("nothing happens any more") };
            self.now = at;
            self.tally.steps += 1;
            assert!(self.tally.steps < STEPS_MAX, "much ado: {action:?}");
            self.trace(|| format!("{action:?}"));
            self.happen(action);
        }
        self.tally.virtual_seconds = self.now.as_secs();
        self
    }

    pub(super) fn trace(&self, what: impl FnOnce() -> String) {
        if self.traced {
            eprintln!("{:12.6} {}", self.now.as_secs_f64(), what());
        }
    }

    fn is_alive(&self, client: usize, life: u64) -> bool {
        self.clients[client].life == life
    }

    fn happen(&mut self, action: Action) {
        let sleeper = self.client_of(&action).and_then(|client| self.clients[client].asleep_until);
        if let Some(until) = sleeper {
            return self.at(until, action);
        }
        match action {
            Action::Timer(client, life) => {
                let running = self.clients[client].running.as_ref();
                if self.is_alive(client, life) && running.is_some_and(|running| running.wake_at == Some(self.now)) {
                    self.wake(client);
                }
            }
            Action::Dialed { client, life, attempt, node, fails } if self.is_alive(client, life) => {
                self.on_dialed(client, attempt, (!fails).then_some(node));
            }
            Action::Deliver(id, to) => self.deliver(id, to),
            Action::NoticeClosed(id, side) => self.notice_closed(id, side),
            Action::Ping(id) => self.ping(id),
            Action::Serve(id, request) => self.serve(id, &request),
            Action::SendFrames(id, frames) => self.send_frames(id, frames),
            Action::Publish(project, kept) => self.publish(project, kept),
            Action::Broadcast(published) => self.broadcast(&published),
            Action::StartServer => self.start_server(),
            Action::StartNode(node) => {
                self.server.nodes[node] = true;
                self.warm_up();
            }
            Action::Decide(project, content, status) => self.decide(project, content, status),
            Action::Review(project) => self.review(project),
            Action::DropConnection(id, says_so) => self.drop_connection(id, says_so),
            Action::Emit(client, life) if self.is_alive(client, life) => {
                self.with_client(client, |_, running| running.emit());
            }
            Action::Reopen(client, life, plan, project) if self.is_alive(client, life) => {
                self.reopen(client, plan, project);
            }
            Action::EndSleep(client, span) => self.wake_up(client, span),
            Action::CheckWakeUp(client, life, number) if self.is_alive(client, life) => {
                self.check_waking(client, number);
            }
            Action::RestAsked { client, life, inquiry, query, reply } if self.is_alive(client, life) => {
                self.on_rest_query(client, life, inquiry, &query, reply);
            }
            Action::RestAnswered { client, life, inquiry, reply, answer } if self.is_alive(client, life) => {
                self.on_rest_answer(client, inquiry, reply, answer);
            }
            Action::Spawn(client) => self.spawn(client),
            Action::Restart { client, life, down } => self.restart(client, life, down),
            Action::Join(client, life, project) if self.is_alive(client, life) => self.come_back(client, project),
            Action::Read(client, life, reader) if self.is_alive(client, life) => self.read(client, reader),
            Action::Fault => self.fault(),
            Action::Measure => self.measure(),
            Action::EndTrouble => (self.troubled, self.calm_since) = (false, Some(self.now)),
            Action::CheckDone => self.check_done(),
            _ => {}
        }
    }
}
