//! Tests of what the documentation shows, in the same order.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::StockClient;
use crate::for_each_client;
use crate::support::{demo_api_key, demo_project_id, demo_server_builder, moderate, sign_in};
use crate::web::Caller;

#[tokio::test]
async fn a_client_with_a_key_receives_decisions() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    for_each_client(async |library, transports| {
        let mut client = StockClient::connect(library, transports, &server).await;
        assert_eq!(client.next_event("connected").await["message"], "Connected to AutoModerate");
        assert_eq!(client.join(&id).await["project_id"], *id);
        client.emit_without_payload("heartbeat").await;

        let body =
            json!({"content": "Free Money <b>ünï</b>", "metadata": {"user_id": "user_12345", "source": "comments"}});
        let answer = moderate(&server, body).await;
        let update = client.next_event("moderation_update").await;
        assert_eq!(update["content_id"], answer["content_id"]);
        assert_eq!(update["project_id"], *id);
        assert_eq!(update["status"], "rejected");
        assert_eq!(update["content_type"], "text");
        assert_eq!(update["content_preview"], "Free Money <b>ünï</b>");
        assert_eq!(update["meta_data"], json!({"user_id": "user_12345", "source": "comments"}));
        assert_eq!(update["results_count"], 1);
        assert!(update["processing_time"].is_f64());
        assert_eq!(update["moderator_type"], "rule");
        assert_eq!(update["moderator_name"], "Rule");
        assert_eq!(update["rule_name"], "Spam Detection");
        assert!(update["timestamp"].as_str().unwrap().ends_with('Z'));

        let statistics = client.next_event("stats_update").await;
        let count = |name: &str| statistics[name].as_i64().unwrap();
        assert!(count("rejected") > 0);
        assert!(count("approved") + count("rejected") + count("flagged") <= count("total_content"));
        let rate = |name: &str| statistics[name].as_f64().unwrap();
        assert!((rate("approval_rate") + rate("rejection_rate") + rate("flag_rate") - 100.0).abs() < 0.05);
        let recent = statistics["recent_activity"][0].as_object().unwrap();
        assert_eq!(recent.keys().collect::<Vec<_>>(), ["content_id", "decision", "timestamp"]);

        let activity = client.next_event("user_activity").await;
        assert_eq!(activity["user_id"], "user_12345");
        assert_eq!(activity["triggered_by"], answer["content_id"]);
        for name in ["total_submissions", "recent_violations", "approval_rate", "risk_score"] {
            assert!(activity["activity"][name].is_number(), "{name}");
        }
        client.disconnect().await;
    })
    .await;
    server.shutdown().await;
}

#[tokio::test]
async fn rule_updates_and_notifications_arrive() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let owner = Caller::demo_user(&server).await;
    for_each_client(async |library, transports| {
        let mut client = StockClient::connect(library, transports, &server).await;
        client.join(&id).await;

        let rules = format!("/api/projects/{id}/rules");
        let body = json!({"name": "No Games", "type": "keyword", "data": {"keywords": ["ping"]}, "action": "rejected", "priority": 7});
        let rule = owner.post(&server, &rules, body).await["rule"]["id"].as_str().unwrap().to_owned();
        let update = client.next_event("rule_update").await;
        assert_eq!(update["action"], "created");
        let expected = json!({
            "id": rule, "name": "No Games", "type": "keyword", "is_active": true, "priority": 7, "action": "reject",
        });
        assert_eq!(update["rule"], expected);
        let one = format!("{rules}/{rule}");
        owner.patch(&server, &one, json!({"is_active": false})).await;
        let update = client.next_event("rule_update").await;
        assert_eq!((&update["action"], &update["rule"]["is_active"]), (&json!("updated"), &json!(false)));
        owner.delete(&server, &one).await;
        let update = client.next_event("rule_update").await;
        assert_eq!((&update["action"], &update["rule"]["id"]), (&json!("deleted"), &json!(rule)));

        for kind in ["info", "warning", "error", "success"] {
            let body = json!({"type": kind, "message": "High volume", "project_id": id});
            owner.post(&server, "/api/notifications", body).await;
            let notification = client.next_event("system_notification").await;
            assert_eq!((&notification["type"], &notification["message"]), (&json!(kind), &json!("High volume")));
            assert_eq!(notification["persistent"], false);
            assert!(notification["timestamp"].is_string());
        }

        // A persistent notification is sent to every socket that joins later.
        let body = json!({"type": "info", "message": "Maintenance", "persistent": true, "project_id": id});
        let made = owner.post(&server, "/api/notifications", body).await["notification"]["id"].clone();
        let mut late = StockClient::connect(library, transports, &server).await;
        late.join(&id).await;
        assert_eq!(late.next_event("system_notification").await["persistent"], true);
        owner.delete(&server, &format!("/api/notifications/{}", made.as_str().unwrap())).await;
    })
    .await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_client_with_a_dashboard_session_receives_decisions() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let cookie = sign_in(&server).await;
    for_each_client(async |library, transports| {
        let mut client = StockClient::start(library);
        client.start_connecting(&server.base_url(), transports, json!({}), json!({"Cookie": cookie})).await;
        client.next_event("connect").await;
        client.join(&id).await;
        let answer = moderate(&server, json!({"content": "hello"})).await;
        assert_eq!(client.next_event("moderation_update").await["content_id"], answer["content_id"]);
    })
    .await;
    server.shutdown().await;
}

