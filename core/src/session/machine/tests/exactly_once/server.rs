//! Model of a server with an event log.

use serde_json::{Value, json};

use super::LogWorld;
use crate::testing::Emitted;

pub(super) struct ServerLog {
    pub(super) generation: u64,
    /// Item ids of all events, starting with the event whose id is 1.
    pub(super) items: Vec<String>,
    pub(super) oldest_id: u64,
    pub(super) is_client_joined: bool,
}

impl ServerLog {
    pub(super) fn id(&self) -> String {
        format!("log-{}", self.generation)
    }

    pub(super) fn head_id(&self) -> u64 {
        self.items.len() as u64
    }
}

pub(super) struct NetworkFrame {
    pub(super) text: String,
    pub(super) is_live: bool,
}

impl LogWorld {
    pub(super) fn log(&mut self, project: &str) -> &mut ServerLog {
        self.logs.get_mut(project).expect("an unknown project")
    }

    pub(super) fn publish(&mut self, project: &str) {
        let open = self.rig.is_open;
        let log = self.log(project);
        let id = log.head_id() + 1;
        let content = format!("{project}/{}/{id}", log.id());
        let data = update_payload(project, id, &content);
        log.items.push(content);
        if open && log.is_client_joined {
            self.frames_in_transit
                .push_back(NetworkFrame { text: event_frame("moderation_update", &data), is_live: true });
        }
    }

    pub(super) fn send_reply(&mut self, text: String) {
        self.frames_in_transit.push_back(NetworkFrame { text, is_live: false });
    }

    /// Removes all frames in transit and all memberships if the connection has been lost.
    pub(super) fn clear_after_disconnect(&mut self) {
        if !self.rig.is_open {
            self.frames_in_transit.clear();
            for log in self.logs.values_mut() {
                log.is_client_joined = false;
            }
        }
    }

    pub(super) fn handle_requests(&mut self) {
        while let Some(frame) = self.rig.sent_frames.pop_front() {
            let Some(asked) = Emitted::read(&frame) else { continue };
            let Some(ack) = asked.ack else { continue };
            let project = asked.data["project_id"].as_str().unwrap_or_default().to_owned();
            match &*asked.name {
                "join_project" => {
                    let log = self.log(&project);
                    log.is_client_joined = true;
                    let data =
                        json!({"project_id": project, "replay": true, "event_id": log.head_id(), "log": log.id()});
                    self.send_reply(event_frame("joined_project", &data));
                    self.send_reply(format!("43{ack}[]"));
                }
                "leave_project" => {
                    self.log(&project).is_client_joined = false;
                    self.send_reply(event_frame("left_project", &json!({"project_id": project})));
                    self.send_reply(format!("43{ack}[]"));
                }
                "replay_events" => self.send_page(&project, asked.data["after"].as_u64().unwrap_or_default(), ack),
                _ => {}
            }
        }
    }

    pub(super) fn send_page(&mut self, project: &str, after: u64, ack: u64) {
        self.page_request_count += 1;
        if self.fails_some_pages && self.page_request_count.is_multiple_of(3) {
            return self.send_reply(format!(r#"43{ack}[{{"error":"Server error occurred"}}]"#));
        }
        let (page, log) = (self.page_size, self.log(project));
        let first = after.max(log.oldest_id - 1) as usize;
        let events: Vec<Value> = (first..log.items.len())
            .take(page)
            .map(|at| json!({"event": "moderation_update", "data": update_payload(project, at as u64 + 1, &log.items[at])}))
            .collect();
        let page = json!({"events": events, "head": log.head_id(), "oldest": log.oldest_id, "log": log.id()});
        self.send_reply(format!("43{ack}[{page}]"));
    }
}

fn update_payload(project: &str, id: u64, content: &str) -> Value {
    json!({"content_id": content, "project_id": project, "status": "approved", "event_id": id})
}

pub(super) fn event_frame(name: &str, data: &Value) -> String {
    format!("42{}", json!([name, data]))
}
