//! Handler of `replay_events`.

use serde_json::{Value, json};

use super::{super::world::World, ClientRequest};
impl World {
    pub(super) fn handle_replay(&mut self, id: u64, request: &ClientRequest, project: usize) {
        let behaviour = &self.scenario.server;
        let in_room = self.connections.get(&id).is_some_and(|connection| connection.socket.rooms.contains(&project));
        if !in_room || !behaviour.has_log {
            return self.refuse_request(
                id,
                request,
                json!({"message": "Join the project first", "code": "not_joined"}),
            );
        }
        if self.faults_active && self.dice.chance(behaviour.refused_page_rate) {
            let mut error = json!({"message": "Server error occurred", "code": "server_error"});
            if self.dice.chance(0.5) {
                error["retry_after"] = self.dice.between(1, 20).into();
            }
            return self.refuse_request(id, request, error);
        }
        let log = &self.server.logs[project];
        let number = |name: &str| request.data[name].as_u64().unwrap_or_default();
        let (after, limit) = (number("after"), number("limit").min(behaviour.page_max));
        let first = (after + 1).max(log.oldest_id);
        let last = (first + limit - 1).min(log.head_id());
        let events: Vec<Value> = (first..=last)
            .map(|id| log.event_name_and_data(id))
            .map(|(name, data)| json!({"event": name, "data": data}))
            .collect();
        let page = json!({"events": events, "head": log.head_id(), "oldest": log.oldest_id, "log": log.log_id()});
        self.reply(id, request, &[], page);
    }
}
