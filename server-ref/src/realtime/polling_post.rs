//! Bounds of one POST of a long poll.
//!
//! engineioxide processes all packets of a POST without a pause: a megabyte of empty ones would hold a worker all that time. It also
//! waits for a body as long as the client takes.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;

use super::connect::PAYLOAD_BYTES_MAX;
use super::python_polling::PACKET_SEPARATOR;
use crate::http::{invalid, request_timeout, too_large};

/// More than the limit of events lets through in several minutes, and than the SDK has waiting.
const POST_PACKETS_MAX: usize = 2_000;

/// Refuses a POST with too many packets or too many bytes, and one that takes longer than `patience` to come.
pub(crate) async fn limit_polling_posts(State(patience): State<Duration>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    match tokio::time::timeout(patience, to_bytes(body, PAYLOAD_BYTES_MAX)).await {
        Ok(Ok(payload)) if packets(&payload) <= POST_PACKETS_MAX => {
            next.run(Request::from_parts(parts, Body::from(payload))).await
        }
        Ok(Ok(_)) => invalid(format!("A POST may have at most {POST_PACKETS_MAX} packets")),
        Ok(Err(_)) => too_large(),
        Err(_) => request_timeout(),
    }
}

fn packets(payload: &[u8]) -> usize {
    payload.iter().filter(|byte| **byte == PACKET_SEPARATOR).count() + 1
}
