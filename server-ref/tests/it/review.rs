//! A person's review replaces the decision of the rules, and causes an event like any other decision.

use automoderate_server::{Role, Scope};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Socket, demo_project_id, demo_server_builder, moderate};
use crate::web::Caller;

#[tokio::test]
async fn a_review_leaves_the_queue_and_sends_an_event() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let reviewer = Caller::add_signed_in_user(&server, "reviewer@example.org", &id, Some(Role::Member)).await;
    let content = json!({"content": "you idiot", "metadata": {"source": "forum"}});
    let submitted = moderate(&server, content).await;
    moderate(&server, json!({"content": "fine"})).await;
    let queue = format!("/api/content?status=flagged&project_id={id}");
    let waiting = reviewer.get(&server, &queue).await;
    assert_eq!(waiting["content"].as_array().unwrap().len(), 1);
    assert_eq!(waiting["content"][0]["id"], submitted["content_id"]);

    let mut socket = Socket::connect(&server).await;
    let head = socket.join(&id).await["event_id"].as_i64().unwrap();
    let path = format!("/api/content/{}/review", submitted["content_id"].as_str().unwrap());
    let path = format!("{path}?project_id={id}");
    let body = json!({"decision": "rejected", "reason": "An insult"});
    let content = reviewer.post(&server, &path, body).await["content"].clone();
    assert_eq!(content["status"], "rejected");
    let result = &content["moderation_results"][1];
    assert_eq!((&result["decision"], &result["reason"]), (&json!("rejected"), &json!("An insult")));
    assert_eq!(result["moderator_name"], "reviewer@example.org");

    let update = socket.next_event("moderation_update").await;
    let expected = json!({
        "content_id": submitted["content_id"], "project_id": id, "status": "rejected", "content_type": "text",
        "content_preview": "you idiot", "meta_data": {"source": "forum"}, "results_count": 2, "processing_time": 0.0,
        "moderator_type": "manual", "moderator_name": "reviewer@example.org", "rule_name": null,
        "timestamp": content["updated_at"], "previous_status": "flagged", "event_id": head + 1,
    });
    assert_eq!(update, expected);
    let statistics = loop {
        let update = socket.next_event("stats_update").await;
        if update["rejected"] == 1 {
            break update;
        }
    };
    assert_eq!((&statistics["flagged"], &statistics["total_content"]), (&json!(0), &json!(2)));
    let recent = statistics["recent_activity"].as_array().unwrap();
    let reviewed = recent.iter().find(|entry| entry["content_id"] == submitted["content_id"]).unwrap();
    assert_eq!(reviewed["decision"], "rejected");
    assert_eq!(reviewer.get(&server, &queue).await["pagination"]["total"], 0);
    server.shutdown().await;
}