#[tokio::test]
async fn leaving_a_room_stops_its_events() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    for_each_client(async |library, transports| {
        let mut client = StockClient::connect(library, transports, &server).await;
        client.join(&id).await;
        client.emit("leave_project", json!({"project_id": id})).await;
        assert_eq!(client.next_event("left_project").await["project_id"], *id);
        moderate(&server, json!({"content": "not for you"})).await;
        client.join(&id).await;
        moderate(&server, json!({"content": "for you"})).await;
        assert_eq!(client.next_event("moderation_update").await["content_preview"], "for you");
    })
    .await;
    server.shutdown().await;
}

/// The documented handler runs once, and the client does not reconnect.
#[tokio::test]
async fn refused_connections_run_the_documented_handler() {
    let server = demo_server_builder().start().await.unwrap();
    let base = server.base_url();
    for_each_client(async |library, transports| {
        for query in [json!({"api_key": "your-api-key-here"}), json!({})] {
            let mut client = StockClient::start(library);
            client.start_connecting(&base, transports, query, json!({})).await;
            let failed = client.next_event("authentication_failed").await;
            assert_eq!(failed["code"], "authentication_failed", "{library:?}: {failed}");
            assert!(failed["message"].as_str().unwrap().starts_with("Authentication failed: "), "{failed}");
            let reason = client.next_event("disconnect").await;
            let expected = ["io server disconnect", "server disconnect"];
            assert!(expected.contains(&reason.as_str().unwrap()), "{library:?}: {reason}");
            assert!(!client.has_skipped("connected") && !client.has_skipped("authentication_failed"), "{library:?}");
        }
    })
    .await;
    server.shutdown().await;
}

#[tokio::test]
async fn errors_and_acknowledgements_are_delivered() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let other = server.create_project("Somebody else's").await.unwrap();
    for_each_client(async |library, transports| {
        let mut client = StockClient::connect(library, transports, &server).await;
        assert_eq!(client.emit_with_ack("join_project", json!({"project_id": id})).await, json!({"ok": true}));
        client.next_event("joined_project").await;

        let refused = client.emit_with_ack("join_project", json!({"project_id": other})).await;
        assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("access_denied")));
        let denied = client.next_event("project_access_denied").await;
        assert!(denied["message"].is_string());
        assert_eq!((&denied["project_id"], &denied["code"]), (&json!(other), &json!("access_denied")));

        client.emit("join_project", json!({})).await;
        let error = client.next_event("error").await;
        assert_eq!((&error["message"], &error["code"]), (&json!("Project ID required"), &json!("invalid_argument")));
    })
    .await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_revoked_key_is_reported_and_disconnected() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let keys = format!("/api/projects/{id}/keys");
    for_each_client(async |library, transports| {
        let name = format!("{library:?} {transports:?}");
        let made = owner.post(&server, &keys, json!({"name": name})).await["key"].clone();
        let mut client = StockClient::start(library);
        client.start_connecting(&server.base_url(), transports, json!({"api_key": made["api_key"]}), json!({})).await;
        client.next_event("connect").await;
        client.join(&id).await;
        owner.delete(&server, &format!("{keys}/{}", made["id"].as_str().unwrap())).await;
        let failed = client.next_event("authentication_failed").await;
        assert_eq!(failed["code"], "authentication_failed");
        assert!(failed["message"].is_string());
        // The documented code compares the reason with one of these texts.
        let reason = client.next_event("disconnect").await;
        let expected = ["io server disconnect", "server disconnect"];
        assert!(expected.contains(&reason.as_str().unwrap()), "{library:?}: {reason}");
    })
    .await;
    assert_eq!(Caller::Key(demo_api_key(&server)).call(&server, Method::GET, "/api/health", Value::Null).await.0, 200);
    server.shutdown().await;
}
