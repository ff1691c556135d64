//! Projects with their members, event logs and refusals.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::contents::{StoredContents, TimestampFormat};
use crate::sio;

/// Maximum number of events on a page of the log.
const PAGE_EVENTS_MAX: u64 = 500;

/// All projects of a server. A project is created when a test or a client first names it.
#[derive(Debug)]
pub(super) struct ServerProjects {
    /// Id that the event logs of all projects share, or `None` if the server, like deployed servers, has no event log.
    log_id: Option<String>,
    projects: HashMap<String, ServerProject>,
    /// Project that a test or a client named first.
    first_project: Option<String>,
}

#[derive(Debug, Default)]
struct ServerProject {
    /// Sender of frames to each member, by connection number.
    members: HashMap<u64, UnboundedSender<String>>,
    /// Logged events in the form `{"event","data"}`. The first event in the list has the id `removed_event_count + 1`.
    events: Vec<Value>,
    /// Number of events that were removed from the log.
    removed_event_count: u64,
    /// Error code with which joins are refused, or `None` if joins are allowed.
    join_refusal_code: Option<String>,
    contents: StoredContents,
}

impl ServerProject {
    /// Returns the id of the newest event, or 0 if no event was logged.
    fn newest_event_id(&self) -> u64 {
        self.removed_event_count + self.events.len() as u64
    }
}

impl ServerProjects {
    pub(super) fn new(log_id: Option<String>) -> Self {
        Self { log_id, projects: HashMap::new(), first_project: None }
    }

    pub(super) fn has_log(&self) -> bool {
        self.log_id.is_some()
    }

    fn timestamp_format(&self) -> TimestampFormat {
        TimestampFormat { has_zone: self.has_log() }
    }

    fn project_mut(&mut self, project: &str) -> &mut ServerProject {
        self.first_project.get_or_insert_with(|| project.to_owned());
        self.projects.entry(project.to_owned()).or_default()
    }

    /// Returns the id of the project to which an API key belongs: the key itself if it is the id of a project or if
    /// there are no projects yet, and otherwise the id of the project that a test or a client named first.
    pub(super) fn project_of_key(&self, key: &str) -> String {
        let first = self.first_project.as_deref().filter(|_| !self.projects.contains_key(key));
        first.unwrap_or(key).to_owned()
    }

    pub(super) fn contents(&mut self, project: &str) -> &mut StoredContents {
        &mut self.project_mut(project).contents
    }

    /// Creates or updates an item without publishing an event.
    pub(super) fn store(&mut self, project: &str, id: &str, fields: Map<String, Value>) {
        let format = self.timestamp_format();
        self.contents(project).store(project, id, fields, format);
    }

    pub(super) fn publish(&mut self, project: &str, name: &str, mut data: Map<String, Value>) -> Option<u64> {
        let (format, is_logged) = (self.timestamp_format(), self.has_log() && name != "stats_update");
        let server_project = self.project_mut(project);
        data.insert("project_id".to_owned(), project.into());
        if name == "moderation_update" {
            if !format.has_zone {
                data.entry("timestamp").or_insert_with(|| format.now().into());
            }
            server_project.contents.store_decision(project, &data, format);
        }
        let id = is_logged.then(|| server_project.newest_event_id() + 1);
        if let Some(id) = id {
            data.insert("event_id".to_owned(), id.into());
        }
        let data = Value::Object(data);
        let frame = format!("4{}", sio::event(name, Some(&data.to_string()), None));
        for member in server_project.members.values() {
            // Sending fails if the connection has ended.
            let _ = member.send(frame.clone());
        }
        if id.is_some() {
            server_project.events.push(json!({"event": name, "data": data}));
        }
        id
    }

    pub(super) fn refuse_joins(&mut self, project: &str, code: Option<&str>) {
        self.project_mut(project).join_refusal_code = code.map(str::to_owned);
    }

    pub(super) fn clear_log(&mut self, project: &str) {
        let server_project = self.project_mut(project);
        server_project.removed_event_count = server_project.newest_event_id();
        server_project.events.clear();
    }

    pub(super) fn member_count(&self, project: &str) -> usize {
        self.projects.get(project).map_or(0, |server_project| server_project.members.len())
    }

    /// Adds a connection to a project. Returns the data of `joined_project`, or the code of the refusal.
    pub(super) fn join(
        &mut self,
        project: &str,
        connection: u64,
        frames: &UnboundedSender<String>,
    ) -> Result<Value, String> {
        let log_id = self.log_id.clone();
        let server_project = self.project_mut(project);
        if let Some(code) = &server_project.join_refusal_code {
            return Err(code.clone());
        }
        server_project.members.insert(connection, frames.clone());
        let (name, head) = (format!("project_{project}"), server_project.newest_event_id());
        Ok(match log_id {
            Some(log_id) => {
                json!({"project_id": project, "room": name, "replay": true, "event_id": head, "log": log_id})
            }
            None => json!({"project_id": project, "room": name}),
        })
    }

    pub(super) fn leave(&mut self, project: &str, connection: u64) {
        self.project_mut(project).members.remove(&connection);
    }

    /// Removes all members from all projects, so that current connections receive no further events.
    pub(super) fn remove_all_members(&mut self) {
        for server_project in self.projects.values_mut() {
            server_project.members.clear();
        }
    }

    pub(super) fn leave_all(&mut self, connection: u64) {
        for server_project in self.projects.values_mut() {
            server_project.members.remove(&connection);
        }
    }

    /// Returns the acknowledgement of `replay_events`: a page of the log, or an error.
    pub(super) fn replay_page(&mut self, project: &str, connection: u64, after: u64, limit: Option<u64>) -> Value {
        let log_id = self.log_id.clone();
        let server_project = self.project_mut(project);
        if !server_project.members.contains_key(&connection) {
            return json!({"error": "Join the project first", "code": "not_joined"});
        }
        let skipped = usize::try_from(after.saturating_sub(server_project.removed_event_count)).unwrap_or(usize::MAX);
        let limit = usize::try_from(limit.unwrap_or(PAGE_EVENTS_MAX).clamp(1, PAGE_EVENTS_MAX)).unwrap_or(usize::MAX);
        let events: Vec<_> = server_project.events.iter().skip(skipped).take(limit).collect();
        let (head, oldest) = (server_project.newest_event_id(), server_project.removed_event_count + 1);
        json!({"events": events, "head": head, "oldest": oldest, "log": log_id})
    }
}
