//! Publication of events: they are logged, then sent to the sockets in the room by a broker that may delay, lose and
//! repeat them.

use std::time::Duration;

use serde_json::Value;

use super::{
    super::{
        network::Side,
        world::{Action, World},
    },
    RowDefect,
};

/// Live event on its way to the server's sockets.
#[derive(Debug)]
pub(in crate::simulation) struct Published {
    project: usize,
    server: u64,
    name: &'static str,
    frame: String,
}

fn frame(name: &str, data: &Value) -> String {
    format!(r#"42["{name}",{data}]"#)
}

impl World {
    /// Publishes one event; `kept` if the log must keep it.
    pub(in crate::simulation) fn publish(&mut self, project: usize, kept: bool) {
        if !self.server.up {
            return;
        }
        let behaviour = &self.scenario.server;
        if !behaviour.has_log && (kept || !self.dice.chance(0.2)) {
            return self.submit(project, kept);
        }
        let at = self.wall();
        let log = &mut self.server.logs[project];
        let (name, data) = if !behaviour.has_log || (!kept && self.dice.chance(0.2)) {
            ("stats_update", log.statistics())
        } else {
            let kinds = ["moderation_update", "moderation_update", "rule_update", "user_activity"];
            let kind = self.dice.pick(&kinds);
            let id = log.append(kind, at, behaviour.retention);
            self.tally.logged += 1;
            let (kind, mut data) = log.payload(id);
            if self.scenario.server.text > 0 && self.dice.chance(0.3) {
                data["content_preview"] = "x".repeat(self.scenario.server.text).into();
            }
            (kind, data)
        };
        let broker = self.scenario.broker.clone();
        let kept = name != "stats_update";
        let copies = match self.troubled && kept {
            true if self.dice.chance(broker.lost) => 0,
            true if self.dice.chance(broker.twice) => 2,
            _ => 1,
        };
        let frame = frame(name, &data);
        for _ in 0..copies {
            // Without ids, events out of order can't be detected.
            let late = self.troubled && self.scenario.server.has_log && self.dice.chance(broker.late);
            let pause = if late { self.dice.pause(1, 2_000) } else { Duration::ZERO };
            let published = Published { project, server: self.server.life, name, frame: frame.clone() };
            self.after(pause, Action::Broadcast(published));
        }
    }

    /// Submits an item to a server without a log; the decision follows now or later.
    fn submit(&mut self, project: usize, kept: bool) {
        let (rest, at) = (self.scenario.rest.clone(), self.server_wall());
        let defect = match self.troubled && self.dice.chance(rest.defective_rows) {
            true => self.dice.pick(&[RowDefect::NoNumber, RowDefect::Unreadable, RowDefect::Huge]),
            false => RowDefect::None,
        };
        self.tally.odd_rows += u64::from(defect != RowDefect::None);
        let weight = self.dice.pick(&[1, 1, 1, 3]);
        let status = self.dice.pick(&["approved", "approved", "rejected", "flagged"]);
        let content = self.server.contents[project].submit(at, defect, weight);
        if !kept && self.troubled && self.dice.chance(rest.slow_decisions) {
            let pause = self.dice.pause(100, 500_000);
            return self.after(pause, Action::Decide(project, content, status));
        }
        self.decide(project, content, status);
    }

    /// Decides an item and publishes the event.
    pub(in crate::simulation) fn decide(&mut self, project: usize, content: usize, status: &'static str) {
        if !self.server.up {
            return self.after(Duration::from_secs(1), Action::Decide(project, content, status));
        }
        let (at, contents) = (self.server_wall(), &mut self.server.contents[project]);
        let position = contents.decide(content, status, at, true);
        let (name, data) = ("moderation_update", contents.payload(position));
        self.tally.logged += 1;
        let published = Published { project, server: self.server.life, name, frame: frame(name, &data) };
        self.after(Duration::ZERO, Action::Broadcast(published));
    }

    /// Reviews a flagged item. Servers without a log send no event for a review.
    pub(in crate::simulation) fn review(&mut self, project: usize) {
        let at = self.server_wall();
        let contents = &mut self.server.contents[project];
        if contents.flagged.is_empty() || !self.server.up {
            return;
        }
        let content = *contents.flagged.iter().nth(self.dice.index(contents.flagged.len())).unwrap();
        let status = self.dice.pick(&["approved", "rejected"]);
        contents.decide(content, status, at, false);
        self.tally.reviews += 1;
    }

    /// Sends the event to the sockets in the room.
    pub(in crate::simulation) fn broadcast(&mut self, published: &Published) {
        if published.server != self.server.life {
            return;
        }
        let in_room = |socket: &super::Socket| socket.open && socket.rooms.contains(&published.project);
        let sockets = self.connections.iter().filter(|(_, connection)| in_room(&connection.socket));
        let ids: Vec<_> = sockets.map(|(id, _)| *id).collect();
        for id in ids {
            // A broker between several servers reaches them one by one.
            let lost = self.troubled && self.dice.chance(self.scenario.broker.lost / 2.0);
            if !lost || published.name == "stats_update" {
                self.send(id, Side::Client, published.frame.clone());
            }
        }
    }
}
