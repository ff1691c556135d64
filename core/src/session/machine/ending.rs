//! Loss of a connection, scheduling of the next attempt, and the end of the client.

use std::time::Duration;

use super::{Machine, Phase};
use crate::{
    Error, ErrorKind,
    session::{
        CommandId, ConnectionFailure, Now, OnServerDisconnect, Output, ReconnectPolicy, State, acks::AckRecipient,
    },
    sio,
};

/// Attempt number at which the delay stops growing while `connect` waits to learn whether the credentials are wrong.
const GROWTH_LIMIT_WHILE_UNCLEAR: u32 = 2;

impl Machine {
    /// Handles the end of the connection or of the connection attempt.
    pub(super) fn on_connection_lost(&mut self, now: Now, failure: ConnectionFailure) {
        if !matches!(self.phase, Phase::Dialing { .. } | Phase::Open(_)) {
            return;
        }
        let stop = matches!(failure, ConnectionFailure::ServerDisconnected)
            && self.config.on_server_disconnect == OnServerDisconnect::Stop;
        let error = failure.into_error();
        if self.connect_command_id.is_some() && !self.config.retry_first_connect {
            self.endpoints.on_failure_without_refusal();
        }
        self.drop_connection(&error);
        if stop {
            return self.end_client(error);
        }
        let pause = error.retry_in().unwrap_or_default();
        self.schedule_attempt(now, error, pause);
    }

    /// Drops the connection or attempt, and everything that belongs to it. The caller must set the next phase.
    pub(super) fn drop_connection(&mut self, error: &Error) {
        // This output also aborts an attempt in progress, whose result would arrive too late.
        self.outputs.push_back(Output::CloseTransport { graceful: false });
        let Phase::Open(connection) = std::mem::replace(&mut self.phase, Phase::Idle) else { return };
        self.rooms.on_connection_lost();
        self.backlog_page_requests.on_connection_lost();
        for recipient in connection.acks.into_recipients() {
            if let AckRecipient::User(command_id) = recipient {
                let kind = if error.kind() == ErrorKind::Closed { ErrorKind::Closed } else { ErrorKind::Disconnected };
                let lost = Error::new(kind, "the connection was lost before the acknowledgement arrived");
                self.outputs.push_back(Output::CommandFailed { command_id, error: lost.with_cause(error.clone()) });
            }
        }
    }

    /// Schedules the next attempt, or gives up. The current address must not be tried before `pause` has passed.
    pub(super) fn schedule_attempt(&mut self, now: Now, cause: Error, pause: Duration) {
        if !pause.is_zero() {
            self.endpoints.forbid_attempts_until(now.mono + pause);
        }
        let Some(policy) = self.next_attempt_policy(pause) else { return self.end_client(cause) };
        let made = self.attempts.count();
        if policy.attempts.is_some_and(|limit| made >= limit) {
            let text = format!("gave up after {made} attempts: {cause}");
            let error = Error::new(ErrorKind::GaveUp, text).with_attempts(made).with_cause(cause);
            return self.end_client(error);
        }
        self.endpoints.select_next(now.mono);
        let delay = if self.endpoints.is_current_untried() {
            self.attempts.schedule_first_at_endpoint(&policy, &mut self.rng)
        } else {
            let unclear = self.connect_command_id.is_some() && self.endpoints.may_be_restarting();
            let growth_limit = if unclear { GROWTH_LIMIT_WHILE_UNCLEAR } else { u32::MAX };
            self.attempts.schedule_next(&policy, growth_limit, &mut self.rng)
        };
        let no_attempt_before = self.endpoints.no_attempt_before().map_or(now.mono, |at| at.max(now.mono));
        let retry_at = self.attempts.earliest_allowed(no_attempt_before.max(now.mono + delay));
        self.phase = Phase::Waiting { retry_at, no_attempt_before };
        self.prepare_rooms_for_new_connection(now);
        if self.connect_command_id.is_none() {
            let retry_in = retry_at.saturating_duration_since(now.mono);
            self.push_state(State::Reconnecting { attempt: self.attempts.count(), retry_in, cause });
        }
    }

    /// Returns the policy for the next attempt, or `None` if no further attempt is allowed.
    fn next_attempt_policy(&self, pause: Duration) -> Option<ReconnectPolicy> {
        let first = self.connect_command_id.is_some() && !self.config.retry_first_connect;
        // Three kinds of attempts do not count as reconnections: those with new or other credentials; those made while
        // the server may be restarting, if reconnecting is enabled and no pause is due; and, before the first
        // connection, those made while an address is still untried.
        let unclear = self.endpoints.may_be_restarting() && self.config.reconnect.is_some() && pause.is_zero();
        let once_more =
            self.endpoints.uses_new_credentials_next() || unclear || (first && self.endpoints.has_untried_endpoint());
        if first && !once_more {
            return None;
        }
        match self.config.reconnect.clone() {
            Some(policy) => Some(ReconnectPolicy { attempts: policy.attempts.filter(|_| !first), ..policy }),
            None => once_more.then(ReconnectPolicy::default),
        }
    }

    /// Ends the client with this error, whose code is `closed` if the user closed the client.
    pub(super) fn end_client(&mut self, error: Error) {
        self.phase = Phase::Closed;
        self.backlog_page_requests.clear();
        // The state is reported first, so that a caller that learns of the end can read the reason from the state.
        self.push_state(State::Closed { reason: error.clone() });
        if let Some(command_id) = self.connect_command_id.take() {
            self.fail_command(command_id, error.clone());
        }
        for (_, room) in self.rooms.drain() {
            for command_id in room.joiners {
                self.outputs.push_back(Output::CommandFailed { command_id, error: error.clone() });
            }
            for command_id in room.leavers {
                self.outputs.push_back(Output::CommandDone { command_id, data: None });
            }
        }
        let by_user = error.kind() == ErrorKind::Closed;
        self.outputs.push_back(Output::ClientEnded { error: (!by_user).then_some(error) });
    }

    pub(super) fn close(&mut self, command_id: CommandId) {
        self.push_state(State::Closing);
        let connected = self.phase.is_online();
        if connected {
            self.send_message(&sio::disconnect());
        }
        self.outputs.push_back(Output::CloseTransport { graceful: connected });
        let error = Error::closed();
        self.drop_connection(&error);
        self.end_client(error);
        self.complete_command(command_id);
    }
}
