//! The audit log: actions with their actors, their times, and the states of their targets before and after.

use std::time::Duration;

use automoderate_server::{Role, RunningServer, Scope};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{demo_project_id, demo_server_builder};
use crate::web::{Caller, rejecting_rule};

async fn audit_entries(server: &RunningServer, caller: &Caller, path: &str) -> Vec<Value> {
    caller.get(server, &format!("{path}?limit=200")).await["entries"].as_array().unwrap().clone()
}

async fn newest_entry(server: &RunningServer, caller: &Caller, path: &str, action: &str) -> Value {
    let entries = audit_entries(server, caller, path).await;
    entries.into_iter().find(|entry| entry["action"] == action).unwrap_or_else(|| panic!("no {action}"))
}

#[tokio::test]
async fn changes_of_a_project_are_recorded() {
    let server = demo_server_builder().start().await.unwrap();
    let owner = Caller::add_signed_in_user(&server, "owner@example.org", "", None).await;
    let made = owner.post(&server, "/api/projects", json!({"name": "Forum"})).await["project"]["id"].clone();
    let base = format!("/api/projects/{}", made.as_str().unwrap());
    let log = format!("{base}/audit");
    let last = async |action: &str| newest_entry(&server, &owner, &log, action).await;

    let created = last("project.create").await;
    assert_eq!(created["target"], json!({"kind": "project", "id": made}));
    assert_eq!((&created["before"], &created["after"]), (&Value::Null, &json!({"name": "Forum"})));
    assert_eq!((&created["actor"]["kind"], &created["actor"]["name"]), (&json!("user"), &json!("owner@example.org")));
    assert_eq!(created["address"], "127.0.0.1");
    assert!(created["id"].is_string() && created["at"].as_str().unwrap().ends_with('Z'));
    let first = last("member.add").await;
    assert_eq!(first["after"], json!({"email": "owner@example.org", "role": "owner"}));
    assert_eq!(first["target"]["id"], created["actor"]["id"]);

    owner.patch(&server, &base, json!({"name": "Board"})).await;
    let renamed = last("project.update").await;
    assert_eq!((&renamed["before"]["name"], &renamed["after"]["name"]), (&json!("Forum"), &json!("Board")));

    let rule = owner.post(&server, &format!("{base}/rules"), rejecting_rule("spam")).await["rule"]["id"].clone();
    let path = format!("{base}/rules/{}", rule.as_str().unwrap());
    let rule_made = last("rule.create").await;
    assert_eq!((&rule_made["before"], &rule_made["after"]["action"]), (&Value::Null, &json!("reject")));
    owner.patch(&server, &path, json!({"action": "flag", "priority": 7})).await;
    let changed = last("rule.update").await;
    assert_eq!(changed["target"], json!({"kind": "rule", "id": rule}));
    assert_eq!((&changed["before"]["action"], &changed["after"]["action"]), (&json!("reject"), &json!("flag")));
    assert_eq!((&changed["before"]["priority"], &changed["after"]["priority"]), (&json!(0), &json!(7)));
    assert_eq!(changed["before"]["data"]["keywords"], json!(["spam"]));
    owner.delete(&server, &path).await;
    let deleted = last("rule.delete").await;
    assert_eq!((&deleted["before"], &deleted["after"]), (&changed["after"], &Value::Null));

    let made = owner.post(&server, &format!("{base}/keys"), json!({"name": "page"})).await["key"].clone();
    let (id, secret) = (made["id"].as_str().unwrap(), made["api_key"].as_str().unwrap());
    let created = last("key.create").await;
    assert_eq!(created["after"]["name"], "page");
    assert_eq!(created["after"]["scopes"], json!(["read", "submit"]));
    let program = Caller::Key(secret.to_owned());
    let content = program.post(&server, "/api/moderate", json!({"content": "x"})).await["content_id"].clone();
    let review = format!("/api/content/{}/review", content.as_str().unwrap());
    let query = base.replace("/api/projects/", "?project_id=");
    owner.post(&server, &format!("{review}{query}"), json!({"decision": "reject", "reason": "rude"})).await;
    let reviewed = last("content.review").await;
    assert_eq!(reviewed["target"], json!({"kind": "content", "id": content}));
    assert_eq!(reviewed["before"], json!({"status": "approved"}));
    assert_eq!(reviewed["after"], json!({"status": "rejected", "reason": "rude"}));
    owner.patch(&server, &format!("{base}/keys/{id}"), json!({"is_active": false})).await;
    let switched = last("key.update").await;
    assert_eq!((&switched["before"]["is_active"], &switched["after"]["is_active"]), (&json!(true), &json!(false)));
    owner.delete(&server, &format!("{base}/keys/{id}")).await;
    assert_eq!(last("key.revoke").await["before"]["name"], "page");

    let body = json!({"type": "info", "message": "Hello", "persistent": true, "project_id": base[14..]});
    let notification = owner.post(&server, "/api/notifications", body).await["notification"]["id"].clone();
    assert_eq!(last("notification.create").await["after"]["message"], "Hello");
    owner.delete(&server, &format!("/api/notifications/{}", notification.as_str().unwrap())).await;
    assert_eq!(last("notification.withdraw").await["before"]["message"], "Hello");

    let guest = Caller::add_signed_in_user(&server, "guest@example.org", &base[14..], Some(Role::Member)).await;
    let added = last("member.add").await;
    assert_eq!((&added["actor"]["kind"], &added["address"]), (&json!("system"), &Value::Null));
    let member = format!("{base}/members/{}", added["target"]["id"].as_str().unwrap());
    owner.patch(&server, &member, json!({"role": "admin"})).await;
    let promoted = last("member.update").await;
    assert_eq!((&promoted["before"]["role"], &promoted["after"]["role"]), (&json!("member"), &json!("admin")));
    guest.delete(&server, &member).await;
    assert_eq!(last("member.remove").await["actor"]["name"], "guest@example.org");

    // Entries are ordered from newest to oldest, and none contains the key's secret.
    let all = audit_entries(&server, &owner, &log).await;
    assert!(all.is_sorted_by(|a, b| a["at"].as_str() >= b["at"].as_str()));
    assert!(!Value::from(all).to_string().contains(secret));
    // The project's audit log is deleted with the project, but the server's audit log records the deletion.
    owner.delete(&server, &base).await;
    owner.expect_failure(&server, (Method::GET, &log, Value::Null), (404, "not_found")).await;
    let gone = newest_entry(&server, &Caller::demo_user(&server).await, "/api/audit", "project.delete").await;
    assert_eq!((&gone["before"]["name"], &gone["actor"]["name"]), (&json!("Board"), &json!("owner@example.org")));
    server.shutdown().await;
}

