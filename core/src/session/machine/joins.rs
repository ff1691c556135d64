//! Joins and leaves, which reconcile the client's memberships with the rooms that the user wants.

use std::time::{Duration, Instant};

use super::Machine;
use crate::{
    Error, ErrorKind,
    events::{Cursor, ProjectId},
    session::{
        CommandId, Now, Output,
        acks::AckRecipient,
        earliest_deadline::EarliestDeadline,
        follower::Follower,
        refusal::JoinFailure,
        room_requests::RoomRequestKind,
        rooms::{Membership, Room},
    },
};

/// Returns the minimum delay before another join. The delay doubles with each failure, up to 16 s.
pub(super) fn join_retry_delay(failures: u32) -> Duration {
    Duration::from_millis(500) * 2u32.pow(failures.min(5))
}

impl Machine {
    pub(super) fn join(&mut self, now: Now, command_id: CommandId, project: ProjectId, after: Option<Cursor>) {
        let deadline = now.mono + self.config.join_timeout;
        if let Some(room) = self.rooms.get_mut(&project).filter(|room| room.wanted) {
            if after.is_some() {
                let error = Error::invalid_argument("after: the project is joined already; leave it first");
                return self.fail_command(command_id, error);
            }
            if room.join_succeeded {
                return self.complete_command(command_id);
            }
            room.joiners.push(command_id);
            return;
        }
        let follower = Follower::new(project.clone(), after, self.config.can_ask_rest);
        match self.rooms.get_mut(&project) {
            // The user left the project, but the server has not confirmed the leave yet.
            Some(room) => {
                room.wanted = true;
                room.join_succeeded = false;
                room.follower = follower;
                room.join_deadline = Some(deadline);
                room.joiners.push(command_id);
                // If the client is still in the room, the leave has not been sent. Another join is needed nevertheless,
                // because only the confirmation of a join contains the position at which the new streams start.
                if room.membership == Membership::In {
                    room.membership = Membership::Out;
                    if let Some(connection) = self.phase.connection_mut() {
                        connection.room_requests.record_unexplained_membership(&project, now.mono);
                    }
                }
                for leaver in std::mem::take(&mut room.leavers) {
                    self.complete_command(leaver);
                }
            }
            None => {
                let room = self.rooms.insert(project, follower);
                room.join_deadline = Some(deadline);
                room.joiners.push(command_id);
            }
        }
    }

    pub(super) fn leave(&mut self, command_id: CommandId, project: ProjectId) {
        let Some(room) = self.rooms.get_mut(&project) else { return self.complete_command(command_id) };
        let was_wanted = std::mem::replace(&mut room.wanted, false);
        room.join_deadline = None;
        let joiners = std::mem::take(&mut room.joiners);
        if room.membership == Membership::Out {
            self.rooms.remove(&project);
            self.complete_command(command_id);
        } else {
            room.leavers.push(command_id);
        }
        for joiner in joiners {
            self.fail_command(
                joiner,
                Error::new(ErrorKind::Closed, "the project was left before the join was confirmed"),
            );
        }
        if was_wanted {
            self.outputs.push_back(Output::ProjectEnded { project, error: None });
        }
    }

    /// Sends the requests that are due: a join or leave, page requests, and requests for reviews. Only one join or
    /// leave is awaited at a time.
    pub(super) fn send_due_requests(&mut self, now: Now) {
        let Some(connection) = self.phase.online_connection_mut() else { return };
        connection.budget_available_at = None;
        if connection.room_requests.awaited().is_some() {
            self.clear_deadlines_of_queued_joins();
        } else if let Some((project, kind)) = self.rooms.next_request(now.mono) {
            if !connection.take_from_budget(now.mono) {
                return self.clear_deadlines_of_queued_joins();
            }
            self.send_room_request(now, project, kind);
            self.clear_deadlines_of_queued_joins();
        }
        self.request_replay_pages(now);
        self.request_reviews(now);
        self.send_backlog_page_requests(now);
    }

    /// Clears the deadlines of queued joins that have not failed, because the server is not responsible for the wait. A
    /// new deadline is set when the join is sent.
    fn clear_deadlines_of_queued_joins(&mut self) {
        for (_, room) in self.rooms.iter_mut() {
            if room.membership != Membership::Joining && room.join_failure_count == 0 {
                room.join_deadline = None;
            }
        }
    }

