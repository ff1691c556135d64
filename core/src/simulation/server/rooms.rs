//! Joins, and the answers to requests: late, twice, or refusals.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    super::{
        process::ProjectProgress,
        world::{Action, World},
    },
    Request,
};

impl World {
    pub(super) fn join(&mut self, id: u64, request: &Request, project: usize) {
        let behaviour = &self.scenario.server;
        if self.troubled && self.dice.chance(behaviour.refuses_joins) {
            let words = json!({"message": "Server timeout - please try again"});
            return self.refuse(id, request, words);
        }
        let has_log = behaviour.has_log;
        if self.clients[self.connections[&id].client].bad_key {
            return self.refuse(id, request, json!({"message": "Authentication required"}));
        }
        if self.ignores_joins_of(project) {
            self.tally.unanswered += 1;
            return;
        }
        let Some(socket) = self.socket(id) else { return };
        socket.rooms.insert(project);
        self.note_undetected_restore(id, project);
        let (decided, client) = (self.server.contents[project].history.len(), self.connections[&id].client);
        if let Some(running) = &mut self.clients[client].running {
            running.rooms[project].decisions_at_join = decided;
        }
        let log = &self.server.logs[project];
        let mut joined = json!({"project_id": log.name});
        if has_log {
            joined["replay"] = true.into();
            joined["event_id"] = log.head().into();
            joined["log"] = log.log().into();
        }
        let twice = self.troubled && self.dice.chance(self.scenario.server.answers_twice);
        let events = vec![("joined_project", joined); 1 + usize::from(twice)];
        self.answer(id, request, &events, json!({"ok": true}));
    }

    /// Notes a restore that can't be detected: the restored log has grown beyond the position of a client or of one of
    /// its readers.
    fn note_undetected_restore(&mut self, id: u64, project: usize) {
        let Some(client) = self.connections.get(&id).map(|connection| connection.client) else { return };
        let log = &self.server.logs[project];
        let Some(running) = &mut self.clients[client].running else { return };
        let room = match &running.rooms[project].progress {
            ProjectProgress::Log(log_progress) => Some(log_progress),
            _ => None,
        };
        let readers = running.readers.iter().filter_map(|reader| reader.log_progress(project));
        if room.into_iter().chain(readers).any(|log_progress| log_progress.is_of_another_past(log)) {
            let position = room.and_then(|log_progress| log_progress.id);
            running.rooms[project].undetected_restore = true;
            running.readers.iter_mut().for_each(|reader| reader.note_restore(project, position));
        }
    }

    /// Returns `true` if joins of the project are never answered: those of the first, during the trouble.
    pub(in super::super) fn ignores_joins_of(&self, project: usize) -> bool {
        self.troubled && self.scenario.server.ignores_joins && project == 0
    }

    pub(super) fn refuse(&mut self, id: u64, request: &Request, mut words: Value) {
        let client = self.connections.get(&id).map(|connection| connection.client);
        let names_it = request.project.is_some() && self.scenario.server.names_projects;
        let running = client.and_then(|client| self.clients[client].running.as_mut());
        if let Some(running) = running.filter(|_| !names_it && request.name != "replay_events") {
            running.unnamed_refusal_at = Some(self.now);
        }
        let running = client.and_then(|client| self.clients[client].running.as_mut());
        if let Some((running, project)) = running.zip(request.project).filter(|_| request.name == "join_project") {
            running.rooms[project].refused = true;
            running.rooms[project].refusals.push(request.arrived_at);
        }
        if request.name == "replay_events" {
            return self.answer(id, request, &[], words);
        }
        if let Some(project) = request.project.filter(|_| self.scenario.server.names_projects) {
            words["project_id"] = (*self.server.logs[project].name).into();
        }
        let mut acknowledgement = words.clone();
        acknowledgement["ok"] = false.into();
        self.answer(id, request, &[("error", words)], acknowledgement);
    }

    /// Sends the frames of an answer together, at once or later.
    pub(super) fn answer(&mut self, id: u64, request: &Request, events: &[(&str, Value)], acknowledgement: Value) {
        let mut frames: Vec<_> = events.iter().map(|(name, data)| format!("42{}", json!([name, data]))).collect();
        if let Some(ack) = request.ack {
            let is_room = request.name != "replay_events";
            frames.push(match is_room && self.scenario.server.plain_acks {
                true => format!("43{ack}[]"),
                false => format!("43{ack}[{acknowledgement}]"),
            });
        }
        let mut pause = Duration::ZERO;
        if self.troubled && self.dice.chance(self.scenario.server.answers_late) {
            pause = self.dice.pause(5_000, 35_000);
        } else if self.troubled {
            pause = self.dice.pause(0, self.scenario.server.answers_within);
        }
        self.after(pause, Action::SendFrames(id, frames));
    }
}
