//! Attacks on sign-in, keys, and projects.

use std::io;

use serde_json::{Value, json};

use crate::attacker::Attacker;
use crate::raw_connection::request;

/// Requests the sign-in form, each time as a new visitor.
pub(super) async fn anonymous_forms(attacker: &Attacker) {
    attacker
        .repeat_in_parallel(32, async |number| {
            let mut line = attacker.connect(number).await?;
            loop {
                attacker.send_request(&mut line, &request("GET", "/auth/login", "", "")).await?;
            }
        })
        .await;
}

/// Guesses passwords from 250 addresses, more often than the limits allow. For each attempt that is not refused, the server
/// computes a password hash.
pub(super) async fn wrong_passwords(attacker: &Attacker) {
    attacker
        .repeat_in_parallel(64, async |start| {
            for number in (start..).step_by(64) {
                let mut line = attacker.connect(number).await?;
                let form = attacker.send_request(&mut line, &request("GET", "/auth/login", "", "")).await?;
                let between = |text: &str, from: &str, to: char| -> io::Result<String> {
                    let found = text.split_once(from).and_then(|(_, rest)| rest.split_once(to));
                    Ok(found.ok_or(io::ErrorKind::InvalidData)?.0.to_owned())
                };
                let token = between(&form.body, "name=\"csrf_token\" value=\"", '"')?;
                let cookie = between(&form.head, "set-cookie: ", ';')?;
                let fields = format!("csrf_token={token}&email=attacker%40example.org&password=wrong{number}");
                let head = format!(
                    "POST /auth/login HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\
                     content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{fields}",
                    fields.len()
                );
                for _ in 0..12 {
                    attacker.send_request(&mut line, head.as_bytes()).await?;
                }
            }
            Ok(())
        })
        .await;
}

/// Uses keys that do not exist, in REST requests and on sockets.
pub(super) async fn wrong_keys(attacker: &Attacker) {
    attacker
        .repeat_in_parallel(64, async |number| {
            let mut line = attacker.connect(number).await?;
            for round in 0..1_000 {
                let key = format!("am_{number:010}{round:033}");
                let headers = format!("x-api-key: {key}");
                attacker.send_request(&mut line, &request("GET", "/api/content", &headers, "")).await?;
                if round % 50 == 0 {
                    super::sockets::open_namespace(attacker, number, &format!("&api_key={key}")).await?;
                }
            }
            Ok(())
        })
        .await;
}

/// Creates projects and deletes them immediately.
pub(super) async fn short_lived_projects(attacker: &Attacker) {
    attacker
        .repeat_in_parallel(16, async |number| {
            let mut line = attacker.connect(number).await?;
            loop {
                let made =
                    attacker.request_with_session(&mut line, "POST", "/api/projects", "{\"name\":\"Short\"}").await?;
                let made: Value = serde_json::from_str(&made.body).unwrap_or_default();
                if let Some(id) = made["project"]["id"].as_str() {
                    attacker.request_with_session(&mut line, "DELETE", &format!("/api/projects/{id}"), "").await?;
                }
            }
        })
        .await;
}

/// Repeatedly creates keys, invitations, and notifications.
pub(super) async fn endless_keys(attacker: &Attacker) {
    let project = format!("/api/projects/{}", attacker.target.project);
    attacker
        .repeat_in_parallel(16, async |number| {
            let mut line = attacker.connect(number).await?;
            for round in 0.. {
                let name = format!("{number}/{round}");
                let path = format!("{project}/keys");
                attacker.request_with_session(&mut line, "POST", &path, &json!({"name": name}).to_string()).await?;
                let body = json!({"email": format!("{number}.{round}@example.org"), "role": "member"}).to_string();
                attacker.request_with_session(&mut line, "POST", &format!("{project}/invitations"), &body).await?;
                let body =
                    json!({"project_id": attacker.target.project, "title": name, "message": "x", "persistent": true});
                attacker.request_with_session(&mut line, "POST", "/api/notifications", &body.to_string()).await?;
            }
            Ok(())
        })
        .await;
}
