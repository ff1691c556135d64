//! A REST server for scripted tests. It keeps items in memory and lists them as a deployed server does.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use automoderate::{Client, ClientBuilder, ReconnectPolicy, testing::Script};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A loopback server; clones share its state.
#[derive(Clone, Default)]
pub(crate) struct RestServer(Arc<RestServerState>);

#[derive(Default)]
struct RestServerState {
    /// The items as JSON text, newest first.
    rows: Mutex<Vec<String>>,
    requests: Mutex<Vec<String>>,
    url: Mutex<String>,
    is_unresponsive: Mutex<bool>,
    login_page: Mutex<Option<&'static str>>,
    accepts_logins: Mutex<bool>,
    supports_keys: Mutex<bool>,
    write_faults: Mutex<VecDeque<WriteFault>>,
    /// The idempotency keys of the submissions that were stored, in order.
    stored_keys: Mutex<Vec<String>>,
}

/// Fault that affects one submission.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WriteFault {
    /// The submission is stored, and the connection is closed without an answer.
    LoseAnswer,
    /// The submission is stored, and the server never answers.
    NeverAnswer,
    /// The submission is not stored. The answer has this status and these additional headers.
    Refuse(u16, &'static str),
    /// The submission is stored. The answer has this status, as if a proxy had lost the server's own answer.
    StoreAndRefuse(u16),
    /// The submission is stored, and the answer has this body.
    Answer(&'static str),
}

impl RestServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self::default();
        *server.0.url.lock().unwrap() = format!("http://{}", listener.local_addr().unwrap());
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        self.0.url.lock().unwrap().clone()
    }

    /// Returns a builder for a client that connects to this script and sends its REST calls to this server.
    pub(crate) fn builder(&self, script: &Script) -> ClientBuilder {
        let quick = std::time::Duration::from_millis(10);
        let policy = ReconnectPolicy { delay: quick, max_delay: quick, ..ReconnectPolicy::default() };
        Client::builder(self.url()).heartbeat_interval(None).reconnect(policy).api_key("am_any").script(script)
    }

    /// Adds this item as the newest item.
    pub(crate) fn add_row(&self, row: &Value) {
        self.add_row_text(row.to_string());
    }

    pub(crate) fn add_row_text(&self, row: String) {
        self.0.rows.lock().unwrap().insert(0, row);
    }

    /// Applies `change` to the item with this id.
    pub(crate) fn change_row(&self, id: &str, change: impl Fn(&mut Value)) {
        let mut rows = self.0.rows.lock().unwrap();
        for row in rows.iter_mut() {
            let mut value: Value = serde_json::from_str(row).unwrap();
            if value["id"] == id {
                change(&mut value);
                *row = value.to_string();
            }
        }
    }

    /// Sets whether the server reads requests without answering them.
    pub(crate) fn set_unresponsive(&self, is_unresponsive: bool) {
        *self.0.is_unresponsive.lock().unwrap() = is_unresponsive;
    }

    /// Sets the page with the login form; `None`, the default, stands for a server without a login form.
    pub(crate) fn set_login_page(&self, page: Option<&'static str>) {
        *self.0.login_page.lock().unwrap() = page;
    }

    /// Makes the server accept every email and password from now on.
    pub(crate) fn accept_logins(&self) {
        *self.0.accepts_logins.lock().unwrap() = true;
    }

    /// Makes the server recognise repeated submissions by their idempotency keys, and report this at `/api/health`.
    pub(crate) fn support_keys(&self) {
        *self.0.supports_keys.lock().unwrap() = true;
    }

    pub(crate) fn ignore_keys(&self) {
        *self.0.supports_keys.lock().unwrap() = false;
    }

    /// Plans the faults of the next submissions, one each. Further submissions are answered without a fault.
    pub(crate) fn plan_write_faults(&self, faults: &[WriteFault]) {
        self.0.write_faults.lock().unwrap().extend(faults);
    }

    /// Returns the idempotency keys of the submissions that were stored, in order.
    pub(crate) fn stored_keys(&self) -> Vec<String> {
        self.0.stored_keys.lock().unwrap().clone()
    }

    /// Returns the request line and the headers of each request received so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.0.requests.lock().unwrap().clone()
    }

    /// Waits until a request that contains this text has arrived, and 50 ms longer, so that the client can read the
    /// answer.
    pub(crate) async fn wait_for_request(&self, words: &str) {
        while !self.requests().iter().any(|request| request.contains(words)) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut text = Vec::new();
        let mut chunk = [0; 4096];
        while !text.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut chunk).await {
                Ok(read) if read > 0 => text.extend_from_slice(&chunk[..read]),
                _ => return,
            }
        }
        let request = String::from_utf8_lossy(&text).into_owned();
        self.0.requests.lock().unwrap().push(request.clone());
        if *self.0.is_unresponsive.lock().unwrap() {
            return std::future::pending().await;
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        if request.starts_with("POST /auth/login ") && *self.0.accepts_logins.lock().unwrap() {
            let head = "HTTP/1.1 302 X\r\nLocation: /\r\nSet-Cookie: session=s\r\nContent-Length: 0\r\n\r\n";
            let _ = stream.write_all(head.as_bytes()).await;
            return;
        }
        let mut further_headers = "";
        let (status, body) = if path == "/auth/login" {
            self.0.login_page.lock().unwrap().map_or((404, String::new()), |page| (200, page.to_owned()))
        } else if request.starts_with("POST /api/moderate ") || self.has_fault_for(&request) {
            let fault = self.0.write_faults.lock().unwrap().pop_front();
            let stored = json!({"success": true, "content_id": "new", "status": "approved"}).to_string();
            if !matches!(fault, Some(WriteFault::Refuse(..))) {
                self.store(&request);
            }
            match fault {
                None => (200, stored),
                Some(WriteFault::LoseAnswer) => return,
                Some(WriteFault::NeverAnswer) => return std::future::pending().await,
                Some(WriteFault::StoreAndRefuse(status)) => (status, String::new()),
                Some(WriteFault::Answer(body)) => (200, body.to_owned()),
                Some(WriteFault::Refuse(status, headers)) => {
                    further_headers = headers;
                    (status, String::new())
                }
            }
        } else if path == "/api/health" {
            let mut health = json!({"success": true, "status": "healthy"});
            if *self.0.supports_keys.lock().unwrap() {
                health["idempotency_keys"] = true.into();
            }
            (200, health.to_string())
        } else if request.starts_with("POST ") {
            (404, json!({"error": "Not found"}).to_string())
        } else {
            self.response_to(path)
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{further_headers}Connection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(body.as_bytes()).await;
    }

    /// Returns true if the request is a batch and a fault is planned. Without a fault, the server has no route for batches.
    fn has_fault_for(&self, request: &str) -> bool {
        request.starts_with("POST /api/moderate/batch ") && !self.0.write_faults.lock().unwrap().is_empty()
    }

    /// Stores a submission, unless its key is known and the server supports keys.
    fn store(&self, request: &str) {
        let key = idempotency_key(request).unwrap_or_default();
        let mut stored = self.0.stored_keys.lock().unwrap();
        if !(*self.0.supports_keys.lock().unwrap() && stored.contains(&key)) {
            stored.push(key);
        }
    }

    fn response_to(&self, path: &str) -> (u16, String) {
        let rows = self.0.rows.lock().unwrap();
        if let Some(id) = path.strip_prefix("/api/content/") {
            let row = rows.iter().find(|row| row.contains(&format!("\"id\":{}", json!(id))));
            return row.map_or((404, json!({"error": "Content not found"}).to_string()), |row| {
                (200, format!(r#"{{"success":true,"content":{row}}}"#))
            });
        }
        let parameter = |name: &str| {
            let (_, query) = path.split_once('?')?;
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
        };
        let (page, per_page): (usize, usize) = (
            parameter("page").and_then(|page| page.parse().ok()).unwrap_or(1),
            parameter("per_page").and_then(|size| size.parse().ok()).unwrap_or(50),
        );
        let status = parameter("status").map(|status| format!("\"status\":{}", json!(status)));
        let chosen: Vec<_> = rows.iter().filter(|row| status.as_ref().is_none_or(|it| row.contains(it))).collect();
        let first = ((page - 1) * per_page).min(chosen.len());
        let last = (first + per_page).min(chosen.len());
        let listed: Vec<_> = chosen[first..last].iter().map(|row| row.as_str()).collect();
        let has_more = last < chosen.len();
        let pagination = json!({"page": page, "per_page": per_page, "has_more": has_more});
        (200, format!(r#"{{"success":true,"content":[{}],"pagination":{pagination}}}"#, listed.join(",")))
    }
}

/// Returns the idempotency key of a request, in lower case.
pub(crate) fn idempotency_key(request: &str) -> Option<String> {
    let request = request.to_lowercase();
    let (_, rest) = request.split_once("idempotency-key: ")?;
    rest.lines().next().map(str::to_owned)
}

/// Returns an item of project `p`, submitted and decided at these times, in the format of a listing.
pub(crate) fn content_row(id: &str, status: &str, created: jiff::Timestamp, updated: jiff::Timestamp) -> Value {
    let time = |at: jiff::Timestamp| at.to_string().trim_end_matches('Z').to_owned();
    json!({
        "id": id, "project_id": "p", "content_type": "text", "content_data": id, "meta_data": null, "status": status,
        "created_at": time(created), "updated_at": time(updated), "moderation_results": [],
    })
}
