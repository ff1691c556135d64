//! Joins, and the replies to requests. A reply may be a refusal and may arrive late, and a join may be confirmed twice.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    super::{action::ScheduledAction, program::ProjectProgress, world::World},
    ClientRequest,
};

impl World {
    pub(super) fn handle_join(&mut self, id: u64, request: &ClientRequest, project: usize) {
        let behaviour = &self.scenario.server;
        if self.faults_active && self.dice.chance(behaviour.refused_join_rate) {
            let error = json!({"message": "Server timeout - please try again"});
            return self.refuse_request(id, request, error);
        }
        let has_log = behaviour.has_log;
        if self.clients[self.connections[&id].client].has_bad_key {
            return self.refuse_request(id, request, json!({"message": "Authentication required"}));
        }
        if self.ignores_joins_of(project) {
            self.tally.joins_unanswered += 1;
            return;
        }
        let Some(socket) = self.socket(id) else { return };
        socket.rooms.insert(project);
        self.record_undetected_restore(id, project);
        let (decided, client) = (self.server.contents[project].history.len(), self.connections[&id].client);
        if let Some(running) = &mut self.clients[client].running {
            running.project_states[project].decision_count_at_join = decided;
        }
        let log = &self.server.logs[project];
        let mut joined = json!({"project_id": log.project_id});
        if has_log {
            joined["replay"] = true.into();
            joined["event_id"] = log.head_id().into();
            joined["log"] = log.log_id().into();
        }
        let is_duplicated = self.faults_active && self.dice.chance(self.scenario.server.duplicate_reply_rate);
        let events = vec![("joined_project", joined); 1 + usize::from(is_duplicated)];
        self.reply(id, request, &events, json!({"ok": true}));
    }

    /// Records a restore that the client can't detect because the restored log has grown beyond the position of the
    /// client or of one of its readers.
    fn record_undetected_restore(&mut self, id: u64, project: usize) {
        let Some(client) = self.connections.get(&id).map(|connection| connection.client) else { return };
        let log = &self.server.logs[project];
        let Some(running) = &mut self.clients[client].running else { return };
        let client_progress = match &running.project_states[project].progress {
            ProjectProgress::Log(log_progress) => Some(log_progress),
            _ => None,
        };
        let readers = running.readers.iter().filter_map(|reader| reader.log_progress(project));
        if client_progress.into_iter().chain(readers).any(|log_progress| log_progress.is_on_another_branch(log)) {
            let position = client_progress.and_then(|log_progress| log_progress.complete_to);
            running.project_states[project].restore_undetected = true;
            running.readers.iter_mut().for_each(|reader| reader.record_undetected_restore(project, position));
        }
    }

    /// Returns `true` if the server does not currently reply to joins of the project.
    pub(in super::super) fn ignores_joins_of(&self, project: usize) -> bool {
        self.faults_active && self.scenario.server.ignores_first_project_joins && project == 0
    }

    pub(super) fn refuse_request(&mut self, id: u64, request: &ClientRequest, mut error: Value) {
        let client = self.connections.get(&id).map(|connection| connection.client);
        let names_it = request.project.is_some() && self.scenario.server.refusals_name_project;
        let running = client.and_then(|client| self.clients[client].running.as_mut());
        if let Some(running) = running.filter(|_| !names_it && request.name != "replay_events") {
            running.unnamed_refusal_at = Some(self.now);
        }
        let running = client.and_then(|client| self.clients[client].running.as_mut());
        if let Some((running, project)) = running.zip(request.project).filter(|_| request.name == "join_project") {
            running.project_states[project].is_join_refused = true;
            running.project_states[project].refused_join_arrivals.push(request.arrived_at);
        }
        if request.name == "replay_events" {
            return self.reply(id, request, &[], error);
        }
        if let Some(project) = request.project.filter(|_| self.scenario.server.refusals_name_project) {
            error["project_id"] = (*self.server.logs[project].project_id).into();
        }
        let mut acknowledgement = error.clone();
        acknowledgement["ok"] = false.into();
        self.reply(id, request, &[("error", error)], acknowledgement);
    }

    /// Schedules the reply to a request: the events and the acknowledgement are sent together, after a delay.
    pub(super) fn reply(&mut self, id: u64, request: &ClientRequest, events: &[(&str, Value)], acknowledgement: Value) {
        let mut frames: Vec<_> = events.iter().map(|(name, data)| format!("42{}", json!([name, data]))).collect();
        if let Some(ack_id) = request.ack_id {
            let is_room = request.name != "replay_events";
            frames.push(match is_room && self.scenario.server.has_empty_acks {
                true => format!("43{ack_id}[]"),
                false => format!("43{ack_id}[{acknowledgement}]"),
            });
        }
        let mut pause = Duration::ZERO;
        if self.faults_active && self.dice.chance(self.scenario.server.late_reply_rate) {
            pause = self.dice.duration_ms(5_000, 35_000);
        } else if self.faults_active {
            pause = self.dice.duration_ms(0, self.scenario.server.reply_delay_max_ms);
        }
        self.schedule_after(pause, ScheduledAction::SendFrames(id, frames));
    }
}
