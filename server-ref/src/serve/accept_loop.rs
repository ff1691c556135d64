//! The accept loop. It replaces axum's own loop, which would wait for long polls without a time limit when the server drains.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::header::UPGRADE;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::body_budget::{BodyBudget, MeteredBody};
use super::connection_counter::ConnectionCounter;
use super::request_pacer::RequestPacer;
use super::tcp_stream::ClientStream;
use crate::client_address::{ClientAddress, client_address};
use crate::realtime::HangUpHandle;

/// Maximum time until the headers of a request are complete. The same limit closes idle connections, so it exceeds the time for which
/// clients keep them open. If the server closed an idle connection first, a request that is already on its way could be lost.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(120);
/// Delay after a failure to accept a connection, which usually means that the file descriptors are exhausted.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);
/// Number of connections accepted before other tasks get a turn. Without this limit, tokio lets the loop accept up to 128 connections in
/// one poll. A flood of short connections would then delay each wake-up of a submission by up to 50 ms, and a submission needs about ten
/// wake-ups.
const ACCEPTED_PER_TURN: u32 = 4;
/// Number of connections closed before other tasks get a turn. These are connections that the client has already reset. Closing a
/// connection is much cheaper than serving it, so a queue full of such connections is emptied quickly, and clients later in the queue do
/// not wait long.
const RESET_CONNECTIONS_PER_TURN: u32 = 32;

/// The conditions that end connections: three signals, and the time limit for writes.
#[derive(Debug, Clone)]
pub(super) struct StopConditions {
    /// Cancelled to stop accepting new connections and requests.
    pub(super) drain: CancellationToken,
    /// Cancelled to close WebSockets with code 1001.
    pub(super) hang_up: CancellationToken,
    /// Cancelled to cut the connections that are still open, except WebSockets, which hyper has handed over. The publisher and the link to
    /// the other nodes then stop as well.
    pub(super) kill: CancellationToken,
    /// Time after which a connection is cut if a pending write makes no progress.
    pub(super) write_timeout: Duration,
}

/// Accepts connections until the server drains, then lets each connection finish its request. An address may have at most
/// `connections_per_address_max` connections, not counting WebSockets; further connections are closed immediately. Trusted proxies are
/// exempt, and 0 means no limit.
pub(super) async fn accept_loop(
    listener: TcpListener,
    router: Router,
    proxies: Arc<[IpNet]>,
    connections_per_address_max: usize,
    connections: TaskTracker,
    stop: StopConditions,
) {
    let counter = ConnectionCounter::new(connections_per_address_max, proxies.clone());
    let bodies = BodyBudget::new();
    let (mut accepted_in_turn, mut reset_in_turn) = (0, 0);
    loop {
        if accepted_in_turn == ACCEPTED_PER_TURN || reset_in_turn == RESET_CONNECTIONS_PER_TURN {
            (accepted_in_turn, reset_in_turn) = (0, 0);
            tokio::task::yield_now().await;
        }
        let accepted = tokio::select! {
            biased;
            () = stop.drain.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) if is_reset(&stream) => reset_in_turn += 1,
            Ok((stream, peer)) => {
                accepted_in_turn += 1;
                let Some(counted) = counter.try_count(peer.ip()) else {
                    tracing::debug!(%peer, "too many connections");
                    continue;
                };
                let serving =
                    serve_connection(stream, peer, router.clone(), proxies.clone(), bodies.clone(), stop.clone());
                connections.spawn(async move {
                    let _counted = counted;
                    serving.await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
    connections.close();
}

/// Returns true if the client has reset the connection, so that no request on it can be answered.
fn is_reset(stream: &TcpStream) -> bool {
    !matches!(stream.take_error(), Ok(None))
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    proxies: Arc<[IpNet]>,
    bodies: Arc<BodyBudget>,
    stop: StopConditions,
) {
    // Events are small and must be sent without waiting for more data.
    let _ = stream.set_nodelay(true);
    let pacer = RequestPacer::default();
    let service_pacer = pacer.clone();
    let hang_up = stop.hang_up.child_token();
    let hang_up_handle = HangUpHandle::new(hang_up.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let address = client_address(peer.ip(), request.headers(), &proxies);
        let meter = bodies.new_meter(address);
        let mut request = request.map(|body| Body::new(MeteredBody::new(body, meter.clone())));
        request.extensions_mut().insert(ClientAddress(address));
        // Other requests receive no handle that hangs up, because their connections can carry further requests.
        if request.headers().contains_key(UPGRADE) {
            request.extensions_mut().insert(hang_up_handle.clone());
        }
        let (router, pacer) = (router.clone(), service_pacer.clone());
        async move {
            pacer.wait_for_turn().await;
            let answer = router.oneshot(request).await;
            // If the budget was exceeded, the handler could not read the whole body, so the request had no effect.
            if meter.is_over_budget() { Ok(crate::http::busy_response()) } else { answer }
        }
    });
    let connection = Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(ClientStream::new(stream, hang_up, stop.write_timeout)), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        biased;
        () = stop.kill.cancelled() => return,
        result = poll_fn(|cx| pacer.poll(connection.as_mut(), cx)) => result,
        () = stop.drain.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                () = stop.kill.cancelled() => return,
                result = poll_fn(|cx| pacer.poll(connection.as_mut(), cx)) => result,
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}
