//! A request that is repeated with the same `Idempotency-Key` takes effect once, and every repetition receives the first answer.

use automoderate_server::{Role, RunningServer, Scope};
use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};

use crate::program::ServerProgram;
use crate::support::{Socket, demo_api_key, demo_project_id, demo_server_builder, http_client};
use crate::web::Caller;

/// The status of a response, whether `Idempotent-Replayed` is `true`, and the body.
type Answer = (StatusCode, bool, Value);

async fn post(base_url: &str, path: &str, api_key: &str, idempotency_key: &str, body: &Value) -> Answer {
    let request = http_client().post(format!("{base_url}{path}")).header("x-api-key", api_key);
    send(request.header("idempotency-key", idempotency_key).json(body)).await
}

async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let is_replayed = response.headers().get("idempotent-replayed").is_some_and(|value| value == "true");
    (response.status(), is_replayed, response.json().await.unwrap())
}

async fn submit(server: &RunningServer, idempotency_key: &str, body: &Value) -> Answer {
    post(&server.base_url(), "/api/moderate", &demo_api_key(server), idempotency_key, body).await
}

async fn stored_item_count(server: &RunningServer) -> Value {
    let request =
        http_client().get(format!("{}/api/content", server.base_url())).header("x-api-key", demo_api_key(server));
    send(request).await.2["pagination"]["total"].clone()
}

#[tokio::test]
async fn a_repeated_submission_is_stored_once() {
    let server = demo_server_builder().start().await.unwrap();
    let mut socket = Socket::connect(&server).await;
    let head = socket.join(&demo_project_id(&server)).await["event_id"].as_i64().unwrap();
    let body = json!({"content": "you idiot"});
    let (status, is_replayed, first) = submit(&server, "a", &body).await;
    assert_eq!((status, is_replayed), (StatusCode::OK, false));
    assert_eq!(submit(&server, "a", &body).await, (StatusCode::OK, true, first.clone()));

    let other = submit(&server, "b", &body).await;
    assert!(!other.1 && other.2["content_id"] != first["content_id"]);
    assert_eq!(stored_item_count(&server).await, 2);
    let ids = [socket.next_event("moderation_update").await, socket.next_event("moderation_update").await];
    assert_eq!(ids.map(|event| event["event_id"].as_i64().unwrap()), [head + 1, head + 2]);
    server.shutdown().await;
}

