//! The data that a server has stored, read through its own API: items, log, and counts must agree.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use crate::load::{AUTHOR, SubmissionTally};
use crate::support::{Socket, http_client};

/// The address of a server, and the credentials for a project on it.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) base_url: String,
    pub(crate) key: String,
    pub(crate) project_id: String,
}

impl Access {
    async fn get(&self, path: &str) -> Value {
        let response =
            http_client().get(format!("{}{path}", self.base_url)).header("x-api-key", &self.key).send().await;
        response.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    pub(crate) async fn connect_socket(&self) -> Socket {
        let mut socket =
            Socket::open(Socket::request(&self.base_url, &format!("&api_key={}", self.key)), "").await.unwrap();
        socket.expect_accepted().await;
        socket
    }

    /// Returns the texts of all items, keyed by the items' ids.
    async fn item_texts(&self) -> HashMap<String, String> {
        let (mut texts, mut cursor) = (HashMap::new(), String::new());
        loop {
            let answer = self.get(&format!("/api/content?limit=100&cursor={cursor}")).await;
            for content in answer["content"].as_array().unwrap() {
                assert_eq!(content["moderation_results"].as_array().unwrap().len(), 1, "{content}");
                let text = |name: &str| content[name].as_str().unwrap().to_owned();
                assert_eq!(texts.insert(text("id"), text("content_data")), None, "an item is listed twice");
            }
            match answer["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return texts,
            }
        }
    }

    /// Returns the names and the payloads of all events in the log.
    pub(crate) async fn read_log(&self) -> Vec<(String, Value)> {
        let mut socket = self.connect_socket().await;
        let head = socket.join(&self.project_id).await["event_id"].as_i64().unwrap();
        let mut events = Vec::new();
        loop {
            let payload = json!({"project_id": self.project_id, "after": events.len(), "limit": 500});
            let page = socket.emit_with_ack("replay_events", payload).await;
            let page = page["events"].as_array().unwrap_or_else(|| panic!("{page}"));
            for event in page {
                events.push((event["event"].as_str().unwrap().to_owned(), event["data"].clone()));
            }
            if page.is_empty() {
                break;
            }
        }
        assert!(events.iter().zip(1..).all(|((_, data), id)| data["event_id"] == id), "the event ids have a hole");
        assert_eq!(i64::try_from(events.len()), Ok(head));
        events
    }

    /// Asserts that every acknowledged item is stored, that items and logged decisions correspond one to one, and that the
    /// counts agree. Returns the number of items.
    pub(crate) async fn check_consistency(&self, tally: &SubmissionTally) -> usize {
        let item_texts = self.item_texts().await;
        let acknowledged: HashSet<&String> = tally.ids.iter().collect();
        assert_eq!(acknowledged.len(), tally.ids.len(), "an id was assigned twice");
        let lost: Vec<_> = tally.ids.iter().filter(|id| !item_texts.contains_key(*id)).collect();
        assert!(lost.is_empty(), "acknowledged items are lost: {lost:?}");

        let mut decided = HashSet::new();
        let mut submissions = 0;
        for (name, data) in self.read_log().await {
            match name.as_str() {
                "moderation_update" => {
                    let id = data["content_id"].as_str().unwrap();
                    assert!(item_texts.contains_key(id), "an event without its item: {data}");
                    assert!(decided.insert(id.to_owned()), "a duplicate in the log: {data}");
                }
                "user_activity" => {
                    submissions += 1;
                    assert_eq!(data["user_id"], AUTHOR);
                    assert_eq!(data["activity"]["total_submissions"], submissions);
                }
                _ => assert_eq!(name, "rule_update"),
            }
        }
        assert_eq!(decided.len(), item_texts.len(), "items without an event");
        let stats = self.get("/api/stats").await;
        assert_eq!(stats["stats"]["total_content"], item_texts.len());
        assert_eq!(stats["stats"]["approved"], item_texts.len());
        item_texts.len()
    }
}
