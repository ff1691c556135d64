//! Model of a server with an event log.

use serde_json::{Value, json};

use super::World;
use crate::testing::Emitted;

/// Event log of a project on the server.
pub(super) struct Log {
    pub(super) generation: u64,
    /// Item of each event. The event with id 1 comes first.
    pub(super) events: Vec<String>,
    pub(super) oldest: u64,
    pub(super) joined: bool,
}

impl Log {
    pub(super) fn name(&self) -> String {
        format!("log-{}", self.generation)
    }

    pub(super) fn head(&self) -> u64 {
        self.events.len() as u64
    }
}

pub(super) struct Frame {
    pub(super) text: String,
    pub(super) live: bool,
}

impl World {
    pub(super) fn log(&mut self, project: &str) -> &mut Log {
        self.logs.get_mut(project).expect("known projects only")
    }

    pub(super) fn publish(&mut self, project: &str) {
        let open = self.rig.open;
        let log = self.log(project);
        let id = log.head() + 1;
        let content = format!("{project}/{}/{id}", log.name());
        let data = update(project, id, &content);
        log.events.push(content);
        if open && log.joined {
            self.network.push_back(Frame { text: event("moderation_update", &data), live: true });
        }
    }

    pub(super) fn reply(&mut self, text: String) {
        self.network.push_back(Frame { text, live: false });
    }

    /// Removes everything in transit and all memberships, if the connection is lost.
    pub(super) fn sweep(&mut self) {
        if !self.rig.open {
            self.network.clear();
            for log in self.logs.values_mut() {
                log.joined = false;
            }
        }
    }

    pub(super) fn serve(&mut self) {
        while let Some(frame) = self.rig.sent.pop_front() {
            let Some(asked) = Emitted::read(&frame) else { continue };
            let Some(ack) = asked.ack else { continue };
            let project = asked.data["project_id"].as_str().unwrap_or_default().to_owned();
            match &*asked.name {
                "join_project" => {
                    let log = self.log(&project);
                    log.joined = true;
                    let data =
                        json!({"project_id": project, "replay": true, "event_id": log.head(), "log": log.name()});
                    self.reply(event("joined_project", &data));
                    self.reply(format!("43{ack}[]"));
                }
                "leave_project" => {
                    self.log(&project).joined = false;
                    self.reply(event("left_project", &json!({"project_id": project})));
                    self.reply(format!("43{ack}[]"));
                }
                "replay_events" => self.replay(&project, asked.data["after"].as_u64().unwrap_or_default(), ack),
                _ => {}
            }
        }
    }

    pub(super) fn replay(&mut self, project: &str, after: u64, ack: u64) {
        self.pages += 1;
        if self.flaky && self.pages.is_multiple_of(3) {
            return self.reply(format!(r#"43{ack}[{{"error":"Server error occurred"}}]"#));
        }
        let (page, log) = (self.page, self.log(project));
        let first = after.max(log.oldest - 1) as usize;
        let events: Vec<Value> = (first..log.events.len())
            .take(page)
            .map(|at| json!({"event": "moderation_update", "data": update(project, at as u64 + 1, &log.events[at])}))
            .collect();
        let page = json!({"events": events, "head": log.head(), "oldest": log.oldest, "log": log.name()});
        self.reply(format!("43{ack}[{page}]"));
    }
}

fn update(project: &str, id: u64, content: &str) -> Value {
    json!({"content_id": content, "project_id": project, "status": "approved", "event_id": id})
}

pub(super) fn event(name: &str, data: &Value) -> String {
    format!("42{}", json!([name, data]))
}
