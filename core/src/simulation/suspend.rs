//! Computers that sleep: the wall clock advances, the monotonic clock and all timers stand still, and no frame arrives.

use std::time::Duration;

use super::{
    network::Side,
    process::Running,
    world::{Action, World},
};
use crate::session::{Command, Input};

/// Sleeps shorter than this may remain undetected.
const SHORTEST: Duration = Duration::from_secs(4);
/// Time after a wake-up within which the sleep must be detected, and a dead connection given up.
const NOTICED: Duration = Duration::from_secs(5);
const GIVEN_UP: Duration = Duration::from_secs(10);

/// The last wake-up of a client's computer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waking {
    number: u64,
    since: Duration,
    /// Connection during the sleep; true if the network has dropped it meanwhile.
    connection: Option<u64>,
    cut: bool,
    noticed: bool,
}

impl World {
    /// Client whose computer must be awake for an action.
    pub(super) fn client_of(&self, action: &Action) -> Option<usize> {
        match action {
            Action::Dialed { client, .. } | Action::RestAnswered { client, .. } | Action::Restart { client, .. } => {
                Some(*client)
            }
            Action::Timer(client, _) | Action::Emit(client, _) | Action::CheckWakeUp(client, ..) => Some(*client),
            Action::Join(client, ..) | Action::Read(client, ..) | Action::Reopen(client, ..) => Some(*client),
            Action::Deliver(id, Side::Client) | Action::NoticeClosed(id, Side::Client) => {
                Some(self.connections.get(id)?.client)
            }
            _ => None,
        }
    }

    pub(super) fn fall_asleep(&mut self, at: usize) {
        let longest = self.dice.pick(&[2_000, 15_000, 120_000, 28_800_000]);
        let left = self.scenario.trouble - self.now.min(self.scenario.trouble);
        let span = self.dice.pause(1_000, longest).min(left);
        if self.clients[at].running.is_none() || self.clients[at].asleep_until.is_some() {
            return;
        }
        self.clients[at].asleep_until = Some(self.now + span);
        self.after(span, Action::EndSleep(at, span));
    }

    pub(super) fn wake_up(&mut self, at: usize, span: Duration) {
        self.tally.sleeps += 1;
        self.spawned = self.now;
        let process = &mut self.clients[at];
        (process.asleep_until, process.slept) = (None, process.slept + span);
        let life = process.life;
        let Some(running) = &mut process.running else { return };
        running.wake_at = running.wake_at.map(|wake_at| wake_at + span);
        let (wake_at, connection) = (running.wake_at, running.connection);
        let connection = connection.filter(|_| running.invariants.state == "connected" && span >= SHORTEST);
        let number = running.waking.map_or(0, |waking| waking.number) + 1;
        let cut = connection.is_some() && self.dice.chance(0.5);
        let waking = Waking { number, since: self.now, connection, cut, noticed: false };
        if let Some(running) = &mut self.clients[at].running {
            running.waking = Some(waking);
        }
        wake_at.into_iter().for_each(|wake_at| self.at(wake_at, Action::Timer(at, life)));
        if let Some(id) = connection.filter(|_| cut) {
            self.tally.cut_asleep += 1;
            self.cut(id, &[Side::Client, Side::Server], false);
        }
        if connection.is_some() {
            self.after(NOTICED, Action::CheckWakeUp(at, life, number));
            self.after(GIVEN_UP, Action::CheckWakeUp(at, life, number));
        }
    }

    /// Compares the clocks, as the driver does in each turn.
    pub(super) fn compare_clocks(&mut self, at: usize, running: &mut Running) {
        let now = self.present(at);
        if self.scenario.sleeps && running.suspend.has_slept(now) {
            if let Some(waking) = &mut running.waking {
                waking.noticed = true;
            }
            running.task.machine.handle(now, Input::Command(Command::NetworkChanged));
        }
    }

    pub(super) fn check_waking(&mut self, at: usize, number: u64) {
        let Some(running) = &self.clients[at].running else { return };
        let Some(waking) = running.waking.filter(|waking| waking.number == number) else { return };
        assert!(waking.noticed, "nobody notices that the computer has slept");
        let kept = waking.cut && running.connection == waking.connection;
        let late = self.now - waking.since >= GIVEN_UP;
        // Frames in flight may be as late as that.
        let may_come = self.scenario.wire.stalls > 0.0;
        assert!(!kept || !late || may_come, "a connection that died in the sleep is kept: {waking:?}");
        self.tally.woken += u64::from(late && waking.cut);
    }

    /// Checks that a connection which survived the computer's sleep is not given up.
    pub(super) fn check_survival(&mut self, at: usize, running: &Running, id: u64) {
        let Some(waking) = running.waking.filter(|waking| waking.connection == Some(id) && !waking.cut) else { return };
        let (wire, server) = (&self.scenario.wire, &self.scenario.server);
        let quiet =
            wire.stalls == 0.0 && wire.garbles == 0.0 && server.answers_late == 0.0 && !self.clients[at].bad_key;
        if quiet && self.now - waking.since < GIVEN_UP + NOTICED {
            let healthy = self.connections.get(&id).is_some_and(super::network::Connection::is_healthy);
            assert!(!healthy, "a connection that has survived the sleep is given up: {waking:?}");
        }
    }
}
