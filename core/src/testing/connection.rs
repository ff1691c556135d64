//! The server's end of a connection: frames out, frames in.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use serde::Serialize;
use tokio::sync::mpsc;

use super::{
    Emitted,
    transport::{Inbound, Link},
};
use crate::{driver::transport::Frame, session::Fault, sio};

/// The server's end of a connection. Letting go of it cuts the connection.
///
/// The client's frames wait here until they are read, in order.
#[derive(Debug)]
pub struct Connection {
    inbound: mpsc::UnboundedSender<Inbound>,
    outbound: mpsc::UnboundedReceiver<String>,
    link: Arc<Link>,
    patience: Duration,
}

pub(super) fn open(
    inbound: mpsc::UnboundedSender<Inbound>,
    outbound: mpsc::UnboundedReceiver<String>,
    link: Arc<Link>,
    patience: Duration,
) -> Connection {
    Connection { inbound, outbound, link, patience }
}

impl Connection {
    /// Sends a text frame: one Engine.IO packet, such as `2` or `42["name",{}]`. Whatever it is, it is sent as it is.
    pub fn send(&self, frame: impl Into<String>) {
        // The client may have gone.
        let _ = self.inbound.send(Ok(Frame::Text(frame.into().into())));
    }

    /// Sends a binary frame: an attachment.
    pub fn send_binary(&self, bytes: impl Into<Vec<u8>>) {
        let _ = self.inbound.send(Ok(Frame::Binary(bytes.into().into())));
    }

    /// Sends an event with one argument: `42["name",data]`.
    ///
    /// # Panics
    /// If the data can't be written as JSON.
    pub fn emit(&self, name: &str, data: &impl Serialize) {
        self.send(format!("4{}", sio::event(name, Some(&json(data)), None)));
    }

    /// Acknowledges an event of the client with one argument: `43id[data]`.
    ///
    /// # Panics
    /// If the data can't be written as JSON.
    pub fn acknowledge(&self, id: u64, data: &impl Serialize) {
        self.send(format!("43{id}[{}]", json(data)));
    }

    /// The client's next frame; `None` when the client has closed the connection.
    ///
    /// # Panics
    /// If there is none within 5 minutes of tokio's time.
    pub async fn recv(&mut self) -> Option<String> {
        match tokio::time::timeout(self.patience, self.outbound.recv()).await {
            Ok(frame) => frame,
            Err(_) => panic!("the script waits for a frame, but the client sends none"),
        }
    }

    /// The client's next frame if it has been sent already.
    pub fn try_recv(&mut self) -> Option<String> {
        self.outbound.try_recv().ok()
    }

    /// Waits for the client's next frame, which must be exactly this.
    ///
    /// # Panics
    /// If it is another one, or none comes.
    pub async fn expect(&mut self, frame: &str) {
        match self.recv().await {
            Some(sent) => assert_eq!(sent, frame, "the script expects another frame (right) than was sent (left)"),
            None => panic!("the script expects {frame:?}, but the client has closed the connection"),
        }
    }

    /// Waits for the client's next event, which must have this name.
    ///
    /// # Panics
    /// If the next frame is something else, or none comes.
    pub async fn expect_event(&mut self, name: &str) -> Emitted {
        let frame = self.recv().await;
        match frame.as_deref().and_then(Emitted::read) {
            Some(event) if event.name == name => event,
            _ => panic!("the script expects the event {name:?}, but the client has sent {frame:?}"),
        }
    }

    /// Waits until the client has closed the connection; returns the frames it sent before.
    ///
    /// # Panics
    /// If the client leaves it open for 5 minutes of tokio's time without sending anything.
    pub async fn closed(mut self) -> Vec<String> {
        let mut frames = Vec::new();
        while let Some(frame) = self.recv().await {
            frames.push(frame);
        }
        frames
    }

    /// From now on, the client's questions whether the connection still lives are left without an answer.
    pub fn fall_silent(&self) {
        self.link.silent.store(true, Ordering::Relaxed);
    }

    /// How often the client has asked whether the connection still lives.
    #[must_use]
    pub fn probes(&self) -> u64 {
        self.link.probes.load(Ordering::Relaxed)
    }

    /// Cuts the connection behind what was sent.
    pub fn cut(self) {
        drop(self);
    }

    /// Closes the connection behind what was sent, as a WebSocket is closed.
    pub fn close(self) {
        let _ = self.inbound.send(Err(Fault::PeerClosed("the server closed the WebSocket with code 1000".to_owned())));
    }
}

fn json(data: &impl Serialize) -> String {
    match serde_json::to_string(data) {
        Ok(text) => text,
        Err(error) => panic!("the data can't be written as JSON: {error}"),
    }
}
