//! The server's final data, read through its own interface: items, log and counts must agree.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use crate::load::{AUTHOR, Tally};
use crate::support::{Socket, http};

/// The credentials for reading a project.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub(crate) base_url: String,
    pub(crate) key: String,
    pub(crate) project_id: String,
}

impl Access {
    async fn get(&self, path: &str) -> Value {
        let response = http().get(format!("{}{path}", self.base_url)).header("x-api-key", &self.key).send().await;
        response.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    pub(crate) async fn socket(&self) -> Socket {
        let mut socket =
            Socket::open(Socket::request(&self.base_url, &format!("&api_key={}", self.key)), "").await.unwrap();
        socket.accepted().await;
        socket
    }

    /// All items: their ids and texts.
    async fn contents(&self) -> HashMap<String, String> {
        let (mut contents, mut cursor) = (HashMap::new(), String::new());
        loop {
            let answer = self.get(&format!("/api/content?limit=100&cursor={cursor}")).await;
            for content in answer["content"].as_array().unwrap() {
                assert_eq!(content["moderation_results"].as_array().unwrap().len(), 1, "{content}");
                let text = |name: &str| content[name].as_str().unwrap().to_owned();
                assert_eq!(contents.insert(text("id"), text("content_data")), None, "listed twice");
            }
            match answer["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return contents,
            }
        }
    }

    /// The whole log: names and payloads.
    pub(crate) async fn log(&self) -> Vec<(String, Value)> {
        let mut socket = self.socket().await;
        let head = socket.join(&self.project_id).await["event_id"].as_i64().unwrap();
        let mut events = Vec::new();
        loop {
            let payload = json!({"project_id": self.project_id, "after": events.len(), "limit": 500});
            let page = socket.ask("replay_events", payload).await;
            let page = page["events"].as_array().unwrap_or_else(|| panic!("{page}"));
            for event in page {
                events.push((event["event"].as_str().unwrap().to_owned(), event["data"].clone()));
            }
            if page.is_empty() {
                break;
            }
        }
        assert!(events.iter().zip(1..).all(|((_, data), id)| data["event_id"] == id), "ids have a hole");
        assert_eq!(i64::try_from(events.len()), Ok(head));
        events
    }

    /// Asserts that everything acknowledged is stored, that each item has its event and each event its item, and that
    /// the counts agree. Returns the number of items.
    pub(crate) async fn balance(&self, tally: &Tally) -> usize {
        let contents = self.contents().await;
        let acknowledged: HashSet<&String> = tally.ids.iter().collect();
        assert_eq!(acknowledged.len(), tally.ids.len(), "one id was given twice");
        let lost: Vec<_> = tally.ids.iter().filter(|id| !contents.contains_key(*id)).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");

        let mut decided = HashSet::new();
        let mut submissions = 0;
        for (name, data) in self.log().await {
            match name.as_str() {
                "moderation_update" => {
                    let id = data["content_id"].as_str().unwrap();
                    assert!(contents.contains_key(id), "an event without content: {data}");
                    assert!(decided.insert(id.to_owned()), "twice in the log: {data}");
                }
                "user_activity" => {
                    submissions += 1;
                    assert_eq!(data["user_id"], AUTHOR);
                    assert_eq!(data["activity"]["total_submissions"], submissions);
                }
                _ => assert_eq!(name, "rule_update"),
            }
        }
        assert_eq!(decided.len(), contents.len(), "items without an event");
        let stats = self.get("/api/stats").await;
        assert_eq!(stats["stats"]["total_content"], contents.len());
        assert_eq!(stats["stats"]["approved"], contents.len());
        contents.len()
    }
}
