//! Publication of events. A server with a log first logs each event except `stats_update`. A broker then sends the
//! event to the sockets in the project's room. If the server has a log, the broker may delay any event, and may lose or
//! duplicate logged events.

use std::time::Duration;

use serde_json::Value;

use super::{
    super::{action::ScheduledAction, network::Side, world::World},
    RowDefect,
};

/// Live event on the way to the server's sockets.
#[derive(Debug)]
pub(in crate::simulation) struct LiveEvent {
    project: usize,
    crash_count: u64,
    name: &'static str,
    frame: String,
}

fn frame(name: &str, data: &Value) -> String {
    format!(r#"42["{name}",{data}]"#)
}

impl World {
    /// Publishes one event or, on a server without a log, usually submits an item instead. If `must_be_logged` is set,
    /// the event is of a kind that the log keeps.
    pub(in crate::simulation) fn publish_random_event(&mut self, project: usize, must_be_logged: bool) {
        if !self.server.is_up {
            return;
        }
        let behaviour = &self.scenario.server;
        if !behaviour.has_log && (must_be_logged || !self.dice.chance(0.2)) {
            return self.submit_content(project, must_be_logged);
        }
        let at = self.wall_time();
        let log = &mut self.server.logs[project];
        let (name, data) = if !behaviour.has_log || (!must_be_logged && self.dice.chance(0.2)) {
            ("stats_update", log.next_statistics())
        } else {
            let kinds = ["moderation_update", "moderation_update", "rule_update", "user_activity"];
            let kind = self.dice.pick(&kinds);
            let id = log.append(kind, at, behaviour.logged_events_max);
            self.tally.events_published += 1;
            let (kind, mut data) = log.event_name_and_data(id);
            if self.scenario.server.preview_bytes > 0 && self.dice.chance(0.3) {
                data["content_preview"] = "x".repeat(self.scenario.server.preview_bytes).into();
            }
            (kind, data)
        };
        let broker = self.scenario.broker.clone();
        let must_be_logged = name != "stats_update";
        let copies = match self.faults_active && must_be_logged {
            true if self.dice.chance(broker.lost_rate) => 0,
            true if self.dice.chance(broker.duplicate_rate) => 2,
            _ => 1,
        };
        let frame = frame(name, &data);
        for _ in 0..copies {
            // Without a log, events are not reordered, because clients can't detect a reordering without ids.
            let late = self.faults_active && self.scenario.server.has_log && self.dice.chance(broker.late_rate);
            let pause = if late { self.dice.duration_ms(1, 2_000) } else { Duration::ZERO };
            let published = LiveEvent { project, crash_count: self.server.crash_count, name, frame: frame.clone() };
            self.schedule_after(pause, ScheduledAction::Broadcast(published));
        }
    }

    /// Submits an item to a server without a log. The server decides on the item immediately or later.
    fn submit_content(&mut self, project: usize, must_be_logged: bool) {
        let (rest, at) = (self.scenario.rest.clone(), self.server_time());
        let defect = match self.faults_active && self.dice.chance(rest.defective_row_rate) {
            true => self.dice.pick(&[RowDefect::NotANumber, RowDefect::Unreadable, RowDefect::TooLarge]),
            false => RowDefect::None,
        };
        self.tally.rows_defective += u64::from(defect != RowDefect::None);
        let weight = self.dice.pick(&[1, 1, 1, 3]);
        let status = self.dice.pick(&["approved", "approved", "rejected", "flagged"]);
        let item_index = self.server.contents[project].submit(at, defect, weight);
        if !must_be_logged && self.faults_active && self.dice.chance(rest.slow_decision_rate) {
            let pause = self.dice.duration_ms(100, 500_000);
            return self.schedule_after(pause, ScheduledAction::DecideContent(project, item_index, status));
        }
        self.decide_content(project, item_index, status);
    }

    /// Decides on an item and publishes the decision.
    pub(in crate::simulation) fn decide_content(&mut self, project: usize, item_index: usize, status: &'static str) {
        if !self.server.is_up {
            return self
                .schedule_after(Duration::from_secs(1), ScheduledAction::DecideContent(project, item_index, status));
        }
        let (at, contents) = (self.server_time(), &mut self.server.contents[project]);
        let position = contents.decide(item_index, status, at, true);
        let (name, data) = ("moderation_update", contents.decision_event_data(position));
        self.tally.events_published += 1;
        let published = LiveEvent { project, crash_count: self.server.crash_count, name, frame: frame(name, &data) };
        self.schedule_after(Duration::ZERO, ScheduledAction::Broadcast(published));
    }

    /// Reviews a random flagged item. Servers without a log send no event for a review.
    pub(in crate::simulation) fn review_random_content(&mut self, project: usize) {
        let at = self.server_time();
        let contents = &mut self.server.contents[project];
        if contents.flagged.is_empty() || !self.server.is_up {
            return;
        }
        let item_index = *contents.flagged.iter().nth(self.dice.index(contents.flagged.len())).unwrap();
        let status = self.dice.pick(&["approved", "rejected"]);
        contents.decide(item_index, status, at, false);
        self.tally.reviews += 1;
    }

    /// Sends a live event to all sockets in the project's room.
    pub(in crate::simulation) fn broadcast(&mut self, published: &LiveEvent) {
        if published.crash_count != self.server.crash_count {
            return;
        }
        let in_room = |socket: &super::Socket| socket.is_open && socket.rooms.contains(&published.project);
        let sockets = self.connections.iter().filter(|(_, connection)| in_room(&connection.socket));
        let ids: Vec<_> = sockets.map(|(id, _)| *id).collect();
        for id in ids {
            // A broker may lose the event on its way to some of the sockets.
            let lost = self.faults_active && self.dice.chance(self.scenario.broker.lost_rate / 2.0);
            if !lost || published.name == "stats_update" {
                self.send_frame(id, Side::Client, published.frame.clone());
            }
        }
    }
}
