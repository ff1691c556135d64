//! Sends user events, protocol events and heartbeats, and handles the timeouts of their acknowledgements.

use std::time::{Duration, Instant};

use super::Machine;
use crate::{
    Error, ErrorKind,
    session::{CommandId, ConnectionFailure, Now, acks::AckRecipient, follower::FollowerOutput},
    sio,
};

/// Time that must pass between two timeouts of page requests, without any acknowledgement in between, before the
/// connection counts as dead.
const UNANSWERED_PAGES_WAIT: Duration = Duration::from_secs(15);

/// Maximum number of consecutive connections that are given up because page requests were not answered. Two connections
/// may be dead by coincidence; after that, the server is assumed to answer no page requests.
const UNRESPONSIVE_CONNECTIONS_MAX: u8 = 2;

/// Maximum size in bytes of everything around an event's name and data: packet types, acknowledgement id, brackets and
/// quotes.
const EVENT_ENVELOPE_BYTES_MAX: usize = 32;

impl Machine {
    pub(super) fn emit(
        &mut self,
        now: Now,
        command_id: CommandId,
        name: &str,
        data: Option<&str>,
        ack_timeout: Option<Duration>,
    ) {
        let Some(connection) = self.phase.online_connection_mut() else {
            let error = Error::new(ErrorKind::Disconnected, "cannot emit without a connection");
            return self.fail_command(command_id, error);
        };
        // A packet that exceeds the server's limit would make the server end the Engine.IO session.
        let size = EVENT_ENVELOPE_BYTES_MAX + name.len() + data.map_or(0, str::len);
        let longest = connection.packet_bytes_max;
        if size > longest {
            let text = format!("data: the event exceeds the server's limit of {longest} bytes");
            return self.fail_command(command_id, Error::invalid_argument(text));
        }
        if let Err(wait) = connection.budget.take_for_user(now.mono) {
            let error = Error::new(ErrorKind::RateLimited, "the limit of events per minute is used up");
            return self.fail_command(command_id, error.with_retry_in(wait));
        }
        self.counters.sent += 1;
        let id = ack_timeout.map(|timeout| {
            let id = self.ack_ids.next();
            connection.acks.expect(id, AckRecipient::User(command_id), now.mono + timeout);
            id
        });
        self.send_message(&sio::event(name, data, id));
        if id.is_none() {
            self.complete_command(command_id);
        }
    }

    /// Sends a protocol event and registers `recipient` for its acknowledgement. Returns the acknowledgement id, or
    /// `None` if there is no connection.
    pub(super) fn send_protocol_event(
        &mut self,
        recipient: AckRecipient,
        deadline: Instant,
        name: &str,
        argument: &serde_json::Value,
    ) -> Option<u64> {
        let connection = self.phase.online_connection_mut()?;
        let id = self.ack_ids.next();
        connection.acks.expect(id, recipient, deadline);
        self.counters.sent += 1;
        self.send_message(&sio::event(name, Some(&argument.to_string()), Some(id)));
        Some(id)
    }

    /// Sends a heartbeat unless the budget is used up. Nothing depends on heartbeats.
    pub(super) fn send_heartbeat(&mut self, now: Now) {
        if self.phase.online_connection_mut().is_some_and(|connection| connection.budget.take(now.mono).is_ok()) {
            self.counters.sent += 1;
            self.send_message(&sio::event("heartbeat", None, None));
        }
    }

    /// Handles acknowledgements whose deadline has passed.
    ///
    /// If page requests keep timing out and no other event is acknowledged either, the connection counts as dead,
    /// although packets may still arrive. If no page arrives on the next connections either, the server is assumed to
    /// answer no page requests, and the missing events are reported as a gap.
    pub(super) fn expire_acks(&mut self, now: Now) {
        let mut unresponsive = false;
        while let Some(connection) = self.phase.connection_mut()
            && let Some(recipient) = connection.acks.take_expired(now.mono)
        {
            if matches!(recipient, AckRecipient::Backlog(..) | AckRecipient::Replay(..)) {
                let since = *connection.pages_unanswered_since.get_or_insert(now.mono);
                unresponsive |= now.mono.duration_since(since) >= UNANSWERED_PAGES_WAIT;
            }
            match recipient {
                AckRecipient::User(command_id) => {
                    self.fail_command(
                        command_id,
                        Error::new(ErrorKind::AckTimeout, "the server did not acknowledge the event in time"),
                    );
                }
                // `expire_room_requests` handles the deadline of the request.
                AckRecipient::Room(_) => {}
                AckRecipient::Backlog(stream, project, after) => {
                    self.on_backlog_page_failed(now, (stream, project), after, None)
                }
                AckRecipient::Replay(project, after) => {
                    let room = self.rooms.get_mut(&project);
                    if let Some(log) =
                        room.and_then(|room| room.follower.log_mut()).filter(|log| log.awaits_page_after(after))
                    {
                        let mut output = FollowerOutput { outputs: &mut self.outputs, counters: &mut self.counters };
                        log.on_page_failed(now, None, &mut output);
                    }
                }
            }
        }
        if unresponsive && self.unresponsive_connection_count < UNRESPONSIVE_CONNECTIONS_MAX {
            self.unresponsive_connection_count += 1;
            self.on_connection_lost(now, ConnectionFailure::Unresponsive);
        }
    }
}
