//! Detection of dead connections. The server sends pings at a fixed interval. If no packet arrives within this interval
//! plus the ping timeout, the connection counts as dead.

use std::time::{Duration, Instant};

use super::earliest_deadline::EarliestDeadline;
use crate::eio::Handshake;

/// Time allowed for the reply to a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// Time after a probe or a network hint during which an arriving packet proves nothing, because the server may have
/// sent the packet before the connection died.
const STALE_PACKET_WINDOW: Duration = Duration::from_secs(1);

/// Duration by which a ping may be late before a server with a long ping timeout is probed. After a hint that the
/// network has changed, the connection counts as dead if the next ping is this late.
const PING_GRACE: Duration = Duration::from_secs(5);

/// Longest ping timeout with which a late ping causes no probe.
const PING_TIMEOUT_WITHOUT_PROBES_MAX: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy)]
struct PendingProbes {
    /// Time of the oldest unanswered probe. The deadline of this probe applies to all pending probes, so further probes
    /// do not delay the detection of a dead connection.
    first_sent_at: Instant,
    last_sent_at: Instant,
}

impl PendingProbes {
    /// Returns the probes that remain unanswered after the arrival of a packet.
    fn after_packet(self, now: Instant) -> Option<Self> {
        let answers = |asked| now >= asked + STALE_PACKET_WINDOW;
        let first_sent_at = if answers(self.first_sent_at) { self.last_sent_at } else { self.first_sent_at };
        (!answers(self.last_sent_at)).then_some(Self { first_sent_at, ..self })
    }
}

/// Tracker of the signs of life on one connection. A packet shows that the server is alive. A reply below Engine.IO
/// shows only that the server is reachable.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    ping_interval: Duration,
    ping_timeout: Duration,
    /// Time of the last packet; `None` until the handshake has set the interval and the timeout.
    last_packet_at: Option<Instant>,
    pending_probes: Option<PendingProbes>,
    /// Time of the last sign of life below Engine.IO.
    last_sign_of_life_at: Option<Instant>,
    /// Time of the last hint that the network changed, unless a later packet has shown that the server is alive.
    network_hint_at: Option<Instant>,
}

impl Liveness {
    /// Starts watching a new connection, with the ping interval and timeout from its handshake.
    pub(crate) fn start(&mut self, handshake: &Handshake, now: Instant) {
        let (ping_interval, ping_timeout) = (handshake.ping_interval(), handshake.ping_timeout());
        *self = Self { ping_interval, ping_timeout, last_packet_at: Some(now), ..Self::default() };
    }

    pub(crate) fn on_packet(&mut self, now: Instant) {
        self.last_packet_at = self.last_packet_at.map(|_| now);
        self.pending_probes = self.pending_probes.and_then(|probes| probes.after_packet(now));
        self.network_hint_at = self.network_hint_at.filter(|since| now < *since + STALE_PACKET_WINDOW);
    }

    /// Records a sign of life below Engine.IO, such as the reply to a probe.
    pub(crate) fn on_sign_of_life(&mut self, now: Instant) {
        self.last_sign_of_life_at = Some(now);
        self.pending_probes = None;
    }

    pub(crate) fn on_probe_sent(&mut self, now: Instant) {
        let first_sent_at = self.pending_probes.map_or(now, |probes| probes.first_sent_at);
        self.pending_probes = Some(PendingProbes { first_sent_at, last_sent_at: now });
    }

    /// Records a hint that the network has changed. The next ping must then arrive on time. The reply to a probe is not
    /// sufficient, because it may take a different route from packets.
    pub(crate) fn on_network_hint(&mut self, now: Instant) {
        self.network_hint_at = Some(now);
    }

    /// Returns the time at which to send a probe because the server's ping is late.
    pub(crate) fn next_probe_at(&self) -> Option<Instant> {
        if self.pending_probes.is_some() || self.ping_timeout <= PING_TIMEOUT_WITHOUT_PROBES_MAX {
            return None;
        }
        let last = self.last_packet_at?.max(self.last_sign_of_life_at.unwrap_or(self.last_packet_at?));
        Some(last + self.ping_interval + PING_GRACE)
    }

    /// Returns the time at which the connection counts as dead.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let mut earliest = EarliestDeadline(Some(self.last_packet_at? + self.ping_interval + self.ping_timeout));
        earliest.include(self.pending_probes.map(|probes| probes.first_sent_at + PROBE_TIMEOUT));
        earliest.include(self.network_hint_at.map(|since| since + self.ping_interval + PING_GRACE));
        earliest.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn started_liveness(interval: u64, timeout: u64) -> (Liveness, Instant) {
        let now = Instant::now();
        let (ping_interval, ping_timeout) = (seconds(interval), seconds(timeout));
        (Liveness { ping_interval, ping_timeout, last_packet_at: Some(now), ..Liveness::default() }, now)
    }

    #[test]
    fn a_late_ping_causes_a_probe_if_the_timeout_is_long() {
        let (mut liveness, start) = started_liveness(25, 120);
        assert_eq!(liveness.next_probe_at(), Some(start + seconds(30)));
        liveness.on_probe_sent(start + seconds(30));
        assert_eq!((liveness.next_probe_at(), liveness.deadline()), (None, Some(start + seconds(35))));

        let (liveness, start) = started_liveness(25, 20);
        assert_eq!((liveness.next_probe_at(), liveness.deadline()), (None, Some(start + seconds(45))));
    }

    #[test]
    fn replies_to_probes_do_not_keep_a_connection_without_packets_alive() {
        let (mut liveness, start) = started_liveness(25, 120);
        for at in [30, 60, 90] {
            assert_eq!(liveness.next_probe_at(), Some(start + seconds(at)));
            liveness.on_probe_sent(start + seconds(at));
            liveness.on_sign_of_life(start + seconds(at));
        }
        assert_eq!(liveness.deadline(), Some(start + seconds(145)));
    }

    #[test]
    fn further_probes_do_not_extend_the_deadline() {
        let (mut liveness, start) = started_liveness(25, 20);
        for at in [10, 14] {
            liveness.on_probe_sent(start + seconds(at));
        }
        assert_eq!(liveness.deadline(), Some(start + seconds(15)));
        liveness.on_packet(start + seconds(14));
        assert_eq!(liveness.deadline(), Some(start + seconds(19)), "the packet may be older than the second probe");
        liveness.on_sign_of_life(start + seconds(14));
        liveness.on_probe_sent(start + seconds(16));
        assert_eq!(liveness.deadline(), Some(start + seconds(21)));
    }

    #[test]
    fn after_a_network_hint_the_next_ping_must_arrive_on_time() {
        let (mut liveness, start) = started_liveness(25, 120);
        let hint = start + seconds(10);
        liveness.on_network_hint(hint);
        liveness.on_probe_sent(hint);
        liveness.on_sign_of_life(hint + seconds(1));
        assert_eq!(liveness.deadline(), Some(hint + seconds(30)));
        liveness.on_packet(hint + seconds(15));
        assert_eq!(liveness.deadline(), Some(hint + seconds(15 + 145)));
    }
}
