//! Server side of a connection, on which a test sends and receives frames.

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

/// Server side of a connection. Dropping this value cuts the connection.
///
/// Frames from the client are queued in order until the test reads them.
#[derive(Debug)]
pub struct Connection {
    to_client: mpsc::UnboundedSender<Inbound>,
    from_client: mpsc::UnboundedReceiver<String>,
    link: Arc<MemoryLink>,
    recv_timeout: Duration,
}

pub(super) fn new_connection(
    to_client: mpsc::UnboundedSender<Inbound>,
    from_client: mpsc::UnboundedReceiver<String>,
    link: Arc<MemoryLink>,
    recv_timeout: Duration,
) -> Connection {
    Connection { to_client, from_client, link, recv_timeout }
}

impl Connection {
    /// Sends a text frame, which should be an Engine.IO packet such as `2` or `42["name",{}]`. The frame is not
    /// validated.
    pub fn send(&self, frame: impl Into<String>) {
        // Sending fails if the client has closed the connection.
        let _ = self.to_client.send(Ok(Frame::Text(frame.into().into())));
    }

    /// Sends a binary frame, which contains an attachment.
    pub fn send_binary(&self, bytes: impl Into<Vec<u8>>) {
        let _ = self.to_client.send(Ok(Frame::Binary(bytes.into().into())));
    }

    /// Sends an event with one argument, as the frame `42["name",data]`.
    ///
    /// # Panics
    /// Panics if the data can't be serialized.
    pub fn emit(&self, name: &str, data: &impl Serialize) {
        self.send(format!("4{}", sio::event(name, Some(&to_json(data)), None)));
    }

    /// Acknowledges one of the client's events with one argument, as the frame `43id[data]`.
    ///
    /// # Panics
    /// Panics if the data can't be serialized.
    pub fn acknowledge(&self, id: u64, data: &impl Serialize) {
        self.send(format!("43{id}[{}]", to_json(data)));
    }

    /// Waits for the client's next frame. Returns `None` once the client has closed the connection.
    ///
    /// # Panics
    /// Panics if, for 5 minutes on Tokio's clock, the client neither sends a frame nor closes the connection.
    pub async fn recv(&mut self) -> Option<String> {
        match tokio::time::timeout(self.recv_timeout, self.from_client.recv()).await {
            Ok(frame) => frame,
            Err(_) => panic!("the script expected a frame, but the client sent none"),
        }
    }

    /// Returns the client's next frame if one has arrived.
    pub fn try_recv(&mut self) -> Option<String> {
        self.from_client.try_recv().ok()
    }

    /// Waits for the client's next frame and asserts that it equals `frame`.
    ///
    /// # Panics
    /// Panics if the frame is different, or if no frame arrives.
    pub async fn expect(&mut self, frame: &str) {
        match self.recv().await {
            Some(sent) => {
                assert_eq!(sent, frame, "the client sent another frame (left) than the script expected (right)")
            }
            None => panic!("the script expected {frame:?}, but the client closed the connection"),
        }
    }

    /// Waits for the client's next frame, asserts that it is an event with this name, and returns the event.
    ///
    /// # Panics
    /// Panics if the next frame is anything else, or if no frame arrives.
    pub async fn expect_event(&mut self, name: &str) -> Emitted {
        let frame = self.recv().await;
        match frame.as_deref().and_then(Emitted::read) {
            Some(event) if event.name == name => event,
            _ => panic!("the script expected the event {name:?}, but the client sent {frame:?}"),
        }
    }

    /// Waits until the client has closed the connection, and returns the remaining frames that it sent.
    ///
    /// # Panics
    /// Panics if, for 5 minutes on Tokio's clock, the client neither closes the connection nor sends a frame.
    pub async fn closed(mut self) -> Vec<String> {
        let mut frames = Vec::new();
        while let Some(frame) = self.recv().await {
            frames.push(frame);
        }
        frames
    }

    /// Ignores all further probes from the client.
    pub fn fall_silent(&self) {
        self.link.ignores_probes.store(true, Ordering::Relaxed);
    }

    /// Returns the number of probes that the client has sent.
    #[must_use]
    pub fn probes(&self) -> u64 {
        self.link.probe_count.load(Ordering::Relaxed)
    }

    /// Cuts the connection once the client has received all earlier frames.
    pub fn cut(self) {
        drop(self);
    }

    /// Closes the connection as a WebSocket does, once the client has received all earlier frames.
    pub fn close(self) {
        let _ = self
            .to_client
            .send(Err(ConnectionFailure::PeerClosed("the server closed the WebSocket with code 1000".to_owned())));
    }
}

fn to_json(data: &impl Serialize) -> String {
    match serde_json::to_string(data) {
        Ok(text) => text,
        Err(error) => panic!("the data can't be serialized as JSON: {error}"),
    }
}