#[tokio::test]
async fn a_key_is_bound_to_its_first_request() {
    let server = demo_server_builder().start().await.unwrap();
    let (_, _, first) = submit(&server, "a", &json!({"content": "x"})).await;
    let (status, is_replayed, error) = submit(&server, "a", &json!({"content": "y"})).await;
    assert_eq!((status, is_replayed), (StatusCode::UNPROCESSABLE_ENTITY, false));
    assert_eq!(error["code"], "idempotency_mismatch");

    let id = demo_project_id(&server);
    let reviewer = server.create_api_key_with(&id, "Program", &[Scope::Submit, Scope::Review]).await.unwrap();
    let path = format!("/api/content/{}/review", first["content_id"].as_str().unwrap());
    let review = post(&server.base_url(), &path, &reviewer, "a", &json!({"content": "x"})).await;
    assert_eq!(review.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(stored_item_count(&server).await, 1);

    for key in ["", " ", "a b", &"x".repeat(256)] {
        let (status, _, error) = submit(&server, key, &json!({"content": "x"})).await;
        assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_argument")), "{key:?}");
    }
    assert_eq!(submit(&server, &"x".repeat(255), &json!({"content": "x"})).await.0, StatusCode::OK);
    server.shutdown().await;
}

#[tokio::test]
async fn projects_do_not_share_keys() {
    let server = demo_server_builder().start().await.unwrap();
    let other = server.create_project("Another").await.unwrap();
    let other_key = server.create_api_key_with(&other, "Program", &[Scope::Submit]).await.unwrap();
    let body = json!({"content": "x"});
    submit(&server, "a", &body).await;
    let (status, is_replayed, _) = post(&server.base_url(), "/api/moderate", &other_key, "a", &body).await;
    assert_eq!((status, is_replayed), (StatusCode::OK, false));
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_repeats_wait_for_the_first_request() {
    let server = demo_server_builder().start().await.unwrap();
    let body = json!({"content": "x"});
    let answers = join_all((0..20).map(|_| submit(&server, "a", &body))).await;
    assert_eq!(answers.iter().filter(|(_, is_replayed, _)| !is_replayed).count(), 1);
    assert!(answers.iter().all(|(status, _, answer)| *status == StatusCode::OK && *answer == answers[0].2));
    assert_eq!(stored_item_count(&server).await, 1);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_survive_a_killed_server() {
    let folder = tempfile::tempdir().unwrap();
    let first = ServerProgram::start(folder.path(), &["--demo"]).await;
    let (api_key, body) = (first.api_key(), json!({"content": "x"}));
    let before = post(&first.base_url(), "/api/moderate", &api_key, "a", &body).await;
    first.signal("KILL");
    first.exit_code().await;
    let second = ServerProgram::start(folder.path(), &["--demo"]).await;
    let (_, is_replayed, after) = post(&second.base_url(), "/api/moderate", &api_key, "a", &body).await;
    assert_eq!((is_replayed, after), (true, before.2));
    second.signal("TERM");
    assert_eq!(second.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_repeated_review_takes_effect_once_and_gets_the_first_answer() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let reviewer = server.create_api_key_with(&id, "Program", &[Scope::Review, Scope::Read]).await.unwrap();
    let (_, _, submitted) = submit(&server, "a", &json!({"content": "x"})).await;
    let path = format!("/api/content/{}/review", submitted["content_id"].as_str().unwrap());
    let review =
        async |key, decision| post(&server.base_url(), &path, &reviewer, key, &json!({"decision": decision})).await;
    let first = review("r1", "reject").await;
    assert_eq!((first.0, first.1, &first.2["content"]["status"]), (StatusCode::OK, false, &json!("rejected")));
    assert_eq!(review("r2", "approve").await.2["content"]["status"], "approved");
    assert_eq!(review("r1", "reject").await, (StatusCode::OK, true, first.2));
    let path = format!("/api/content/{}", submitted["content_id"].as_str().unwrap());
    let now = Caller::Key(reviewer.clone()).get(&server, &path).await;
    assert_eq!(now["content"]["status"], "approved");
    assert_eq!(now["content"]["moderation_results"].as_array().unwrap().len(), 3);
    server.shutdown().await;
}

#[tokio::test]
async fn a_repeated_notification_is_published_once() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let owner = Caller::add_signed_in_user(&server, "owner@example.org", &id, Some(Role::Owner)).await;
    let admin = Caller::demo_user(&server).await;
    let mut socket = Socket::connect(&server).await;
    let head = socket.join(&id).await["event_id"].as_i64().unwrap();
    let own = json!({"type": "info", "message": "own", "project_id": id, "persistent": true});
    let all = json!({"type": "info", "message": "all", "persistent": true});
    for (caller, body) in [(&owner, &own), (&admin, &all)] {
        let request = async || {
            let url = format!("{}/api/notifications", server.base_url());
            send(caller.add_credentials(http_client().post(url)).header("idempotency-key", "n").json(body)).await
        };
        let first = request().await;
        assert_eq!((first.0, first.1), (StatusCode::CREATED, false), "{:?}", first.2);
        assert_eq!(request().await, (StatusCode::CREATED, true, first.2));
    }
    let ids = [socket.next_event("system_notification").await, socket.next_event("system_notification").await];
    assert_eq!(ids.map(|event| event["event_id"].as_i64().unwrap()), [head + 1, head + 2]);
    let listed = owner.get(&server, &format!("/api/notifications?project_id={id}")).await;
    assert_eq!(listed["notifications"].as_array().unwrap().len(), 2);
    server.shutdown().await;
}

#[tokio::test]
async fn a_repeated_notification_is_answered_when_no_more_are_accepted() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let owner = Caller::add_signed_in_user(&server, "owner@example.org", &id, Some(Role::Owner)).await;
    let url = format!("{}/api/notifications", server.base_url());
    let body = json!({"type": "info", "message": "x", "project_id": id, "persistent": true});
    let mut statuses = Vec::new();
    for key in (0..101).chain([99]) {
        let request = owner.add_credentials(http_client().post(&url)).header("idempotency-key", key.to_string());
        statuses.push(send(request.json(&body)).await.0);
    }
    assert!(statuses[..100].iter().all(|status| *status == StatusCode::CREATED));
    assert_eq!(statuses[100..], [StatusCode::CONFLICT, StatusCode::CREATED]);
    server.shutdown().await;
}

#[tokio::test]
async fn a_repeated_batch_is_stored_once_and_answered_in_order() {
    let server = demo_server_builder().start().await.unwrap();
    let items = json!({"items": [{"content": "fine"}, {"content": ""}, {"content": "you idiot"}, 7]});
    let batch = async |key, body: &Value| {
        post(&server.base_url(), "/api/moderate/batch", &demo_api_key(&server), key, body).await
    };
    let first = batch("b", &items).await;
    assert_eq!((first.0, first.1), (StatusCode::OK, false), "{:?}", first.2);
    let results = first.2["results"].as_array().unwrap();
    let column = |field| results.iter().map(|result| result[field].clone()).collect::<Vec<_>>();
    assert_eq!(column("status"), [json!("approved"), Value::Null, json!("flagged"), Value::Null]);
    assert_eq!(column("code"), [Value::Null, json!("invalid_argument"), Value::Null, json!("invalid_argument")]);
    assert_eq!(batch("b", &items).await, (StatusCode::OK, true, first.2.clone()));
    assert_eq!(stored_item_count(&server).await, 2);

    let (status, _, error) = batch("b", &json!({"items": [{"content": "other"}]})).await;
    assert_eq!((status, &error["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("idempotency_mismatch")));
    let many: Vec<Value> = (0..101).map(|n| json!({"content": n.to_string()})).collect();
    for body in [json!({}), json!({"items": []}), json!({"items": many})] {
        assert!(batch("c", &body).await.0.is_client_error(), "{body}");
    }
    assert_eq!(batch("d", &json!({"items": many[..50]})).await.0, StatusCode::OK);
    assert_eq!(stored_item_count(&server).await, 52);
    // A request that repeats the key with more or fewer items is refused, and none of its items are stored.
    for (count, expected) in [(100, StatusCode::UNPROCESSABLE_ENTITY), (49, StatusCode::UNPROCESSABLE_ENTITY)] {
        assert_eq!(batch("d", &json!({"items": many[..count]})).await.0, expected);
        assert_eq!(stored_item_count(&server).await, 52);
    }
    assert_eq!(batch("e", &json!({"items": many[..100]})).await.0, StatusCode::OK);
    assert_eq!(stored_item_count(&server).await, 152);
    server.shutdown().await;
}

#[tokio::test]
async fn a_batch_and_a_single_submission_cannot_share_a_key() {
    let server = demo_server_builder().start().await.unwrap();
    let (one, batch) = (json!({"content": "x"}), json!({"items": [{"content": "x"}]}));
    let (api_key, url) = (demo_api_key(&server), server.base_url());
    let submit_batch = async |key| post(&url, "/api/moderate/batch", &api_key, key, &batch).await.0;
    assert_eq!(submit_batch("a").await, StatusCode::OK);
    assert_eq!(submit(&server, "a", &one).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(submit(&server, "b", &one).await.0, StatusCode::OK);
    assert_eq!(submit_batch("b").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(stored_item_count(&server).await, 2);
    server.shutdown().await;
}

#[tokio::test]
async fn a_repeated_bulk_review_takes_effect_once() {
    let server = demo_server_builder().start().await.unwrap();
    let key = Caller::with_new_key(&server, &demo_project_id(&server), &[Scope::Review]).await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let submitted = submit(&server, &n.to_string(), &json!({"content": "x"})).await;
        ids.push(submitted.2["content_id"].clone());
    }
    let review = async |idempotency_key, body: &Value| {
        let request = key.add_credentials(http_client().post(format!("{}/api/content/review", server.base_url())));
        send(request.header("idempotency-key", idempotency_key).json(body)).await
    };
    let rejection = json!({"content_ids": [ids[0], "none", ids[1]], "decision": "reject"});
    let (status, is_replayed, first) = review("a", &rejection).await;
    assert_eq!((status, is_replayed), (StatusCode::OK, false), "{first}");
    let approval = json!({"content_ids": ids, "decision": "approve"});
    assert_eq!(review("b", &approval).await.0, StatusCode::OK);
    assert_eq!(review("a", &rejection).await, (StatusCode::OK, true, first));
    assert_eq!(review("a", &approval).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    for id in &ids {
        let path = format!("{}/api/content/{}", server.base_url(), id.as_str().unwrap());
        let stored = send(http_client().get(path).header("x-api-key", demo_api_key(&server))).await.2;
        assert_eq!(stored["content"]["status"], "approved");
    }
    server.shutdown().await;
}
