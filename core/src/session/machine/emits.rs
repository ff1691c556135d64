//! Sending of user events, protocol events and heartbeats, and the timeouts of their acknowledgements.

use std::time::{Duration, Instant};

use super::Machine;
use crate::{
    Error, ErrorKind,
    session::{ConnectionFailure, Now, Token, acks::Waiter, follower::FollowerOutput},
    sio,
};

/// Time after the first unanswered page request at which another unanswered one shows that the connection is dead.
const UNANSWERED_PAGES_WAIT: Duration = Duration::from_secs(15);

/// Number of consecutive connections that are given up because they return no page. Two connections may be dead by
/// chance.
const RECONNECTS_FOR_PAGES_MAX: u8 = 2;

/// Size in bytes of everything around an event's name and data: packet types, acknowledgement id, brackets and quotes.
const ENVELOPE_BYTES_MAX: usize = 32;

impl Machine {
    pub(super) fn emit(&mut self, now: Now, token: Token, name: &str, data: Option<&str>, ack: Option<Duration>) {
        let Some(connection) = self.phase.online_mut() else {
            let error = Error::new(ErrorKind::Disconnected, "cannot emit without a connection");
            return self.fail(token, error);
        };
        // A larger packet would make the server end the Engine.IO session.
        let size = ENVELOPE_BYTES_MAX + name.len() + data.map_or(0, str::len);
        let longest = connection.max_payload;
        if size > longest {
            let text = format!("data: the event exceeds the server's limit of {longest} bytes");
            return self.fail(token, Error::invalid_argument(text));
        }
        if let Err(wait) = connection.budget.take_for_user(now.mono) {
            let error = Error::new(ErrorKind::RateLimited, "the limit of events per minute is used up");
            return self.fail(token, error.with_retry_in(wait));
        }
        self.counters.sent += 1;
        let id = ack.map(|timeout| {
            let id = self.ack_ids.next();
            connection.acks.expect(id, Waiter::User(token), now.mono + timeout);
            id
        });
        self.send(&sio::event(name, data, id));
        if id.is_none() {
            self.done(token);
        }
    }

    /// Sends a protocol event whose acknowledgement `waiter` receives. Returns the acknowledgement id, or `None`
    /// without a connection.
    pub(super) fn send_request(
        &mut self,
        waiter: Waiter,
        deadline: Instant,
        name: &str,
        argument: &serde_json::Value,
    ) -> Option<u64> {
        let connection = self.phase.online_mut()?;
        let id = self.ack_ids.next();
        connection.acks.expect(id, waiter, deadline);
        self.counters.sent += 1;
        self.send(&sio::event(name, Some(&argument.to_string()), Some(id)));
        Some(id)
    }

    /// Sends a heartbeat, unless the budget is used up. Nothing depends on heartbeats.
    pub(super) fn send_heartbeat(&mut self, now: Now) {
        if self.phase.online_mut().is_some_and(|connection| connection.budget.take(now.mono).is_ok()) {
            self.counters.sent += 1;
            self.send(&sio::event("heartbeat", None, None));
        }
    }

    /// Expires acknowledgements.
    ///
    /// If one page request after another stays unanswered, not even refused, the connection is dead although packets
    /// may still arrive. If the next connections return no page either, the server answers no page requests, and the
    /// missing events are reported as a gap.
    pub(super) fn expire_acks(&mut self, now: Now) {
        let mut unresponsive = false;
        while let Some(connection) = self.phase.connection_mut()
            && let Some(waiter) = connection.acks.expired(now.mono)
        {
            if matches!(waiter, Waiter::Backlog(..) | Waiter::Replay(..)) {
                let since = *connection.unanswered_since.get_or_insert(now.mono);
                unresponsive |= now.mono.duration_since(since) >= UNANSWERED_PAGES_WAIT;
            }
            match waiter {
                Waiter::User(token) => {
                    self.fail(
                        token,
                        Error::new(ErrorKind::AckTimeout, "the server did not acknowledge the event in time"),
                    );
                }
                // `expire_joins` handles the deadline of the request.
                Waiter::Room(_) => {}
                Waiter::Backlog(stream, project, after) => {
                    self.on_backlog_page_failed(now, (stream, project), after, None)
                }
                Waiter::Replay(project, after) => {
                    let room = self.rooms.get_mut(&project);
                    if let Some(log) = room.and_then(|room| room.follower.log_mut()).filter(|log| log.awaits(after)) {
                        let mut output = FollowerOutput { out: &mut self.out, counters: &mut self.counters };
                        log.on_page_failed(now, None, &mut output);
                    }
                }
            }
        }
        if unresponsive && self.reconnects_for_pages < RECONNECTS_FOR_PAGES_MAX {
            self.reconnects_for_pages += 1;
            self.on_connection_lost(now, ConnectionFailure::Unresponsive);
        }
    }
}
