//! REST API of the loopback server.

use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;

use super::{
    Shared,
    contents::{Contents, Submitted},
    room::ServerRooms,
};

/// Limits for a request's head and body, in bytes.
const HEAD_BYTES_MAX: usize = 64 << 10;
const BODY_BYTES_MAX: usize = 16 << 20;
/// Largest number of items per page.
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
    /// Repeated for an idempotency key.
    replayed: bool,
}

impl HttpResponse {
    fn of(body: Value) -> Self {
        Self { status: 200, body, replayed: false }
    }

    fn failed(status: u16, code: &str, message: &str) -> Self {
        let body = json!({"success": false, "error": message, "code": code, "error_code": code.to_uppercase()});
        Self { status, body, replayed: false }
    }
}

/// Serves one request.
pub(super) async fn serve(mut stream: TcpStream, shared: &Shared) {
    let Some(request) = read(&mut stream).await else { return };
    let (answer, silent) = {
        let mut state = shared.state();
        let refused = state.refuse_credentials && request.url.path() != "/api/health";
        let answer = if refused {
            HttpResponse::failed(401, "authentication_failed", "Invalid API key")
        } else {
            request.answer(&mut state.rooms)
        };
        (answer, state.silent)
    };
    if silent {
        return std::future::pending().await;
    }
    let body = answer.body.to_string();
    let date = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let replayed = if answer.replayed { "Idempotent-Replayed: true\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {} -\r\nContent-Type: application/json\r\nContent-Length: {}\r\nDate: {date}\r\n{replayed}\
         Connection: close\r\n\r\n",
        answer.status,
        body.len()
    );
    // The client may be gone.
    let _ = stream.write_all((head + &body).as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Reads a request; `None` if it is invalid or too large.
async fn read(stream: &mut TcpStream) -> Option<HttpRequest> {
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
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?);
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

    fn parameter(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    fn answer(&self, rooms: &mut ServerRooms) -> HttpResponse {
        let key = self.header("x-api-key").map(str::to_owned).or_else(|| self.parameter("api_key"));
        let project = rooms.of_key(&key.unwrap_or_default());
        let path: Vec<_> = self.url.path_segments().into_iter().flatten().collect();
        match (self.method.as_str(), &path[..]) {
            ("POST", ["api", "moderate"]) => self.moderate(rooms, &project),
            ("GET", ["api", "content"]) => {
                let documented = rooms.has_log();
                self.page(rooms.contents(&project), documented)
            }
            ("GET", ["api", "content", id]) => match rooms.contents(&project).get(&decoded(id)) {
                Some(content) => HttpResponse::of(json!({"success": true, "content": content})),
                None => HttpResponse::failed(404, "not_found", "Content not found"),
            },
            ("GET", ["api", "stats"]) => {
                HttpResponse::of(json!({"success": true, "stats": rooms.contents(&project).statistics()}))
            }
            ("GET", ["api", "health"]) => HttpResponse::of(json!({"status": "healthy", "service": "AutoModerate API"})),
            _ => HttpResponse::failed(404, "not_found", "Not found"),
        }
    }

    fn page(&self, contents: &Contents, documented: bool) -> HttpResponse {
        let number = |name: &str, default: usize| self.parameter(name).map_or(Ok(default), |text| text.parse());
        let status = self.parameter("status");
        let (Ok(page), Ok(per_page)) = (number("page", 1), number("per_page", if documented { 20 } else { 50 })) else {
            return HttpResponse::failed(400, "validation_error", "Invalid query parameters");
        };
        if page == 0 || !(1..=PER_PAGE_MAX).contains(&per_page) || status.as_deref() == Some("") {
            return HttpResponse::failed(400, "validation_error", "Invalid query parameters");
        }
        let (rows, total) = contents.page(page, per_page, status.as_deref());
        let pages = total.div_ceil(per_page);
        let mut pagination = json!({"page": page, "per_page": per_page, "has_more": page < pages});
        if documented {
            pagination["pages"] = pages.into();
            pagination["total"] = total.into();
            pagination["has_next"] = (page < pages).into();
            pagination["has_prev"] = (page > 1).into();
        }
        HttpResponse::of(json!({"success": true, "content": rows, "pagination": pagination}))
    }

    /// Approves a submission.
    fn moderate(&self, rooms: &mut ServerRooms, project: &str) -> HttpResponse {
        let Ok(body) = serde_json::from_slice::<Value>(&self.body) else {
            return HttpResponse::failed(400, "validation_error", "Invalid input data");
        };
        let Some(content) = body["content"].as_str().filter(|content| !content.trim().is_empty()) else {
            return HttpResponse::failed(400, "validation_error", "Invalid input data");
        };
        let key = self.header("idempotency-key").filter(|_| rooms.has_log());
        match key.map(|key| rooms.contents(project).submitted(key, &body)) {
            Some(Submitted::Before(answer)) => return HttpResponse { replayed: true, ..HttpResponse::of(answer) },
            Some(Submitted::Other) => {
                return HttpResponse::failed(422, "idempotency_mismatch", "The key was used for another submission");
            }
            Some(Submitted::New) | None => {}
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
        rooms.publish(project, "moderation_update", update);
        let whole = Map::from_iter([("content_data".to_owned(), content.into())]);
        rooms.store(project, &id, whole);
        let results = rooms.contents(project).get(&id).map(|row| row["moderation_results"].clone());
        let answer = json!({
            "success": true, "content_id": id, "status": "approved", "moderation_results": results.unwrap_or_default(),
        });
        if let Some(key) = key {
            rooms.contents(project).remember(key, body, answer.clone());
        }
        HttpResponse::of(answer)
    }
}

/// Decodes the percent-encoding of a path segment.
fn decoded(segment: &str) -> String {
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
