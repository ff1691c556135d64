//! Every transport delivers the same events.

use automoderate::{Event, Origin, Status, Submission, Transports};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::fixtures::{client_builder, demo_api_key, demo_project_id, next_update, start_demo_server, within_timeout};

#[tokio::test]
async fn typed_events_arrive_over_every_transport() {
    let server = start_demo_server().await;
    for transports in [Transports::Auto, Transports::WebSocket, Transports::Polling] {
        let client = client_builder(server.base_url())
            .api_key(demo_api_key(&server))
            .transports(transports)
            .connect()
            .await
            .unwrap();
        let project = client.join(demo_project_id(&server)).await.unwrap();
        let mut events = project.events();
        let start = project.cursor().unwrap().event_id();
        for (last, (text, status, rule)) in (start..).zip([
            ("hello there", Status::Approved, None),
            ("free money", Status::Rejected, Some("Spam Detection")),
            ("call 555-123-4567", Status::Flagged, Some("Phone Numbers")),
        ]) {
            let submission = Submission::text(text).metadata(json!({"thread": "t1", "source": "chat"}));
            let decided = client.moderate(submission).await.unwrap();
            assert_eq!(decided.status, status);
            let update = next_update(&mut events).await;
            assert_eq!(update.content_id, decided.content_id);
            assert_eq!((&update.status, update.rule_name.as_deref()), (&status, rule));
            assert_eq!(update.content_preview, text);
            assert_eq!(update.meta_data.unwrap().to_value().unwrap(), json!({"thread": "t1", "source": "chat"}));
            assert_eq!(update.meta.origin, Origin::Live);
            assert_eq!(update.meta.event_id, Some(last + 1));
            assert_eq!(project.cursor().unwrap().event_id(), last + 1);
            assert!(update.timestamp.as_str().ends_with('Z'));
        }
        within_timeout("closing", client.close()).await;
        while let Some(event) = within_timeout("the end", events.next()).await {
            event.unwrap();
        }
        assert_eq!(client.state().as_str(), "closed");
    }
}

#[tokio::test]
async fn statistics_arrive_with_their_project() {
    let server = start_demo_server().await;
    let client = client_builder(server.base_url()).api_key(demo_api_key(&server)).connect().await.unwrap();
    let project = client.join(demo_project_id(&server)).await.unwrap();
    let mut events = project.events();
    client.moderate("hello").await.unwrap();
    let stats = within_timeout("the statistics", async {
        loop {
            if let Event::StatsUpdate(stats) = events.next().await.unwrap().unwrap() {
                return stats;
            }
        }
    })
    .await;
    assert_eq!((stats.total_content, stats.approved), (1, 1));
    assert_eq!(stats.approval_rate, Some(100.0));
    assert_eq!(stats.meta.project_id.as_ref(), Some(project.id()));
    assert_eq!(stats.meta.event_id, None, "the newest statistics replace earlier ones, so they are not logged");
}

#[tokio::test]
async fn a_batch_contains_the_available_events() {
    let server = start_demo_server().await;
    let client = client_builder(server.base_url()).api_key(demo_api_key(&server)).connect().await.unwrap();
    let project = client.join(demo_project_id(&server)).await.unwrap();
    let mut updates = project.events_of::<automoderate::ModerationUpdate>();
    for _ in 0..10 {
        client.moderate("hello").await.unwrap();
    }
    let mut got = 0;
    while got < 10 {
        let batch = within_timeout("a batch", updates.next_batch(4)).await.unwrap();
        assert!((1..=4).contains(&batch.len()));
        got += batch.len();
    }
    client.close().await;
    assert!(updates.next_batch(4).await.unwrap().is_empty());
}

/// Starts a server that answers the handshake and then closes the connection of every POST.
async fn start_server_that_drops_posts() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                let read = stream.read(&mut head).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                if head.starts_with("GET") && !head.contains("sid=") {
                    let open =
                        r#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":100000}"#;
                    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{open}", open.len());
                    stream.write_all(answer.as_bytes()).await.unwrap();
                } else if head.starts_with("GET") {
                    // The poll waits for events that never arrive.
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    url
}

#[tokio::test]
async fn a_dropped_post_is_a_lost_connection_and_is_retried() {
    let client = client_builder(start_server_that_drops_posts().await)
        .transports(Transports::Polling)
        .retry_first_connect(true)
        .build()
        .unwrap();
    let connecting = tokio::spawn({
        let client = client.clone();
        async move { client.connect().await }
    });
    within_timeout("several attempts", async {
        while client.metrics().attempts < 4 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(!client.state().is_closed(), "{:?}", client.state());
    client.close().await;
    assert_eq!(connecting.await.unwrap().unwrap_err().code(), "closed");
}
