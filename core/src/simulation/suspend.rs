//! Computers that go to sleep. While a computer sleeps, its wall clock advances, but its monotonic clock and all timers
//! stop, and no frames arrive.

use std::time::Duration;

use super::{action::ScheduledAction, network::Side, program::ProgramRun, world::World};
use crate::session::{Command, Input};

/// Shortest sleep that a client must detect.
const DETECTABLE_SLEEP_MIN: Duration = Duration::from_secs(4);
/// Time after a wake-up within which the client must detect the sleep.
const DETECTION_TIME_MAX: Duration = Duration::from_secs(5);
/// Time after a wake-up within which the client must abandon a connection that was cut during the sleep.
const ABANDON_TIME_MAX: Duration = Duration::from_secs(10);

/// Most recent wake-up of a client's computer.
#[derive(Debug, Clone, Copy)]
pub(super) struct WakeUp {
    number: u64,
    at: Duration,
    /// Connection that was open during the sleep; `None` if the client was not connected or the sleep was so short that
    /// the client need not detect it.
    connection_id: Option<u64>,
    /// True if the connection was cut during the sleep.
    is_connection_cut: bool,
    /// True if the client has detected the sleep.
    is_detected: bool,
}

impl World {
    /// Returns the client whose computer must be awake for this action.
    pub(super) fn client_needed_by(&self, action: &ScheduledAction) -> Option<usize> {
        match action {
            ScheduledAction::Dialed { client, .. }
            | ScheduledAction::RestResponseArrived { client, .. }
            | ScheduledAction::RestartProgram { client, .. } => Some(*client),
            ScheduledAction::Timer(client, _)
            | ScheduledAction::EmitCustomEvent(client, _)
            | ScheduledAction::CheckWakeUp(client, ..) => Some(*client),
            ScheduledAction::Join(client, ..)
            | ScheduledAction::RunReader(client, ..)
            | ScheduledAction::ReopenStream(client, ..) => Some(*client),
            ScheduledAction::DeliverFrames(id, Side::Client) | ScheduledAction::NoticeClosed(id, Side::Client) => {
                Some(self.connections.get(id)?.client)
            }
            _ => None,
        }
    }

    pub(super) fn start_sleep(&mut self, client: usize) {
        let longest = self.dice.pick(&[2_000, 15_000, 120_000, 28_800_000]);
        let remaining_phase = self.scenario.fault_phase - self.now.min(self.scenario.fault_phase);
        let span = self.dice.duration_ms(1_000, longest).min(remaining_phase);
        if self.clients[client].running.is_none() || self.clients[client].asleep_until.is_some() {
            return;
        }
        self.clients[client].asleep_until = Some(self.now + span);
        self.schedule_after(span, ScheduledAction::EndSleep(client, span));
    }

    pub(super) fn end_sleep(&mut self, client: usize, span: Duration) {
        self.tally.computer_sleeps += 1;
        self.last_start_or_wake_up_at = self.now;
        let program = &mut self.clients[client];
        (program.asleep_until, program.total_sleep) = (None, program.total_sleep + span);
        let run_number = program.run_number;
        let Some(running) = &mut program.running else { return };
        running.next_timer_at = running.next_timer_at.map(|at| at + span);
        let (next_timer_at, connection_id) = (running.next_timer_at, running.connection_id);
        let connection_id =
            connection_id.filter(|_| running.invariants.state == "connected" && span >= DETECTABLE_SLEEP_MIN);
        let number = running.last_wake_up.map_or(0, |wake_up| wake_up.number) + 1;
        let is_connection_cut = connection_id.is_some() && self.dice.chance(0.5);
        let wake_up = WakeUp { number, at: self.now, connection_id, is_connection_cut, is_detected: false };
        if let Some(running) = &mut self.clients[client].running {
            running.last_wake_up = Some(wake_up);
        }
        next_timer_at.into_iter().for_each(|at| self.schedule_at(at, ScheduledAction::Timer(client, run_number)));
        if let Some(id) = connection_id.filter(|_| is_connection_cut) {
            self.tally.cuts_during_sleep += 1;
            self.cut(id, &[Side::Client, Side::Server], false);
        }
        if connection_id.is_some() {
            self.schedule_after(DETECTION_TIME_MAX, ScheduledAction::CheckWakeUp(client, run_number, number));
            self.schedule_after(ABANDON_TIME_MAX, ScheduledAction::CheckWakeUp(client, run_number, number));
        }
    }

    /// Detects a sleep by comparing the clocks, as the driver does in each turn.
    pub(super) fn detect_sleep(&mut self, client: usize, running: &mut ProgramRun) {
        let now = self.client_now(client);
        if self.scenario.computers_sleep && running.suspend_detector.has_slept(now) {
            if let Some(wake_up) = &mut running.last_wake_up {
                wake_up.is_detected = true;
            }
            running.task.machine.handle(now, Input::Command(Command::NetworkChanged));
        }
    }

    pub(super) fn check_wake_up(&mut self, client: usize, number: u64) {
        let Some(running) = &self.clients[client].running else { return };
        let Some(wake_up) = running.last_wake_up.filter(|wake_up| wake_up.number == number) else {
            return;
        };
        assert!(wake_up.is_detected, "the client has not detected the sleep: {wake_up:?}");
        let is_still_used = wake_up.is_connection_cut && running.connection_id == wake_up.connection_id;
        let is_late = self.now - wake_up.at >= ABANDON_TIME_MAX;
        // A stalled frame that was in flight may still arrive and make the connection seem alive.
        let may_receive = self.scenario.network.stall_rate > 0.0;
        assert!(
            !is_still_used || !is_late || may_receive,
            "a connection that was cut during the sleep is still in use: {wake_up:?}"
        );
        self.tally.dead_connections_abandoned += u64::from(is_late && wake_up.is_connection_cut);
    }

    /// Checks that the client does not abandon a connection that survived the computer's sleep.
    pub(super) fn check_connection_kept_after_sleep(&mut self, client: usize, running: &ProgramRun, id: u64) {
        let Some(wake_up) =
            running.last_wake_up.filter(|wake_up| wake_up.connection_id == Some(id) && !wake_up.is_connection_cut)
        else {
            return;
        };
        let (network, server) = (&self.scenario.network, &self.scenario.server);
        let is_undisturbed = network.stall_rate == 0.0
            && network.garble_rate == 0.0
            && server.late_reply_rate == 0.0
            && !self.clients[client].has_bad_key;
        if is_undisturbed && self.now - wake_up.at < ABANDON_TIME_MAX + DETECTION_TIME_MAX {
            let healthy = self.connections.get(&id).is_some_and(super::network::Connection::is_healthy);
            assert!(!healthy, "a connection that survived the sleep was abandoned: {wake_up:?}");
        }
    }
}