    fn send_room_request(&mut self, now: Now, project: ProjectId, kind: RoomRequestKind) {
        let deadline = now.mono + self.config.join_timeout;
        let joining = kind == RoomRequestKind::Join;
        let name = if joining { "join_project" } else { "leave_project" };
        let argument = serde_json::json!({"project_id": project.as_str()});
        // An answer that arrives after the deadline is still useful, so the acknowledgement is awaited for longer.
        let ack_deadline = deadline + self.config.join_timeout;
        let Some(id) = self.send_protocol_event(AckRecipient::Room(project.clone()), ack_deadline, name, &argument)
        else {
            return;
        };
        if let Some(room) = self.rooms.get_mut(&project) {
            room.membership = if joining { Membership::Joining } else { Membership::Leaving };
            room.first_join_sent_at = joining.then(|| room.first_join_sent_at.unwrap_or(now));
            if joining && !room.joiners.is_empty() && room.join_failure_count == 0 {
                room.join_deadline = Some(deadline);
            }
        }
        if let Some(connection) = self.phase.online_connection_mut() {
            connection.room_requests.record_sent(id, project, kind, deadline);
        }
    }

    /// Sets the deadlines of joins that wait for a new connection. Removes rooms that the user has left, because the
    /// client's membership in them ended with the connection.
    pub(super) fn prepare_rooms_for_new_connection(&mut self, now: Now) {
        let deadline = now.mono + self.config.join_timeout;
        let mut gone = Vec::new();
        for (project, room) in self.rooms.iter_mut() {
            if !room.wanted {
                gone.push(project.clone());
            } else if !room.joiners.is_empty() {
                room.join_deadline.get_or_insert(deadline);
            }
        }
        for project in gone {
            self.remove_room(&project);
        }
    }

    /// Removes a room that is neither wanted nor joined, and completes the pending leaves.
    pub(super) fn remove_room(&mut self, project: &ProjectId) {
        for command_id in self.rooms.remove(project).map(|room| room.leavers).unwrap_or_default() {
            self.complete_command(command_id);
        }
    }

    fn on_join_timeout(&mut self, now: Now, project: &ProjectId, message: Option<String>) {
        let Some(room) = self.rooms.get_mut(project) else { return };
        room.join_deadline = room.join_deadline.filter(|_| !room.join_succeeded).map(|_| now.mono);
        let message = message.or_else(|| room.last_failure_message.clone());
        let message = message.unwrap_or_else(|| "timed out waiting for its answer".to_owned());
        self.retry_join(now, project, JoinFailure::unanswered(message));
    }

    /// Handles the deadlines of joins and leaves.
    pub(super) fn expire_room_requests(&mut self, now: Now) {
        self.repeat_unacknowledged_joins(now);
        let late = self.phase.connection_mut().and_then(|connection| {
            let request = connection.room_requests.mark_overdue_or_give_up(now.mono, self.config.join_timeout)?;
            let message =
                request.possible_refusal.as_ref().map(|possible_refusal| possible_refusal.refusal.message.clone());
            Some((request.project.clone(), request.kind, message))
        });
        match late {
            Some((project, RoomRequestKind::Join, message)) => self.on_join_timeout(now, &project, message),
            Some((project, RoomRequestKind::Leave, _)) => self.on_membership_ended(now, &project),
            None => {}
        }
        let connected = self.phase.is_online();
        let late = |room: &Room| room.join_deadline.is_some_and(|at| at <= now.mono);
        let expired: Vec<_> = self
            .rooms
            .iter()
            .filter(|(_, room)| !room.join_succeeded && room.membership != Membership::Joining && late(room))
            .map(|(project, _)| project.clone())
            .collect();
        for project in expired {
            let text = if connected {
                "the join was not confirmed in time"
            } else {
                "there was no connection to join on in time"
            };
            self.end_project(&project, Error::new(ErrorKind::JoinTimeout, text));
        }
    }

    /// Repeats joins that were confirmed only by a contested event and whose acknowledgement is overdue.
    fn repeat_unacknowledged_joins(&mut self, now: Now) {
        let Some(connection) = self.phase.connection_mut() else { return };
        let requests = &mut connection.room_requests;
        let projects: Vec<_> = std::iter::from_fn(|| requests.take_unacknowledged_join(now.mono)).collect();
        for project in projects {
            self.repeat_doubtful_join(now, &project);
        }
    }

    /// Returns the earliest deadline of all rooms. `may_send` is true if there is a connection whose budget is not used
    /// up.
    pub(super) fn rooms_deadline(&self, may_send: bool) -> Option<Instant> {
        let mut earliest = EarliestDeadline::default();
        let is_free =
            self.phase.online_connection().is_some_and(|connection| connection.room_requests.awaited().is_none());
        for (_, room) in self.rooms.iter() {
            if may_send && is_free && room.membership == Membership::Out {
                earliest.include(room.next_join_at);
            }
            if !room.join_succeeded && room.membership != Membership::Joining {
                earliest.include(room.join_deadline);
            }
            if may_send && room.wanted {
                earliest.include(room.follower.log().and_then(|log| log.deadline()));
                if let Some(pause) = self.config.review_poll {
                    earliest.include(room.follower.no_log().and_then(|no_log| no_log.review_deadline(pause)));
                }
            }
        }
        earliest.0
    }
}
