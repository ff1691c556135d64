//! A signed-in browser and a program with a key, both of which call the REST API.

use automoderate_server::{Role, RunningServer, Scope};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Socket, csrf_token, first_cookie, http_client};

pub(crate) const TEST_PASSWORD: &str = "correct horse battery";

/// A caller of the REST API, with its credentials.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    Nobody,
    Key(String),
    Session { cookie: String, token: String },
}

impl Caller {
    /// Signs in as this user; panics if the server refuses the sign-in.
    pub(crate) async fn sign_in(server: &RunningServer, email: &str, password: &str) -> Self {
        let browser = Browser::sign_in(&server.base_url(), email, password).await;
        let Browser { cookie, token, .. } = browser.unwrap_or_else(|| panic!("{email}"));
        Self::Session { cookie, token }
    }

    /// Signs in as the demo user, who owns the demo project and administers the server.
    pub(crate) async fn demo_user(server: &RunningServer) -> Self {
        let demo = server.demo().unwrap();
        Self::sign_in(server, &demo.email, &demo.password).await
    }

    /// Creates a user, adds the user to the project if a role is given, and signs in.
    pub(crate) async fn add_signed_in_user(
        server: &RunningServer,
        email: &str,
        project_id: &str,
        role: Option<Role>,
    ) -> Self {
        server.create_user(email, TEST_PASSWORD).await.unwrap();
        if let Some(role) = role {
            server.add_member_as(project_id, email, role).await.unwrap();
        }
        Self::sign_in(server, email, TEST_PASSWORD).await
    }

    /// Creates a key for the project, with these scopes, and returns a caller that uses the key.
    pub(crate) async fn with_new_key(server: &RunningServer, project_id: &str, scopes: &[Scope]) -> Self {
        Self::Key(server.create_api_key_with(project_id, "Program", scopes).await.unwrap())
    }

    /// Signs out, which ends the session.
    pub(crate) async fn sign_out(&self, server: &RunningServer) {
        let request = self.add_credentials(http_client().post(format!("{}/auth/logout", server.base_url())));
        assert_eq!(request.send().await.unwrap().status(), 302);
    }

    pub(crate) fn add_credentials(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Nobody => request,
            Self::Key(key) => request.header("x-api-key", key),
            Self::Session { cookie, token } => request.header("cookie", cookie).header("x-csrf-token", token),
        }
    }

    /// Calls the server, and returns the status and the body.
    pub(crate) async fn call(&self, server: &RunningServer, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = http_client().request(method, format!("{}{path}", server.base_url()));
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = self.add_credentials(request).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(crate) async fn get(&self, server: &RunningServer, path: &str) -> Value {
        let (status, answer) = self.call(server, Method::GET, path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(crate) async fn post(&self, server: &RunningServer, path: &str, body: Value) -> Value {
        self.call_ok(server, Method::POST, path, body).await
    }

    pub(crate) async fn patch(&self, server: &RunningServer, path: &str, body: Value) -> Value {
        self.call_ok(server, Method::PATCH, path, body).await
    }

    pub(crate) async fn delete(&self, server: &RunningServer, path: &str) -> Value {
        self.call_ok(server, Method::DELETE, path, Value::Null).await
    }

    async fn call_ok(&self, server: &RunningServer, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(server, method, path, body).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        assert_eq!(answer["success"], true, "{path}");
        answer
    }

    /// Asserts that a call fails with this status and code.
    pub(crate) async fn expect_failure(
        &self,
        server: &RunningServer,
        (method, path, body): (Method, &str, Value),
        (status, code): (u16, &str),
    ) {
        let (got, answer) = self.call(server, method, path, body.clone()).await;
        assert_eq!((got, answer["code"].as_str()), (status, Some(code)), "{path} {body}: {answer}");
        assert_eq!(answer["error_code"], code);
        assert_eq!(answer["success"], false);
        assert!(answer["error"].is_string());
    }

    /// Opens a socket, and asserts that the server accepts it.
    pub(crate) async fn connect_socket(&self, server: &RunningServer) -> Socket {
        let mut socket = self.open_socket(server).await;
        socket.expect_accepted().await;
        socket
    }

    /// Opens a socket without waiting for the server to accept it.
    pub(crate) async fn open_socket(&self, server: &RunningServer) -> Socket {
        let mut request = Socket::request(&server.base_url(), "");
        match self {
            Self::Nobody => {}
            Self::Key(key) => drop(request.headers_mut().insert("x-api-key", key.parse().unwrap())),
            Self::Session { cookie, .. } => drop(request.headers_mut().insert("cookie", cookie.parse().unwrap())),
        }
        Socket::open(request, "").await.unwrap()
    }
}

/// A signed-in browser, which can also use a server in another process.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    base_url: String,
    pub(crate) cookie: String,
    token: String,
}

impl Browser {
    /// Signs in as this user; returns `None` if the server refuses the sign-in.
    pub(crate) async fn sign_in(base_url: &str, email: &str, password: &str) -> Option<Self> {
        let url = format!("{base_url}/auth/login");
        let form = http_client().get(&url).send().await.unwrap();
        let cookie = first_cookie(&form);
        let token = csrf_token(&form.text().await.unwrap());
        let fields = [("csrf_token", token.as_str()), ("email", email), ("password", password)];
        let response = http_client().post(&url).header("cookie", cookie).form(&fields).send().await.unwrap();
        if response.status() != 302 {
            return None;
        }
        Some(Self::with_cookie(base_url, first_cookie(&response)).await)
    }

    /// Creates a browser that continues the session with this cookie.
    pub(crate) async fn with_cookie(base_url: &str, cookie: String) -> Self {
        let url = format!("{base_url}/auth/csrf");
        let answer: Value =
            http_client().get(url).header("cookie", &cookie).send().await.unwrap().json().await.unwrap();
        let token = answer["csrf_token"].as_str().unwrap().to_owned();
        Self { base_url: base_url.to_owned(), cookie, token }
    }

    /// Calls the server, and returns the status and the body.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = http_client().request(method, format!("{}{path}", self.base_url));
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.header("cookie", &self.cookie).header("x-csrf-token", &self.token).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Signs out, which ends the session.
    pub(crate) async fn sign_out(&self) {
        let request = http_client().post(format!("{}/auth/logout", self.base_url));
        let request = request.header("cookie", &self.cookie).header("x-csrf-token", &self.token);
        assert_eq!(request.send().await.unwrap().status(), 302);
    }

    /// Opens a socket, and asserts that the server accepts it.
    pub(crate) async fn connect_socket(&self) -> Socket {
        let mut request = Socket::request(&self.base_url, "");
        request.headers_mut().insert("cookie", self.cookie.parse().unwrap());
        let mut socket = Socket::open(request, "").await.unwrap();
        socket.expect_accepted().await;
        socket
    }
}

/// Returns the user id of a member of the project.
pub(crate) async fn member_id(server: &RunningServer, owner: &Caller, project_id: &str, email: &str) -> String {
    let members = owner.get(server, &format!("/api/projects/{project_id}/members")).await;
    let members = members["members"].as_array().unwrap();
    let member = members.iter().find(|member| member["email"] == email).unwrap();
    member["user_id"].as_str().unwrap().to_owned()
}

/// Returns a keyword rule that rejects this word.
pub(crate) fn rejecting_rule(word: &str) -> Value {
    json!({"name": format!("No {word}"), "type": "keyword", "data": {"keywords": [word]}, "action": "reject"})
}
