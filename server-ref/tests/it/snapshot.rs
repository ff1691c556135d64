//! A snapshot is a project's state as of one event: applying later events to the snapshot produces the later state.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Socket, demo_api_key, demo_project_id, demo_server_builder, http_client, moderate};
use crate::web::Caller;

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_plus_later_events_gives_the_later_state() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let path = format!("/api/projects/{id}/snapshot");
    let caller = Caller::Key(demo_api_key(&server));
    let empty = caller.get(&server, &path).await;
    assert_eq!((&empty["stats"]["total_content"], &empty["review"]["total"]), (&json!(0), &json!(0)));
    assert_eq!(empty["rules"].as_array().unwrap().len(), 3);

    let mut socket = Socket::connect(&server).await;
    let joined = socket.join(&id).await;
    assert_eq!((&empty["event_id"], &empty["log"]), (&joined["event_id"], &joined["log"]));
    let submissions = async {
        for n in 0..100 {
            moderate(&server, json!({"content": if n % 3 == 0 { "you idiot" } else { "fine" }})).await;
        }
    };
    let snapshots = async {
        let mut snapshots = Vec::new();
        while snapshots.last().is_none_or(|last: &Value| last["stats"]["total_content"] != 100) {
            snapshots.push(caller.get(&server, &path).await);
        }
        snapshots
    };
    let ((), snapshots) = tokio::join!(submissions, snapshots);
    let start = empty["event_id"].as_i64().unwrap();
    let mut updates: Vec<Value> = Vec::new();
    while updates.len() < 100 {
        updates.push(socket.next_event("moderation_update").await);
    }
    for snapshot in snapshots {
        let at = snapshot["event_id"].as_i64().unwrap();
        let seen = updates.iter().take_while(|update| update["event_id"].as_i64().unwrap() <= at);
        let flagged: Vec<&Value> = seen.clone().filter(|update| update["status"] == "flagged").collect();
        assert_eq!(snapshot["stats"]["total_content"].as_i64().unwrap(), at - start);
        assert_eq!(seen.count() as i64, at - start);
        assert_eq!(snapshot["review"]["total"], flagged.len());
        let listed = snapshot["review"]["items"].as_array().unwrap();
        let ids: Vec<&Value> = listed.iter().rev().map(|item| &item["id"]).collect();
        assert_eq!(ids, flagged.iter().map(|update| &update["content_id"]).collect::<Vec<_>>());
    }
    let unknown = (Method::GET, "/api/projects/00000000-0000-4000-8000-000000000000/snapshot", Value::Null);
    caller.expect_failure(&server, unknown, (404, "not_found")).await;
    let refused = http_client().get(format!("{}{path}", server.base_url())).send().await.unwrap();
    assert_eq!(refused.status(), 401);
    server.shutdown().await;
}
