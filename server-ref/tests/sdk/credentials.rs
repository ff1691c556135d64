//! Every way to authenticate, and every way to be refused.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use automoderate::{ApiKeyVia, Credentials, CredentialsReason, ModerationUpdate, ProviderError, Transports};
use serde_json::{Value, json};

use crate::wires::{client, key, project, server, soon};

#[tokio::test]
async fn a_key_is_accepted_wherever_it_is_put() {
    let server = server().await;
    for via in [ApiKeyVia::Query, ApiKeyVia::Auth, ApiKeyVia::Header] {
        for transports in [Transports::WebSocket, Transports::Polling] {
            let builder = client(server.base_url()).api_key(key(&server)).api_key_via(via).transports(transports);
            let client = soon("connecting", builder.connect()).await.unwrap();
            soon("joining", client.join(project(&server))).await.unwrap();
            client.close().await;
        }
    }
}

#[tokio::test]
async fn a_password_opens_a_session() {
    let server = server().await;
    let demo = server.demo().unwrap();
    let builder = client(server.base_url()).password(&demo.email, demo.password.as_str());
    let client = soon("connecting", builder.connect()).await.unwrap();
    client.join(demo.project_id.as_str()).await.unwrap();
    client.close().await;
}

#[tokio::test]
async fn wrong_credentials_end_the_client_at_once() {
    let server = server().await;
    let demo = server.demo().unwrap();
    for transports in [Transports::Auto, Transports::WebSocket, Transports::Polling] {
        for builder in [
            client(server.base_url()),
            client(server.base_url()).api_key("am_wrong"),
            client(server.base_url()).api_key("am_wrong").api_key_via(ApiKeyVia::Auth),
            client(server.base_url()).session("made-up"),
            client(server.base_url()).password(&demo.email, "wrong"),
        ] {
            let client = builder.transports(transports).build().unwrap();
            let error = soon("the refusal", client.connect()).await.expect_err("these are wrong");
            assert_eq!(error.code(), "authentication_failed", "{error}");
            assert!(!error.is_retryable());
            assert!(client.metrics().attempts <= 2);
            assert!(client.state().is_closed());
        }
    }
}

#[tokio::test]
async fn a_provider_is_asked_once_more_after_a_refusal() {
    let server = server().await;
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let (asked, good) = (reasons.clone(), key(&server));
    let client = client(server.base_url())
        .credentials_provider(move |reason| {
            asked.lock().unwrap().push(reason);
            let key = if reason == CredentialsReason::Rejected { good.clone() } else { "am_stale".to_owned() };
            async move { Ok(Credentials::ApiKey(key.into())) }
        })
        .build()
        .unwrap();
    soon("connecting", client.connect()).await.unwrap();
    assert_eq!(*reasons.lock().unwrap(), [CredentialsReason::First, CredentialsReason::Rejected]);
    client.close().await;
}

#[tokio::test]
async fn a_provider_that_gives_up_ends_the_client() {
    let server = server().await;
    let builder =
        client(server.base_url()).credentials_provider(|_| async { Err(ProviderError::fatal("the vault is sealed")) });
    let error = soon("the refusal", builder.connect()).await.unwrap_err();
    assert_eq!(error.code(), "authentication_failed");
    assert!(error.to_string().contains("the vault is sealed"), "{error}");
}

#[tokio::test]
async fn a_foreign_project_is_refused() {
    let server = server().await;
    let other = server.create_project("Other").await.unwrap();
    let client = client(server.base_url()).api_key(key(&server)).connect().await.unwrap();
    assert_eq!(client.join(other.as_str()).await.unwrap_err().code(), "access_denied");
    assert_eq!(client.join("no-such-project").await.unwrap_err().kind().code(), "project_not_found");
    assert_eq!(client.join("  ").await.unwrap_err().code(), "invalid_argument");
    client.join(project(&server)).await.unwrap();
}

#[tokio::test]
async fn a_refusal_has_the_servers_message() {
    let server = server().await;
    for (builder, words) in [
        (client(server.base_url()).api_key(format!("am_{}", "x".repeat(43))), "Invalid API key"),
        (client(server.base_url()), "no API key and no valid session"),
    ] {
        let client = builder.build().unwrap();
        let error = soon("the refusal", client.connect()).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(client.metrics().attempts, 1);
    }
}

/// Tokens last two seconds while events arrive: each is delivered once, in order.
#[tokio::test]
async fn tokens_that_expire_lose_nothing() {
    let server = server().await;
    let (url, key) = (server.base_url(), key(&server));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = Arc::new(Mutex::new(0));
    let (count, tokens, secret) = (asked.clone(), format!("{url}/api/tokens"), key.clone());
    let writer = client(&url).api_key(key).build().unwrap();
    let client = client(&url)
        .credentials_provider(move |_| {
            *count.lock().unwrap() += 1;
            let request = http.post(&tokens).header("x-api-key", &secret).json(&json!({"ttl": 2}));
            async move {
                let answer: Value = request.send().await.unwrap().json().await.unwrap();
                Ok(Credentials::ApiKey(answer["token"].as_str().unwrap().to_owned().into()))
            }
        })
        .build()
        .unwrap();
    soon("connecting", client.connect()).await.unwrap();
    let project = soon("joining", client.join(project(&server))).await.unwrap();
    let mut events = project.events_of::<ModerationUpdate>();
    let mut sent = 0;
    while *asked.lock().unwrap() < 4 {
        writer.moderate(sent.to_string()).await.unwrap();
        sent += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for expected in 0..sent {
        let update = soon("the next event", events.next()).await.unwrap().unwrap();
        assert_eq!(update.content_preview, expected.to_string());
    }
    client.close().await;
}
