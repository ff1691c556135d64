//! The Socket.IO endpoint and the handling of new connections.

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use http::request::Parts;
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{SocketRef, TryData};
use socketioxide::handler::ConnectHandler as _;

use super::connection::Connection;
use super::dispatcher::Dispatcher;
use super::expiry;
use super::hang_up::HangUpHandle;
use super::http_origin::may_use_cookie;
use super::reply::{Failure, emit};
use super::revoke::{disconnect_with_authentication_failed, invalid_credentials_failure};
use super::rooms::group_room_names;
use super::session_slots::{SessionSlotHandle, TooManyEvents};
use super::shared_state::Realtime;
use crate::auth::Principal;

/// Maximum size of an Engine.IO payload, in bytes. Deployed servers announce the same size.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 1_000_000;
/// Maximum number of packets that wait for a slow client. Further packets are dropped. A client that tracks the ids then notices a hole and
/// requests a replay; if the buffer is still full at the next ping, the connection ends.
const SEND_BUFFER_PACKETS_MAX: usize = 1024;
/// Maximum time between the opening of an Engine.IO session and the client's CONNECT to the namespace.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Delay before a socket with refused credentials is disconnected. python-socketio ignores a DISCONNECT that arrives too early.
const REFUSAL_DISCONNECT_DELAY: Duration = Duration::from_millis(500);
/// Time for a client to close the connection after the DISCONNECT, before the server closes it.
const REFUSAL_HANG_UP_DELAY: Duration = Duration::from_secs(5);

/// Creates the endpoint and returns its routes for `/socket.io/` and the handle that publishes events. The handle is also
/// stored in `realtime`.
pub(crate) fn build_socket_io(realtime: &Arc<Realtime>) -> (Router, SocketIo) {
    let (service, io) = SocketIo::builder()
        .req_path("/socket.io")
        .ping_interval(realtime.options.ping_interval)
        .ping_timeout(realtime.options.ping_timeout)
        .connect_timeout(CONNECT_TIMEOUT)
        .max_payload(PAYLOAD_BYTES_MAX as u64)
        .ws_max_message_size(PAYLOAD_BYTES_MAX)
        .ws_max_frame_size(PAYLOAD_BYTES_MAX)
        .max_buffer_size(SEND_BUFFER_PACKETS_MAX)
        .build_svc();
    let _ = realtime.io.set(io.clone());
    let realtime = realtime.clone();
    let on_connect = move |socket: SocketRef, payload: TryData<Value>| on_connect(realtime.clone(), socket, payload);
    io.ns("/", on_connect_acknowledged.with(on_connect));
    let router = Router::new().route_service("/socket.io/", service.clone()).route_service("/socket.io", service);
    (router, io)
}

/// Accepts or refuses a CONNECT, before it is acknowledged.
async fn on_connect(
    realtime: Arc<Realtime>,
    socket: SocketRef,
    TryData(payload): TryData<Value>,
) -> Result<(), ConnectRefusal> {
    let request = socket.req_parts();
    let Some(slot_handle) = request.extensions.get::<SessionSlotHandle>().cloned() else {
        return Err(ConnectRefusal::NotAdmitted);
    };
    // A repeated CONNECT counts as an event, because the server must look up the credentials.
    slot_handle.count_connect(Instant::now()).map_err(ConnectRefusal::too_many_events)?;
    let principal = match authenticate(&realtime, request, payload.ok()).await {
        Ok(principal) => principal,
        Err(ConnectRefusal::Credentials(why)) => {
            // The socket is accepted so that it can receive the reason. It enters no room, and its events are ignored.
            socket.extensions.insert(RefusedCredentials(why));
            return Ok(());
        }
        Err(refusal) => return Err(refusal),
    };
    if !slot_handle.take_slot() {
        return Err(ConnectRefusal::TooManyConnections { limit: slot_handle.sessions_per_address_max() });
    }
    socket.join(group_room_names(&principal));
    let connection = Connection::new(realtime, principal);
    socket.extensions.insert(connection.clone());
    // The handlers must exist before the acknowledgement is sent, because the client may send its first event immediately afterwards.
    Dispatcher::attach(connection, slot_handle, &socket);
    Ok(())
}

/// Greets a socket whose CONNECT has been acknowledged and starts to handle its requests, or disconnects it if its credentials were
/// refused.
async fn on_connect_acknowledged(socket: SocketRef) {
    if let Some(refused) = socket.extensions.get::<RefusedCredentials>() {
        return refuse_credentials(socket, &refused);
    }
    emit(&socket, "connected", &serde_json::json!({"message": "Connected to AutoModerate"}));
    if let Some(dispatcher) = socket.extensions.get::<Arc<Dispatcher>>() {
        tokio::spawn(dispatcher.handle_queued_requests());
    }
    if let Some(connection) = socket.extensions.get::<Arc<Connection>>() {
        if let Some(task) = expiry::spawn_expiry_task(&connection, &socket) {
            connection.set_expiry_task(task);
        }
        recheck_credentials(&connection, &socket).await;
    }
}

