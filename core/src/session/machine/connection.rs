//! State of one connection whose transport is open. The state is dropped when the connection is lost.

use std::time::{Duration, Instant};

use crate::{
    eio::Handshake,
    events::ServerRefusal,
    session::{
        CredentialsReason, SessionConfig, acks::PendingAcks, earliest_deadline::EarliestDeadline,
        endpoint_auth::LoginStatus, heartbeat::Heartbeat, liveness::Liveness, room_requests::RoomRequests,
        send_budget::SendBudget,
    },
    sio::AttachmentAssembler,
};

/// Time for which `connect` waits, after the namespace is acknowledged, for a sign that the server accepts the client.
/// A later refusal can still end the client, but is then reported by a join or a stream instead of `connect`.
const ACCEPTANCE_WAIT: Duration = Duration::from_millis(500);

/// Progress of a connection until it is announced as usable.
#[derive(Debug)]
pub(super) enum Admission {
    /// Waiting for OPEN. `auth_payload` is the authentication payload for the namespace.
    AwaitingOpen { deadline: Instant, auth_payload: Option<String> },
    /// Waiting for the server to acknowledge the namespace.
    AwaitingNamespace {
        deadline: Instant,
        /// True if the server has shown that it accepts the credentials.
        auth_confirmed: bool,
    },
    /// The namespace is acknowledged. The connection is announced at the deadline, or earlier if the server shows that
    /// it accepts the client.
    Acknowledged { announce_deadline: Instant },
    /// The client's state is `connected`.
    Announced,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) admission: Admission,
    /// Reason why the attempt requested credentials.
    pub(super) credentials_reason: CredentialsReason,
    pub(super) login_status: LoginStatus,
    /// Content of an error event or DISCONNECT packet that may explain a refusal.
    pub(super) possible_refusal: Option<ServerRefusal>,
    /// Time at which the connection counts as stable. `None` before the namespace is acknowledged, once the connection
    /// is stable, and if reconnecting is disabled.
    pub(super) stable_at: Option<Instant>,
    pub(super) budget: SendBudget,
    /// Time at which the budget has room again for packets that are due. `None` if no packet is waiting for room.
    pub(super) budget_available_at: Option<Instant>,
    /// Maximum size of a packet that the server accepts, in bytes.
    pub(super) packet_bytes_max: usize,
    pub(super) liveness: Liveness,
    pub(super) heartbeat: Heartbeat,
    pub(super) acks: PendingAcks,
    /// Time of the first timeout of a page request since the last acknowledgement of any kind.
    pub(super) pages_unanswered_since: Option<Instant>,
    /// Joins and leaves whose outcome is not final.
    pub(super) room_requests: RoomRequests,
    pub(super) assembler: AttachmentAssembler,
}

impl Connection {
    pub(super) fn new(
        config: &SessionConfig,
        admission: Admission,
        credentials_reason: CredentialsReason,
        login_status: LoginStatus,
    ) -> Self {
        Self {
            admission,
            credentials_reason,
            login_status,
            possible_refusal: None,
            stable_at: None,
            budget: SendBudget::new(config.rate_limit),
            budget_available_at: None,
            packet_bytes_max: usize::MAX,
            liveness: Liveness::default(),
            heartbeat: Heartbeat::new(config.heartbeat_interval),
            acks: PendingAcks::default(),
            pages_unanswered_since: None,
            room_requests: RoomRequests::default(),
            assembler: AttachmentAssembler::default(),
        }
    }

    /// Handles OPEN. Returns the optional authentication payload for the namespace, or `None` if OPEN had already
    /// arrived.
    pub(super) fn on_open(&mut self) -> Option<Option<String>> {
        let Admission::AwaitingOpen { deadline, auth_payload } = &mut self.admission else { return None };
        let (deadline, auth_payload) = (*deadline, auth_payload.take());
        self.admission = Admission::AwaitingNamespace { deadline, auth_confirmed: false };
        Some(auth_payload)
    }

    pub(super) fn apply_handshake(&mut self, handshake: &Handshake, now: Instant) {
        self.liveness.start(handshake, now);
        if handshake.max_payload > 0 {
            self.packet_bytes_max = handshake.max_payload;
        }
    }

    /// Handles the acknowledgement of the namespace. `stable_after` is the time after which the connection counts as
    /// stable.
    pub(super) fn on_namespace_acknowledged(&mut self, now: Instant, stable_after: Option<Duration>) {
        self.admission = Admission::Acknowledged { announce_deadline: now + ACCEPTANCE_WAIT };
        self.stable_at = stable_after.map(|time| now + time);
        self.heartbeat.start(now);
    }

    /// Takes one event from the budget and returns `true`. If the budget has no room, records when it will have room
    /// and returns `false`.
    pub(super) fn take_from_budget(&mut self, now: Instant) -> bool {
        self.budget_available_at = self.budget.take(now).err().map(|wait| now + wait);
        self.budget_available_at.is_none()
    }

    /// Returns `true` if the namespace is acknowledged.
    pub(super) fn is_online(&self) -> bool {
        matches!(self.admission, Admission::Acknowledged { .. } | Admission::Announced)
    }

    /// Returns the time at which the connection attempt is given up.
    pub(super) fn connect_deadline(&self) -> Option<Instant> {
        match self.admission {
            Admission::AwaitingOpen { deadline, .. } | Admission::AwaitingNamespace { deadline, .. } => Some(deadline),
            Admission::Acknowledged { .. } | Admission::Announced => None,
        }
    }

    /// Returns the time at which the connection is announced even without a sign that the server accepts the client.
    pub(super) fn announce_deadline(&self) -> Option<Instant> {
        match self.admission {
            Admission::Acknowledged { announce_deadline } => Some(announce_deadline),
            _ => None,
        }
    }

    /// Returns the earliest deadline of the connection.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let mut earliest = EarliestDeadline::default();
        earliest.include(self.connect_deadline());
        earliest.include(self.liveness.deadline());
        earliest.include(self.acks.deadline());
        earliest.include(self.room_requests.deadline());
        if self.is_online() {
            earliest.include(self.announce_deadline());
            earliest.include(self.stable_at);
            earliest.include(self.liveness.next_probe_at());
            earliest.include(self.heartbeat.deadline());
            earliest.include(self.budget_available_at);
        }
        earliest.0
    }
}
