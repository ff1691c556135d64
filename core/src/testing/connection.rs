//! Server side of a connection: frames out, frames in.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use serde::Serialize;
use tokio::sync::mpsc;

use super::{
    Emitted,
    transport::{Inbound, MemoryLink},
};
use crate::{driver::transport::Frame, session::ConnectionFailure, sio};

/// Server side of a connection. Dropping it cuts the connection.
///
/// Frames of the client are queued until they are read, in order.
#[derive(Debug)]
pub struct Connection {
    inbound: mpsc::UnboundedSender<Inbound>,
    outbound: mpsc::UnboundedReceiver<String>,
    link: Arc<MemoryLink>,
    patience: Duration,
}

pub(super) fn open(
    inbound: mpsc::UnboundedSender<Inbound>,
    outbound: mpsc::UnboundedReceiver<String>,
    link: Arc<MemoryLink>,
    patience: Duration,
) -> Connection {
    Connection { inbound, outbound, link, patience }
}

impl Connection {
    /// Sends a text frame: an Engine.IO packet, such as `2` or `42["name",{}]`. It is not checked.
    pub fn send(&self, frame: impl Into<String>) {
        // The client may be gone.
        let _ = self.inbound.send(Ok(Frame::Text(frame.into().into())));
    }

    /// Sends a binary frame: an attachment.
    pub fn send_binary(&self, bytes: impl Into<Vec<u8>>) {
        let _ = self.inbound.send(Ok(Frame::Binary(bytes.into().into())));
    }

    /// Sends an event with one argument: `42["name",data]`.
    ///
    /// # Panics
    /// Panics if the data can't be serialized.
    pub fn emit(&self, name: &str, data: &impl Serialize) {
        self.send(format!("4{}", sio::event(name, Some(&json(data)), None)));
    }

    /// Acknowledges an event of the client with one argument: `43id[data]`.
    ///
    /// # Panics
    /// Panics if the data can't be serialized.
    pub fn acknowledge(&self, id: u64, data: &impl Serialize) {
        self.send(format!("43{id}[{}]", json(data)));
    }

    /// Receives the client's next frame; `None` once the client has closed the connection.
    ///
    /// # Panics
    /// Panics if no frame arrives within 5 minutes of tokio's time.
    pub async fn recv(&mut self) -> Option<String> {
        match tokio::time::timeout(self.patience, self.outbound.recv()).await {
            Ok(frame) => frame,
            Err(_) => panic!("the script expects a frame, but the client sends none"),
        }
    }

    /// Returns the client's next frame if it has arrived.
    pub fn try_recv(&mut self) -> Option<String> {
        self.outbound.try_recv().ok()
    }

    /// Waits for the client's next frame and checks it.
    ///
    /// # Panics
    /// Panics if the frame differs, or none arrives.
    pub async fn expect(&mut self, frame: &str) {
        match self.recv().await {
            Some(sent) => assert_eq!(sent, frame, "the script expects another frame (right) than was sent (left)"),
            None => panic!("the script expects {frame:?}, but the client has closed the connection"),
        }
    }

    /// Waits for the client's next event and checks its name.
    ///
    /// # Panics
    /// Panics if the next frame is something else, or none arrives.
    pub async fn expect_event(&mut self, name: &str) -> Emitted {
        let frame = self.recv().await;
        match frame.as_deref().and_then(Emitted::read) {
            Some(event) if event.name == name => event,
            _ => panic!("the script expects the event {name:?}, but the client has sent {frame:?}"),
        }
    }

    /// Waits until the client has closed the connection; returns the frames sent before.
    ///
    /// # Panics
    /// Panics if the client leaves it open for 5 minutes of tokio's time without sending anything.
    pub async fn closed(mut self) -> Vec<String> {
        let mut frames = Vec::new();
        while let Some(frame) = self.recv().await {
            frames.push(frame);
        }
        frames
    }

    /// Ignores the client's probes from now on.
    pub fn fall_silent(&self) {
        self.link.silent.store(true, Ordering::Relaxed);
    }

    /// Number of probes that the client has sent.
    #[must_use]
    pub fn probes(&self) -> u64 {
        self.link.probes.load(Ordering::Relaxed)
    }

    /// Cuts the connection after what was sent.
    pub fn cut(self) {
        drop(self);
    }

    /// Closes the connection after what was sent, like a WebSocket.
    pub fn close(self) {
        let _ = self
            .inbound
            .send(Err(ConnectionFailure::PeerClosed("the server closed the WebSocket with code 1000".to_owned())));
    }
}

fn json(data: &impl Serialize) -> String {
    match serde_json::to_string(data) {
        Ok(text) => text,
        Err(error) => panic!("the data can't be written as JSON: {error}"),
    }
}
