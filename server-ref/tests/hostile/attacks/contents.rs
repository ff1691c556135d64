//! Submissions: many, large, and of a shape that nobody expects.

use serde_json::json;

use crate::attacker::Attacker;

async fn submit(attacker: &Attacker, at_once: usize, body: &str) {
    attacker
        .many(at_once, async |number| {
            let mut line = attacker.connect(number).await?;
            loop {
                attacker.by_key(&mut line, "POST", "/api/moderate", body).await?;
            }
        })
        .await;
}

/// As fast as 64 connections can.
pub(super) async fn floods(attacker: &Attacker) {
    submit(attacker, 64, &json!({"content": "a short remark"}).to_string()).await;
}

/// The largest bodies, 64 at once: each group of changes is as large as it can be.
pub(super) async fn megabytes(attacker: &Attacker) {
    let metadata: Vec<_> = (0..90).map(|_| "x".repeat(10_000)).collect();
    submit(attacker, 64, &json!({"content": "a short remark", "metadata": {"padding": metadata}}).to_string()).await;
}

/// A million brackets, and half a million pairs of them.
pub(super) async fn deep_json(attacker: &Attacker) {
    let nested = "[".repeat(900_000);
    let metadata = format!("{{\"content\":\"x\",\"metadata\":{}{}}}", "[".repeat(400_000), "]".repeat(400_000));
    let flat = format!("{{\"content\":\"x\",\"metadata\":{{\"a\":[{}0]}}}}", "0,".repeat(440_000));
    let bodies = [nested, metadata, flat];
    attacker
        .many(12, async |number| {
            let mut line = attacker.connect(number).await?;
            attacker.by_key(&mut line, "POST", "/api/moderate", &bodies[number % 3]).await?;
            Ok(())
        })
        .await;
}
