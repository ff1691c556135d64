//! Events are logged, then handed to whoever is in the room, by a broker that may be late, forget and repeat itself.

use serde_json::Value;

use super::super::{
    network::Side,
    world::{Act, World},
};

/// A live event on its way to the server's sockets.
#[derive(Debug)]
pub(in crate::simulation) struct Published {
    project: usize,
    server: u64,
    name: &'static str,
    data: Value,
}

impl World {
    /// One event; `kept` if it must be one that the log keeps.
    pub(in crate::simulation) fn publish(&mut self, project: usize, kept: bool) {
        if !self.server.up {
            return;
        }
        let manners = &self.scenario.server;
        let at = self.wall();
        let log = &mut self.server.logs[project];
        let (name, data) = if !kept && self.dice.chance(0.2) {
            ("stats_update", log.statistics())
        } else {
            let kinds = ["moderation_update", "moderation_update", "rule_update", "user_activity"];
            let kind = if manners.has_log { self.dice.pick(&kinds) } else { "moderation_update" };
            let id = log.append(kind, at, if manners.has_log { manners.retention } else { u64::MAX });
            self.tally.logged += 1;
            log.payload(id, manners.has_log)
        };
        let broker = self.scenario.broker.clone();
        let kept = name != "stats_update";
        let copies = match self.troubled && kept {
            true if self.dice.chance(broker.lost) => 0,
            true if self.dice.chance(broker.twice) => 2,
            _ => 1,
        };
        for _ in 0..copies {
            // Without ids nobody could tell what is out of order.
            let late = self.troubled && self.scenario.server.has_log && self.dice.chance(broker.late);
            let pause = if late { self.dice.pause(1, 2_000) } else { std::time::Duration::ZERO };
            let published = Published { project, server: self.server.life, name, data: data.clone() };
            self.after(pause, Act::Fan(published));
        }
    }

    /// The event reaches the sockets.
    pub(in crate::simulation) fn fan(&mut self, published: &Published) {
        if published.server != self.server.life {
            return;
        }
        let in_room = |socket: &super::Socket| socket.open && socket.rooms.contains(&published.project);
        let sockets = self.connections.iter().filter(|(_, connection)| in_room(&connection.socket));
        let ids: Vec<_> = sockets.map(|(id, _)| *id).collect();
        let frame = format!("42{}", serde_json::json!([published.name, published.data]));
        for id in ids {
            // A broker between several servers reaches them one by one.
            let lost = self.troubled && self.dice.chance(self.scenario.broker.lost / 2.0);
            if !lost || published.name == "stats_update" {
                self.send(id, Side::Client, frame.clone());
            }
        }
    }
}
