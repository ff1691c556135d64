//! Invariants that a machine's outputs satisfy for all inputs: limits on attempts and events per minute, at most one
//! join or leave in flight, and the order of states.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::super::Machine;
use crate::{
    session::{SessionConfig, State},
    sio,
};

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct InFlight {
    ack_id: u64,
    is_join: bool,
    project: String,
    sent_at: Instant,
}

/// Checker that watches a machine and panics if the machine violates an invariant.
#[derive(Debug)]
pub(crate) struct InvariantChecker {
    config: SessionConfig,
    events_sent_at: VecDeque<Instant>,
    dialed_at: VecDeque<Instant>,
    in_flight: Option<InFlight>,
    pub(crate) state: &'static str,
}

impl Machine {
    /// Creates a checker for this machine, which must be new.
    pub(crate) fn invariant_checker(&self) -> InvariantChecker {
        InvariantChecker::new(self.config.clone())
    }

    /// Returns the number of entries in the machine's tables and queues.
    pub(crate) fn entry_count(&self) -> usize {
        let rooms = self
            .rooms
            .iter()
            .map(|(_, room)| 1 + room.joiners.len() + room.leavers.len() + room.follower.entry_count());
        let connection = self.phase.connection().map_or(0, |connection| {
            connection.acks.entry_count() + connection.budget.entry_count() + connection.room_requests.entry_count()
        });
        connection + self.backlog_page_requests.entry_count() + self.outputs.entry_count() + rooms.sum::<usize>()
    }
}

impl InvariantChecker {
    pub(super) fn new(config: SessionConfig) -> Self {
        Self { config, events_sent_at: VecDeque::new(), dialed_at: VecDeque::new(), in_flight: None, state: "idle" }
    }

    pub(crate) fn on_dial(&mut self, now: Instant) {
        self.dialed_at.push_back(now);
        self.dialed_at.retain(|at| now.duration_since(*at) < MINUTE);
        let limit = self.config.reconnect.as_ref().map_or(u32::MAX, |policy| policy.max_attempts_per_minute);
        assert!(self.dialed_at.len() <= limit as usize, "{} attempts in a minute", self.dialed_at.len());
    }

    pub(crate) fn on_send(&mut self, now: Instant, packet: &str) {
        let event = packet.strip_prefix('4').and_then(|text| sio::decode(text).ok());
        let Some(event) = event.filter(|packet| packet.kind == sio::PacketKind::Event) else { return };
        self.events_sent_at.push_back(now);
        self.events_sent_at.retain(|at| now.duration_since(*at) < MINUTE);
        if let Some(limit) = self.config.rate_limit {
            assert!(self.events_sent_at.len() <= limit as usize, "{} events in a minute", self.events_sent_at.len());
        }
        let (name, data) = sio::split_event(event.data).unwrap();
        if matches!(&*name, "join_project" | "leave_project") {
            let value: serde_json::Value = serde_json::from_str(data).unwrap();
            let project = value["project_id"].as_str().unwrap().to_owned();
            if let Some(before) = &self.in_flight {
                let waited = now.duration_since(before.sent_at);
                assert!(waited >= self.config.join_timeout, "{packet} next to {before:?}");
            }
            let ack_id = event.ack_id.expect("a join or leave without an acknowledgement id");
            self.in_flight = Some(InFlight { ack_id, is_join: name == "join_project", project, sent_at: now });
        }
    }

    /// Records a frame from the server. If the frame answers the join or leave in flight, the next join or leave may be
    /// sent immediately.
    pub(crate) fn on_frame(&mut self, text: &str) {
        let Some(in_flight) = &self.in_flight else { return };
        let Some(packet) = text.strip_prefix('4').and_then(|text| sio::decode(text).ok()) else { return };
        let answered = match packet.kind {
            sio::PacketKind::Ack => packet.ack_id == Some(in_flight.ack_id),
            sio::PacketKind::Event => sio::split_event(packet.data).is_ok_and(|(name, data)| {
                let right_kind = match &*name {
                    "joined_project" => in_flight.is_join,
                    "left_project" => !in_flight.is_join,
                    "error" | "project_access_denied" => true,
                    _ => false,
                };
                let first = serde_json::Deserializer::from_str(data).into_iter::<serde_json::Value>().next();
                let named = match &first {
                    Some(Ok(value)) => value.get("project_id").and_then(serde_json::Value::as_str),
                    _ => None,
                };
                right_kind && named.is_none_or(|named| named == in_flight.project)
            }),
            _ => false,
        };
        if answered {
            self.in_flight = None;
        }
    }

    pub(crate) fn on_connection_lost(&mut self) {
        self.events_sent_at.clear();
        self.in_flight = None;
    }

    pub(crate) fn on_state(&mut self, state: &State) {
        let next = state.as_str();
        let good = match self.state {
            "idle" => matches!(next, "connecting" | "closing"),
            "connecting" => matches!(next, "connected" | "closing" | "closed"),
            "connected" => matches!(next, "reconnecting" | "closing" | "closed"),
            "reconnecting" => matches!(next, "reconnecting" | "connected" | "closing" | "closed"),
            "closing" => next == "closed",
            _ => false,
        };
        assert!(good, "invalid transition from {} to {next}", self.state);
        self.state = next;
    }
}
