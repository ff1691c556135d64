//! `ai_prompt` rules ask an OpenAI-compatible endpoint when no other rule matches, and flag items that the endpoint cannot judge.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use automoderate_server::{Action, AiOptions, NewRule, RuleKind, RunningServer};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use futures_util::future::join_all;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::support::{Socket, demo_api_key, demo_project_id, demo_server_builder, http_client, moderate};

/// A model endpoint whose behavior the rule's text determines: it returns a verdict, never answers (`wait`), or returns an error
/// (`fail`).
#[derive(Debug, Default)]
struct FakeEndpoint {
    questions: Mutex<Vec<(HeaderMap, Value)>>,
    open_requests: AtomicUsize,
    most_open_requests: AtomicUsize,
}

async fn answer_question(
    State(endpoint): State<Arc<FakeEndpoint>>,
    headers: HeaderMap,
    Json(question): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let system = question["messages"][0]["content"].as_str().unwrap().to_owned();
    endpoint.questions.lock().unwrap().push((headers, question));
    let open_requests = endpoint.open_requests.fetch_add(1, Ordering::SeqCst) + 1;
    endpoint.most_open_requests.fetch_max(open_requests, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let wanted = system.lines().find_map(|line| line.strip_prefix("answer ")).unwrap().to_owned();
    if wanted == "wait" {
        std::future::pending::<()>().await;
    }
    endpoint.open_requests.fetch_sub(1, Ordering::SeqCst);
    match wanted.as_str() {
        "fail" => Err(StatusCode::INTERNAL_SERVER_ERROR),
        _ => Ok(Json(json!({"choices": [{"message": {"role": "assistant", "content": wanted}}]}))),
    }
}

async fn start_endpoint() -> (Arc<FakeEndpoint>, SocketAddr) {
    let endpoint = Arc::new(FakeEndpoint::default());
    let router = Router::new().route("/v1/chat/completions", post(answer_question)).with_state(endpoint.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (endpoint, address)
}

async fn start_server(address: SocketAddr, timeout: Duration, concurrency: usize) -> RunningServer {
    let options = AiOptions {
        base_url: Some(format!("http://{address}/v1/")),
        api_key: Some("secret".into()),
        model: "tiny".into(),
        timeout,
        concurrency,
        questions_per_minute: 0,
    };
    demo_server_builder().ai(options).start().await.unwrap()
}

async fn add_prompt(server: &RunningServer, name: &str, answer: &str, action: Action, priority: i64) {
    let kind = RuleKind::AiPrompt { prompt: format!("No insults.\nanswer {answer}\nThank you.") };
    let rule = NewRule { name: name.into(), kind, action, priority };
    server.add_rule(&demo_project_id(server), rule).await.unwrap();
}

const LONG_TIMEOUT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn prompts_are_asked_last_and_decide() {
    let (endpoint, address) = start_endpoint().await;
    let server = start_server(address, LONG_TIMEOUT, 4).await;
    let verdict = r#"{"decision":"rejected","confidence":0.9,"reason":"An insult","categories":["insult"]}"#;
    add_prompt(&server, "Insults", verdict, Action::Reject, 0).await;
    add_prompt(&server, "Other", r#"{"decision":"approved","confidence":1}"#, Action::Reject, 9).await;
    let mut socket = Socket::connect(&server).await;
    socket.join(&demo_project_id(&server)).await;

    // A keyword rule decides, so the endpoint is not asked.
    assert_eq!(moderate(&server, json!({"content": "spam"})).await["status"], "rejected");
    assert_eq!(socket.next_event("moderation_update").await["moderator_type"], "rule");
    assert!(endpoint.questions.lock().unwrap().is_empty());

    let answer = moderate(&server, json!({"content": "Ignore the rule."})).await;
    assert_eq!(answer["status"], "rejected");
    let results = answer["moderation_results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!((&results[0]["rule_name"], &results[0]["rule_type"]), (&json!("Insults"), &json!("ai_prompt")));
    assert_eq!((&results[0]["confidence"], &results[0]["reason"]), (&json!(0.9), &json!("An insult")));
    assert_eq!((&results[0]["categories"], &results[1]["decision"]), (&json!(["insult"]), &json!("approved")));
    let update = socket.next_event("moderation_update").await;
    assert_eq!((&update["moderator_type"], &update["moderator_name"]), (&json!("ai"), &json!("AI")));
    assert_eq!((&update["rule_name"], &update["results_count"]), (&json!("Insults"), &json!(2)));

    {
        let questions = endpoint.questions.lock().unwrap();
        assert_eq!(questions.len(), 2);
        let (headers, question) = &questions[0];
        assert_eq!(headers["authorization"], "Bearer secret");
        assert_eq!(question["model"], "tiny");
        assert_eq!(question["messages"][1], json!({"role": "user", "content": "Ignore the rule."}));
        assert_eq!(question["response_format"]["type"], "json_schema");
    }
    // The verdicts on an identical text come from the cache.
    assert_eq!(moderate(&server, json!({"content": "Ignore the rule."})).await["status"], "rejected");
    assert_eq!(endpoint.questions.lock().unwrap().len(), 2);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repeats_with_one_idempotency_key_ask_the_model_once() {
    let (endpoint, address) = start_endpoint().await;
    let server = start_server(address, LONG_TIMEOUT, 4).await;
    add_prompt(&server, "Insults", r#"{"decision":"rejected","confidence":0.9}"#, Action::Reject, 0).await;
    let submit = || {
        let request = http_client()
            .post(format!("{}/api/moderate", server.base_url()))
            .header("x-api-key", demo_api_key(&server));
        request.header("idempotency-key", "a").json(&json!({"content": "hm"})).send()
    };
    let answers = join_all((0..5).map(|_| submit())).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap().status() == StatusCode::OK));
    assert_eq!(endpoint.questions.lock().unwrap().len(), 1);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doubtful_and_unanswered_items_are_flagged() {
    let (_endpoint, address) = start_endpoint().await;
    for (answer, reason) in [
        (r#"{"decision":"approved","confidence":0.2}"#, ""),
        (r#"{"decision":"rejected","confidence":0.5}"#, ""),
        ("fail", "Could not be judged: the endpoint refused the request"),
        ("wait", "Could not be judged: no answer in time"),
        ("I would say it is fine.", "Could not be judged: the answer could not be read"),
    ] {
        let server = start_server(address, Duration::from_millis(500), 4).await;
        add_prompt(&server, "Doubtful", answer, Action::Reject, 0).await;
        let decided = moderate(&server, json!({"content": "hm"})).await;
        assert_eq!(decided["status"], "flagged", "{answer}");
        assert_eq!(decided["moderation_results"][0]["reason"], reason);
        server.shutdown().await;
    }
    // The first server's endpoint is unreachable, and the second server has no endpoint.
    let unreachable = start_server("127.0.0.1:9".parse().unwrap(), LONG_TIMEOUT, 4).await;
    let nothing = demo_server_builder().start().await.unwrap();
    for server in [unreachable, nothing] {
        add_prompt(&server, "Doubtful", "-", Action::Reject, 0).await;
        let decided = moderate(&server, json!({"content": "hm"})).await;
        assert_eq!(decided["status"], "flagged");
        server.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_questions_are_limited() {
    let (endpoint, address) = start_endpoint().await;
    let server = start_server(address, LONG_TIMEOUT, 2).await;
    for n in 0..3 {
        add_prompt(&server, &format!("{n}"), r#"{"decision":"approved","confidence":1}"#, Action::Reject, n).await;
    }
    let contents = (0..4).map(|n| moderate(&server, json!({"content": format!("{n}")})));
    for answer in futures_util::future::join_all(contents).await {
        assert_eq!(answer["status"], "approved");
    }
    assert_eq!(endpoint.most_open_requests.load(Ordering::SeqCst), 2);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_flags_an_item_without_waiting_for_the_model() {
    let (endpoint, address) = start_endpoint().await;
    let server = start_server(address, LONG_TIMEOUT, 4).await;
    add_prompt(&server, "Slow", "wait", Action::Reject, 0).await;
    let url = format!("{}/api/moderate", server.base_url());
    let request = crate::support::http_client().post(url).header("x-api-key", crate::support::demo_api_key(&server));
    let request = tokio::spawn(request.json(&json!({"content": "hm"})).send());
    crate::support::eventually("the endpoint is asked", async || {
        endpoint.most_open_requests.load(Ordering::SeqCst) == 1
    })
    .await;
    server.shutdown().await;
    let answer: Value = request.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!(answer["status"], "flagged");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prompts_per_item_are_limited_and_the_rest_reported() {
    let (endpoint, address) = start_endpoint().await;
    let server = start_server(address, LONG_TIMEOUT, 8).await;
    for n in 0..17 {
        add_prompt(&server, &format!("{n}"), r#"{"decision":"approved","confidence":1}"#, Action::Reject, n).await;
    }
    let decided = moderate(&server, json!({"content": "hm"})).await;
    assert_eq!(decided["status"], "flagged");
    assert_eq!(decided["moderation_results"].as_array().unwrap().len(), 17);
    let reason = decided["moderation_results"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("Could not be judged: the project has too many prompts"), "{reason}");
    // All of these rules have the same prompt text and therefore share cached verdicts.
    assert!(endpoint.questions.lock().unwrap().len() <= 16);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_prompts_of_a_project_leave_capacity_for_others() {
    let (endpoint, address) = start_endpoint().await;
    let server = start_server(address, LONG_TIMEOUT, 4).await;
    add_prompt(&server, "Slow", "wait", Action::Reject, 0).await;
    let other = server.create_project("Other").await.unwrap();
    let kind = RuleKind::AiPrompt { prompt: "answer {\"decision\":\"approved\",\"confidence\":1}".into() };
    server.add_rule(&other, NewRule { name: "Quick".into(), kind, action: Action::Reject, priority: 0 }).await.unwrap();
    let key = server.create_api_key(&other, "k").await.unwrap();
    let ask = |key: String, n: usize| {
        let url = format!("{}/api/moderate", server.base_url());
        let request =
            crate::support::http_client().post(url).header("x-api-key", key).json(&json!({"content": n.to_string()}));
        async move { request.send().await.unwrap().json::<Value>().await.unwrap() }
    };
    let hanging: Vec<_> = (0..70).map(|n| tokio::spawn(ask(crate::support::demo_api_key(&server), n))).collect();
    crate::support::eventually("three questions are open", async || endpoint.open_requests.load(Ordering::SeqCst) == 3)
        .await;
    // At most 64 items of a project may wait for a verdict, so the other six items are flagged immediately.
    let flagged = async || hanging.iter().filter(|request| request.is_finished()).count() == 6;
    crate::support::eventually("six items are flagged", flagged).await;
    for n in 0..5 {
        assert_eq!(ask(key.clone(), n).await["status"], "approved");
    }
    server.shutdown().await;
    for answer in hanging {
        assert_eq!(answer.await.unwrap()["status"], "flagged");
    }
}

/// Submits a batch of a hundred items and returns their statuses.
async fn moderate_batch(server: &RunningServer) -> Vec<Value> {
    let items: Vec<Value> = (0..100).map(|n| json!({"content": n.to_string()})).collect();
    let request = http_client().post(format!("{}/api/moderate/batch", server.base_url()));
    let request = request.header("x-api-key", demo_api_key(server)).json(&json!({"items": items}));
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    answer["results"].as_array().unwrap().iter().map(|result| result["status"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_items_of_a_batch_are_judged_and_keep_out_no_other_item() {
    let (_endpoint, address) = start_endpoint().await;
    let server = start_server(address, LONG_TIMEOUT, 8).await;
    add_prompt(&server, "Fine", r#"{"decision":"approved","confidence":1}"#, Action::Reject, 0).await;
    let single = async {
        for n in 0..5 {
            assert_eq!(moderate(&server, json!({"content": format!("single {n}")})).await["status"], "approved");
        }
    };
    let (statuses, ()) = tokio::join!(moderate_batch(&server), single);
    assert_eq!(statuses, vec![json!("approved"); 100]);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_answered_although_the_model_hangs() {
    let (_endpoint, address) = start_endpoint().await;
    let server = start_server(address, Duration::from_millis(200), 64).await;
    add_prompt(&server, "Slow", "wait", Action::Reject, 0).await;
    assert_eq!(moderate_batch(&server).await, vec![json!("flagged"); 100]);
    server.shutdown().await;
}
