//! A socket that receives events throughout a test.

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::stored_data::Access;

pub(crate) struct EventListener(JoinHandle<Vec<Value>>);

impl EventListener {
    /// Joins the project, and collects the `moderation_update`s of this many items.
    pub(crate) async fn start(access: &Access, item_count: usize) -> Self {
        let mut socket = access.connect_socket().await;
        socket.join(&access.project_id).await;
        Self(tokio::spawn(async move {
            let mut events = Vec::new();
            while events.len() < item_count {
                events.push(socket.next_event("moderation_update").await);
            }
            events
        }))
    }

    /// Asserts that the socket received every decision in the log, each once and in the order of the log.
    pub(crate) async fn expect_whole_log(self, access: &Access) {
        self.expect_end_of_log(access, usize::MAX).await;
    }

    /// Asserts that the socket received the newest `last` decisions in the log, each once and in the order of the log.
    pub(crate) async fn expect_end_of_log(self, access: &Access, last: usize) {
        let published = self.0.await.unwrap();
        let log = access.read_log().await.into_iter().filter(|(name, _)| name == "moderation_update");
        let mut logged: Vec<Value> = log.map(|(_, data)| data).collect();
        let logged = logged.split_off(logged.len().saturating_sub(last));
        let ids = |events: &[Value]| events.iter().map(|event| event["event_id"].as_i64().unwrap()).collect::<Vec<_>>();
        assert_eq!(ids(&published), ids(&logged));
        assert_eq!(published, logged);
    }
}
