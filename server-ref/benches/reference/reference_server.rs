//! The reference server, with rules for the measurement of submissions.

use automoderate_server::{Action, Limits, NewRule, RuleKind, Server};
use serde_json::json;

use crate::LONG_PING;
use crate::child::{documented_update, serve_commands};

/// Returns the URL of the PostgreSQL cluster's default database, if `tests/postgres/with-cluster.sh` runs the
/// benchmark. The server then uses this database instead of a temporary SQLite file.
pub(crate) fn postgres_url() -> Option<String> {
    let server = std::env::var("AUTOMODERATE_TEST_POSTGRES").ok()?;
    Some(server.replace("/?", "/postgres?"))
}

/// Role of a server with 70 rules.
pub(crate) const FEW_RULES_ROLE: &str = "ours";
/// Role of a server with as many rules as a project may have.
pub(crate) const MANY_RULES_ROLE: &str = "ours, 2,000 rules";

/// Runs the server until the standard input ends. The regex rules have higher priorities than the keyword rules.
pub(crate) async fn run(keyword_rules: i64, regex_rules: i64) {
    let builder = Server::builder().demo(true).limits(Limits::none()).ping(LONG_PING, LONG_PING);
    let builder = match postgres_url() {
        Some(url) => builder.database(url),
        None => builder,
    };
    let server = builder.start().await.unwrap();
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
    let payload = documented_update(&project).as_object().unwrap().clone();
    serve_commands(ready, async |events| {
        let publish = || async { server.publish(&project, "moderation_update", payload.clone()).await.unwrap() };
        futures_util::future::join_all((0..events).map(|_| publish())).await;
    })
    .await;
}
