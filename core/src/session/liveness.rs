//! Detection of dead connections. The server sends pings at an interval. If no packet arrives for that interval plus a
//! timeout, the connection counts as dead.

use std::time::{Duration, Instant};

use super::earliest::Earliest;
use crate::eio::Handshake;

/// Time allowed for the reply to a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// Time after a probe during which an arriving packet proves nothing, because the server may have sent the packet
/// before the connection died.
const STALE_AFTER_PROBE: Duration = Duration::from_secs(1);

/// Delay of a ping after which the server is probed, if its timeout is long.
const PING_GRACE: Duration = Duration::from_secs(5);

/// Longest ping timeout that is short enough to need no probe.
const SHORT_TIMEOUT: Duration = Duration::from_secs(30);

/// Unanswered probes.
#[derive(Debug, Clone, Copy)]
struct PendingProbe {
    /// Time of the oldest unanswered probe. Its deadline applies to all of them, so further probes do not prolong the
    /// life of a dead connection.
    first: Instant,
    last: Instant,
}

impl PendingProbe {
    /// Returns the probes that remain unanswered after the arrival of a packet.
    fn heard(self, now: Instant) -> Option<Self> {
        let answers = |asked| now >= asked + STALE_AFTER_PROBE;
        let first = if answers(self.first) { self.last } else { self.first };
        (!answers(self.last)).then_some(Self { first, ..self })
    }
}

/// Signs of life of one connection. A packet shows that the server is alive. A reply below Engine.IO shows only that
/// the server is reachable.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    interval: Duration,
    timeout: Duration,
    /// Time of the last packet; `None` until the handshake has set the interval and the timeout.
    heard: Option<Instant>,
    probe: Option<PendingProbe>,
    /// Time of the last sign of life below Engine.IO.
    answered: Option<Instant>,
    /// Time of the last hint that the network changed, if no packet has arrived since.
    doubted: Option<Instant>,
}

impl Liveness {
    /// Starts to watch a new connection with the ping interval and timeout of its handshake.
    pub(crate) fn start(&mut self, handshake: &Handshake, now: Instant) {
        let (interval, timeout) = (handshake.ping_interval(), handshake.ping_timeout());
        *self = Self { interval, timeout, heard: Some(now), ..Self::default() };
    }

    /// Records the arrival of a packet.
    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard = self.heard.map(|_| now);
        self.probe = self.probe.and_then(|probe| probe.heard(now));
        self.doubted = self.doubted.filter(|since| now < *since + STALE_AFTER_PROBE);
    }

    /// Records a sign of life below Engine.IO, such as the reply to a probe.
    pub(crate) fn answered(&mut self, now: Instant) {
        self.answered = Some(now);
        self.probe = None;
    }

    /// Records that a probe was sent.
    pub(crate) fn probed(&mut self, now: Instant) {
        let first = self.probe.map_or(now, |probe| probe.first);
        self.probe = Some(PendingProbe { first, last: now });
    }

    /// Records a hint that the network has changed. From now on the next ping must arrive on time: the reply to a probe
    /// is not enough, because it may take another route than packets do.
    pub(crate) fn doubted(&mut self, now: Instant) {
        self.doubted = Some(now);
    }

    /// Returns the time at which to send a probe because the server's ping is late.
    pub(crate) fn probe_at(&self) -> Option<Instant> {
        if self.probe.is_some() || self.timeout <= SHORT_TIMEOUT {
            return None;
        }
        let last = self.heard?.max(self.answered.unwrap_or(self.heard?));
        Some(last + self.interval + PING_GRACE)
    }

    /// Returns the time at which the connection counts as dead.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let mut earliest = Earliest(Some(self.heard? + self.interval + self.timeout));
        earliest.consider(self.probe.map(|probe| probe.first + PROBE_TIMEOUT));
        earliest.consider(self.doubted.map(|since| since + self.interval + PING_GRACE));
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
    fn further_probes_allow_no_more_time_for_an_answer() {
        let (mut liveness, start) = started(25, 20);
        for at in [10, 14] {
            liveness.probed(start + seconds(at));
        }
        assert_eq!(liveness.deadline(), Some(start + seconds(15)));
        liveness.heard(start + seconds(14));
        assert_eq!(liveness.deadline(), Some(start + seconds(19)), "it may be older than the second probe");
        liveness.answered(start + seconds(14));
        liveness.probed(start + seconds(16));
        assert_eq!(liveness.deadline(), Some(start + seconds(21)));
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
