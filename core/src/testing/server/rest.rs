//! REST API of the loopback server.

use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;

use super::{
    Shared,
    contents::{IdempotencyLookup, StoredContents},
    projects::ServerProjects,
};

/// Maximum total size of the request line and the headers, in bytes.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Maximum size of a request's body, in bytes.
const BODY_BYTES_MAX: usize = 16 << 20;
/// Maximum number of items per page.
const PER_PAGE_MAX: usize = 100;

struct HttpRequest {
    method: String,
    url: Url,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

struct HttpResponse {
    status: u16,
    body: Value,
    /// True if this response repeats the response to an earlier request with the same idempotency key.
    is_replayed: bool,
}

impl HttpResponse {
    fn ok(body: Value) -> Self {
        Self { status: 200, body, is_replayed: false }
    }

    fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"success": false, "error": message, "code": code, "error_code": code.to_uppercase()});
        Self { status, body, is_replayed: false }
    }
}

/// Reads one HTTP request, executes or refuses it, and sends the response unless the test withholds responses.
pub(super) async fn serve_request(mut stream: TcpStream, shared: &Shared) {
    let Some(request) = read_request(&mut stream).await else { return };
    let (response, withholds_response) = {
        let mut state = shared.state();
        let is_refused = state.refuses_credentials && request.url.path() != "/api/health";
        let response = if is_refused {
            HttpResponse::error(401, "authentication_failed", "Invalid API key")
        } else {
            request.execute(&mut state.projects)
        };
        (response, state.withholds_rest_responses)
    };
    if withholds_response {
        return std::future::pending().await;
    }
    let body = response.body.to_string();
    let date = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let replayed = if response.is_replayed { "Idempotent-Replayed: true\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {} -\r\nContent-Type: application/json\r\nContent-Length: {}\r\nDate: {date}\r\n{replayed}\
         Connection: close\r\n\r\n",
        response.status,
        body.len()
    );
    // Writing fails if the client has closed the connection.
    let _ = stream.write_all((head + &body).as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Reads a request. Returns `None` if the request is invalid, incomplete or too large.
async fn read_request(stream: &mut TcpStream) -> Option<HttpRequest> {
    let mut text = Vec::new();
    let end = loop {
        if let Some(end) = text.windows(4).position(|end| end == b"\r\n\r\n") {
            break end;
        }
        if text.len() > HEAD_BYTES_MAX || stream.read_buf(&mut text).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = text.split_off(end + 4);
    let head = String::from_utf8(text).ok()?;
    let mut lines = head.lines();
    let mut request_line = lines.next()?.split(' ');
    let (method, target) = (request_line.next()?.to_owned(), request_line.next()?);
    let url = Url::parse("http://loopback/").ok()?.join(target).ok()?;
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(Some(0), |(_, n)| n.parse().ok())?;
    if length > BODY_BYTES_MAX {
        return None;
    }
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(HttpRequest { method, url, headers, body })
}

impl HttpRequest {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn query_parameter(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    fn execute(&self, projects: &mut ServerProjects) -> HttpResponse {
        let key = self.header("x-api-key").map(str::to_owned).or_else(|| self.query_parameter("api_key"));
        let project = projects.project_of_key(&key.unwrap_or_default());
        let path: Vec<_> = self.url.path_segments().into_iter().flatten().collect();
        match (self.method.as_str(), &path[..]) {
            ("POST", ["api", "moderate"]) => self.moderate(projects, &project),
            ("GET", ["api", "content"]) => {
                let is_documented = projects.has_log();
                self.list_contents(projects.contents(&project), is_documented)
            }
            ("GET", ["api", "content", id]) => match projects.contents(&project).get(&percent_decode(id)) {
                Some(content) => HttpResponse::ok(json!({"success": true, "content": content})),
                None => HttpResponse::error(404, "not_found", "Content not found"),
            },
            ("GET", ["api", "stats"]) => {
                HttpResponse::ok(json!({"success": true, "stats": projects.contents(&project).statistics()}))
            }
            ("GET", ["api", "health"]) => HttpResponse::ok(json!({"status": "healthy", "service": "AutoModerate API"})),
            _ => HttpResponse::error(404, "not_found", "Not found"),
        }
    }

    /// Lists one page of items in the format of a documented or deployed server.
    fn list_contents(&self, contents: &StoredContents, is_documented: bool) -> HttpResponse {
        let number = |name: &str, default: usize| self.query_parameter(name).map_or(Ok(default), |text| text.parse());
        let status = self.query_parameter("status");
        let (Ok(page), Ok(per_page)) = (number("page", 1), number("per_page", if is_documented { 20 } else { 50 }))
        else {
            return HttpResponse::error(400, "validation_error", "Invalid query parameters");
        };
        if page == 0 || !(1..=PER_PAGE_MAX).contains(&per_page) || status.as_deref() == Some("") {
            return HttpResponse::error(400, "validation_error", "Invalid query parameters");
        }
        let (rows, total) = contents.page(page, per_page, status.as_deref());
        let pages = total.div_ceil(per_page);
        let mut pagination = json!({"page": page, "per_page": per_page, "has_more": page < pages});
        if is_documented {
            pagination["pages"] = pages.into();
            pagination["total"] = total.into();
            pagination["has_next"] = (page < pages).into();
            pagination["has_prev"] = (page > 1).into();
        }
        HttpResponse::ok(json!({"success": true, "content": rows, "pagination": pagination}))
    }

    /// Stores a submission that is valid and new, approves it and publishes the decision.
    fn moderate(&self, projects: &mut ServerProjects, project: &str) -> HttpResponse {
        let Ok(body) = serde_json::from_slice::<Value>(&self.body) else {
            return HttpResponse::error(400, "validation_error", "Invalid input data");
        };
        let Some(content) = body["content"].as_str().filter(|content| !content.trim().is_empty()) else {
            return HttpResponse::error(400, "validation_error", "Invalid input data");
        };
        let key = self.header("idempotency-key").filter(|_| projects.has_log());
        match key.map(|key| projects.contents(project).find_submission(key, &body)) {
            Some(IdempotencyLookup::Repeated(response)) => {
                return HttpResponse { is_replayed: true, ..HttpResponse::ok(response) };
            }
            Some(IdempotencyLookup::Mismatch) => {
                return HttpResponse::error(422, "idempotency_mismatch", "The key was used for another submission");
            }
            Some(IdempotencyLookup::New) | None => {}
        }
        let id = format!("{:032x}", rand::random::<u128>());
        let mut preview: String = content.chars().take(100).collect();
        if preview.len() < content.len() {
            preview.push_str("...");
        }
        let update = [
            ("content_id", id.clone().into()),
            ("status", "approved".into()),
            ("content_type", body.get("type").cloned().unwrap_or_else(|| "text".into())),
            ("content_preview", preview.into()),
            ("meta_data", body.get("metadata").cloned().unwrap_or_default()),
            ("results_count", 1.into()),
            ("processing_time", 0.0.into()),
            ("moderator_type", "rule".into()),
            ("moderator_name", "Rule".into()),
            ("rule_name", "Unknown Rule".into()),
        ];
        let update: Map<_, _> = update.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        projects.publish(project, "moderation_update", update);
        // `publish` stored only the preview that the event contains.
        let content_data = Map::from_iter([("content_data".to_owned(), content.into())]);
        projects.store(project, &id, content_data);
        let results = projects.contents(project).get(&id).map(|row| row["moderation_results"].clone());
        let response = json!({
            "success": true, "content_id": id, "status": "approved", "moderation_results": results.unwrap_or_default(),
        });
        if let Some(key) = key {
            projects.contents(project).remember_submission(key, body, response.clone());
        }
        HttpResponse::ok(response)
    }
}

/// Decodes a percent-encoded path segment; invalid escapes remain unchanged.
fn percent_decode(segment: &str) -> String {
    let (mut rest, mut text) = (segment.as_bytes(), Vec::with_capacity(segment.len()));
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                text.push(byte);
                rest = &after[2..];
            }
            None => {
                text.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}
