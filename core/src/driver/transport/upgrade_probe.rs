//! Probe of a WebSocket that is to take over a polling session.

use std::{future::poll_fn, sync::Arc, time::Duration};

use super::{Frame, Transport, websocket::WebSocket};
use crate::{
    driver::{Endpoint, RequestAuth},
    eio::Packet,
};

/// Time limit for a probe. When it expires, long-polling continues.
const UPGRADE_PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens a WebSocket for the session and probes it. Returns `None` if the WebSocket can't be opened, or if the first
/// packet from the server is not the answer to the probe or arrives too late.
pub(super) async fn open_and_probe_upgrade(
    endpoint: Arc<Endpoint>,
    auth: RequestAuth,
    sid: String,
) -> Option<WebSocket> {
    let probing = async {
        let mut socket = WebSocket::dial(&endpoint, &auth, Some(&sid)).await.ok()?;
        socket.send(Packet::Ping("probe").encode());
        poll_fn(|cx| socket.poll_flush(cx)).await.ok()?;
        loop {
            match poll_fn(|cx| socket.poll_recv(cx)).await.ok()? {
                Frame::Text(text) if Packet::decode(&text) == Ok(Packet::Pong("probe")) => return Some(socket),
                Frame::Text(_) | Frame::Binary(_) => return None,
                Frame::Activity => {}
            }
        }
    };
    tokio::time::timeout(UPGRADE_PROBE_TIMEOUT, probing).await.ok().flatten()
}
