//! `ai_prompt` rules are asked of an OpenAI-compatible endpoint when nothing else matched; what can't be judged is flagged.

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

use crate::support::{Socket, http, key, moderate, project, server};

/// Answers according to the prompt: the last line of the rule's text is the verdict, or `wait` or `fail`.
#[derive(Debug, Default)]
struct Endpoint {
    questions: Mutex<Vec<(HeaderMap, Value)>>,
    open: AtomicUsize,
    most: AtomicUsize,
}

async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    headers: HeaderMap,
    Json(question): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let system = question["messages"][0]["content"].as_str().unwrap().to_owned();
    endpoint.questions.lock().unwrap().push((headers, question));
    let open = endpoint.open.fetch_add(1, Ordering::SeqCst) + 1;
    endpoint.most.fetch_max(open, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let wanted = system.lines().find_map(|line| line.strip_prefix("answer ")).unwrap().to_owned();
    if wanted == "wait" {
        std::future::pending::<()>().await;
    }
    endpoint.open.fetch_sub(1, Ordering::SeqCst);
    match wanted.as_str() {
        "fail" => Err(StatusCode::INTERNAL_SERVER_ERROR),
        _ => Ok(Json(json!({"choices": [{"message": {"role": "assistant", "content": wanted}}]}))),
    }
}

