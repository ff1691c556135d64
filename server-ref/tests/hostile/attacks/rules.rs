//! Rules that cost more than they look.

use std::io;

use serde_json::{Value, json};

use crate::attacker::Attacker;
use crate::line::Line;

fn rule(data: Value) -> String {
    let kind = if data.get("pattern").is_some() { "regex" } else { "keyword" };
    json!({"name": "Heavy", "type": kind, "data": data, "action": "reject", "priority": 1000}).to_string()
}

async fn add(attacker: &Attacker, line: &mut Line, data: Value) -> io::Result<Option<String>> {
    let path = format!("/api/projects/{}/rules", attacker.target.project);
    let answer = attacker.by_session(line, "POST", &path, &rule(data)).await?;
    let made: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    Ok(made["rule"]["id"].as_str().map(str::to_owned))
}

async fn add_heavy(attacker: &Attacker) -> io::Result<()> {
    let mut line = attacker.connect(0).await?;
    for _ in 0..20 {
        add(attacker, &mut line, json!({"pattern": "1[01]{150}[^01]", "flags": []})).await?;
    }
    Ok(())
}

/// Zeros and ones in no order that a DFA could learn.
fn zeros_and_ones(length: usize) -> String {
    let mut state = 1u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        if state >> 63 == 1 { '1' } else { '0' }
    })
    .take(length)
    .collect()
}

fn content(text: &str) -> String {
    json!({"content": text}).to_string()
}

/// Patterns that keep as many states alive as the text has ones, and texts of nothing else.
pub(super) async fn heavy_patterns(attacker: &Attacker) {
    add_heavy(attacker).await.unwrap();
    let body = content(&zeros_and_ones(32_000));
    attacker
        .many(8, async |number| {
            let mut line = attacker.connect(number).await?;
            loop {
                attacker.by_key(&mut line, "POST", "/api/moderate", &body).await?;
            }
        })
        .await;
}

/// As many and as long words as are taken, and a submission after each rule.
pub(super) async fn giant_keyword_lists(attacker: &Attacker) {
    attacker
        .many(2, async |number| {
            let mut line = attacker.connect(number).await?;
            for round in 0.. {
                let (count, length) = [(90, 6_000), (1_000, 90), (20_000, 10)][round % 3];
                let word = |word| format!("{number}/{round}/{word}/{}", zeros_and_ones(length));
                let words: Vec<_> = (0..count).map(word).collect();
                add(attacker, &mut line, json!({"keywords": words})).await?;
                attacker.by_key(&mut line, "POST", "/api/moderate", &content("hello")).await?;
            }
            Ok(())
        })
        .await;
}

/// Each submission finds rules that have to be compiled anew.
pub(super) async fn changed_rules(attacker: &Attacker) {
    let mut line = attacker.connect(0).await.unwrap();
    let words: Vec<_> = (0..1_000).map(|word| format!("{word}{}", "x".repeat(60))).collect();
    let id = add(attacker, &mut line, json!({"keywords": words})).await.unwrap().unwrap();
    let path = format!("/api/projects/{}/rules/{id}", attacker.target.project);
    attacker
        .many(8, async |number| {
            let mut line = attacker.connect(number).await?;
            for priority in 0.. {
                let change = json!({"priority": priority % 1_000}).to_string();
                attacker.by_session(&mut line, "PATCH", &path, &change).await?;
                attacker.by_key(&mut line, "POST", "/api/moderate", &content("hello")).await?;
            }
            Ok(())
        })
        .await;
}

/// The same rule deleted by twenty at once: all but one of the changes fail, in one group with the tenant's.
pub(super) async fn failing_changes(attacker: &Attacker) {
    attacker
        .many(4, async |number| {
            let mut lines = Vec::new();
            for _ in 0..20 {
                lines.push(attacker.connect(number).await?);
            }
            loop {
                let id = add(attacker, &mut lines[0], json!({"keywords": ["x"]})).await?.unwrap_or_default();
                let path = format!("/api/projects/{}/rules/{id}", attacker.target.project);
                let delete = |line| attacker.by_session(line, "DELETE", &path, "");
                futures_util::future::try_join_all(lines.iter_mut().map(delete)).await?;
            }
        })
        .await;
}
