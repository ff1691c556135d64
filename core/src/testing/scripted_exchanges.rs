//! Helpers with which scripts perform handshakes, joins and replays.

use serde_json::{Value, json};

use super::Connection;

/// Event log of a project, as the server reports it in the reply to a join.
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
    /// Id of the newest event, or 0 if the log is empty.
    pub head: u64,
}

impl EventLog {
    /// Creates a log with this id, in which the newest event has the id `head`.
    #[must_use]
    pub fn new(log: impl Into<String>, head: u64) -> Self {
        Self { log: log.into(), head }
    }
}

impl Connection {
    /// Performs a complete handshake and returns the payload of the client's `40`, or an empty string if there is no
    /// payload.
    ///
    /// The helper sends the Engine.IO `OPEN` packet, waits for the client's `40`, acknowledges it and emits
    /// `connected`. The ping interval is one day, so that the script need not send pings.
    ///
    /// # Panics
    /// Panics if the client's next frame is not a `40`, or if no frame arrives.
    pub async fn handshake(&mut self) -> String {
        self.open(86_400_000, 86_400_000);
        let auth = self.expect_connect().await;
        self.send(r#"40{"sid":"script"}"#);
        self.emit("connected", &json!({"message": "Connected to AutoModerate"}));
        auth
    }

    /// Sends the Engine.IO `OPEN` packet with this ping interval and timeout, in milliseconds.
    pub fn open(&self, ping_interval: u64, ping_timeout: u64) {
        self.send(format!(
            r#"0{{"sid":"script","upgrades":[],"pingInterval":{ping_interval},"pingTimeout":{ping_timeout},"maxPayload":1000000}}"#
        ));
    }

    /// Waits for the client's `40` and returns its payload, or an empty string if there is no payload.
    ///
    /// # Panics
    /// Panics if the client's next frame is anything else, or if no frame arrives.
    pub async fn expect_connect(&mut self) -> String {
        let frame = self.recv().await;
        match frame.as_deref().and_then(|frame| frame.strip_prefix("40")) {
            Some(auth) => auth.to_owned(),
            None => panic!("the script expected a 40, but the client sent {frame:?}"),
        }
    }

    /// Waits for the client to join this project and confirms the join. If `log` is given, the reply states that the
    /// server can replay events.
    ///
    /// # Panics
    /// Panics if the client's next frame is anything else, or if no frame arrives.
    pub async fn accept_join(&mut self, project: &str, log: Option<EventLog>) {
        let ack = self.expect_room_request("join_project", project).await;
        match log {
            Some(EventLog { log, head }) => self
                .emit("joined_project", &json!({"project_id": project, "replay": true, "event_id": head, "log": log})),
            None => self.emit("joined_project", &json!({"project_id": project})),
        }
        self.acknowledge_if_requested(ack);
    }

    /// Waits for the client to join this project and refuses the join with an `error` event.
    ///
    /// # Panics
    /// Panics if the client's next frame is anything else, or if no frame arrives.
    pub async fn refuse_join(&mut self, project: &str, message: &str) {
        let ack = self.expect_room_request("join_project", project).await;
        self.emit("error", &json!({"message": message}));
        self.acknowledge_if_requested(ack);
    }

    /// Waits for the client to leave this project and confirms the leave.
    ///
    /// # Panics
    /// Panics if the client's next frame is anything else, or if no frame arrives.
    pub async fn accept_leave(&mut self, project: &str) {
        let ack = self.expect_room_request("leave_project", project).await;
        self.emit("left_project", &json!({"project_id": project}));
        self.acknowledge_if_requested(ack);
    }

    /// Waits for the client to request the events after `after`, and replies with `events`.
    ///
    /// Each event is a pair of its name and its data. `oldest` is the id of the oldest event that the log still
    /// contains.
    ///
    /// # Panics
    /// Panics if the client's next frame is anything else, or if no frame arrives.
    pub async fn accept_replay(
        &mut self,
        project: &str,
        after: u64,
        log: EventLog,
        oldest: u64,
        events: &[(&str, Value)],
    ) {
        let request = self.expect_event("replay_events").await;
        assert_eq!(request.data["project_id"], project, "the client requested the events of another project");
        assert_eq!(request.data["after"], after, "the client requested events after another position");
        let events: Vec<_> = events.iter().map(|(name, data)| json!({"event": name, "data": data})).collect();
        let page = json!({"events": events, "head": log.head, "oldest": oldest, "log": log.log});
        self.acknowledge(request.ack.unwrap_or_default(), &page);
    }

    /// Waits for a request to join or leave this project. Returns the id of the acknowledgement that the client
    /// expects, if any.
    async fn expect_room_request(&mut self, name: &str, project: &str) -> Option<u64> {
        let request = self.expect_event(name).await;
        assert_eq!(request.data, json!({"project_id": project}), "the data of the client's {name} is unexpected");
        request.ack
    }

    /// Sends an acknowledgement without arguments if the client requested one, as deployed servers do after they have
    /// emitted the reply.
    fn acknowledge_if_requested(&self, id: Option<u64>) {
        if let Some(id) = id {
            self.send(format!("43{id}[]"));
        }
    }
}