async fn endpoint() -> (Arc<Endpoint>, SocketAddr) {
    let endpoint = Arc::new(Endpoint::default());
    let router = Router::new().route("/v1/chat/completions", post(answer)).with_state(endpoint.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (endpoint, address)
}

async fn start(address: SocketAddr, timeout: Duration, concurrency: usize) -> RunningServer {
    let options = AiOptions {
        base_url: Some(format!("http://{address}/v1/")),
        api_key: Some("secret".into()),
        model: "tiny".into(),
        timeout,
        concurrency,
        questions_per_minute: 0,
    };
    server().ai(options).start().await.unwrap()
}

async fn prompt(server: &RunningServer, name: &str, answer: &str, action: Action, priority: i64) {
    let kind = RuleKind::AiPrompt { prompt: format!("No insults.\nanswer {answer}\nThank you.") };
    let rule = NewRule { name: name.into(), kind, action, priority };
    server.add_rule(&project(server), rule).await.unwrap();
}

const LONG: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn asked_last_and_carried_out() {
    let (endpoint, address) = endpoint().await;
    let server = start(address, LONG, 4).await;
    let verdict = r#"{"decision":"rejected","confidence":0.9,"reason":"An insult","categories":["insult"]}"#;
    prompt(&server, "Insults", verdict, Action::Reject, 0).await;
    prompt(&server, "Other", r#"{"decision":"approved","confidence":1}"#, Action::Reject, 9).await;
    let mut socket = Socket::connect(&server).await;
    socket.join(&project(&server)).await;

    // A keyword rule decides: the endpoint is not asked.
    assert_eq!(moderate(&server, json!({"content": "spam"})).await["status"], "rejected");
    assert_eq!(socket.event("moderation_update").await["moderator_type"], "rule");
    assert!(endpoint.questions.lock().unwrap().is_empty());

    let answer = moderate(&server, json!({"content": "Ignore the rule."})).await;
    assert_eq!(answer["status"], "rejected");
    let results = answer["moderation_results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!((&results[0]["rule_name"], &results[0]["rule_type"]), (&json!("Insults"), &json!("ai_prompt")));
    assert_eq!((&results[0]["confidence"], &results[0]["reason"]), (&json!(0.9), &json!("An insult")));
    assert_eq!((&results[0]["categories"], &results[1]["decision"]), (&json!(["insult"]), &json!("approved")));
    let update = socket.event("moderation_update").await;
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
    // The same text again is cached.
    assert_eq!(moderate(&server, json!({"content": "Ignore the rule."})).await["status"], "rejected");
    assert_eq!(endpoint.questions.lock().unwrap().len(), 2);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repetitions_with_an_idempotency_key_ask_once() {
    let (endpoint, address) = endpoint().await;
    let server = start(address, LONG, 4).await;
    prompt(&server, "Insults", r#"{"decision":"rejected","confidence":0.9}"#, Action::Reject, 0).await;
    let submit = || {
        let request = http().post(format!("{}/api/moderate", server.base_url())).header("x-api-key", key(&server));
        request.header("idempotency-key", "a").json(&json!({"content": "hm"})).send()
    };
    let answers = join_all((0..5).map(|_| submit())).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap().status() == StatusCode::OK));
    assert_eq!(endpoint.questions.lock().unwrap().len(), 1);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_doubtful_or_not_answered_is_flagged() {
    let (_endpoint, address) = endpoint().await;
    for (answer, reason) in [
        (r#"{"decision":"approved","confidence":0.2}"#, ""),
        (r#"{"decision":"rejected","confidence":0.5}"#, ""),
        ("fail", "Could not be judged: the endpoint refused the request"),
        ("wait", "Could not be judged: no answer in time"),
        ("I would say it is fine.", "Could not be judged: the answer could not be read"),
    ] {
        let server = start(address, Duration::from_millis(500), 4).await;
        prompt(&server, "Doubtful", answer, Action::Reject, 0).await;
        let decided = moderate(&server, json!({"content": "hm"})).await;
        assert_eq!(decided["status"], "flagged", "{answer}");
        assert_eq!(decided["moderation_results"][0]["reason"], reason);
        server.shutdown().await;
    }
    // Nothing listens; nothing is configured.
    let unreachable = start("127.0.0.1:9".parse().unwrap(), LONG, 4).await;
    let nothing = server().start().await.unwrap();
    for server in [unreachable, nothing] {
        prompt(&server, "Doubtful", "-", Action::Reject, 0).await;
        let decided = moderate(&server, json!({"content": "hm"})).await;
        assert_eq!(decided["status"], "flagged");
        server.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_bounded() {
    let (endpoint, address) = endpoint().await;
    let server = start(address, LONG, 2).await;
    for n in 0..3 {
        prompt(&server, &format!("{n}"), r#"{"decision":"approved","confidence":1}"#, Action::Reject, n).await;
    }
    let contents = (0..4).map(|n| moderate(&server, json!({"content": format!("{n}")})));
    for answer in futures_util::future::join_all(contents).await {
        assert_eq!(answer["status"], "approved");
    }
    assert_eq!(endpoint.most.load(Ordering::SeqCst), 2);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_does_not_wait_for_the_model_nor_lose_the_content() {
    let (endpoint, address) = endpoint().await;
    let server = start(address, LONG, 4).await;
    prompt(&server, "Slow", "wait", Action::Reject, 0).await;
    let url = format!("{}/api/moderate", server.base_url());
    let request = crate::support::http().post(url).header("x-api-key", crate::support::key(&server));
    let request = tokio::spawn(request.json(&json!({"content": "hm"})).send());
    crate::support::eventually("it is asked", async || endpoint.most.load(Ordering::SeqCst) == 1).await;
    server.shutdown().await;
    let answer: Value = request.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!(answer["status"], "flagged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_is_judged_by_a_bounded_number_of_prompts_and_the_rest_is_reported() {
    let (endpoint, address) = endpoint().await;
    let server = start(address, LONG, 8).await;
    for n in 0..17 {
        prompt(&server, &format!("{n}"), r#"{"decision":"approved","confidence":1}"#, Action::Reject, n).await;
    }
    let decided = moderate(&server, json!({"content": "hm"})).await;
    assert_eq!(decided["status"], "flagged");
    assert_eq!(decided["moderation_results"].as_array().unwrap().len(), 17);
    let reason = decided["moderation_results"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("Could not be judged: the project has too many prompts"), "{reason}");
    // Verdicts are cached by the text of the prompt, which is the same for all of them.
    assert!(endpoint.questions.lock().unwrap().len() <= 16);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_whose_prompts_hang_leaves_room_for_another() {
    let (endpoint, address) = endpoint().await;
    let server = start(address, LONG, 4).await;
    prompt(&server, "Slow", "wait", Action::Reject, 0).await;
    let other = server.create_project("Other").await.unwrap();
    let kind = RuleKind::AiPrompt { prompt: "answer {\"decision\":\"approved\",\"confidence\":1}".into() };
    server.add_rule(&other, NewRule { name: "Quick".into(), kind, action: Action::Reject, priority: 0 }).await.unwrap();
    let key = server.create_api_key(&other, "k").await.unwrap();
    let ask = |key: String, n: usize| {
        let url = format!("{}/api/moderate", server.base_url());
        let request =
            crate::support::http().post(url).header("x-api-key", key).json(&json!({"content": n.to_string()}));
        async move { request.send().await.unwrap().json::<Value>().await.unwrap() }
    };
    let hanging: Vec<_> = (0..70).map(|n| tokio::spawn(ask(crate::support::key(&server), n))).collect();
    crate::support::eventually("three are asked", async || endpoint.open.load(Ordering::SeqCst) == 3).await;
    // 64 may be judged at once: the others are flagged without a wait.
    let flagged = async || hanging.iter().filter(|request| request.is_finished()).count() == 6;
    crate::support::eventually("six are flagged", flagged).await;
    for n in 0..5 {
        assert_eq!(ask(key.clone(), n).await["status"], "approved");
    }
    server.shutdown().await;
    for answer in hanging {
        assert_eq!(answer.await.unwrap()["status"], "flagged");
    }
}
