//! A reader slower than the events, with `Overflow::Replay`: everything, once, in order, in a small buffer.

use std::time::Duration;

use automoderate::{Event, Overflow, Transports};
use serde_json::{Map, Value};

use crate::wires::{client, key, project, server, soon};

const EVENTS: u64 = 2000;

#[tokio::test(flavor = "multi_thread")]
async fn is_caught_up_from_the_log() {
    let server = server().await;
    for transports in [Transports::WebSocket, Transports::Polling] {
        let builder = client(server.base_url()).api_key(key(&server)).transports(transports);
        let client = builder.event_buffer(64).overflow(Overflow::Replay).rate_limit(None).connect().await.unwrap();
        let project = client.join(project(&server)).await.unwrap();
        let start = project.cursor().unwrap().event_id();
        let (mut slow, mut all) = (project.events(), client.events());
        let mut payload = Map::new();
        payload.insert("user_id".into(), Value::from("somebody"));
        let published = (0..EVENTS).map(|_| server.publish(project.id().as_str(), "user_activity", payload.clone()));
        futures_util::future::join_all(published).await.into_iter().for_each(|result| result.unwrap());
        for events in [&mut slow, &mut all] {
            for id in start + 1..=start + EVENTS {
                let event = soon("the next event", events.next()).await.unwrap().unwrap();
                assert!(matches!(event, Event::UserActivity(_)), "{event:?}");
                assert_eq!(event.event_id(), Some(id), "{transports:?}");
                if id % 100 == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
        assert!(client.metrics().replayed >= EVENTS, "they had to be caught up");
        client.close().await;
    }
}
