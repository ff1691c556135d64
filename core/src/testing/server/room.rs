//! Projects: members, event logs and refusals.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::contents::{Clock, Contents};
use crate::sio;

/// Largest number of events per page.
const PAGE_EVENTS_MAX: u64 = 500;

/// All projects of a server. A project exists once it is named.
#[derive(Debug)]
pub(super) struct ServerRooms {
    /// Id of the event log; `None` if there is none, as on deployed servers.
    log: Option<String>,
    rooms: HashMap<String, ServerRoom>,
    /// The project that was named first.
    first: Option<String>,
}

#[derive(Debug, Default)]
struct ServerRoom {
    /// Frame senders of the members, by connection number.
    members: HashMap<u64, UnboundedSender<String>>,
    /// Events as `{"event","data"}`; the first has the id `forgotten + 1`.
    events: Vec<Value>,
    forgotten: u64,
    refused: Option<String>,
    contents: Contents,
}

impl ServerRoom {
    fn head(&self) -> u64 {
        self.forgotten + self.events.len() as u64
    }
}

impl ServerRooms {
    pub(super) fn new(log: Option<String>) -> Self {
        Self { log, rooms: HashMap::new(), first: None }
    }

    pub(super) fn has_log(&self) -> bool {
        self.log.is_some()
    }

    fn clock(&self) -> Clock {
        Clock { zoned: self.has_log() }
    }

    fn room(&mut self, project: &str) -> &mut ServerRoom {
        self.first.get_or_insert_with(|| project.to_owned());
        self.rooms.entry(project.to_owned()).or_default()
    }

    /// Project of an API key: the one with that id, or the one that was named first.
    pub(super) fn of_key(&self, key: &str) -> String {
        let first = self.first.as_deref().filter(|_| !self.rooms.contains_key(key));
        first.unwrap_or(key).to_owned()
    }

    pub(super) fn contents(&mut self, project: &str) -> &mut Contents {
        &mut self.room(project).contents
    }

    /// Sets fields of an item, without an event.
    pub(super) fn store(&mut self, project: &str, id: &str, fields: Map<String, Value>) {
        let clock = self.clock();
        self.contents(project).store(project, id, fields, clock);
    }

    pub(super) fn publish(&mut self, project: &str, name: &str, mut data: Map<String, Value>) -> Option<u64> {
        let (clock, logged) = (self.clock(), self.has_log() && name != "stats_update");
        let room = self.room(project);
        data.insert("project_id".to_owned(), project.into());
        if name == "moderation_update" {
            if !clock.zoned {
                data.entry("timestamp").or_insert_with(|| clock.now().into());
            }
            room.contents.decided(project, &data, clock);
        }
        let id = logged.then(|| room.head() + 1);
        if let Some(id) = id {
            data.insert("event_id".to_owned(), id.into());
        }
        let data = Value::Object(data);
        let frame = format!("4{}", sio::event(name, Some(&data.to_string()), None));
        for member in room.members.values() {
            // A connection that is gone misses nothing.
            let _ = member.send(frame.clone());
        }
        if id.is_some() {
            room.events.push(json!({"event": name, "data": data}));
        }
        id
    }

    pub(super) fn refuse(&mut self, project: &str, code: Option<&str>) {
        self.room(project).refused = code.map(str::to_owned);
    }

    pub(super) fn forget(&mut self, project: &str) {
        let room = self.room(project);
        room.forgotten = room.head();
        room.events.clear();
    }

    pub(super) fn members(&self, project: &str) -> usize {
        self.rooms.get(project).map_or(0, |room| room.members.len())
    }

    /// Adds a connection. Returns the data of `joined_project`, or the code of the refusal.
    pub(super) fn join(&mut self, project: &str, who: u64, to: &UnboundedSender<String>) -> Result<Value, String> {
        let log = self.log.clone();
        let room = self.room(project);
        if let Some(code) = &room.refused {
            return Err(code.clone());
        }
        room.members.insert(who, to.clone());
        let (name, head) = (format!("project_{project}"), room.head());
        Ok(match log {
            Some(log) => json!({"project_id": project, "room": name, "replay": true, "event_id": head, "log": log}),
            None => json!({"project_id": project, "room": name}),
        })
    }

    pub(super) fn leave(&mut self, project: &str, who: u64) {
        self.room(project).members.remove(&who);
    }

    /// Removes all members, so that later events reach no present connection.
    pub(super) fn clear(&mut self) {
        for room in self.rooms.values_mut() {
            room.members.clear();
        }
    }

    pub(super) fn leave_all(&mut self, who: u64) {
        for room in self.rooms.values_mut() {
            room.members.remove(&who);
        }
    }

    /// Page of the log, as in the acknowledgement of `replay_events`.
    pub(super) fn page(&mut self, project: &str, who: u64, after: u64, limit: Option<u64>) -> Value {
        let log = self.log.clone();
        let room = self.room(project);
        if !room.members.contains_key(&who) {
            return json!({"error": "Join the project first", "code": "not_joined"});
        }
        let from = usize::try_from(after.saturating_sub(room.forgotten)).unwrap_or(usize::MAX).min(room.events.len());
        let limit = usize::try_from(limit.unwrap_or(PAGE_EVENTS_MAX).clamp(1, PAGE_EVENTS_MAX)).unwrap_or(usize::MAX);
        let events: Vec<_> = room.events[from..].iter().take(limit).collect();
        json!({"events": events, "head": room.head(), "oldest": room.forgotten + 1, "log": log})
    }
}
