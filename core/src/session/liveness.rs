//! Whether the server still lives. It pings; a client that hears nothing for an interval and a timeout is alone.

use std::time::{Duration, Instant};

use super::earliest::Earliest;
use crate::eio::Handshake;

/// How long a peer that was asked for a sign of life may take.
const PROBE: Duration = Duration::from_secs(5);

/// What is heard so soon after the question may have been under way before the connection died.
const STALE: Duration = Duration::from_secs(1);

/// A server whose ping is late by this much is asked for a sign of life, where its timeout is a long one.
const PING_LATE: Duration = Duration::from_secs(5);

/// Timeouts up to this are waited for without a question.
const SHORT_TIMEOUT: Duration = Duration::from_secs(30);

/// Watches for silence. Any packet shows that the server lives; an answer below Engine.IO shows only that it can be reached.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    interval: Duration,
    timeout: Duration,
    /// `None` before the intervals are known: nothing is watched yet.
    heard: Option<Instant>,
    /// When a sign of life was asked for.
    probe: Option<Instant>,
    /// When one came last.
    answered: Option<Instant>,
    /// When the network is said to have changed, if no packet came since.
    doubted: Option<Instant>,
}

impl Liveness {
    /// A new connection has told its intervals.
    pub(crate) fn start(&mut self, handshake: &Handshake, now: Instant) {
        let (interval, timeout) = (handshake.ping_interval(), handshake.ping_timeout());
        *self = Self { interval, timeout, heard: Some(now), ..Self::default() };
    }

    /// A packet came.
    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard = self.heard.map(|_| now);
        self.probe = self.probe.filter(|asked| now < *asked + STALE);
        self.doubted = self.doubted.filter(|since| now < *since + STALE);
    }

    /// A sign of life came, such as the answer to the question.
    pub(crate) fn answered(&mut self, now: Instant) {
        self.answered = Some(now);
        self.probe = None;
    }

    /// A sign of life was asked for.
    pub(crate) fn probed(&mut self, now: Instant) {
        self.probe = Some(now);
    }

    /// The network may be another one. The next ping must come in time: the answer to a question may take another way than
    /// the packets.
    pub(crate) fn doubted(&mut self, now: Instant) {
        self.doubted = Some(now);
    }

    /// When to ask for a sign of life because the server's ping is late.
    pub(crate) fn probe_at(&self) -> Option<Instant> {
        if self.probe.is_some() || self.timeout <= SHORT_TIMEOUT {
            return None;
        }
        let last = self.heard?.max(self.answered.unwrap_or(self.heard?));
        Some(last + self.interval + PING_LATE)
    }

    /// When the server counts as dead.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let mut earliest = Earliest(Some(self.heard? + self.interval + self.timeout));
        earliest.consider(self.probe.map(|asked| asked + PROBE));
        earliest.consider(self.doubted.map(|since| since + self.interval + PING_LATE));
        earliest.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn started(interval: u64, timeout: u64) -> (Liveness, Instant) {
        let now = Instant::now();
        let (interval, timeout) = (seconds(interval), seconds(timeout));
        (Liveness { interval, timeout, heard: Some(now), ..Liveness::default() }, now)
    }

    #[test]
    fn a_late_ping_is_asked_about_where_the_timeout_is_long() {
        let (mut liveness, start) = started(25, 120);
        assert_eq!(liveness.probe_at(), Some(start + seconds(30)));
        liveness.probed(start + seconds(30));
        assert_eq!((liveness.probe_at(), liveness.deadline()), (None, Some(start + seconds(35))));

        let (liveness, start) = started(25, 20);
        assert_eq!((liveness.probe_at(), liveness.deadline()), (None, Some(start + seconds(45))));
    }

    #[test]
    fn answers_without_packets_are_not_enough_for_ever() {
        let (mut liveness, start) = started(25, 120);
        for at in [30, 60, 90] {
            assert_eq!(liveness.probe_at(), Some(start + seconds(at)));
            liveness.probed(start + seconds(at));
            liveness.answered(start + seconds(at));
        }
        assert_eq!(liveness.deadline(), Some(start + seconds(145)));
    }

    #[test]
    fn after_a_hint_the_next_ping_must_come_in_time() {
        let (mut liveness, start) = started(25, 120);
        let hint = start + seconds(10);
        liveness.doubted(hint);
        liveness.probed(hint);
        liveness.answered(hint + seconds(1));
        assert_eq!(liveness.deadline(), Some(hint + seconds(30)));
        liveness.heard(hint + seconds(15));
        assert_eq!(liveness.deadline(), Some(hint + seconds(15 + 145)));
    }
}
