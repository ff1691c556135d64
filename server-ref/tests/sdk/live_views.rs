//! A live view equals the server's state at every position at which it is compared.

use automoderate::{Client, LiveView, Snapshot};
use automoderate_server::{RunningServer, Scope};
use reqwest::Method;
use serde_json::{Value, json};

use crate::fixtures::{client_builder, demo_api_key, demo_project_id, start_demo_server, within_timeout};
use crate::relay::Relay;

/// Default number of comparisons, with one to four random changes before each. `LIVE_VIEW_COMPARISONS` overrides it.
const DEFAULT_COMPARISONS: u64 = 200;
/// Number of flagged items before the first comparison, more than a snapshot lists.
const INITIAL_QUEUE_LENGTH: usize = 150;

/// A pseudorandom number generator (xorshift), whose numbers are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

/// A program that changes a project.
struct Writer {
    http: reqwest::Client,
    base_url: String,
    key: String,
    project: String,
    items: Vec<Value>,
    rules: Vec<String>,
}

impl Writer {
    async fn new(server: &RunningServer) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let project = demo_project_id(server);
        let scopes = [Scope::Read, Scope::Submit, Scope::Review, Scope::Rules];
        let key = server.create_api_key_with(&project, "writer", &scopes).await.unwrap();
        let (http, base_url) = (reqwest::Client::new(), server.base_url());
        Self { http, base_url, key, project, items: Vec::new(), rules: Vec::new() }
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.base_url)).header("x-api-key", &self.key);
        request.json(&body).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    async fn submit(&mut self, text: &str) {
        let answer = self.send(Method::POST, "/api/moderate", json!({"content": text})).await;
        self.items.push(answer["content_id"].clone());
    }

    async fn make_random_change(&mut self, dice: &mut Dice) {
        let decision = ["approve", "reject", "flag"][dice.below(3)];
        match dice.below(12) {
            0..=3 => self.submit("you idiot").await,
            4 | 5 => self.submit("a kind remark").await,
            6..=8 if !self.items.is_empty() => {
                let id = self.items[dice.below(self.items.len())].as_str().unwrap();
                self.send(Method::POST, &format!("/api/content/{id}/review"), json!({"decision": decision})).await;
            }
            9 if !self.items.is_empty() => {
                let newest = self.items.len().saturating_sub(1 + dice.below(100));
                let body = json!({"content_ids": self.items[newest..], "decision": decision});
                self.send(Method::POST, "/api/content/review", body).await;
            }
            10 if self.rules.len() < 5 => {
                let rule = json!({"name": "A rule", "type": "keyword", "data": {"keywords": ["x"]}, "action": "flag",
                    "priority": dice.below(3)});
                let made = self.send(Method::POST, &format!("/api/projects/{}/rules", self.project), rule).await;
                self.rules.push(made["rule"]["id"].as_str().unwrap().to_owned());
            }
            10 => {
                let id = &self.rules[dice.below(self.rules.len())];
                let change = json!({"priority": dice.below(3), "is_active": dice.below(2) == 0});
                self.send(Method::PATCH, &format!("/api/projects/{}/rules/{id}", self.project), change).await;
            }
            _ if !self.rules.is_empty() => {
                let id = self.rules.swap_remove(dice.below(self.rules.len()));
                self.send(Method::DELETE, &format!("/api/projects/{}/rules/{id}", self.project), Value::Null).await;
            }
            _ => {}
        }
    }
}

/// Reads events until the view has reached the snapshot's position, and compares the two.
async fn compare(view: &mut LiveView, expected: &Snapshot) {
    while view.state().cursor.event_id() < expected.cursor.event_id() {
        within_timeout("an event", view.next()).await.unwrap().unwrap();
    }
    let state = view.state();
    assert_eq!(state.cursor, expected.cursor);
    let counts = [&state.counts.total_content, &state.counts.approved, &state.counts.rejected, &state.counts.flagged];
    let stats =
        [&expected.stats.total_content, &expected.stats.approved, &expected.stats.rejected, &expected.stats.flagged];
    assert_eq!(counts, stats);
    assert_eq!(state.rules, expected.rules);
    let queue: Vec<_> = state.review_queue.iter().map(|item| &item.decision.content_id).collect();
    let items: Vec<_> = expected.review.items.iter().map(|item| &item.id).collect();
    assert!(queue.len() >= items.len().min(50), "{} of {}", queue.len(), items.len());
    assert_eq!(queue[..], items[..queue.len()]);
}

async fn open_view(client: &Client, server: &RunningServer) -> LiveView {
    client.join(demo_project_id(server)).await.unwrap().live_view().await.unwrap()
}

#[tokio::test]
async fn view_equals_the_servers_state_after_random_changes_and_interruptions() {
    let server = start_demo_server().await;
    let relay = Relay::start(server.address()).await;
    let follower = client_builder(relay.url()).api_key(demo_api_key(&server)).connect().await.unwrap();
    let reader = client_builder(server.base_url()).api_key(demo_api_key(&server)).connect().await.unwrap();
    let project = reader.join(demo_project_id(&server)).await.unwrap();
    let mut view = open_view(&follower, &server).await;
    let (mut writer, mut dice) = (Writer::new(&server).await, Dice(7));
    for _ in 0..INITIAL_QUEUE_LENGTH {
        writer.submit("you idiot").await;
    }
    let comparisons = std::env::var("LIVE_VIEW_COMPARISONS").map_or(DEFAULT_COMPARISONS, |text| text.parse().unwrap());
    for _ in 0..comparisons {
        let is_cut = dice.below(50) == 0;
        if is_cut {
            relay.cut();
        }
        for _ in 0..=dice.below(4) {
            writer.make_random_change(&mut dice).await;
        }
        if is_cut {
            relay.restore();
        }
        compare(&mut view, &project.snapshot().await.unwrap()).await;
    }
    assert!(follower.metrics().replayed > 0, "the cuts must have caused a replay");
    server.shutdown().await;
}

#[tokio::test]
async fn view_skips_events_before_its_snapshot_and_yields_those_after_it() {
    let server = start_demo_server().await;
    let client = client_builder(server.base_url()).api_key(demo_api_key(&server)).connect().await.unwrap();
    let project = client.join(demo_project_id(&server)).await.unwrap();
    let mut writer = Writer::new(&server).await;
    writer.submit("you idiot").await;
    let mut view = project.live_view().await.unwrap();
    assert_eq!((view.state().counts.flagged, view.state().review_queue.len()), (1, 1));
    writer.submit("a kind remark").await;
    let event = loop {
        let event = within_timeout("an event", view.next()).await.unwrap().unwrap();
        if event.meta().event_id.is_some() {
            break event;
        }
    };
    let automoderate::Event::ModerationUpdate(update) = event else { panic!("{event:?}") };
    assert_eq!(update.content_id, writer.items[1]);
    assert_eq!(view.state().counts.approved, 1);
    client.close().await;
    while let Some(event) = view.next().await {
        event.unwrap();
    }
    server.shutdown().await;
}
