//! Whether the server still lives. It pings; a client that hears nothing for an interval and a timeout is alone.

use std::time::{Duration, Instant};

use crate::eio::Handshake;

/// How long a peer that was asked for a sign of life may take.
const PROBE: Duration = Duration::from_secs(5);

/// What is heard so soon after the question may have been under way before the connection died.
const STALE: Duration = Duration::from_secs(1);

/// Watches for silence. Any packet counts as a sign of life.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    patience: Option<Duration>,
    heard: Option<Instant>,
    /// When a sign of life was asked for.
    probe: Option<Instant>,
}

impl Liveness {
    /// A new connection has told its intervals.
    pub(crate) fn start(&mut self, handshake: &Handshake, now: Instant) {
        self.patience = Some(handshake.ping_interval() + handshake.ping_timeout());
        self.heard = Some(now);
        self.probe = None;
    }

    pub(crate) fn stop(&mut self) {
        *self = Self::default();
    }

    /// A packet came.
    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard = Some(now);
        self.probe = self.probe.filter(|asked| now < *asked + STALE);
    }

    /// A sign of life came, such as the answer to the question.
    pub(crate) fn answered(&mut self, now: Instant) {
        self.heard = Some(now);
        self.probe = None;
    }

    /// A sign of life was asked for.
    pub(crate) fn probed(&mut self, now: Instant) {
        self.probe = Some(now);
    }

    /// When the server counts as dead.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let silence = Some(self.heard? + self.patience?);
        silence.into_iter().chain(self.probe.map(|asked| asked + PROBE)).min()
    }
}
