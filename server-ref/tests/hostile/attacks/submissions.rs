//! Attacks with many, large, or unusual submissions.

use serde_json::json;

use crate::attacker::Attacker;
use crate::raw_connection::request;

async fn submit_repeatedly(attacker: &Attacker, at_once: usize, body: &str) {
    attacker
        .repeat_in_parallel(at_once, async |number| {
            let mut line = attacker.connect(number).await?;
            loop {
                attacker.request_with_key(&mut line, "POST", "/api/moderate", body).await?;
            }
        })
        .await;
}

/// Submits items over 64 connections as fast as possible.
pub(super) async fn submission_floods(attacker: &Attacker) {
    submit_repeatedly(attacker, 64, &json!({"content": "a short remark"}).to_string()).await;
}

/// Submits batches of a hundred items over 64 connections, each batch with a new idempotency key.
pub(super) async fn batches(attacker: &Attacker) {
    let items: Vec<_> = (0..100).map(|number| json!({"content": format!("a short remark {number}")})).collect();
    let body = json!({"items": items}).to_string();
    attacker
        .repeat_in_parallel(64, async |number| {
            let mut line = attacker.connect(number).await?;
            for count in 0.. {
                let headers = format!("x-api-key: {}\r\nidempotency-key: {number}-{count}", attacker.target.key);
                let request = request("POST", "/api/moderate/batch", &headers, &body);
                attacker.send_changes(&mut line, &request, items.len() as u64).await?;
            }
            Ok(())
        })
        .await;
}

/// Submits bodies of almost the maximum size, 64 at a time, so that each group of changes is as large as possible.
pub(super) async fn megabyte_bodies(attacker: &Attacker) {
    let metadata: Vec<_> = (0..90).map(|_| "x".repeat(10_000)).collect();
    submit_repeatedly(
        attacker,
        64,
        &json!({"content": "a short remark", "metadata": {"padding": metadata}}).to_string(),
    )
    .await;
}

/// Submits bodies that contain hundreds of thousands of nested brackets or array elements.
pub(super) async fn deep_json(attacker: &Attacker) {
    let nested = "[".repeat(900_000);
    let metadata = format!("{{\"content\":\"x\",\"metadata\":{}{}}}", "[".repeat(400_000), "]".repeat(400_000));
    let flat = format!("{{\"content\":\"x\",\"metadata\":{{\"a\":[{}0]}}}}", "0,".repeat(440_000));
    let bodies = [nested, metadata, flat];
    attacker
        .repeat_in_parallel(12, async |number| {
            let mut line = attacker.connect(number).await?;
            attacker.request_with_key(&mut line, "POST", "/api/moderate", &bodies[number % 3]).await?;
            Ok(())
        })
        .await;
}
