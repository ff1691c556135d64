//! A socket that listens throughout the test.

use serde_json::Value;
use tokio::task::JoinHandle;

use crate::books::Access;

pub(crate) struct Listener(JoinHandle<Vec<Value>>);

impl Listener {
    /// Joins the project, and receives this many items' `moderation_update`s.
    pub(crate) async fn start(access: &Access, contents: usize) -> Self {
        let mut socket = access.socket().await;
        socket.join(&access.project_id).await;
        Self(tokio::spawn(async move {
            let mut events = Vec::new();
            while events.len() < contents {
                events.push(socket.event("moderation_update").await);
            }
            events
        }))
    }

    /// Asserts that each item of the log was published once, in the log's order, and no other.
    pub(crate) async fn has_heard_the_log(self, access: &Access) {
        self.has_heard(access, usize::MAX).await;
    }

    /// The same for the last items of the log.
    pub(crate) async fn has_heard(self, access: &Access, last: usize) {
        let published = self.0.await.unwrap();
        let log = access.log().await.into_iter().filter(|(name, _)| name == "moderation_update");
        let mut logged: Vec<Value> = log.map(|(_, data)| data).collect();
        let logged = logged.split_off(logged.len().saturating_sub(last));
        let ids = |events: &[Value]| events.iter().map(|event| event["event_id"].as_i64().unwrap()).collect::<Vec<_>>();
        assert_eq!(ids(&published), ids(&logged));
        assert_eq!(published, logged);
    }
}
