//! A limit on the packets in each long poll by a Python client.
//!
//! python-engineio closes a connection when a poll contains more than 16 packets (`Payload.max_decode_packets`), but engineioxide limits a
//! poll only by its size in bytes. Without this limit, a burst of small events would disconnect every Python client that doesn't use
//! WebSocket. Surplus packets are kept here for the next poll. Other clients accept any number of packets, and a limit would cost them
//! round trips, so the limit applies only to clients whose `User-Agent` begins with "Python", ignoring case. Python clients either upgrade
//! to WebSocket before their first poll or never upgrade, so no session upgrades while some of its packets are kept here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, StatusCode};

/// Maximum number of packets in a poll by a Python client.
const POLL_PACKETS_MAX: usize = 16;

/// Byte that separates the packets of a payload. JSON escapes this byte, so the byte never occurs
/// within a packet.
pub(super) const PACKET_SEPARATOR: u8 = 0x1e;

/// A limiter that keeps the packets that did not fit into each session's last poll.
#[derive(Debug, Clone)]
pub(crate) struct PythonPollLimiter {
    /// Time without a poll after which a session counts as ended.
    session_timeout: Duration,
    leftovers: Arc<Mutex<HashMap<String, LeftoverPackets>>>,
}

#[derive(Debug)]
struct LeftoverPackets {
    payload: Bytes,
    stored_at: Instant,
}

impl PythonPollLimiter {
    pub(crate) fn new(session_timeout: Duration) -> Self {
        Self { session_timeout, leftovers: Arc::default() }
    }

    /// Returns the packets for the session's next poll, or `None` if no packets are left over.
    fn next_poll_from_leftovers(&self, sid: &str, now: Instant) -> Option<Bytes> {
        let kept = self.leftovers.lock().unwrap_or_else(PoisonError::into_inner).remove(sid)?;
        Some(self.split_off_poll(sid, kept.payload, now))
    }

    /// Returns as many packets of a payload as one poll may contain, and keeps the rest for the
    /// session's next poll.
    fn split_off_poll(&self, sid: &str, mut payload: Bytes, now: Instant) -> Bytes {
        let mut separators = (0..payload.len()).filter(|at| payload[*at] == PACKET_SEPARATOR);
        if let Some(end) = separators.nth(POLL_PACKETS_MAX - 1) {
            let rest = payload.split_off(end).slice(1..);
            let mut kept = self.leftovers.lock().unwrap_or_else(PoisonError::into_inner);
            kept.retain(|_, kept| now - kept.stored_at < self.session_timeout);
            kept.insert(sid.to_owned(), LeftoverPackets { payload: rest, stored_at: now });
        }
        payload
    }
}

/// Answers polls by Python clients with at most [`POLL_PACKETS_MAX`] packets each.
pub(crate) async fn limit_python_polls(
    State(polls): State<PythonPollLimiter>,
    request: Request,
    next: Next,
) -> Response {
    let Some(sid) = polled_python_session(&request) else { return next.run(request).await };
    if let Some(payload) = polls.next_poll_from_leftovers(&sid, Instant::now()) {
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
            Response::from_parts(head, Body::from(polls.split_off_poll(&sid, payload, Instant::now())))
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Returns the id of the session if the request is a poll by a Python client.
fn polled_python_session(request: &Request) -> Option<String> {
    if request.method() != Method::GET || !is_python_client(request.headers()) {
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

/// Returns true for user agents such as `python-requests/2.32` (blocking client) and `Python/3.11 aiohttp/3.12` (asyncio client).
fn is_python_client(headers: &HeaderMap) -> bool {
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
    fn all_packets_arrive_in_order_and_at_most_sixteen_at_once() {
        let (polls, now) = (PythonPollLimiter::new(Duration::from_secs(45)), Instant::now());
        assert_eq!(polls.split_off_poll("a", payload(0..16), now), payload(0..16));
        assert_eq!(polls.next_poll_from_leftovers("a", now), None);
        assert_eq!(polls.split_off_poll("a", payload(0..40), now), payload(0..16));
        assert_eq!(polls.next_poll_from_leftovers("b", now), None);
        assert_eq!(polls.next_poll_from_leftovers("a", now), Some(payload(16..32)));
        assert_eq!(polls.next_poll_from_leftovers("a", now), Some(payload(32..40)));
        assert_eq!(polls.next_poll_from_leftovers("a", now), None);
    }

    #[test]
    fn leftovers_of_ended_sessions_are_dropped() {
        let (polls, now) = (PythonPollLimiter::new(Duration::from_secs(45)), Instant::now());
        let later = now + Duration::from_secs(45);
        polls.split_off_poll("gone", payload(0..20), now);
        polls.split_off_poll("here", payload(0..20), later);
        assert_eq!(polls.leftovers.lock().unwrap().len(), 1);
        assert_eq!(polls.next_poll_from_leftovers("here", later), Some(payload(16..20)));
    }
}
