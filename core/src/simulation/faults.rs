//! Injected faults: cuts, crashes, leaves and restarts.

use std::time::Duration;

use super::{
    network::Side,
    world::{Action, World},
};
use crate::session::{Command, Input};

impl World {
    pub(super) fn fault(&mut self) {
        if !self.troubled {
            return;
        }
        let mean = self.scenario.fault_every.as_millis() as u64;
        let pause = self.dice.pause(1, mean.max(1) * 2);
        self.after(pause, Action::Fault);
        let client = self.dice.index(self.clients.len());
        let id = self.clients[client].running.as_ref().and_then(|running| running.connection);
        let asleep = self.clients[client].asleep_until.is_some();
        match self.dice.between(0, 25) {
            14..=18 | 20..=25 if asleep => {}
            0..=7 => id.into_iter().for_each(|id| self.cut(id, &[Side::Client, Side::Server], true)),
            8..=9 => id.into_iter().for_each(|id| self.cut(id, &[Side::Client, Side::Server], false)),
            10 => id.into_iter().for_each(|id| self.cut(id, &[Side::Client], false)),
            11 => id.into_iter().for_each(|id| self.cut(id, &[Side::Server], false)),
            12..=13 if self.server.up => self.crash(),
            14..=15 if self.scenario.mortal => {
                let down = self.dice.pick(&[100, 100, 5_000, self.scenario.longest_down]);
                let down = self.dice.pause(10, down);
                self.restart(client, self.clients[client].life, down);
            }
            16..=17 => self.leave_and_come_back(client),
            18 => self.with_client(client, |world, running| {
                let command = Command::NetworkChanged;
                running.task.machine.handle(world.present(client), Input::Command(command));
            }),
            19 => self.crash_node(),
            20..=22 => self.drop_a_stream(client),
            23 => self.after(Duration::ZERO, Action::Emit(client, self.clients[client].life)),
            24..=25 if self.scenario.sleeps => self.fall_asleep(client),
            _ => {}
        }
    }
}
