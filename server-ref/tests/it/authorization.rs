//! The permissions of every kind of caller on every route and for every socket request.

use std::time::Duration;

use automoderate_server::{Role, RunningServer, Scope};
use reqwest::Method;
use serde_json::{Value, json};

use crate::clock::timestamp_in;
use crate::support::{demo_api_key, demo_project_id, demo_server_builder, eventually, http_client, moderate};
use crate::web::{Caller, TEST_PASSWORD, member_id, rejecting_rule};

/// Kinds of callers, in the order of the columns below: a key of another project, keys with one scope each, a token, and
/// people.
const CALLERS: [&str; 11] = [
    "other key",
    "read key",
    "submit key",
    "review key",
    "rules key",
    "token",
    "stranger",
    "member",
    "admin",
    "owner",
    "server admin",
];

/// The expected answer to each caller: `.` means 2xx, `u` 401, `f` or `F` 403, and `n` 404. A space separates the keys and the token
/// from the people.
const ROUTE_MATRIX: &[(&str, &str, &str)] = &[
    // Routes for the project of the key or for the given `project_id`. The other key's project does not contain the item.
    ("POST", "/api/moderate?project_id={id}", ".f.fff f...f"),
    ("POST", "/api/moderate/batch?project_id={id}", ".f.fff f...f"),
    ("GET", "/api/content?project_id={id}", "..fff. f...f"),
    ("GET", "/api/content/{content}?project_id={id}", "n.fff. f...f"),
    ("POST", "/api/content/{content}/review?project_id={id}", "fff.ff f...f"),
    ("POST", "/api/content/review?project_id={id}", "fff.ff f...f"),
    ("GET", "/api/stats?project_id={id}", "..fff. f...f"),
    ("GET", "/api/notifications?project_id={id}", "..fff. f...f"),
    ("POST", "/api/notifications", "ffffff ff..f"),
    ("POST", "/api/notifications?all", "ffffff ffff."),
    ("DELETE", "/api/notifications/{notification}", "ffffff ff..f"),
    ("GET", "/api/projects", "..fff. ....."),
    ("POST", "/api/projects", "ffffff ....."),
    ("GET", "/api/projects/{id}", "f.fff. f...f"),
    ("PATCH", "/api/projects/{id}", "ffffff ff..f"),
    ("PUT", "/api/projects/{id}", "ffffff ff..f"),
    ("GET", "/api/projects/{id}/snapshot", "f.fff. f...f"),
    ("GET", "/api/projects/{id}/members", "ffffff f...f"),
    ("POST", "/api/projects/{id}/members", "ffffff ff..f"),
    ("PATCH", "/api/projects/{id}/members/{user}", "ffffff ff..f"),
    ("PUT", "/api/projects/{id}/members/{user}", "ffffff ff..f"),
    ("DELETE", "/api/projects/{id}/members/{user}", "ffffff ff..f"),
    ("GET", "/api/projects/{id}/rules", "f.ff.. f...f"),
    ("POST", "/api/projects/{id}/rules", "ffff.f ff..f"),
    ("GET", "/api/projects/{id}/rules/{rule}", "f.ff.. f...f"),
    ("PATCH", "/api/projects/{id}/rules/{rule}", "ffff.f ff..f"),
    ("PUT", "/api/projects/{id}/rules/{rule}", "ffff.f ff..f"),
    ("DELETE", "/api/projects/{id}/rules/{rule}", "ffff.f ff..f"),
    ("GET", "/api/projects/{id}/keys", "ffffff ff..f"),
    ("POST", "/api/projects/{id}/keys", "ffffff ff..f"),
    ("PATCH", "/api/projects/{id}/keys/{key}", "ffffff ff..f"),
    ("DELETE", "/api/projects/{id}/keys/{key}", "ffffff ff..f"),
    // Every key may create tokens, but only with the key's own scopes; this body requests the default, `read`. No token may (`F`).
    ("POST", "/api/tokens", "..fffF fffff"),
    ("GET", "/api/projects/{id}/invitations", "ffffff ff..f"),
    ("POST", "/api/projects/{id}/invitations", "ffffff ff..f"),
    ("DELETE", "/api/projects/{id}/invitations/{invitation}", "ffffff ff..f"),
    ("GET", "/api/invitations", "ffffff ....."),
    // The invitation is for the caller's address only if the caller is the stranger.
    ("DELETE", "/api/invitations/{token}", "ffffff .ffff"),
    ("GET", "/api/projects/{id}/audit", "ffffff ff..f"),
    ("GET", "/api/audit", "ffffff ffff."),
    ("GET", "/api/users", "ffffff ffff."),
    ("POST", "/api/users", "ffffff ffff."),
    ("PATCH", "/api/users/{user}", "ffffff ffff."),
    ("PUT", "/api/users/{user}", "ffffff ffff."),
    ("PUT", "/api/me/password", "ffffff ....."),
    ("GET", "/auth/csrf", "uuuuuu ....."),
    ("GET", "/api/health", "...... ....."),
    // Accepting the invitation makes the stranger a member.
    ("POST", "/api/invitations/{token}", "ffffff .ffff"),
    ("DELETE", "/api/projects/{id}", "ffffff fff.f"),
];

