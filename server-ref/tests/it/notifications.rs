//! System notifications for one project or for all projects, and the warning about a long review queue.

use automoderate_server::{Role, Scope};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Socket, demo_project_id, demo_server_builder, moderate};
use crate::web::Caller;

const NOTIFICATIONS_PATH: &str = "/api/notifications";

#[tokio::test]
async fn a_notification_reaches_its_project() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let admin = Caller::add_signed_in_user(&server, "admin@example.org", &id, Some(Role::Admin)).await;
    let mut socket = Socket::connect(&server).await;
    let head = socket.join(&id).await["event_id"].as_i64().unwrap();
    let body = json!({"type": "info", "message": "Hello", "project_id": id});
    let made = admin.post(&server, NOTIFICATIONS_PATH, body).await["notification"].clone();
    let event = socket.next_event("system_notification").await;
    let expected = json!({
        "type": "info", "message": "Hello", "timestamp": made["created_at"], "persistent": false,
        "project_id": id, "event_id": head + 1,
    });
    assert_eq!(event, expected);
    assert_eq!(admin.get(&server, &format!("{NOTIFICATIONS_PATH}?project_id={id}")).await["notifications"], json!([]));

    for body in [
        json!({"type": "odd", "message": "x", "project_id": id}),
        json!({"type": "info", "message": " ", "project_id": id}),
        json!({"type": "info", "project_id": id}),
    ] {
        admin.expect_failure(&server, (Method::POST, NOTIFICATIONS_PATH, body), (422, "unprocessable")).await;
    }
    let to_all = (Method::POST, NOTIFICATIONS_PATH, json!({"type": "info", "message": "x"}));
    admin.expect_failure(&server, to_all, (403, "access_denied")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn persistent_notifications_are_sent_on_join_until_withdrawn() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let body = json!({"type": "warning", "message": "Slow today", "persistent": true, "project_id": id});
    let made = owner.post(&server, NOTIFICATIONS_PATH, body).await["notification"].clone();

    let mut socket = Socket::connect(&server).await;
    let head = socket.join(&id).await["event_id"].clone();
    let event = socket.next_event("system_notification").await;
    // This copy is not an event from the log, so it has no event id.
    let expected = json!({
        "type": "warning", "message": "Slow today", "timestamp": made["created_at"], "persistent": true,
        "notification_id": made["id"], "project_id": id,
    });
    assert_eq!(event, expected);
    // The log contains the notification once, with the same notification id.
    let page = socket.emit_with_ack("replay_events", json!({"project_id": id})).await;
    let logged = page["events"].as_array().unwrap().last().unwrap();
    assert_eq!(logged["data"]["notification_id"], made["id"]);
    assert_eq!(logged["data"]["event_id"], head);

    let listed =
        Caller::Key(crate::support::demo_api_key(&server)).get(&server, NOTIFICATIONS_PATH).await["notifications"]
            .clone();
    assert_eq!(listed, json!([made]));
    let one = format!("{NOTIFICATIONS_PATH}/{}", made["id"].as_str().unwrap());
    owner.delete(&server, &one).await;
    owner.expect_failure(&server, (Method::DELETE, &one, Value::Null), (404, "not_found")).await;
    let mut late = Socket::connect(&server).await;
    assert_eq!(late.emit_with_ack("join_project", json!({"project_id": id})).await["ok"], true);
    assert!(!late.take_skipped().iter().any(|packet| packet.contains("system_notification")));
    server.shutdown().await;
}