#[tokio::test]
async fn failures_are_not_recorded_and_keys_are_named() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let scopes = [Scope::Submit, Scope::Review];
    let program = Caller::Key(server.create_api_key_with(&id, "robot", &scopes).await.unwrap());
    let log = format!("/api/projects/{id}/audit");
    let path = format!("/api/projects/{id}/rules");
    let rule = owner.post(&server, &path, rejecting_rule("x")).await["rule"]["id"].as_str().unwrap().to_owned();
    let one = format!("{path}/{rule}");
    let before = audit_entries(&server, &owner, &log).await.len();
    let delete = || owner.call(&server, Method::DELETE, &one, Value::Null);
    let (a, b) = tokio::join!(delete(), delete());
    assert_eq!(u16::min(a.0, b.0), 200);
    owner.expect_failure(&server, (Method::POST, &path, json!({"name": "odd"})), (422, "unprocessable")).await;
    let after = audit_entries(&server, &owner, &log).await;
    assert_eq!(after.len(), before + 1 + usize::from(a.0 == b.0));

    let content = program.post(&server, "/api/moderate", json!({"content": "x"})).await["content_id"].clone();
    let review = format!("/api/content/{}/review", content.as_str().unwrap());
    program.post(&server, &review, json!({"decision": "flag"})).await;
    let entry = newest_entry(&server, &owner, &log, "content.review").await;
    assert_eq!((&entry["actor"]["kind"], &entry["actor"]["name"]), (&json!("key"), &json!("robot")));
    program.expect_failure(&server, (Method::GET, &log, Value::Null), (403, "access_denied")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn long_rules_are_truncated() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let log = format!("/api/projects/{id}/audit");
    let keywords: Vec<String> = (0..1000).map(|n| format!("wörd{n}")).collect();
    let body = json!({"name": "Long", "type": "keyword", "data": {"keywords": keywords}, "action": "reject"});
    let rule = owner.post(&server, &format!("/api/projects/{id}/rules"), body).await["rule"]["id"].clone();
    owner.patch(&server, &format!("/api/projects/{id}/rules/{}", rule.as_str().unwrap()), json!({"name": "L"})).await;
    let changed = newest_entry(&server, &owner, &log, "rule.update").await;
    assert!(changed["before"]["data"].as_str().unwrap().contains("wörd1"));
    assert_eq!((&changed["before"]["name"], &changed["after"]["name"]), (&json!("Long"), &json!("L")));
    assert_eq!(changed["before"]["data"], changed["after"]["data"]);
    assert!(changed.to_string().len() < 8192);
    server.shutdown().await;
}