/// The expected answers to socket requests, in the order in which the requests are sent: `.` means allowed, and `f` means forbidden.
const SOCKET_MATRIX: &[(&str, &str)] = &[
    ("join_project", "f.fff. f...f"),
    ("replay_events", "f.fff. f...f"),
    ("heartbeat", "...... ....."),
    ("leave_project", "...... ....."),
];

/// Routes in the OpenAPI description that need no credentials.
const PUBLIC_ROUTES: [&str; 1] = ["/api/health"];
/// Routes that the OpenAPI description omits: pages, assets, probes, metrics, and sockets. Any caller may request them. Apart from the
/// sockets, whose requests have a matrix of their own, these routes reveal nothing about a project.
const UNDESCRIBED_ROUTES: [&str; 19] = [
    "/",
    "/dashboard",
    "/dashboard/",
    "/dashboard/app.css",
    "/dashboard/app.js",
    "/dashboard/icon.svg",
    "/dashboard/licenses.md",
    "/ready",
    "/live",
    "/metrics",
    "/api/openapi.json",
    "/api/docs",
    "/api/docs.css",
    "/api/docs.js",
    "/auth/login",
    "/auth/logout",
    "/auth/setup",
    "/socket.io",
    "/socket.io/",
];

struct TestSetup {
    _folder: tempfile::TempDir,
    server: RunningServer,
    id: String,
    callers: Vec<Caller>,
    /// Callers without valid credentials.
    refused: Vec<(&'static str, Caller)>,
    owner: Caller,
}

/// Starts a server with one caller of each kind. Only the demo user administers the server; this user is not a member of the
/// tested project.
async fn setup() -> TestSetup {
    let folder = tempfile::tempdir().unwrap();
    let url = crate::databases::folder_database_url(folder.path());
    let server = demo_server_builder().database(&url).start().await.unwrap();
    let admin = Caller::demo_user(&server).await;
    let id = server.create_project("Tested").await.unwrap();
    let owner = Caller::add_signed_in_user(&server, "owner@example.org", &id, Some(Role::Owner)).await;
    let key_of = async |scope| Caller::with_new_key(&server, &id, &[scope]).await;
    let all = Caller::with_new_key(&server, &id, &Scope::ALL).await;
    let token = all.post(&server, "/api/tokens", json!({})).await["token"].as_str().unwrap().to_owned();
    let callers = vec![
        Caller::Key(demo_api_key(&server)),
        key_of(Scope::Read).await,
        key_of(Scope::Submit).await,
        key_of(Scope::Review).await,
        key_of(Scope::Rules).await,
        Caller::Key(token),
        Caller::add_signed_in_user(&server, "stranger@example.org", &id, None).await,
        Caller::add_signed_in_user(&server, "member@example.org", &id, Some(Role::Member)).await,
        Caller::add_signed_in_user(&server, "admin@example.org", &id, Some(Role::Admin)).await,
        owner.clone(),
        admin.clone(),
    ];
    let mut refused = create_refused_callers(&server, &id, &owner, &admin, &all).await;
    let expired = Caller::add_signed_in_user(&server, "expired@example.org", &id, Some(Role::Owner)).await;
    let user = "SELECT id FROM users WHERE email = 'expired@example.org'";
    crate::sql::execute(&url, format!("UPDATE sessions SET expires_at = 1 WHERE user_id = ({user})")).await;
    refused.push(("expired session", expired));
    TestSetup { _folder: folder, server, id, callers, refused, owner }
}

/// Creates callers without valid credentials, and waits until each of them is refused.
async fn create_refused_callers(
    server: &RunningServer,
    id: &str,
    owner: &Caller,
    admin: &Caller,
    all: &Caller,
) -> Vec<(&'static str, Caller)> {
    let keys = format!("/api/projects/{id}/keys");
    let make = async |body: Value| {
        let made = owner.post(server, &keys, body).await["key"].clone();
        (format!("{keys}/{}", made["id"].as_str().unwrap()), made["api_key"].as_str().unwrap().to_owned())
    };
    let (path, revoked) = make(json!({"name": "revoked"})).await;
    owner.delete(server, &path).await;
    let (path, off) = make(json!({"name": "off"})).await;
    owner.patch(server, &path, json!({"is_active": false})).await;
    let soon = timestamp_in(Duration::from_millis(200));
    let (_, expired) = make(json!({"name": "expired", "expires_at": soon})).await;
    let token = all.post(server, "/api/tokens", json!({"ttl": 1})).await["token"].as_str().unwrap().to_owned();
    let ended = Caller::add_signed_in_user(server, "ended@example.org", id, Some(Role::Owner)).await;
    ended.sign_out(server).await;
    let inactive = Caller::add_signed_in_user(server, "inactive@example.org", id, Some(Role::Owner)).await;
    let user = member_id(server, owner, id, "inactive@example.org").await;
    admin.patch(server, &format!("/api/users/{user}"), json!({"is_active": false})).await;
    let refused = vec![
        ("nobody", Caller::Nobody),
        ("wrong key", Caller::Key(format!("am_{}", "x".repeat(43)))),
        ("no key", Caller::Key("secret".into())),
        ("forged token", Caller::Key(format!("{}x", &token[..token.len() - 1]))),
        ("revoked key", Caller::Key(revoked)),
        ("switched-off key", Caller::Key(off)),
        ("expired key", Caller::Key(expired)),
        ("expired token", Caller::Key(token)),
        ("ended session", ended),
        ("deactivated user", inactive),
    ];
    for (who, caller) in &refused {
        let is_refused = async || caller.call(server, Method::GET, "/api/projects", Value::Null).await.0 == 401;
        eventually(who, is_refused).await;
    }
    refused
}

impl TestSetup {
    /// Replaces the placeholders in a path and creates the objects that they name, apart from the project, so that each call finds an
    /// object to change.
    async fn concrete_path(&self, path: &str, n: usize) -> String {
        let (server, owner, id) = (&self.server, &self.owner, &self.id);
        let base = format!("/api/projects/{id}");
        let made = |answer: Value, field: &str| answer[field]["id"].as_str().unwrap().to_owned();
        let mut path = path.replace("{id}", id).replace("?all", "");
        if path.contains("{rule}") {
            let rule = owner.post(server, &format!("{base}/rules"), rejecting_rule("never")).await;
            path = path.replace("{rule}", &made(rule, "rule"));
        }
        if path.contains("{key}") {
            let name = json!({"name": uuid::Uuid::new_v4().to_string()});
            path = path.replace("{key}", &made(owner.post(server, &format!("{base}/keys"), name).await, "key"));
        }
        if path.contains("{user}") {
            let email = format!("u{n}@example.org");
            // An earlier row may already have created this user.
            let _ = server.create_user(&email, TEST_PASSWORD).await;
            server.add_member(id, &email).await.unwrap();
            path = path.replace("{user}", &member_id(server, owner, id, &email).await);
        }
        if path.contains("{invitation}") || path.contains("{token}") {
            let email = if CALLERS.get(n) == Some(&"stranger") { "stranger".into() } else { format!("invited{n}") };
            let body = json!({"email": format!("{email}@example.org")});
            let invitation = owner.post(server, &format!("{base}/invitations"), body).await["invitation"].clone();
            path = path.replace("{invitation}", invitation["id"].as_str().unwrap());
            path = path.replace("{token}", invitation["token"].as_str().unwrap());
        }
        if path.contains("{content}") {
            let answer = owner.post(server, &format!("/api/moderate?project_id={id}"), json!({"content": "x"})).await;
            path = path.replace("{content}", answer["content_id"].as_str().unwrap());
        }
        if path.contains("{notification}") {
            let body = json!({"type": "info", "message": "x", "persistent": true, "project_id": id});
            let answer = owner.post(server, "/api/notifications", body).await;
            path = path.replace("{notification}", &made(answer, "notification"));
        }
        path
    }

