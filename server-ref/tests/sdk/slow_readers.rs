//! With `Overflow::Replay`, a reader that can't keep up and has a small buffer still receives each event once and in order.

use std::time::Duration;

use automoderate::{Event, Overflow, Transports};
use serde_json::{Map, Value};

use crate::fixtures::{client_builder, demo_api_key, demo_project_id, start_demo_server, within_timeout};

const EVENT_COUNT: u64 = 2000;

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_catches_up_from_the_log() {
    let server = start_demo_server().await;
    for transports in [Transports::WebSocket, Transports::Polling] {
        let builder = client_builder(server.base_url()).api_key(demo_api_key(&server)).transports(transports);
        let client = builder.event_buffer(64).overflow(Overflow::Replay).rate_limit(None).connect().await.unwrap();
        let project = client.join(demo_project_id(&server)).await.unwrap();
        let start = project.cursor().unwrap().event_id();
        let (mut slow, mut all) = (project.events(), client.events());
        let mut payload = Map::new();
        payload.insert("user_id".into(), Value::from("somebody"));
        let published =
            (0..EVENT_COUNT).map(|_| server.publish(project.id().as_str(), "user_activity", payload.clone()));
        futures_util::future::join_all(published).await.into_iter().for_each(|result| result.unwrap());
        for events in [&mut slow, &mut all] {
            for id in start + 1..=start + EVENT_COUNT {
                let event = within_timeout("the next event", events.next()).await.unwrap().unwrap();
                assert!(matches!(event, Event::UserActivity(_)), "{event:?}");
                assert_eq!(event.event_id(), Some(id), "{transports:?}");
                if id % 100 == 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
        assert!(client.metrics().replayed >= EVENT_COUNT, "the events must have been read from the log");
        client.close().await;
    }
}
