//! The attacker's account: an ordinary user who owns one project and has a key for that project.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::attacker::Target;
use crate::server::MeasuredServer;

const ATTACKER_EMAIL: &str = "attacker@example.org";
const TEST_PASSWORD: &str = "correct horse battery";

struct SignedInSession<'a> {
    server: &'a MeasuredServer,
    client: Client,
    cookie: String,
    token: String,
}

pub(crate) async fn create_attacker_account(server: &MeasuredServer) -> Target {
    let admin = SignedInSession::sign_in(server, server.ready_field("email"), server.ready_field("password")).await;
    admin.post("/api/users", json!({"email": ATTACKER_EMAIL, "password": TEST_PASSWORD})).await;
    let session = SignedInSession::sign_in(server, ATTACKER_EMAIL, TEST_PASSWORD).await;
    let project = session.post("/api/projects", json!({"name": "Mine"})).await;
    let project = as_text(&project["project"]["id"]);
    let body = json!({"name": "All", "scopes": ["read", "submit", "review", "rules"]});
    let key = session.post(&format!("/api/projects/{project}/keys"), body).await;
    Target {
        address: server.address(),
        key: as_text(&key["key"]["api_key"]),
        project,
        session_headers: format!("cookie: {}\r\nx-csrf-token: {}", session.cookie, session.token),
    }
}

impl<'a> SignedInSession<'a> {
    async fn sign_in(server: &'a MeasuredServer, email: &str, password: &str) -> Self {
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let form = client.get(server.url("/auth/login")).send().await.unwrap();
        let cookie = first_cookie(&form);
        let page = form.text().await.unwrap();
        let (_, token) = page.split_once("name=\"csrf_token\" value=\"").unwrap();
        let fields = [("csrf_token", token.split_once('"').unwrap().0), ("email", email), ("password", password)];
        let request = client.post(server.url("/auth/login")).header("cookie", cookie).form(&fields);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 302, "{email}");
        let cookie = self::first_cookie(&answer);
        let request = client.get(server.url("/auth/csrf")).header("cookie", &cookie);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        Self { server, client, cookie, token: as_text(&answer["csrf_token"]) }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.client.request(Method::POST, self.server.url(path)).json(&body);
        let request = request.header("cookie", &self.cookie).header("x-csrf-token", &self.token);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }
}

fn first_cookie(answer: &reqwest::Response) -> String {
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split_once(';').unwrap().0.to_owned()
}

fn as_text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