#[tokio::test]
async fn pages_contain_each_entry_once() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let base = format!("/api/projects/{id}");
    for n in 0..7 {
        owner.patch(&server, &base, json!({"name": format!("Name {n}")})).await;
        Caller::add_signed_in_user(&server, &format!("m{n}@example.org"), &id, Some(Role::Member)).await;
    }
    let all = audit_entries(&server, &owner, &format!("{base}/audit")).await;
    let sign_ins = all.iter().filter(|entry| entry["action"] == "user.sign_in").count();
    assert_eq!(sign_ins, 8);
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner.get(&server, &format!("{base}/audit?limit=3&cursor={cursor}")).await;
        paged.extend(page["entries"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
        // New entries must not shift older entries to another page.
        owner.patch(&server, &base, json!({"name": "Meanwhile"})).await;
    }
    assert_eq!(paged, all);
    for wrong in ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=1_2"] {
        let path = format!("{base}/audit?{wrong}");
        owner.expect_failure(&server, (Method::GET, &path, Value::Null), (400, "invalid_argument")).await;
    }
    server.shutdown().await;
}

#[tokio::test]
async fn sign_ins_appear_in_the_members_projects_without_the_address() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, admin) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let log = format!("/api/projects/{id}/audit");
    let guest = Caller::add_signed_in_user(&server, "guest@example.org", &id, None).await;
    let of_guest = async || {
        let entries = audit_entries(&server, &admin, &log).await;
        let is_theirs =
            |entry: &Value| entry["action"] == "user.sign_in" && entry["actor"]["name"] == "guest@example.org";
        entries.into_iter().filter(is_theirs).collect::<Vec<_>>()
    };
    server.add_member(&id, "guest@example.org").await.unwrap();
    // Sign-ins that precede the membership are not shown.
    assert_eq!(of_guest().await, Vec::<Value>::new());
    Caller::sign_in(&server, "guest@example.org", crate::web::TEST_PASSWORD).await;
    let seen = of_guest().await;
    assert_eq!((seen.len(), &seen[0]["address"]), (1, &Value::Null));
    let all = audit_entries(&server, &admin, "/api/audit").await;
    let entry = all.iter().find(|entry| entry["id"] == seen[0]["id"]).unwrap();
    assert_eq!(entry["address"], "127.0.0.1");
    assert_eq!(entry["target"]["id"], entry["actor"]["id"]);
    guest.expect_failure(&server, (Method::GET, "/api/audit", Value::Null), (403, "access_denied")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn changes_of_users_are_recorded_for_server_administrators() {
    let server = demo_server_builder().start().await.unwrap();
    let admin = Caller::demo_user(&server).await;
    let body = json!({"email": "new@example.org", "password": crate::web::TEST_PASSWORD});
    let user = admin.post(&server, "/api/users", body).await["user"]["id"].as_str().unwrap().to_owned();
    admin.patch(&server, &format!("/api/users/{user}"), json!({"is_active": false})).await;
    let made = newest_entry(&server, &admin, "/api/audit", "user.create").await;
    assert_eq!((&made["target"]["id"], &made["after"]["email"]), (&json!(user), &json!("new@example.org")));
    let changed = newest_entry(&server, &admin, "/api/audit", "user.update").await;
    assert_eq!((&changed["before"]["is_active"], &changed["after"]["is_active"]), (&json!(true), &json!(false)));
    let all = Value::from(audit_entries(&server, &admin, "/api/audit").await).to_string();
    assert!(!all.contains("argon2") && !all.contains(crate::web::TEST_PASSWORD));
    admin.post(&server, "/api/notifications", json!({"type": "info", "message": "To all"})).await;
    let told = newest_entry(&server, &admin, "/api/audit", "notification.create").await;
    assert_eq!(told["after"], json!({"type": "info", "message": "To all", "persistent": false}));
    server.shutdown().await;
}

#[tokio::test]
async fn old_entries_are_pruned() {
    let server = demo_server_builder().audit_max_age(Duration::from_micros(1)).start().await.unwrap();
    let owner = Caller::demo_user(&server).await;
    let log = format!("/api/projects/{}/audit", demo_project_id(&server));
    assert!(!audit_entries(&server, &owner, &log).await.is_empty());
    assert!(server.prune_audit().await.unwrap() > 0);
    assert!(audit_entries(&server, &owner, &log).await.is_empty());
    server.shutdown().await;

    let server = crate::support::demo_server_builder().audit_max_age(Duration::ZERO).start().await.unwrap();
    assert_eq!(server.prune_audit().await.unwrap(), 0);
    server.shutdown().await;
}