#[tokio::test]
async fn a_program_reviews_under_the_name_of_its_key() {
    let server = demo_server_builder().start().await.unwrap();
    let key = Caller::with_new_key(&server, &demo_project_id(&server), &[Scope::Review]).await;
    let submitted = moderate(&server, json!({"content": "x"})).await;
    let path = format!("/api/content/{}/review", submitted["content_id"].as_str().unwrap());
    let content = key.post(&server, &path, json!({"decision": "flag"})).await["content"].clone();
    assert_eq!(content["status"], "flagged");
    assert_eq!(content["moderation_results"][1]["moderator_name"], "Program");

    for body in [json!({}), json!({"decision": "burn"}), json!({"decision": "flag", "reason": "x".repeat(1001)})] {
        key.expect_failure(&server, (Method::POST, &path, body), (422, "unprocessable")).await;
    }
    let none = (Method::POST, "/api/content/none/review", json!({"decision": "flag"}));
    key.expect_failure(&server, none, (404, "not_found")).await;
    key.expect_failure(&server, (Method::POST, &path, Value::Null), (400, "invalid_argument")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_bulk_review_decides_each_item_and_sends_an_event_for_each() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let key = Caller::with_new_key(&server, &id, &[Scope::Review]).await;
    let mut ids = Vec::new();
    for number in 0..500 {
        ids.push(moderate(&server, json!({"content": format!("you idiot {number}")})).await["content_id"].clone());
    }
    let mut socket = Socket::connect(&server).await;
    let head = socket.join(&id).await["event_id"].as_i64().unwrap();
    let mut chosen = ids.clone();
    chosen[7] = json!("none");
    let body = json!({"content_ids": chosen, "decision": "approve", "reason": " Not an insult "});
    let results = key.post(&server, "/api/content/review", body).await["results"].clone();
    for (number, (result, id)) in results.as_array().unwrap().iter().zip(&chosen).enumerate() {
        if number == 7 {
            assert_eq!((&result["success"], &result["code"]), (&json!(false), &json!("not_found")));
            continue;
        }
        assert_eq!((&result["content_id"], &result["status"]), (id, &json!("approved")));
    }
    let mut reviewed = Vec::new();
    for number in 1..500 {
        let event = socket.next_event("moderation_update").await;
        assert_eq!((&event["status"], event["event_id"].as_i64()), (&json!("approved"), Some(head + number)));
        reviewed.push(event["content_id"].clone());
    }
    let missing = ids.iter().enumerate().filter(|(_, id)| !reviewed.contains(id)).map(|(number, _)| number);
    assert_eq!(missing.collect::<Vec<_>>(), [7]);
    server.shutdown().await;
}

#[tokio::test]
async fn an_invalid_bulk_review_changes_nothing() {
    let server = demo_server_builder().start().await.unwrap();
    let key = Caller::with_new_key(&server, &demo_project_id(&server), &[Scope::Review]).await;
    let id = moderate(&server, json!({"content": "you idiot"})).await["content_id"].clone();
    let too_many: Vec<_> = (0..501).map(|number| number.to_string()).collect();
    for (body, expected) in [
        (json!({"decision": "approve"}), (422, "unprocessable")),
        (json!({"content_ids": [id], "decision": "burn"}), (422, "unprocessable")),
        (json!({"content_ids": [id], "decision": "approve", "reason": "x".repeat(1001)}), (422, "unprocessable")),
        (json!({"content_ids": [], "decision": "approve"}), (400, "invalid_argument")),
        (json!({"content_ids": [id, id], "decision": "approve"}), (400, "invalid_argument")),
        (json!({"content_ids": too_many, "decision": "approve"}), (400, "invalid_argument")),
    ] {
        key.expect_failure(&server, (Method::POST, "/api/content/review", body), expected).await;
    }
    // No item has an id that PostgreSQL cannot store.
    let body = json!({"content_ids": ["\0"], "decision": "approve"});
    let result = key.post(&server, "/api/content/review", body).await["results"][0].clone();
    assert_eq!(result["success"], false);
    let path = format!("/api/content/{}", id.as_str().unwrap());
    let reader = Caller::with_new_key(&server, &demo_project_id(&server), &[Scope::Read]).await;
    assert_eq!(reader.get(&server, &path).await["content"]["status"], "flagged");
    server.shutdown().await;
}

#[tokio::test]
async fn signed_in_users_need_not_name_the_project_of_an_item() {
    let server = demo_server_builder().start().await.unwrap();
    let first = demo_project_id(&server);
    let reviewer = Caller::add_signed_in_user(&server, "reviewer@example.org", &first, Some(Role::Member)).await;
    let stranger = Caller::add_signed_in_user(&server, "stranger@example.org", &first, None).await;
    let submitted = moderate(&server, json!({"content": "you idiot"})).await;
    let path = format!("/api/content/{}", submitted["content_id"].as_str().unwrap());
    let body = json!({"decision": "approve"});

    // Without a project id, a call refers to the user's only project.
    assert_eq!(reviewer.get(&server, "/api/stats").await["stats"]["total_content"], 1);
    assert_eq!(reviewer.get(&server, "/api/content").await["pagination"]["total"], 1);
    let second = server.create_project("Second").await.unwrap();
    server.add_member(&second, "reviewer@example.org").await.unwrap();
    assert_eq!(reviewer.call(&server, Method::GET, "/api/stats", Value::Null).await.0, 400);

    assert_eq!(reviewer.get(&server, &path).await["content"]["project_id"], *first);
    let reviewed = reviewer.post(&server, &format!("{path}/review"), body.clone()).await;
    assert_eq!(reviewed["content"]["status"], "approved");
    for (method, path) in [(Method::GET, path.clone()), (Method::POST, format!("{path}/review"))] {
        let refused = stranger.call(&server, method, &path, body.clone()).await;
        assert_eq!(refused.0, 404, "strangers must not learn that the item exists");
    }
    server.shutdown().await;
}
