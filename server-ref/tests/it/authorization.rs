//! Who may do what: every route and every socket request, for everybody.

use automoderate_server::{Role, RunningServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{http, key, moderate, project, server};
use crate::web::{Caller, rejects, user_id};

/// Who asks, in the order of the columns below.
const WHO: [&str; 9] =
    ["nobody", "other key", "revoked key", "stranger", "key", "member", "admin", "owner", "server admin"];

/// How each is answered: `.` may (2xx), `u` 401, `f` 403, `n` 404.
const MATRIX: &[(&str, &str, &str)] = &[
    // What a key or a `project_id` leads to. The other key's own project has no such content.
    ("POST", "/api/moderate?project_id={id}", "u.uf....f"),
    ("GET", "/api/content?project_id={id}", "u.uf....f"),
    ("GET", "/api/content/{content}?project_id={id}", "unuf....f"),
    ("POST", "/api/content/{content}/review?project_id={id}", "unuf....f"),
    ("GET", "/api/stats?project_id={id}", "u.uf....f"),
    ("GET", "/api/notifications?project_id={id}", "u.uf....f"),
    ("POST", "/api/notifications", "ufufff..f"),
    ("POST", "/api/notifications?all", "ufufffff."),
    ("DELETE", "/api/notifications/{notification}", "ufufff..f"),
    ("GET", "/api/projects", "u.u......"),
    ("POST", "/api/projects", "ufu.f...."),
    ("GET", "/api/projects/{id}", "ufuf....f"),
    ("PATCH", "/api/projects/{id}", "ufufff..f"),
    ("PUT", "/api/projects/{id}", "ufufff..f"),
    ("GET", "/api/projects/{id}/members", "ufuff...f"),
    ("POST", "/api/projects/{id}/members", "ufufff..f"),
    ("PATCH", "/api/projects/{id}/members/{user}", "ufufff..f"),
    ("PUT", "/api/projects/{id}/members/{user}", "ufufff..f"),
    ("DELETE", "/api/projects/{id}/members/{user}", "ufufff..f"),
    ("GET", "/api/projects/{id}/rules", "ufuf....f"),
    ("POST", "/api/projects/{id}/rules", "ufuf.f..f"),
    ("GET", "/api/projects/{id}/rules/{rule}", "ufuf....f"),
    ("PATCH", "/api/projects/{id}/rules/{rule}", "ufuf.f..f"),
    ("PUT", "/api/projects/{id}/rules/{rule}", "ufuf.f..f"),
    ("DELETE", "/api/projects/{id}/rules/{rule}", "ufuf.f..f"),
    ("GET", "/api/projects/{id}/keys", "ufufff..f"),
    ("POST", "/api/projects/{id}/keys", "ufufff..f"),
    ("DELETE", "/api/projects/{id}/keys/{key}", "ufufff..f"),
    ("GET", "/api/users", "ufufffff."),
    ("POST", "/api/users", "ufufffff."),
    ("PATCH", "/api/users/{user}", "ufufffff."),
    ("PUT", "/api/users/{user}", "ufufffff."),
    ("GET", "/auth/csrf", "uuu.u...."),
    ("GET", "/api/health", "........."),
    ("DELETE", "/api/projects/{id}", "ufuffff.f"),
];

struct World {
    server: RunningServer,
    id: String,
    callers: Vec<Caller>,
    owner: Caller,
}

/// One of each kind, of whom only the demonstration's user administers the server, and is no member.
async fn world() -> World {
    let server = server().start().await.unwrap();
    let admin = Caller::demo(&server).await;
    let id = server.create_project("Tested").await.unwrap();
    let owner = Caller::user(&server, "owner@example.org", &id, Some(Role::Owner)).await;
    let revoked = server.create_api_key(&id, "revoked").await.unwrap();
    let keys = format!("/api/projects/{id}/keys");
    let revoked_id = owner.get(&server, &keys).await["keys"][0]["id"].as_str().unwrap().to_owned();
    owner.delete(&server, &format!("{keys}/{revoked_id}")).await;
    let callers = vec![
        Caller::Nobody,
        Caller::Key(key(&server)),
        Caller::Key(revoked),
        Caller::user(&server, "stranger@example.org", &id, None).await,
        Caller::Key(server.create_api_key(&id, "own").await.unwrap()),
        Caller::user(&server, "member@example.org", &id, Some(Role::Member)).await,
        Caller::user(&server, "admin@example.org", &id, Some(Role::Admin)).await,
        owner.clone(),
        admin,
    ];
    World { server, id, callers, owner }
}

impl World {
    /// The path with what it names, made anew: each call finds what it would change.
    async fn path(&self, path: &str, n: usize) -> String {
        let (server, owner, id) = (&self.server, &self.owner, &self.id);
        let base = format!("/api/projects/{id}");
        let made = |answer: Value, field: &str| answer[field]["id"].as_str().unwrap().to_owned();
        let mut path = path.replace("{id}", id).replace("?all", "");
        if path.contains("{rule}") {
            let rule = owner.post(server, &format!("{base}/rules"), rejects("never")).await;
            path = path.replace("{rule}", &made(rule, "rule"));
        }
        if path.contains("{key}") {
            let name = json!({"name": format!("key {n} {path}")});
            path = path.replace("{key}", &made(owner.post(server, &format!("{base}/keys"), name).await, "key"));
        }
        if path.contains("{user}") {
            let email = format!("u{n}@example.org");
            // The users of earlier rows are members no more, or still.
            let _ = server.create_user(&email, crate::web::PASSWORD).await;
            server.add_member(id, &email).await.unwrap();
            path = path.replace("{user}", &user_id(server, owner, id, &email).await);
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

    /// A body that would be right for whoever may.
    fn body(&self, method: &str, path: &str, n: usize) -> Value {
        match (method, path) {
            ("GET" | "DELETE", _) => Value::Null,
            (_, "/api/notifications?all") => json!({"type": "info", "message": "x"}),
            (_, "/api/notifications") => json!({"type": "info", "message": "x", "project_id": self.id}),
            (_, "/api/users") => json!({"email": format!("new{n}@example.org"), "password": crate::web::PASSWORD}),
            ("POST", path) if path.ends_with("/members") => json!({"email": format!("guest{n}@example.org")}),
            (_, path) if path.contains("/members/") => json!({"role": "member"}),
            ("POST", path) if path.ends_with("/rules") => rejects("never"),
            (_, path) if path.contains("/users/") => json!({"is_admin": false}),
            // Every other one takes what it knows of these.
            _ => json!({"name": format!("name {n}"), "content": "x", "decision": "approve"}),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_for_everybody() {
    let world = world().await;
    let server = &world.server;
    for n in 0..WHO.len() {
        server.create_user(&format!("guest{n}@example.org"), crate::web::PASSWORD).await.unwrap();
    }
    let mut wrong = Vec::new();
    for (method, template, answers) in MATRIX {
        for (n, (caller, expected)) in world.callers.iter().zip(answers.to_lowercase().chars()).enumerate() {
            // The last row destroys the world: who may, is asked last.
            if (*method, *template) == ("DELETE", "/api/projects/{id}") && expected == '.' {
                continue;
            }
            let path = world.path(template, n).await;
            let body = world.body(method, template, n);
            let verb = Method::from_bytes(method.as_bytes()).unwrap();
            let (status, answer) = caller.call(server, verb, &path, body).await;
            let got = match status {
                200..300 => '.',
                401 => 'u',
                403 => 'f',
                404 => 'n',
                _ => '?',
            };
            if got != expected {
                wrong.push(format!("{method} {template} as {}: {status} {answer}", WHO[n]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.owner.delete(server, &format!("/api/projects/{}", world.id)).await;
    world.server.shutdown().await;
}

#[tokio::test]
async fn no_route_is_left_out() {
    let server = server().start().await.unwrap();
    let url = format!("{}/api/openapi.json", server.base_url());
    let api: Value = http().get(url).send().await.unwrap().json().await.unwrap();
    let shape = |path: &str| -> String {
        let path = path.split('?').next().unwrap();
        path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect::<Vec<_>>().join("/")
    };
    for (path, methods) in api["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let tested = MATRIX.iter().any(|(m, p, _)| m.eq_ignore_ascii_case(method) && shape(p) == shape(path));
            assert!(tested, "{method} {path}");
        }
    }
    server.shutdown().await;
}

#[tokio::test]
async fn every_socket_request_for_everybody() {
    let world = world().await;
    let (server, id) = (&world.server, &world.id);
    moderate(server, json!({"content": "x"})).await;
    for (who, caller) in WHO.iter().zip(&world.callers) {
        let mut socket = caller.knock(server).await;
        if ["nobody", "revoked key"].contains(who) {
            assert!(socket.refused().await.starts_with("Authentication failed"), "{who}");
            continue;
        }
        socket.accepted().await;
        let may = ["key", "member", "admin", "owner"].contains(who);
        let replay = json!({"project_id": id, "after": 0});
        assert_eq!(socket.ask("replay_events", replay.clone()).await["code"], "not_joined", "{who}");
        let joined = socket.ask("join_project", json!({"project_id": id})).await;
        assert_eq!(joined["ok"], may, "{who}");
        if may {
            socket.event("joined_project").await;
        } else {
            assert_eq!(socket.event("project_access_denied").await["project_id"], **id, "{who}");
        }
        let page = socket.ask("replay_events", replay).await;
        assert_eq!(page["events"].is_array(), may, "{who}");
        assert_eq!(socket.ask("heartbeat", json!({})).await["ok"], true, "{who}");
        assert_eq!(socket.ask("leave_project", json!({"project_id": id})).await["ok"], true, "{who}");
        // Rooms have no other door.
        let own = project(server);
        assert_ne!(own, *id);
        assert_eq!(socket.ask("subscribe", json!({"project_id": id})).await["ok"], false, "{who}");
    }
    world.server.shutdown().await;
}
