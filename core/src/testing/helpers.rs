//! Helpers for scripts: the handshake, joins and replays.

use serde_json::{Value, json};

use super::Connection;

/// Event log of a project, as reported on a join.
///
/// ```
/// use automoderate::testing::EventLog;
///
/// let log = EventLog { log: "log-1".into(), head: 41 };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLog {
    /// Id of the log.
    pub log: String,
    /// Id of the newest event; 0 if there is none.
    pub head: u64,
}

impl EventLog {
    /// Creates a log with this id and newest event.
    #[must_use]
    pub fn new(log: impl Into<String>, head: u64) -> Self {
        Self { log: log.into(), head }
    }
}

impl Connection {
    /// Performs a complete handshake: `OPEN`, the client's `40`, the acknowledgement, and `connected`. Returns the
    /// payload of the client's `40`, or an empty text.
    ///
    /// The client expects one ping per day, so that a script need not send any.
    ///
    /// # Panics
    /// Panics if the client sends anything but a `40`.
    pub async fn handshake(&mut self) -> String {
        self.open(86_400_000, 86_400_000);
        let auth = self.expect_connect().await;
        self.send(r#"40{"sid":"script"}"#);
        self.emit("connected", &json!({"message": "Connected to AutoModerate"}));
        auth
    }

    /// Sends the Engine.IO `OPEN` packet with these intervals, in milliseconds.
    pub fn open(&self, ping_interval: u64, ping_timeout: u64) {
        self.send(format!(
            r#"0{{"sid":"script","upgrades":[],"pingInterval":{ping_interval},"pingTimeout":{ping_timeout},"maxPayload":1000000}}"#
        ));
    }

    /// Waits for the client's `40` and returns its payload, or an empty text.
    ///
    /// # Panics
    /// Panics if the client sends anything else.
    pub async fn expect_connect(&mut self) -> String {
        let frame = self.recv().await;
        match frame.as_deref().and_then(|frame| frame.strip_prefix("40")) {
            Some(auth) => auth.to_owned(),
            None => panic!("the script expects a 40, but the client has sent {frame:?}"),
        }
    }

    /// Waits for the client to join this project and confirms it; with a log, like a server that can replay.
    ///
    /// # Panics
    /// Panics if the client's next frame is anything else.
    pub async fn accept_join(&mut self, project: &str, log: Option<EventLog>) {
        let id = self.expect_room("join_project", project).await;
        match log {
            Some(EventLog { log, head }) => self
                .emit("joined_project", &json!({"project_id": project, "replay": true, "event_id": head, "log": log})),
            None => self.emit("joined_project", &json!({"project_id": project})),
        }
        self.finish(id);
    }

    /// Waits for the client to join this project and refuses it with an `error` event.
    ///
    /// # Panics
    /// Panics if the client's next frame is anything else.
    pub async fn refuse_join(&mut self, project: &str, message: &str) {
        let id = self.expect_room("join_project", project).await;
        self.emit("error", &json!({"message": message}));
        self.finish(id);
    }

    /// Waits for the client to leave this project and confirms it.
    ///
    /// # Panics
    /// Panics if the client's next frame is anything else.
    pub async fn accept_leave(&mut self, project: &str) {
        let id = self.expect_room("leave_project", project).await;
        self.emit("left_project", &json!({"project_id": project}));
        self.finish(id);
    }

    /// Waits for the client to request the events after `after` and answers with these, each as `(name, data)`.
    ///
    /// `oldest` is the oldest event that the log still contains.
    ///
    /// # Panics
    /// Panics if the client's next frame is anything else.
    pub async fn accept_replay(
        &mut self,
        project: &str,
        after: u64,
        log: EventLog,
        oldest: u64,
        events: &[(&str, Value)],
    ) {
        let asked = self.expect_event("replay_events").await;
        assert_eq!(asked.data["project_id"], project, "the client requested the events of another project");
        assert_eq!(asked.data["after"], after, "the client requested other events");
        let events: Vec<_> = events.iter().map(|(name, data)| json!({"event": name, "data": data})).collect();
        let page = json!({"events": events, "head": log.head, "oldest": oldest, "log": log.log});
        self.acknowledge(asked.ack.unwrap_or_default(), &page);
    }

    async fn expect_room(&mut self, name: &str, project: &str) -> Option<u64> {
        let asked = self.expect_event(name).await;
        assert_eq!(asked.data, json!({"project_id": project}), "the client's {name} is about something else");
        asked.ack
    }

    /// Acknowledges without arguments, like deployed servers, after the event with the answer.
    fn finish(&self, id: Option<u64>) {
        if let Some(id) = id {
            self.send(format!("43{id}[]"));
        }
    }
}
