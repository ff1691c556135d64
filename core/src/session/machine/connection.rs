//! One connection: all that is known about it, from the moment its transport is open. To drop the value is to forget it.

use std::time::{Duration, Instant};

use crate::{
    eio::Handshake,
    events::Notice,
    session::{
        CredentialsReason, SessionConfig, acks::Acks, auth::Proof, budget::Budget, earliest::Earliest,
        heartbeat::Heartbeat, liveness::Liveness, requests::Requests,
    },
    sio::Assembler,
};

/// The time that an acknowledgement without a sign of acceptance keeps `connect` waiting. A refusal that comes later
/// still ends the client, but a join or a stream reports it instead of `connect`.
const CONFIRM_WAIT: Duration = Duration::from_millis(500);

/// How far the server has let the connection in.
#[derive(Debug)]
pub(super) enum Admission {
    /// OPEN is awaited. The namespace will be asked for with `auth`.
    AwaitingOpen { deadline: Instant, auth: Option<String> },
    /// The namespace was asked for.
    AwaitingNamespace {
        deadline: Instant,
        /// The server has shown that it accepts the credentials.
        auth_confirmed: bool,
    },
    /// The namespace is acknowledged. Until the deadline this may still turn into a refusal.
    Acknowledged { confirm_deadline: Instant },
    /// The state is `connected`.
    Announced,
}

/// A connection with the server.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) admission: Admission,
    /// Why its attempt asked for credentials.
    pub(super) reason: CredentialsReason,
    pub(super) proof: Proof,
    /// The server's words in an `error` event that may be the reason for a refusal to come.
    pub(super) pre_ack_error: Option<Notice>,
    /// When it has lasted long enough to count as stable.
    pub(super) stable_at: Option<Instant>,
    pub(super) budget: Budget,
    /// When there is room in the budget again for what is due.
    pub(super) budget_wait: Option<Instant>,
    /// The most bytes of one packet that the server takes.
    pub(super) max_payload: usize,
    pub(super) liveness: Liveness,
    pub(super) heartbeat: Heartbeat,
    pub(super) acks: Acks,
    /// When a page was not answered in time, if nothing was acknowledged since.
    pub(super) unanswered_since: Option<Instant>,
    /// The joins and leaves that are under way.
    pub(super) requests: Requests,
    pub(super) assembler: Assembler,
}

impl Connection {
    pub(super) fn new(config: &SessionConfig, admission: Admission, reason: CredentialsReason, proof: Proof) -> Self {
        Self {
            admission,
            reason,
            proof,
            pre_ack_error: None,
            stable_at: None,
            budget: Budget::new(config.rate_limit),
            budget_wait: None,
            max_payload: usize::MAX,
            liveness: Liveness::default(),
            heartbeat: Heartbeat::new(config.heartbeat_interval),
            acks: Acks::default(),
            unanswered_since: None,
            requests: Requests::default(),
            assembler: Assembler::default(),
        }
    }

    /// OPEN has come. Returns what the namespace is asked for with; `None` if it came before.
    pub(super) fn open(&mut self) -> Option<Option<String>> {
        let Admission::AwaitingOpen { deadline, auth } = &mut self.admission else { return None };
        let (deadline, auth) = (*deadline, auth.take());
        self.admission = Admission::AwaitingNamespace { deadline, auth_confirmed: false };
        Some(auth)
    }

    /// Takes over what the server says about itself in OPEN.
    pub(super) fn configure(&mut self, handshake: &Handshake, now: Instant) {
        self.liveness.start(handshake, now);
        if handshake.max_payload > 0 {
            self.max_payload = handshake.max_payload;
        }
    }

    /// The namespace is acknowledged. `stable_after`: how long it must last to count as stable.
    pub(super) fn acknowledge(&mut self, now: Instant, stable_after: Option<Duration>) {
        self.admission = Admission::Acknowledged { confirm_deadline: now + CONFIRM_WAIT };
        self.stable_at = stable_after.map(|time| now + time);
        self.heartbeat.start(now);
    }

    /// Takes one event out of the budget. If there is no room, notes when there will be.
    pub(super) fn may_send(&mut self, now: Instant) -> bool {
        self.budget_wait = self.budget.take(now).err().map(|wait| now + wait);
        self.budget_wait.is_none()
    }

    /// Whether the namespace is acknowledged.
    pub(super) fn is_online(&self) -> bool {
        matches!(self.admission, Admission::Acknowledged { .. } | Admission::Announced)
    }

    /// When the attempt is given up.
    pub(super) fn connect_deadline(&self) -> Option<Instant> {
        match self.admission {
            Admission::AwaitingOpen { deadline, .. } | Admission::AwaitingNamespace { deadline, .. } => Some(deadline),
            Admission::Acknowledged { .. } | Admission::Announced => None,
        }
    }

    /// When it is announced though no sign of acceptance has come.
    pub(super) fn confirm_deadline(&self) -> Option<Instant> {
        match self.admission {
            Admission::Acknowledged { confirm_deadline } => Some(confirm_deadline),
            _ => None,
        }
    }

    /// The earliest of its own deadlines.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let mut earliest = Earliest::default();
        earliest.consider(self.connect_deadline());
        earliest.consider(self.liveness.deadline());
        earliest.consider(self.acks.deadline());
        earliest.consider(self.requests.deadline());
        if self.is_online() {
            earliest.consider(self.confirm_deadline());
            earliest.consider(self.stable_at);
            earliest.consider(self.liveness.probe_at());
            earliest.consider(self.heartbeat.deadline());
            earliest.consider(self.budget_wait);
        }
        earliest.0
    }
}
