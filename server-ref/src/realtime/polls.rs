//! Long polls in the sizes that Python clients take.
//!
//! python-engineio ends a connection whose poll has more than 16 packets (`Payload.max_decode_packets`), and
//! engineioxide bounds a poll only by its bytes: a burst of small events would end every Python client without
//! WebSocket. Further packets wait here for the next poll. Other clients accept any number, and fewer would cost them
//! round trips, so only clients whose `User-Agent` says Python get such answers. These upgrade to WebSocket before they
//! poll or not at all, so no packets remain here when a session leaves polling.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, StatusCode};

/// The most packets in a poll of a Python client.
const PACKETS: usize = 16;

/// Between the packets of a poll. JSON escapes it, so it is nowhere else.
pub(super) const SEPARATOR: u8 = 0x1e;

/// The packets left over from each session's last poll.
#[derive(Debug, Clone)]
pub(crate) struct Polls {
    /// A session that has not polled for so long is over.
    patience: Duration,
    kept: Arc<Mutex<HashMap<String, Kept>>>,
}

#[derive(Debug)]
struct Kept {
    payload: Bytes,
    since: Instant,
}

impl Polls {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { patience, kept: Arc::default() }
    }

    /// The beginning of what was kept for the session.
    fn next(&self, sid: &str, now: Instant) -> Option<Bytes> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(sid)?;
        Some(self.begin(sid, kept.payload, now))
    }

    /// As many packets of the payload as may go at once; the rest is kept.
    fn begin(&self, sid: &str, mut payload: Bytes, now: Instant) -> Bytes {
        let mut separators = (0..payload.len()).filter(|at| payload[*at] == SEPARATOR);
        if let Some(end) = separators.nth(PACKETS - 1) {
            let rest = payload.split_off(end).slice(1..);
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.retain(|_, kept| now - kept.since < self.patience);
            kept.insert(sid.to_owned(), Kept { payload: rest, since: now });
        }
        payload
    }
}

/// Answers the polls of Python clients in parts.
pub(crate) async fn in_parts(State(polls): State<Polls>, request: Request, next: Next) -> Response {
    let Some(sid) = session(&request) else { return next.run(request).await };
    if let Some(payload) = polls.next(&sid, Instant::now()) {
        let text = HeaderValue::from_static("text/plain; charset=UTF-8");
        return ([(CONTENT_TYPE, text)], payload).into_response();
    }
    let (mut head, body) = next.run(request).await.into_parts();
    if head.status != StatusCode::OK {
        return Response::from_parts(head, body);
    }
    match to_bytes(body, usize::MAX).await {
        Ok(payload) => {
            head.headers.remove(CONTENT_LENGTH);
            Response::from_parts(head, Body::from(polls.begin(&sid, payload, Instant::now())))
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The session that a Python client polls.
fn session(request: &Request) -> Option<String> {
    if request.method() != Method::GET || !is_python(request.headers()) {
        return None;
    }
    let query = url::form_urlencoded::parse(request.uri().query()?.as_bytes());
    let (mut sid, mut polling) = (None, false);
    for (name, value) in query {
        match &*name {
            "sid" => sid = Some(value.into_owned()),
            "transport" => polling = value == "polling",
            _ => {}
        }
    }
    sid.filter(|_| polling)
}

/// `python-requests/2.32` of the blocking client, `Python/3.11 aiohttp/3.12` of the other.
fn is_python(headers: &HeaderMap) -> bool {
    let agent = headers.get(USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
    agent.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"python"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(packets: std::ops::Range<usize>) -> Bytes {
        packets.map(|packet| format!("4{packet}")).collect::<Vec<_>>().join("\u{1e}").into()
    }

    #[test]
    fn all_packets_come_in_order_and_no_more_than_sixteen_at_once() {
        let (polls, now) = (Polls::new(Duration::from_secs(45)), Instant::now());
        assert_eq!(polls.begin("a", payload(0..16), now), payload(0..16));
        assert_eq!(polls.next("a", now), None);
        assert_eq!(polls.begin("a", payload(0..40), now), payload(0..16));
        assert_eq!(polls.next("b", now), None);
        assert_eq!(polls.next("a", now), Some(payload(16..32)));
        assert_eq!(polls.next("a", now), Some(payload(32..40)));
        assert_eq!(polls.next("a", now), None);
    }

    #[test]
    fn what_nobody_polls_for_is_given_up() {
        let (polls, now) = (Polls::new(Duration::from_secs(45)), Instant::now());
        let later = now + Duration::from_secs(45);
        polls.begin("gone", payload(0..20), now);
        polls.begin("here", payload(0..20), later);
        assert_eq!(polls.kept.lock().unwrap().len(), 1);
        assert_eq!(polls.next("here", later), Some(payload(16..20)));
    }
}
