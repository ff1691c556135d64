//! Random faults, such as cut connections, crashes and restarts, and random actions of programs, such as leaves.

use std::time::Duration;

use super::{action::ScheduledAction, network::Side, world::World};
use crate::session::{Command, Input};

impl World {
    /// Injects one random fault and schedules the next one.
    pub(super) fn inject_fault(&mut self) {
        if !self.faults_active {
            return;
        }
        let mean = self.scenario.mean_fault_interval.as_millis() as u64;
        let pause = self.dice.duration_ms(1, mean.max(1) * 2);
        self.schedule_after(pause, ScheduledAction::InjectFault);
        let client = self.dice.index(self.clients.len());
        let id = self.clients[client].running.as_ref().and_then(|running| running.connection_id);
        let is_asleep = self.clients[client].asleep_until.is_some();
        match self.dice.between(0, 25) {
            14..=18 | 20..=25 if is_asleep => {}
            0..=7 => id.into_iter().for_each(|id| self.cut(id, &[Side::Client, Side::Server], true)),
            8..=9 => id.into_iter().for_each(|id| self.cut(id, &[Side::Client, Side::Server], false)),
            10 => id.into_iter().for_each(|id| self.cut(id, &[Side::Client], false)),
            11 => id.into_iter().for_each(|id| self.cut(id, &[Side::Server], false)),
            12..=13 if self.server.is_up => self.crash_server(),
            14..=15 if self.scenario.programs_crash => {
                let down = self.dice.pick(&[100, 100, 5_000, self.scenario.downtime_max_ms]);
                let down = self.dice.duration_ms(10, down);
                self.restart_program(client, self.clients[client].run_number, down);
            }
            16..=17 => self.leave_and_rejoin(client),
            18 => self.with_client(client, |world, running| {
                let command = Command::NetworkChanged;
                running.task.machine.handle(world.client_now(client), Input::Command(command));
            }),
            19 => self.crash_random_node(),
            20..=22 => self.drop_random_stream(client),
            23 => self.schedule_after(
                Duration::ZERO,
                ScheduledAction::EmitCustomEvent(client, self.clients[client].run_number),
            ),
            24..=25 if self.scenario.computers_sleep => self.start_sleep(client),
            _ => {}
        }
    }
}
