//! Expensive rules cost a bounded amount of work, and items that such rules leave undecided are flagged.

use std::time::Duration;

use automoderate_server::{Action, Error, NewRule, RuleKind, RunningServer};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::timeout;

use crate::support::{demo_project_id, demo_server_builder, http_client, moderate};

/// Returns a rule that matches no text of zeros and ones. For each `1` in the text, the pattern keeps a state active for 150
/// characters.
fn expensive_rule() -> RuleKind {
    RuleKind::Regex { pattern: "1[01]{150}[^01]".into(), flags: vec![] }
}

async fn add_rejecting_rule(server: &RunningServer, id: &str, kind: RuleKind) -> Result<String, Error> {
    server.add_rule(id, NewRule { name: "Heavy".into(), kind, action: Action::Reject, priority: 1_000 }).await
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

#[tokio::test]
async fn items_that_take_too_much_work_are_flagged_with_the_reason() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    for _ in 0..20 {
        add_rejecting_rule(&server, &id, expensive_rule()).await.unwrap();
    }
    let heavy = join_all((0..4).map(|_| moderate(&server, json!({"content": random_bits(32_000)}))));
    let quick = async {
        for _ in 0..20 {
            let live = http_client().get(format!("{}/live", server.base_url())).send();
            assert!(timeout(Duration::from_secs(5), live).await.unwrap().unwrap().status().is_success());
        }
    };
    let (answers, ()) = tokio::join!(heavy, quick);
    for answer in answers {
        assert_eq!(answer["status"], "flagged");
        let result = &answer["moderation_results"][0];
        assert_eq!(result["rule_name"], "Heavy");
        assert!(result["reason"].as_str().unwrap().contains("too much work"), "{result}");
    }
    // The same rules can decide on shorter texts.
    assert_eq!(moderate(&server, json!({"content": random_bits(500)})).await["status"], "approved");
    let matching = format!("1{}x", "0".repeat(150));
    assert_eq!(moderate(&server, json!({"content": matching})).await["status"], "rejected");
    server.shutdown().await;
}

#[tokio::test]
async fn rules_that_need_too_much_memory_are_refused() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let long_words = (0..90).map(|n| format!("{n}{}", "x".repeat(6_000))).collect();
    let many_words = (0..20_000).map(|n| format!("keyword {n}")).collect();
    for kind in [
        RuleKind::Keyword { keywords: long_words, case_sensitive: false },
        RuleKind::Keyword { keywords: many_words, case_sensitive: true },
        RuleKind::Regex { pattern: "1[01]{4000}[^01]".into(), flags: vec![] },
        RuleKind::Regex { pattern: "x".repeat(10_000), flags: vec![] },
    ] {
        assert!(matches!(add_rejecting_rule(&server, &id, kind).await, Err(Error::RuleTooLarge(_))));
    }
    server.shutdown().await;
}

/// The rules beyond the limits are not evaluated. Any of them might have matched, so an item that no other rule decides must not be
/// approved.
#[tokio::test]
async fn a_project_over_its_limits_flags_items_that_no_earlier_rule_decides() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    for rule in 0..6 {
        let keywords = (0..1000).map(|word| format!("{rule}/{word}/{}", "y".repeat(90))).collect();
        add_rejecting_rule(&server, &id, RuleKind::Keyword { keywords, case_sensitive: false }).await.unwrap();
    }
    let first = format!("0/7/{}", "y".repeat(90));
    assert_eq!(moderate(&server, json!({"content": first})).await["status"], "rejected");
    let answer = moderate(&server, json!({"content": "hello"})).await;
    assert_eq!(answer["status"], "flagged");
    let reason = answer["moderation_results"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("exceed its limits"), "{reason}");
    server.shutdown().await;
}
