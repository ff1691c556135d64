//! Virtual time: executes scheduled actions in order until every client has everything.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    agenda::Agenda,
    dice::Dice,
    network::{Connection, Side},
    plans::Plan,
    process::Process,
    rest::Question,
    scenario::Scenario,
    server::{Odd, Published, Request, Server},
    tally::Tally,
};
use crate::{Error, rest::Body, session::Now};

/// Largest number of actions in one simulation.
const STEPS_MAX: u64 = 2_000_000;

/// Scheduled action.
#[derive(Debug)]
pub(super) enum Act {
    /// A timer of a client, in one of its runs.
    Wake(usize, u64),
    Dialed {
        client: usize,
        life: u64,
        attempt: u64,
        node: usize,
        fails: bool,
    },
    Carry(u64, Side),
    Learn(u64, Side),
    Ping(u64),
    Serve(u64, Request),
    Say(u64, Vec<String>),
    /// Its project; true if it must be an event that the log keeps.
    Publish(usize, bool),
    Fan(Published),
    /// An item of a project without a log gets this status.
    Decide(usize, usize, &'static str),
    /// A connection that was just accepted is closed; true if the client is notified.
    Drop(u64, bool),
    /// The program sends an event of its own.
    Emit(usize, u64),
    /// A stream replaces one that was dropped.
    Reopen(usize, u64, Plan, Option<usize>),
    Awake(usize, Duration),
    CheckWaking(usize, u64, u64),
    Review(usize),
    Rise,
    RiseNode(usize),
    /// A request of a client's backfill arrives at the server; below, its answer arrives at the client.
    Asked {
        client: usize,
        life: u64,
        inquiry: u64,
        question: Question,
        reply: oneshot::Sender<Result<Body, Error>>,
    },
    Told {
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
    Calm,
    Look,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) dice: Dice,
    pub(super) now: Duration,
    pub(super) base: Instant,
    agenda: Agenda,
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
            agenda: Agenda::default(),
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
            self.after(pause, Act::Spawn(at));
        }
        let mut left = self.scenario.events;
        while left > 0 {
            let most = self.scenario.burst.min(self.scenario.events);
            let burst = self.dice.between(1, most).min(left);
            let (start, spread) = (self.dice.pause(0, trouble), self.dice.pick(&[0, 20, 2_000]));
            for _ in 0..burst {
                let pause = start + self.dice.pause(0, spread);
                let project = self.dice.index(self.scenario.projects);
                self.after(pause, Act::Publish(project, false));
            }
            left -= burst;
        }
        if !self.scenario.server.has_log {
            for _ in 0..self.scenario.events / 6 {
                let (pause, project) = (self.dice.pause(0, trouble), self.dice.index(self.scenario.projects));
                self.after(pause, Act::Review(project));
            }
            for _ in 0..self.dice.between(0, 3) {
                let content = self.server.foreign.submit(jiff::Timestamp::UNIX_EPOCH, Odd::Nothing, 1);
                self.server.foreign.decide(content, "approved", jiff::Timestamp::UNIX_EPOCH, true);
            }
        }
        let calm = self.scenario.trouble;
        self.at(calm, Act::Calm);
        // A lost event that nothing reports shows only when the next event arrives.
        for project in 0..self.scenario.projects {
            for pause in [61_000, 62_000, 75_000] {
                let noise = self.dice.pause(0, 500);
                self.at(calm + Duration::from_millis(pause) + noise, Act::Publish(project, true));
            }
        }
        self.at(calm + Duration::from_secs(80), Act::Look);
        self.after(Duration::ZERO, Act::Fault);
        self.after(Duration::from_secs(1), Act::Measure);
    }

    pub(super) fn at(&mut self, at: Duration, act: Act) {
        self.agenda.enter(at.max(self.now), act);
    }

    pub(super) fn after(&mut self, pause: Duration, act: Act) {
        self.at(self.now + pause, act);
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
            let Some((at, act)) = self.agenda.pop() else { panic!("nothing happens any more") };
            self.now = at;
            self.tally.steps += 1;
            assert!(self.tally.steps < STEPS_MAX, "much ado: {act:?}");
            self.trace(|| format!("{act:?}"));
            self.happen(act);
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

    fn happen(&mut self, act: Act) {
        let sleeper = self.concerns(&act).and_then(|client| self.clients[client].asleep_until);
        if let Some(until) = sleeper {
            return self.at(until, act);
        }
        match act {
            Act::Wake(client, life) => {
                let running = self.clients[client].running.as_ref();
                if self.is_alive(client, life) && running.is_some_and(|running| running.wake_at == Some(self.now)) {
                    self.wake(client);
                }
            }
            Act::Dialed { client, life, attempt, node, fails } if self.is_alive(client, life) => {
                self.dialed(client, attempt, (!fails).then_some(node));
            }
            Act::Carry(id, to) => self.carry(id, to),
            Act::Learn(id, side) => self.learn(id, side),
            Act::Ping(id) => self.ping(id),
            Act::Serve(id, request) => self.serve(id, &request),
            Act::Say(id, frames) => self.say(id, frames),
            Act::Publish(project, kept) => self.publish(project, kept),
            Act::Fan(published) => self.fan(&published),
            Act::Rise => self.rise(),
            Act::RiseNode(node) => {
                self.server.nodes[node] = true;
                self.warm_up();
            }
            Act::Decide(project, content, status) => self.decide(project, content, status),
            Act::Review(project) => self.review(project),
            Act::Drop(id, says_so) => self.drop_connection(id, says_so),
            Act::Emit(client, life) if self.is_alive(client, life) => {
                self.with_client(client, |_, running| running.emit());
            }
            Act::Reopen(client, life, plan, project) if self.is_alive(client, life) => {
                self.reopen(client, plan, project);
            }
            Act::Awake(client, span) => self.wake_up(client, span),
            Act::CheckWaking(client, life, number) if self.is_alive(client, life) => {
                self.check_waking(client, number);
            }
            Act::Asked { client, life, inquiry, question, reply } if self.is_alive(client, life) => {
                self.asked(client, life, inquiry, &question, reply);
            }
            Act::Told { client, life, inquiry, reply, answer } if self.is_alive(client, life) => {
                self.told(client, inquiry, reply, answer);
            }
            Act::Spawn(client) => self.spawn(client),
            Act::Restart { client, life, down } => self.restart(client, life, down),
            Act::Join(client, life, project) if self.is_alive(client, life) => self.come_back(client, project),
            Act::Read(client, life, reader) if self.is_alive(client, life) => self.read(client, reader),
            Act::Fault => self.fault(),
            Act::Measure => self.measure(),
            Act::Calm => (self.troubled, self.calm_since) = (false, Some(self.now)),
            Act::Look => self.look(),
            _ => {}
        }
    }
}
