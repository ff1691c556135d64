//! The reference server, with the rules of the measurement of submissions.

use automoderate_server::{Action, Limits, NewRule, RuleKind, Server};
use serde_json::json;

use crate::PING;
use crate::child::{serve, update};

/// The database to use instead of a temporary SQLite file: under `tests/postgres/with-cluster.sh`, every cluster's
/// default one.
pub(crate) fn postgres() -> Option<String> {
    let server = std::env::var("AUTOMODERATE_TEST_POSTGRES").ok()?;
    Some(server.replace("/?", "/postgres?"))
}

/// The roles of a process with 70 rules, and with as many as a project may have.
pub(crate) const FEW_RULES: &str = "ours";
pub(crate) const MANY_RULES: &str = "ours, 2,000 rules";

/// Rules about keywords come first.
pub(crate) async fn run(keyword_rules: i64, regex_rules: i64) {
    let server = Server::builder().demo(true).limits(Limits::none()).ping(PING, PING);
    let server = match postgres() {
        Some(url) => server.database(url),
        None => server,
    };
    let server = server.start().await.unwrap();
    let demo = server.demo().unwrap();
    let project = demo.project_id.clone();
    for n in 0..keyword_rules + regex_rules {
        let kind = if n < keyword_rules {
            let keywords = (0..5).map(|word| format!("forbidden{n}word{word}")).collect();
            RuleKind::Keyword { keywords, case_sensitive: false }
        } else {
            RuleKind::Regex { pattern: format!(r"\b(buy|sell)\s+item{n}\d{{3,}}\b"), flags: vec!["i".into()] }
        };
        let rule = NewRule { name: format!("Rule {n}"), kind, action: Action::Reject, priority: n };
        server.add_rule(&project, rule).await.unwrap();
    }
    let ready = json!({"port": server.address().port(), "key": demo.api_key, "project": project});
    let payload = update(&project).as_object().unwrap().clone();
    serve(ready, async |events| {
        let publish = || async { server.publish(&project, "moderation_update", payload.clone()).await.unwrap() };
        futures_util::future::join_all((0..events).map(|_| publish())).await;
    })
    .await;
}
