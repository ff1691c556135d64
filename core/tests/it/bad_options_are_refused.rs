//! An invalid option makes `build` fail with the error `invalid_argument`, which names the option. Calls refuse invalid
//! arguments with the same error code.

use std::time::Duration;

use automoderate::{Client, ClientBuilder, Credentials, ReconnectPolicy, testing::Script};

use crate::common::connected_client;

type BuilderChange = fn(ClientBuilder) -> ClientBuilder;

#[test]
fn invalid_options_are_named_in_the_error() {
    let policy = ReconnectPolicy::default;
    let long = Duration::from_secs(1_000_000_000);
    let day = Duration::from_secs(86_401);
    let cases: Vec<(&str, BuilderChange)> = vec![
        ("api_key", |b| b.api_key(" ")),
        ("session", |b| b.session("")),
        ("email", |b| b.password(" ", "p")),
        ("password", |b| b.password("a@b", "")),
        ("credentials", |b| b.password("a@b", "p").session("s")),
        ("credentials", |b| b.credentials_provider(|_| async { Ok(Credentials::None) }).session("s")),
        ("event_buffer", |b| b.event_buffer(0)),
        ("connect_timeout", |b| b.connect_timeout(Duration::ZERO)),
        ("connect_timeout", |b| b.connect_timeout(Duration::MAX)),
        ("join_timeout", |b| b.join_timeout(Duration::ZERO)),
        ("ack_timeout", |b| b.ack_timeout(Duration::ZERO)),
        ("request_timeout", |b| b.request_timeout(Duration::ZERO)),
        ("review_poll", |b| b.review_poll(Duration::from_millis(999))),
        ("heartbeat_interval", |b| b.heartbeat_interval(Duration::from_millis(999))),
        ("heartbeat_interval", |b| b.heartbeat_interval(Duration::MAX)),
        ("rate_limit", |b| b.rate_limit(9)),
        ("headers", |b| b.header("bad name", "v")),
        ("headers", |b| b.header("x-good", "line\nbreak")),
        ("proxy", |b| b.proxy("not an address")),
        ("proxy", |b| b.proxy("socks5://host:1")),
    ];
    for (name, change) in cases {
        let error = change(Client::builder("http://localhost")).build().unwrap_err();
        assert_eq!(error.code(), "invalid_argument", "{name}");
        assert!(error.to_string().starts_with(name), "{name}: {error}");
        assert!(!error.is_retryable());
    }
    for (name, policy) in [
        ("reconnect.delay", ReconnectPolicy { delay: day, max_delay: day, ..policy() }),
        ("reconnect.delay", ReconnectPolicy { stable_after: long, ..policy() }),
        ("reconnect.max_delay", ReconnectPolicy { delay: Duration::from_secs(11), ..policy() }),
        ("reconnect.factor", ReconnectPolicy { factor: 0.9, ..policy() }),
        ("reconnect.factor", ReconnectPolicy { factor: f64::NAN, ..policy() }),
        ("reconnect.factor", ReconnectPolicy { factor: f64::INFINITY, ..policy() }),
        ("reconnect.jitter", ReconnectPolicy { jitter: 1.1, ..policy() }),
        ("reconnect.jitter", ReconnectPolicy { jitter: -0.1, ..policy() }),
        ("reconnect.jitter", ReconnectPolicy { jitter: f64::NAN, ..policy() }),
        ("reconnect.max_attempts_per_minute", ReconnectPolicy { max_attempts_per_minute: 0, ..policy() }),
    ] {
        let error = Client::builder("http://localhost").reconnect(policy).build().unwrap_err();
        assert_eq!(error.code(), "invalid_argument", "{name}");
        assert!(error.to_string().starts_with(name), "{name}: {error}");
    }
    for url in ["", "localhost", "ftp://x", "http://", "http://u:p@h", "http://h/?q=1", "http://h/#f", "http://h:99999"]
    {
        let error = Client::builder(url).build().unwrap_err();
        assert_eq!(error.code(), "invalid_argument", "{url}");
        assert!(error.to_string().starts_with("url"), "{url}: {error}");
    }
}

#[test]
fn boundary_values_are_accepted() {
    for builder in [
        Client::builder("http://localhost").rate_limit(10).event_buffer(1),
        Client::builder("http://localhost").rate_limit(None).heartbeat_interval(None),
        Client::builder("ws://localhost:1/prefix").heartbeat_interval(Duration::from_secs(1)),
        Client::builder("http://[::1]").connect_timeout(Duration::from_millis(1)),
        Client::builder("http://localhost").reconnect(ReconnectPolicy {
            delay: Duration::ZERO,
            max_delay: Duration::ZERO,
            factor: 1.0,
            jitter: 1.0,
            max_attempts_per_minute: u32::MAX,
            ..ReconnectPolicy::default()
        }),
    ] {
        builder.build().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn invalid_arguments_of_calls_are_refused() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    for project in ["", "  "] {
        assert_eq!(client.join(project).await.unwrap_err().code(), "invalid_argument");
    }
    for name in ["", "connect", "connect_error", "disconnect", "disconnecting"] {
        assert_eq!(client.emit(name, ()).await.unwrap_err().code(), "invalid_argument", "{name:?}");
        assert_eq!(client.emit_with_ack(name, ()).await.unwrap_err().code(), "invalid_argument", "{name:?}");
    }
    let unwritable = std::collections::HashMap::from([(vec![1], 1)]);
    assert_eq!(client.emit("x", &unwritable).await.unwrap_err().code(), "invalid_argument");
    assert_eq!(client.connect().await.unwrap_err().code(), "invalid_argument", "connected before");
    assert_eq!(server.try_recv(), None);
}

#[tokio::test]
async fn calls_before_connect_fail_as_disconnected() {
    let client = Client::builder("http://localhost").build().unwrap();
    assert_eq!(client.join("p").await.unwrap_err().code(), "disconnected");
    assert_eq!(client.emit("x", 1).await.unwrap_err().code(), "disconnected");
}
