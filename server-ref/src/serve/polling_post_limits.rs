//! Limits on the POST requests of long-polling clients.
//!
//! engineioxide processes all packets of a POST without yielding, so a megabyte of empty packets would occupy a worker thread for a long
//! time. engineioxide also waits for the body without a time limit.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;

use super::python_poll_limiter::PACKET_SEPARATOR;
use crate::http::{body_too_large_response, invalid_request_response, request_timeout_response};
use crate::realtime::PAYLOAD_BYTES_MAX;

/// Maximum number of packets in a POST. A client that stays within the default event limit needs minutes to send that many packets, and the
/// SDK never queues that many.
const POST_PACKETS_MAX: usize = 2_000;

/// Refuses a POST that contains too many packets or bytes, or whose body takes longer than `body_timeout` to
/// arrive.
pub(crate) async fn limit_polling_posts(
    State(body_timeout): State<Duration>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    match tokio::time::timeout(body_timeout, to_bytes(body, PAYLOAD_BYTES_MAX)).await {
        Ok(Ok(payload)) if count_packets(&payload) <= POST_PACKETS_MAX => {
            next.run(Request::from_parts(parts, Body::from(payload))).await
        }
        Ok(Ok(_)) => invalid_request_response(format!("A POST may have at most {POST_PACKETS_MAX} packets")),
        Ok(Err(_)) => body_too_large_response(),
        Err(_) => request_timeout_response(),
    }
}

fn count_packets(payload: &[u8]) -> usize {
    payload.iter().filter(|byte| **byte == PACKET_SEPARATOR).count() + 1
}