#[tokio::test]
async fn a_notification_reaches_all_projects() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, admin) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let other = server.create_project("Other").await.unwrap();
    let key = server.create_api_key(&other, "test").await.unwrap();
    let mut here = Socket::connect(&server).await;
    let mut there = Socket::connect_with_key(&server, &key).await;
    here.join(&id).await;
    there.join(&other).await;
    let body = json!({"type": "error", "message": "Maintenance", "persistent": true});
    let made = admin.post(&server, NOTIFICATIONS_PATH, body).await["notification"].clone();
    assert_eq!(made["project_id"], Value::Null);
    for (socket, id) in [(&mut here, &id), (&mut there, &other)] {
        let event = socket.next_event("system_notification").await;
        assert_eq!((&event["project_id"], &event["message"]), (&json!(id), &json!("Maintenance")));
        assert!(event["event_id"].is_i64());
    }
    // Sockets that join a project created later receive the notification as well.
    let young = server.create_project("Young").await.unwrap();
    let key = server.create_api_key(&young, "test").await.unwrap();
    let mut late = Socket::connect_with_key(&server, &key).await;
    late.join(&young).await;
    let event = late.next_event("system_notification").await;
    assert_eq!((&event["project_id"], &event["notification_id"]), (&json!(young), &made["id"]));

    let owner = Caller::add_signed_in_user(&server, "owner@example.org", &id, Some(Role::Owner)).await;
    let one = format!("{NOTIFICATIONS_PATH}/{}", made["id"].as_str().unwrap());
    owner.expect_failure(&server, (Method::DELETE, &one, Value::Null), (403, "access_denied")).await;
    admin.delete(&server, &one).await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_long_review_queue_warns_each_time_it_crosses_the_limit() {
    let server = demo_server_builder().review_queue_warning(2).start().await.unwrap();
    let id = demo_project_id(&server);
    let key = Caller::with_new_key(&server, &id, &[Scope::Read, Scope::Review]).await;
    let mut socket = Socket::connect(&server).await;
    let mut head = socket.join(&id).await["event_id"].as_i64().unwrap();
    let mut last = Value::Null;
    for _ in 0..4 {
        last = moderate(&server, json!({"content": "you idiot"})).await["content_id"].clone();
    }
    let warning = socket.next_event("system_notification").await;
    assert_eq!((&warning["type"], &warning["persistent"]), (&json!("warning"), &json!(false)));
    assert_eq!(warning["message"], "3 items are waiting for review.");
    // The only warning follows the `moderation_update` event of the third decision.
    assert_eq!(warning["event_id"], head + 4);
    head += 5;

    // The queue shrinks to the limit and crosses it again.
    for decision in ["approve", "approve", "flag"] {
        let list = key.get(&server, "/api/content?status=flagged").await["content"].clone();
        let next = if decision == "flag" { &last } else { &list[0]["id"] };
        let path = format!("/api/content/{}/review", next.as_str().unwrap());
        key.post(&server, &path, json!({"decision": decision})).await;
    }
    let warning = socket.next_event("system_notification").await;
    assert_eq!(warning["event_id"], head + 4);
    assert!(!socket.take_skipped().iter().any(|packet| packet.contains("system_notification")));
    server.shutdown().await;
}

#[tokio::test]
async fn the_sdk_delivers_persistent_and_passing_notifications() {
    use automoderate::{Client, Event};

    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let body = json!({"type": "info", "message": "Standing", "persistent": true, "project_id": id});
    owner.post(&server, NOTIFICATIONS_PATH, body).await;
    let client =
        Client::builder(server.base_url()).api_key(crate::support::demo_api_key(&server)).connect().await.unwrap();
    let project = client.join(id.as_str()).await.unwrap();
    let head = project.cursor().unwrap().event_id();
    let mut events = project.events();
    let body = json!({"type": "success", "message": "Passing", "project_id": id});
    owner.post(&server, NOTIFICATIONS_PATH, body).await;
    for (message, event_id) in [("Standing", None), ("Passing", Some(head + 1))] {
        let next = tokio::time::timeout(crate::support::TIMEOUT, events.next()).await.unwrap();
        let Some(Ok(Event::SystemNotification(event))) = next else { panic!("{next:?}") };
        assert_eq!((event.message.as_str(), event.meta.event_id), (message, event_id));
    }
    assert_eq!(project.cursor().unwrap().event_id(), head + 1);
    client.close().await;
    server.shutdown().await;
}