/// Checks the credentials again, because they may have been revoked while the socket was still connecting; see the module `revoke`.
async fn recheck_credentials(connection: &Connection, socket: &SocketRef) {
    match connection.realtime.auth.is_still_valid(&connection.principal).await {
        Ok(true) => {}
        Ok(false) => disconnect_with_authentication_failed(socket, &invalid_credentials_failure(&connection.principal)),
        // The credentials may still be valid. They are checked again if the client reconnects.
        Err(error) => {
            tracing::warn!(%error, "a connection could not be checked again");
            let _ = socket.clone().disconnect();
        }
    }
}

/// The reason why a socket's credentials were refused. The socket is about to be disconnected.
#[derive(Clone)]
struct RefusedCredentials(Failure);

/// Emits the documented `authentication_failed` and disconnects. A CONNECT_ERROR would trigger different handlers in clients.
fn refuse_credentials(socket: SocketRef, RefusedCredentials(why): &RefusedCredentials) {
    emit(&socket, "authentication_failed", why);
    tokio::spawn(async move {
        tokio::time::sleep(REFUSAL_DISCONNECT_DELAY).await;
        let hang_up = socket.req_parts().extensions.get::<HangUpHandle>().cloned();
        let _ = socket.disconnect();
        // Stock clients now close the connection themselves. The server closes the WebSockets of other clients.
        if let Some(hang_up) = hang_up {
            tokio::time::sleep(REFUSAL_HANG_UP_DELAY).await;
            hang_up.hang_up();
        }
    });
}

/// The reason why a connection was refused. Except for `Credentials`, the text of the reason is the message of the CONNECT_ERROR, which
/// stock clients report as `connect_error`.
#[derive(Debug, thiserror::Error)]
enum ConnectRefusal {
    #[error("{}", .0.message)]
    Credentials(Failure),
    #[error("Too many connections from this address (at most {limit}), retry_after: 60")]
    TooManyConnections { limit: usize },
    #[error("Too many events, retry_after: {}", .retry_after.as_secs() + 1)]
    TooManyEvents { retry_after: Duration },
    /// The session was opened without a [`SessionSlotHandle`], which should not be possible.
    #[error("Too many connections from this address, retry_after: 60")]
    NotAdmitted,
    #[error("Server is shutting down")]
    ShuttingDown,
    #[error("Server error occurred")]
    Internal,
}

impl ConnectRefusal {
    fn credentials(code: &'static str, why: impl Display) -> Self {
        Self::Credentials(Failure::new(code, format!("Authentication failed: {why}")))
    }

    fn too_many_events(refused: TooManyEvents) -> Self {
        Self::TooManyEvents { retry_after: refused.retry_after }
    }

    fn internal(error: crate::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a connection could not be checked");
        Self::Internal
    }
}

async fn authenticate(
    realtime: &Realtime,
    request: &Parts,
    payload: Option<Value>,
) -> Result<Principal, ConnectRefusal> {
    if realtime.drain_started.is_cancelled() {
        return Err(ConnectRefusal::ShuttingDown);
    }
    match api_key(request, payload.as_ref()) {
        Some(key) => {
            let access =
                realtime.auth.authenticate_key(&key, &request.headers).await.map_err(ConnectRefusal::internal)?;
            access.map_err(|refusal| ConnectRefusal::credentials(refusal.code(), refusal))
        }
        None => {
            let found = realtime.auth.session_from_cookie(&request.headers).await.map_err(ConnectRefusal::internal)?;
            let failed = |why: &str| ConnectRefusal::credentials("authentication_failed", why);
            let user = found.ok_or_else(|| failed("no API key and no valid session"))?;
            if !may_use_cookie(&request.headers, &realtime.options.allowed_origins) {
                return Err(failed("the session can't be used from this origin"));
            }
            Ok(user.into())
        }
    }
}

/// Returns the API key that the client sent. The Socket.IO `auth` payload takes precedence over the `X-API-Key` header, and the header
/// takes precedence over the query of the connection's URL.
fn api_key(request: &Parts, payload: Option<&Value>) -> Option<String> {
    let from_payload = || {
        let key = payload?.get("api_key")?;
        // A value of the wrong type is still an attempt to send a key: the session cookie must not be used instead.
        Some(key.as_str().unwrap_or_default().to_owned())
    };
    let from_header = || {
        let key = request.headers.get("x-api-key")?;
        Some(key.to_str().unwrap_or_default().to_owned())
    };
    let from_query = || {
        let query = request.uri.query()?.as_bytes();
        let (_, key) = url::form_urlencoded::parse(query).find(|(name, _)| name == "api_key")?;
        Some(key.into_owned())
    };
    from_payload().or_else(from_header).or_else(from_query)
}
