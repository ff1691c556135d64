//! Attacks with rules that are more expensive than they look.

use std::io;

use serde_json::{Value, json};

use crate::attacker::Attacker;
use crate::raw_connection::RawConnection;

fn rule_body(data: Value) -> String {
    let kind = if data.get("pattern").is_some() { "regex" } else { "keyword" };
    json!({"name": "Heavy", "type": kind, "data": data, "action": "reject", "priority": 1000}).to_string()
}

async fn add_rule(attacker: &Attacker, line: &mut RawConnection, data: Value) -> io::Result<Option<String>> {
    let path = format!("/api/projects/{}/rules", attacker.target.project);
    let answer = attacker.request_with_session(line, "POST", &path, &rule_body(data)).await?;
    let made: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    Ok(made["rule"]["id"].as_str().map(str::to_owned))
}

async fn add_heavy_rules(attacker: &Attacker) -> io::Result<()> {
    let mut line = attacker.connect(0).await?;
    for _ in 0..20 {
        add_rule(attacker, &mut line, json!({"pattern": "1[01]{150}[^01]", "flags": []})).await?;
    }
    Ok(())
}

/// Returns a pseudorandom sequence of zeros and ones, for which a lazy DFA rarely finds a state in its cache.
fn random_bits(length: usize) -> String {
    let mut state = 1u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        if state >> 63 == 1 { '1' } else { '0' }
    })
    .take(length)
    .collect()
}

fn submission_body(text: &str) -> String {
    json!({"content": text}).to_string()
}

/// Adds patterns that keep a state active for 150 characters after each `1` in a text, and submits texts of zeros and ones.
pub(super) async fn heavy_patterns(attacker: &Attacker) {
    add_heavy_rules(attacker).await.unwrap();
    let body = submission_body(&random_bits(32_000));
    attacker
        .repeat_in_parallel(8, async |number| {
            let mut line = attacker.connect(number).await?;
            loop {
                attacker.request_with_key(&mut line, "POST", "/api/moderate", &body).await?;
            }
        })
        .await;
}

/// Adds keyword lists that are just within the limits or far beyond them, and submits an item after each list.
pub(super) async fn giant_keyword_lists(attacker: &Attacker) {
    attacker
        .repeat_in_parallel(2, async |number| {
            let mut line = attacker.connect(number).await?;
            for round in 0.. {
                let (count, length) = [(90, 6_000), (1_000, 90), (20_000, 10)][round % 3];
                let word = |word| format!("{number}/{round}/{word}/{}", random_bits(length));
                let words: Vec<_> = (0..count).map(word).collect();
                add_rule(attacker, &mut line, json!({"keywords": words})).await?;
                attacker.request_with_key(&mut line, "POST", "/api/moderate", &submission_body("hello")).await?;
            }
            Ok(())
        })
        .await;
}

/// Changes a rule before each submission, so that the rules must be recompiled.
pub(super) async fn changed_rules(attacker: &Attacker) {
    let mut line = attacker.connect(0).await.unwrap();
    let words: Vec<_> = (0..1_000).map(|word| format!("{word}{}", "x".repeat(60))).collect();
    let id = add_rule(attacker, &mut line, json!({"keywords": words})).await.unwrap().unwrap();
    let path = format!("/api/projects/{}/rules/{id}", attacker.target.project);
    attacker
        .repeat_in_parallel(8, async |number| {
            let mut line = attacker.connect(number).await?;
            for priority in 0.. {
                let change = json!({"priority": priority % 1_000}).to_string();
                attacker.request_with_session(&mut line, "PATCH", &path, &change).await?;
                attacker.request_with_key(&mut line, "POST", "/api/moderate", &submission_body("hello")).await?;
            }
            Ok(())
        })
        .await;
}

/// Sends twenty concurrent requests to delete the same rule. The deletions share groups with the tenant's changes, and all but one of the
/// deletions fail.
pub(super) async fn failing_changes(attacker: &Attacker) {
    attacker
        .repeat_in_parallel(4, async |number| {
            let mut lines = Vec::new();
            for _ in 0..20 {
                lines.push(attacker.connect(number).await?);
            }
            loop {
                let id = add_rule(attacker, &mut lines[0], json!({"keywords": ["x"]})).await?.unwrap_or_default();
                let path = format!("/api/projects/{}/rules/{id}", attacker.target.project);
                let delete = |line| attacker.request_with_session(line, "DELETE", &path, "");
                futures_util::future::try_join_all(lines.iter_mut().map(delete)).await?;
            }
        })
        .await;
}
