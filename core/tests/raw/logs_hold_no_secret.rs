//! With a server that echoes every request, no log record that bindings forward contains a secret, whatever its level.

use std::sync::{Arc, Mutex};

use automoderate::{Client, ReconnectPolicy, facade::forward_logs};

use crate::{
    server::{PendingRequest, RawServer},
    within_timeout,
};

async fn answer_with_request_head(request: PendingRequest, status: &str) {
    let head = request.head.clone();
    request.answer(status, &head).await;
}

#[tokio::test]
async fn echoed_secrets_are_redacted_in_logs() {
    let records = Arc::new(Mutex::new(Vec::new()));
    let collected = records.clone();
    assert!(forward_logs(move |record| collected.lock().unwrap().push(record.message)), "the only subscriber");

    let server = RawServer::start().await;
    let builder = Client::builder(server.url())
        .session("S3cr3t/+cookie")
        .api_key("S3cr3t/+key")
        .header("x-tenant", "S3cr3t/+header")
        .query("tenant", "S3cr3t/+query")
        .reconnect(ReconnectPolicy { delay: std::time::Duration::from_millis(20), ..ReconnectPolicy::default() })
        .retry_first_connect(true);
    let plays = async {
        // The server refuses WebSocket and then polling, is briefly down, and then refuses each credential.
        for status in ["400 Bad Request", "403 Forbidden", "503 Service Unavailable", "401 No", "401 No"] {
            answer_with_request_head(within_timeout(status, server.next_request()).await, status).await;
        }
    };
    let (refused, ()) = tokio::join!(within_timeout("the refusal", builder.connect()), plays);
    let error = refused.unwrap_err();
    assert_eq!(error.code(), "authentication_failed", "{error}");

    let records: Vec<String> = records.lock().unwrap().clone();
    let ours: Vec<_> = records.iter().filter(|text| text.contains("***")).collect();
    for place in ["WebSocket failed (", "the connection attempt failed (", "closed: "] {
        assert!(ours.iter().any(|text| text.contains(place)), "{place:?} in {records:#?}");
    }
    assert!(!records.iter().any(|text| text.contains("S3cr3t")), "{records:#?}");
    assert!(!format!("{error} {error:?}").contains("S3cr3t"), "{error:?}");
}