    /// Returns a body that is valid for this route.
    fn valid_body(&self, method: &str, path: &str, n: usize) -> Value {
        match (method, path) {
            ("GET" | "DELETE", _) => Value::Null,
            (_, "/api/notifications?all") => json!({"type": "info", "message": "x"}),
            (_, "/api/notifications") => json!({"type": "info", "message": "x", "project_id": self.id}),
            (_, "/api/me/password") => {
                let current =
                    if n == CALLERS.len() - 1 { &self.server.demo().unwrap().password } else { TEST_PASSWORD };
                json!({"current": current, "new": current})
            }
            (_, "/api/users") => json!({"email": format!("new{n}@example.org"), "password": TEST_PASSWORD}),
            ("POST", path) if path.ends_with("/members") || path.ends_with("/invitations") => {
                json!({"email": format!("guest{n}@example.org")})
            }
            (_, path) if path.contains("/members/") => json!({"role": "member"}),
            ("POST", path) if path.ends_with("/rules") => rejecting_rule("never"),
            ("PATCH", path) if path.contains("/keys/") => json!({"is_active": false}),
            (_, "/api/tokens") => json!({}),
            (_, path) if path.contains("/users/") => json!({"is_admin": false}),
            // Every other route uses the fields that it knows and ignores the rest.
            _ => {
                let items = json!([{"content": "x"}]);
                json!({"name": format!("name {n}"), "content": "x", "items": items, "content_ids": ["x"], "decision": "approve"})
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_caller_on_every_route() {
    let setup = setup().await;
    let server = &setup.server;
    for n in 0..CALLERS.len() {
        server.create_user(&format!("guest{n}@example.org"), TEST_PASSWORD).await.unwrap();
    }
    let mut wrong = Vec::new();
    for (method, template, answers) in ROUTE_MATRIX {
        let answers = answers.to_lowercase().replace(' ', "");
        assert_eq!(answers.len(), CALLERS.len(), "{method} {template}");
        let verb = Method::from_bytes(method.as_bytes()).unwrap();
        let path = setup.concrete_path(template, CALLERS.len()).await;
        for (who, caller) in &setup.refused {
            let body = setup.valid_body(method, template, CALLERS.len());
            let (status, answer) = caller.call(server, verb.clone(), &path, body).await;
            if (status == 401) == PUBLIC_ROUTES.contains(template) {
                wrong.push(format!("{method} {template} as {who}: {status} {answer}"));
            }
        }
        for (n, (caller, expected)) in setup.callers.iter().zip(answers.chars()).enumerate() {
            // The last row deletes the project, so the owner makes this call only after the loop.
            if (*method, *template) == ("DELETE", "/api/projects/{id}") && expected == '.' {
                continue;
            }
            let path = setup.concrete_path(template, n).await;
            let body = setup.valid_body(method, template, n);
            let (status, answer) = caller.call(server, verb.clone(), &path, body).await;
            let got = match status {
                200..300 => '.',
                401 => 'u',
                403 => 'f',
                404 => 'n',
                _ => '?',
            };
            if got != expected {
                wrong.push(format!("{method} {template} as {}: {status} {answer}", CALLERS[n]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    setup.owner.delete(server, &format!("/api/projects/{}", setup.id)).await;
    setup.server.shutdown().await;
}

#[tokio::test]
async fn the_matrix_covers_every_described_route() {
    let server = demo_server_builder().start().await.unwrap();
    let url = format!("{}/api/openapi.json", server.base_url());
    let api: Value = http_client().get(url).send().await.unwrap().json().await.unwrap();
    // The names of path parameters do not matter.
    let shape = |path: &str| {
        let path = path.split('?').next().unwrap();
        let part = |part: &str| if part.starts_with('{') { "{}".to_owned() } else { part.to_owned() };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    };
    for (path, methods) in api["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let tested = ROUTE_MATRIX.iter().any(|(m, p, _)| m.eq_ignore_ascii_case(method) && shape(p) == shape(path));
            assert!(tested, "{method} {path}");
        }
    }
    server.shutdown().await;
}

/// Returns the server's source files with their paths.
fn source_files() -> Vec<(std::path::PathBuf, String)> {
    let mut sources = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                sources.push((path, source));
            }
        }
    }
    sources
}

/// Returns the first argument of each call to a function, or `None` for an argument that is not a string literal.
fn first_arguments<'a>(source: &'a str, call: &'a str) -> impl Iterator<Item = Option<&'a str>> {
    let literal = |call: &'a str| call.trim_start().strip_prefix('"').and_then(|call| call.split('"').next());
    source.split(call).skip(1).map(literal)
}

/// Routes that the OpenAPI description omits are added with `route` or `route_service`.
#[test]
fn every_undescribed_route_is_listed() {
    for (path, source) in source_files() {
        let routes = first_arguments(&source, ".route(").chain(first_arguments(&source, ".route_service("));
        for route in routes {
            assert!(route.is_some_and(|route| UNDESCRIBED_ROUTES.contains(&route)), "{}: {route:?}", path.display());
        }
    }
}

#[test]
fn the_matrix_covers_every_socket_request() {
    let mut handled: Vec<_> = Vec::new();
    for (path, source) in source_files() {
        for event in first_arguments(&source, "socket.on(") {
            let event = event.unwrap_or_else(|| panic!("{}: an event without a literal name", path.display()));
            handled.push(event.to_owned());
        }
    }
    handled.sort_unstable();
    let mut tested: Vec<_> = SOCKET_MATRIX.iter().map(|(event, _)| (*event).to_owned()).collect();
    tested.sort_unstable();
    assert_eq!(handled, tested);
}

#[tokio::test]
async fn every_caller_with_every_socket_request() {
    let setup = setup().await;
    let (server, id) = (&setup.server, &setup.id);
    for (who, caller) in &setup.refused {
        assert!(caller.open_socket(server).await.expect_refusal().await.starts_with("Authentication failed"), "{who}");
    }
    moderate(server, json!({"content": "x"})).await;
    for (n, (who, caller)) in CALLERS.iter().zip(&setup.callers).enumerate() {
        let mut socket = caller.open_socket(server).await;
        socket.expect_accepted().await;
        let may = |event: &str| {
            let (_, answers) = SOCKET_MATRIX.iter().find(|(tested, _)| *tested == event).unwrap();
            answers.replace(' ', "").as_bytes()[n] == b'.'
        };
        let replay = json!({"project_id": id, "after": 0});
        assert_eq!(socket.emit_with_ack("replay_events", replay.clone()).await["code"], "not_joined", "{who}");
        let joined = socket.emit_with_ack("join_project", json!({"project_id": id})).await;
        assert_eq!(joined["ok"], may("join_project"), "{who}");
        if may("join_project") {
            socket.next_event("joined_project").await;
        } else {
            let denied = socket.next_event("project_access_denied").await;
            assert_eq!((&denied["project_id"], &denied["code"]), (&json!(id), &json!("access_denied")), "{who}");
            let lacks = ["submit key", "review key", "rules key"].contains(who);
            assert_eq!(denied["scope"], if lacks { json!("read") } else { Value::Null }, "{who}");
        }
        let page = socket.emit_with_ack("replay_events", replay).await;
        assert_eq!(page["events"].is_array(), may("replay_events"), "{who}");
        for (event, payload) in [("heartbeat", json!({})), ("leave_project", json!({"project_id": id}))] {
            assert_eq!(socket.emit_with_ack(event, payload).await["ok"], may(event), "{who}: {event}");
        }
        // An unknown event is refused.
        let own = demo_project_id(server);
        assert_ne!(own, *id);
        assert_eq!(socket.emit_with_ack("subscribe", json!({"project_id": id})).await["ok"], false, "{who}");
    }
    setup.server.shutdown().await;
}
