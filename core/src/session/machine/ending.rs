//! Loss of a connection, scheduling of the next attempt, and the end of the client.

use std::time::Duration;

use super::{Machine, Phase};
use crate::{
    Error, ErrorKind,
    session::{ConnectionFailure, Now, OnServerDisconnect, Output, ReconnectPolicy, State, Token, acks::Waiter},
    sio,
};

/// Attempt number at which the delay stops growing while `connect` waits to learn whether the credentials are wrong.
const UNCLEAR_PAUSES_MAX: u32 = 2;

impl Machine {
    /// Handles the end of the connection or of the connection attempt.
    pub(super) fn on_connection_lost(&mut self, now: Now, failure: ConnectionFailure) {
        if !matches!(self.phase, Phase::Dialing { .. } | Phase::Open(_)) {
            return;
        }
        let stop = matches!(failure, ConnectionFailure::ServerDisconnected)
            && self.config.on_server_disconnect == OnServerDisconnect::Stop;
        let error = failure.into_error();
        if self.connecting.is_some() && !self.config.retry_first_connect {
            self.endpoints.failed();
        }
        self.drop_connection(&error);
        if stop {
            return self.end(error);
        }
        let pause = error.retry_in().unwrap_or_default();
        self.retry(now, error, pause);
    }

    /// Drops the connection or attempt, and everything that belongs to it. The caller must set the next phase.
    pub(super) fn drop_connection(&mut self, error: &Error) {
        // This also aborts an attempt in progress. Its result would arrive too late.
        self.out.push_back(Output::CloseTransport { graceful: false });
        let Phase::Open(connection) = std::mem::replace(&mut self.phase, Phase::Idle) else { return };
        self.rooms.on_connection_lost();
        self.page_requests.on_connection_lost();
        for waiter in connection.acks.into_waiters() {
            if let Waiter::User(token) = waiter {
                let kind = if error.kind() == ErrorKind::Closed { ErrorKind::Closed } else { ErrorKind::Disconnected };
                let lost = Error::new(kind, "the connection was lost before the acknowledgement arrived");
                self.out.push_back(Output::Failed { token, error: lost.with_cause(error.clone()) });
            }
        }
    }

    /// Schedules the next attempt, or gives up. The server at the current address wants no attempt before `pause` is
    /// over.
    pub(super) fn retry(&mut self, now: Now, cause: Error, pause: Duration) {
        if !pause.is_zero() {
            self.endpoints.hold(now.mono + pause);
        }
        let Some(policy) = self.policy(pause) else { return self.end(cause) };
        let made = self.attempts.count();
        if policy.attempts.is_some_and(|limit| made >= limit) {
            let text = format!("gave up after {made} attempts: {cause}");
            let error = Error::new(ErrorKind::GaveUp, text).with_attempts(made).with_cause(cause);
            return self.end(error);
        }
        self.endpoints.advance(now.mono);
        let delay = if self.endpoints.is_untried() {
            self.attempts.quick_pause(&policy, &mut self.rng)
        } else {
            let unclear = self.connecting.is_some() && self.endpoints.is_unclear();
            let longest = if unclear { UNCLEAR_PAUSES_MAX } else { u32::MAX };
            self.attempts.pause(&policy, longest, &mut self.rng)
        };
        let earliest = self.endpoints.not_before().map_or(now.mono, |at| at.max(now.mono));
        let until = self.attempts.earliest(earliest.max(now.mono + delay));
        self.phase = Phase::Waiting { until, earliest };
        self.start_join_deadlines(now);
        if self.connecting.is_none() {
            let retry_in = until.saturating_duration_since(now.mono);
            self.push_state(State::Reconnecting { attempt: self.attempts.count(), retry_in, cause });
        }
    }

    /// Returns the policy for the next attempt, or `None` if no further attempt is allowed.
    fn policy(&self, pause: Duration) -> Option<ReconnectPolicy> {
        let first = self.connecting.is_some() && !self.config.retry_first_connect;
        // Some attempts do not count as reconnecting: requesting new credentials, trying other ones, retrying after a
        // possible restart of the server, and trying each address once.
        let unclear = self.endpoints.is_unclear() && self.config.reconnect.is_some() && pause.is_zero();
        let once_more = self.endpoints.has_new_credentials() || unclear || (first && self.endpoints.has_untried());
        if first && !once_more {
            return None;
        }
        match self.config.reconnect.clone() {
            Some(policy) => Some(ReconnectPolicy { attempts: policy.attempts.filter(|_| !first), ..policy }),
            None => once_more.then(ReconnectPolicy::default),
        }
    }

    /// Ends the client with this error, which is `closed` if the user closed the client.
    pub(super) fn end(&mut self, error: Error) {
        self.phase = Phase::Closed;
        self.page_requests.clear();
        // The state is reported first, so a caller that learns of the end can read the reason there.
        self.push_state(State::Closed { reason: error.clone() });
        if let Some(token) = self.connecting.take() {
            self.fail(token, error.clone());
        }
        for (_, room) in self.rooms.drain() {
            for token in room.joiners {
                self.out.push_back(Output::Failed { token, error: error.clone() });
            }
            for token in room.leavers {
                self.out.push_back(Output::Done { token, data: None });
            }
        }
        let by_user = error.kind() == ErrorKind::Closed;
        self.out.push_back(Output::EndedAll { error: (!by_user).then_some(error) });
    }

    pub(super) fn close(&mut self, token: Token) {
        self.push_state(State::Closing);
        let connected = self.phase.is_online();
        if connected {
            self.send(&sio::disconnect());
        }
        self.out.push_back(Output::CloseTransport { graceful: connected });
        let error = Error::closed();
        self.drop_connection(&error);
        self.end(error);
        self.done(token);
    }
}
