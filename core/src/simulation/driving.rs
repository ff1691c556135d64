//! What the driver's task does, in its order: the machine is fed, what comes out is done, streams that fell behind are
//! asked what they want. On the way everything is checked.

use std::time::Duration;

use super::{
    process::{Came, Follow, Running},
    world::{Act, World},
};
use crate::{
    Error, Stage,
    driver::request_pages,
    session::{Fault, Input, Output, State},
};

/// How often timers may wake a client in a minute, and how often the driver may go round for one occasion.
const WAKES_MAX: usize = 400;
const ROUNDS_MAX: usize = 2_000;

impl World {
    /// Something happens to a client. Afterwards all that follows from it is done.
    pub(super) fn with_client(&mut self, at: usize, happens: impl FnOnce(&mut Self, &mut Running)) {
        let Some(mut running) = self.clients[at].running.take() else { return };
        happens(self, &mut running);
        self.settle(at, &mut running);
        self.clients[at].running = Some(running);
    }

    pub(super) fn wake(&mut self, at: usize) {
        self.with_client(at, |world, running| {
            running.woken.push_back(world.now);
            running.woken.retain(|at| world.now - *at < Duration::from_secs(60));
            assert!(running.woken.len() < WAKES_MAX, "timers ring without end");
            running.task.machine.handle(world.present(), Input::Tick);
        });
    }

    /// An attempt has come as far as this process of the server, or nowhere.
    pub(super) fn dialed(&mut self, at: usize, attempt: u64, node: Option<usize>) {
        let connection = node.and_then(|node| self.connect(at, node));
        self.with_client(at, |world, running| {
            if running.dialing != Some(attempt) {
                connection.iter().for_each(|id| world.hang_up(*id));
                return;
            }
            running.dialing = None;
            running.connection = connection;
            let (now, proof) = (world.present(), crate::session::Proof::default());
            match connection {
                Some(id) => {
                    running.task.machine.handle(now, Input::Dialed { id: attempt, proof, auth: None });
                    world.greet(id);
                }
                None => {
                    let fault = Fault::Dial(Error::connect_failed(Stage::Network, "no route"));
                    running.task.machine.handle(now, Input::DialFailed { id: attempt, fault });
                }
            }
        });
    }

    /// Frames have come, and are all taken in before anything is done about them, as in a turn of the driver.
    pub(super) fn hear(&mut self, at: usize, frames: &[String]) {
        for turn in frames.chunks(64) {
            self.with_client(at, |world, running| {
                let now = world.present();
                for frame in turn {
                    running.rules.hears(frame);
                    running.task.machine.take_in(now, Input::Frame(frame));
                }
                running.task.machine.handle(now, Input::Tick);
            });
        }
    }

    pub(super) fn lose(&mut self, at: usize) {
        self.with_client(at, |world, running| {
            running.connection = None;
            running.rules.forgets_connection();
            let fault = Fault::PeerClosed("cut".into());
            running.task.machine.handle(world.present(), Input::TransportLost(fault));
        });
    }

    fn settle(&mut self, at: usize, running: &mut Running) {
        let mut ticks = 0;
        for round in 0.. {
            assert!(round < ROUNDS_MAX, "the driver would spin");
            self.carry_out(at, running);
            let now = self.present();
            while request_pages(&mut running.task.machine, &running.task.hub, now) {
                self.carry_out(at, running);
            }
            if let Some(came) = running.poll_calls() {
                self.came(at, running, came);
            } else if let Ok((request, reply)) = running.task.requests.try_recv() {
                let token = running.token(reply);
                running.task.machine.handle(self.present(), Input::Command(request.into_command(token)));
            } else if running.has_capacity() {
                running.task.machine.handle(self.present(), Input::Tick);
            } else if running.task.machine.poll_timeout().is_some_and(|at| at <= self.present().mono) {
                ticks += 1;
                assert!(ticks < 5, "a timer that never advances");
                running.task.machine.handle(self.present(), Input::Tick);
            } else {
                break;
            }
        }
        let life = self.clients[at].life;
        for reader in &mut running.readers {
            if reader.was_woken() {
                self.after(Duration::ZERO, Act::Read(at, life, reader.number));
                reader.waits = false;
            }
        }
        let next = running.task.machine.poll_timeout().map(|deadline| deadline.saturating_duration_since(self.base));
        running.wake_at = next;
        if let Some(next) = next {
            self.at(next, Act::Wake(at, life));
        }
    }

    fn carry_out(&mut self, at: usize, running: &mut Running) {
        while let Some(output) = running.task.machine.poll_output() {
            self.trace(|| format!("         client {at}: {output:?}").chars().take(2_000).collect());
            match output {
                Output::Events(mut run) => {
                    run.iter().for_each(|event| self.handed_out(at, running, event));
                    running.task.hub.publish(&mut run);
                    running.task.machine.reuse(run);
                }
                Output::Dial { id, server, .. } => {
                    assert!(running.connection.is_none() && running.dialing.is_none(), "an attempt beside another");
                    running.rules.dials(self.present().mono);
                    running.dialing = Some(id);
                    self.dial(at, self.clients[at].life, id, server);
                }
                Output::Send(packet) => {
                    // A transport that was lost in the same breath takes nothing any more.
                    if let Some(id) = running.connection {
                        running.rules.sends(self.present().mono, &packet);
                        self.send(id, super::network::Side::Server, packet);
                    }
                }
                Output::CloseTransport { .. } => {
                    running.dialing = None;
                    running.closed += 1;
                    running.rules.forgets_connection();
                    if let Some(id) = running.connection.take() {
                        self.hang_up(id);
                    }
                }
                Output::Probe | Output::Announced { .. } => {}
                Output::State(state) => {
                    running.rules.becomes(&state);
                    if let State::Reconnecting { .. } = state {
                        self.tally.interruptions += 1;
                    }
                }
                Output::Opened { project } => {
                    let project = self.server.project(&project).expect("nobody has joined another");
                    running.task.hub.open((*self.server.logs[project].name).into());
                    self.opened(running, project);
                }
                Output::Placed { project, cursor } => {
                    running.task.progress.start(&project, cursor.clone());
                    let project = self.server.project(&project).expect("nobody has joined another");
                    self.placed(running, project, &cursor);
                }
                Output::Ended { project, error } => {
                    assert!(error.is_none() || !self.is_joined(running, &project), "{project} has ended: {error:?}");
                    running.task.hub.end_project(&project, error);
                    if let Some(at) = self.server.project(&project) {
                        running.rooms[at].follow = Follow::Nothing;
                    }
                }
                Output::EndedAll { error } => running.task.hub.end_all(error),
                Output::Done { token, data } => running.answer(token, Ok(data)),
                Output::Failed { token, error } => running.answer(token, Err(error)),
                Output::PageArrived { stream, project, after, page } => {
                    running.task.hub.on_page(stream, &project, after, page, self.present().wall)
                }
                Output::Backfill(request) => {
                    let pause = self.dice.pause(1, if self.troubled { 5_000 } else { 100 });
                    let life = self.clients[at].life;
                    self.after(pause, Act::Listed { client: at, life, closed: running.closed, request });
                }
            }
        }
    }

    fn is_joined(&self, running: &Running, project: &str) -> bool {
        self.server.project(project).is_some_and(|at| running.rooms[at].project.is_some())
    }

    fn came(&mut self, at: usize, running: &mut Running, came: Came) {
        let life = self.clients[at].life;
        match came {
            Came::Connected(Ok(())) => self.connected(at, running),
            Came::Connected(Err(_)) => {
                let pause = self.dice.pause(500, 5_000);
                self.after(pause, Act::Restart { client: at, life, down: Duration::ZERO });
            }
            Came::Joined(project, Ok(joined)) => self.joined(at, running, project, joined),
            Came::Joined(project, Err(error)) => {
                assert!(error.is_retryable(), "the join was refused for good: {error}");
                let pause = self.dice.pause(500, 5_000);
                self.after(pause, Act::Join(at, life, project));
            }
            Came::Left => {}
        }
    }
}
