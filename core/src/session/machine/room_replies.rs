//! Handles the server's messages about memberships: confirmations, refusals and evictions, whether expected, late or
//! unrequested.

use super::{Machine, joins::join_retry_delay};
use crate::{
    Error, ErrorKind,
    events::{ProjectId, ServerRefusal, parse_refusal},
    session::{
        Backfill, BackfillQuery, Now, Output,
        endpoint_auth::RefusalEvidence,
        follower::{Follower, FollowerOutput, NoLogFollower},
        join_confirmations::AnsweredJoin,
        refusal::{JoinFailure, is_join_refusal, join_error},
        room_protocol::{JoinedProjectPayload, RoomAckVerdict, read_room_ack_verdict},
        room_requests::{AmbiguousRefusal, RoomRequestKind},
        rooms::Membership,
    },
};

impl Machine {
    pub(super) fn on_joined_project(&mut self, now: Now, arguments: &str) {
        let joined = JoinedProjectPayload::decode(arguments);
        let Some(connection) = self.phase.connection_mut() else { return };
        let requests = &mut connection.room_requests;
        let Some(project) = joined.project().or_else(|| requests.awaited_project(RoomRequestKind::Join)) else {
            return;
        };
        let ack_deadline = now.mono + self.config.join_timeout;
        match requests.on_joined_event(&project, &joined, ack_deadline) {
            AnsweredJoin::Awaited | AnsweredJoin::Overdue => self.on_join_confirmed(now, &project, &joined),
            AnsweredJoin::Contested => {}
            AnsweredJoin::Unrequested => match self.rooms.get(&project) {
                Some(room) if room.membership == Membership::In => self.on_join_confirmed(now, &project, &joined),
                // This confirmation is repeated or late. A leave may have taken effect in the meantime, and the next
                // join may be pending.
                Some(_) => requests.record_unexplained_membership(&project, now.mono),
                None => {}
            },
        }
    }

    pub(super) fn on_join_confirmed(&mut self, now: Now, project: &ProjectId, joined: &JoinedProjectPayload) {
        self.on_auth_confirmed();
        let room = match self.rooms.get_mut(project) {
            Some(room) => room,
            None => {
                // No caller is waiting for this join any more, so leave the room again.
                let room = self.rooms.insert(project.clone(), Follower::new(project.clone(), None, false));
                room.wanted = false;
                room
            }
        };
        let is_repeated = room.membership == Membership::In;
        room.membership = Membership::In;
        room.join_failure_count = 0;
        room.last_failure_message = None;
        room.join_deadline = None;
        if !room.wanted || is_repeated {
            return;
        }
        let first = !std::mem::replace(&mut room.join_succeeded, true);
        let joiners = std::mem::take(&mut room.joiners);
        if first {
            self.outputs.push_back(Output::ProjectOpened { project: project.clone() });
        }
        let mut output = FollowerOutput { outputs: &mut self.outputs, counters: &mut self.counters };
        let join_sent_at = room.first_join_sent_at.take().unwrap_or(now);
        let since =
            room.follower.on_join_confirmed(now, join_sent_at, joined.head(), self.config.backfill, &mut output);
        let needs_stream_start = room.follower.no_log().is_some_and(NoLogFollower::should_request_stream_start);
        for command_id in joiners {
            self.complete_command(command_id);
        }
        let recovers_by_rest = self.config.backfill == Backfill::Auto || self.config.review_poll.is_some();
        match since {
            Some(since) => self.request_backfill(now, project, BackfillQuery::MissedDecisions { since }),
            None if needs_stream_start && recovers_by_rest => {
                self.request_backfill(now, project, BackfillQuery::StreamStart)
            }
            None => {}
        }
    }

    pub(super) fn on_left_project(&mut self, now: Now, arguments: &str) {
        let Some(connection) = self.phase.connection_mut() else { return };
        let requests = &mut connection.room_requests;
        let named = JoinedProjectPayload::decode(arguments).project();
        let Some(project) = named.or_else(|| requests.awaited_project(RoomRequestKind::Leave)) else { return };
        requests.on_room_left(&project);
        self.on_membership_ended(now, &project);
    }

    pub(super) fn on_membership_ended(&mut self, now: Now, project: &ProjectId) {
        let Some(room) = self.rooms.get_mut(project) else { return };
        if room.wanted {
            // The server removed the client, the join is in doubt, or the user has joined again while the leave was
            // pending. In each case, another join follows.
            let by_server = room.membership == Membership::In;
            room.membership = Membership::Out;
            room.follower.on_membership_ended();
            if by_server {
                room.next_join_at = Some(now.mono + join_retry_delay(room.join_failure_count));
                room.join_failure_count += 1;
            }
        } else {
            self.remove_room(project);
        }
    }

    /// Handles an error that may refuse a join or leave, or end a project. Returns `false` if the error is not known to
    /// do so and must therefore be delivered as an event.
    pub(super) fn on_possible_room_refusal(
        &mut self,
        now: Now,
        refusal: &ServerRefusal,
        is_access_denial: bool,
    ) -> bool {
        let Some(connection) = self.phase.connection_mut() else { return false };
        let requests = &mut connection.room_requests;
        let named = refusal.project_id.as_ref();
        requests.mark_possibly_refused(named);
        if !is_access_denial && named.is_none() && !is_join_refusal(refusal) {
            // The error may answer another request. The acknowledgement or the deadline of the awaited request shows
            // whether that request was refused.
            requests.record_possible_refusal(refusal, is_access_denial, false);
            return false;
        }
        match requests.take_refused(named) {
            Err(AmbiguousRefusal) => requests.record_possible_refusal(refusal, is_access_denial, true),
            Ok(Some(request)) if request.is_join() => {
                self.on_join_failed(now, &request.project, refusal, is_access_denial)
            }
            Ok(Some(request)) => self.on_membership_ended(now, &request.project),
            Ok(None) => return is_access_denial && self.on_access_lost(refusal),
        }
        true
    }

    /// Handles an access denial that answers no request. Returns `false` if the project is unknown or the user has left
    /// it.
    fn on_access_lost(&mut self, refusal: &ServerRefusal) -> bool {
        let only = || self.rooms.only_possible_project(&self.phase.connection()?.room_requests);
        let project = refusal.project_id.as_ref().or_else(only);
        let wanted = project.filter(|project| self.rooms.get(project).is_some_and(|room| room.wanted));
        let Some(project) = wanted.cloned() else { return false };
        self.end_project(&project, join_error(refusal, true).0);
        true
    }

    pub(super) fn on_join_failed(
        &mut self,
        now: Now,
        project: &ProjectId,
        refusal: &ServerRefusal,
        is_access_denial: bool,
    ) {
        let (error, pause) = join_error(refusal, is_access_denial);
        if error.kind() == ErrorKind::AuthenticationFailed {
            let needs_session = refusal.code.is_none() && refusal.message == "Authentication required";
            let error = if needs_session { self.add_key_advice(error) } else { error };
            return self.on_credentials_refused(now, RefusalEvidence::Stated, error);
        }
        self.retry_join(now, project, JoinFailure { error, retry_pause: pause, message: refusal.message.clone() });
    }

    /// Retries a failed join if a retry can help. A join that has not succeeded before is retried only until its
    /// deadline.
    pub(super) fn retry_join(&mut self, now: Now, project: &ProjectId, failure: JoinFailure) {
        let deadline = now.mono + self.config.join_timeout;
        let Some(room) = self.rooms.get_mut(project) else { return };
        room.membership = Membership::Out;
        if !room.wanted {
            return self.remove_room(project);
        }
        let Some(pause) = failure.retry_pause else { return self.end_project(project, failure.error) };
        let at = now.mono + pause.max(join_retry_delay(room.join_failure_count));
        if !room.join_succeeded && at >= *room.join_deadline.get_or_insert(deadline) {
            return self.end_project(project, failure.error);
        }
        room.join_failure_count += 1;
        room.next_join_at = Some(at);
        room.last_failure_message = Some(failure.message);
    }

    /// Ends a project's streams and joins with this error, and completes its leaves.
    pub(super) fn end_project(&mut self, project: &ProjectId, error: Error) {
        let Some(room) = self.rooms.remove(project) else { return };
        for command_id in room.joiners {
            self.fail_command(command_id, error.clone());
        }
        for command_id in room.leavers {
            self.complete_command(command_id);
        }
        self.outputs.push_back(Output::ProjectEnded { project: project.clone(), error: Some(error) });
    }

    /// Handles the acknowledgement of a join or leave. The acknowledgements of deployed servers contain no verdict, but
    /// show which join an event has confirmed.
    pub(super) fn on_room_ack(&mut self, now: Now, id: u64, project: &ProjectId, arguments: &str) {
        self.on_ack_after_confirmation(now, id, arguments);
        let Some(connection) = self.phase.connection_mut() else { return };
        let requests = &mut connection.room_requests;
        let event = requests.take_contested_payload(id);
        let Some(request) = requests.find_pending(id) else { return };
        // While a request for the project is awaited, the acknowledgement of an earlier join does not decide whether
        // the client is in the room.
        let is_earlier = request.is_overdue() && requests.awaits_answer_for(project);
        let has_event = event.is_some() && !is_earlier;
        let joined = event.unwrap_or_else(|| JoinedProjectPayload::decode(arguments));
        // Servers send the position in the log with the `joined_project` event. If the client follows a log and has not
        // received the position, the acknowledgement alone does not confirm the join.
        let has_intact_log =
            self.rooms.get(project).is_some_and(|room| room.follower.log().is_some() && room.join_failure_count == 0);
        let is_event_unread = !has_event && has_intact_log && joined.head().is_none();
        match (request.kind, read_room_ack_verdict(arguments)) {
            (RoomRequestKind::Leave, _) => {
                requests.remove(id);
                self.on_membership_ended(now, project);
            }
            (RoomRequestKind::Join, RoomAckVerdict::Accepted) if is_earlier => requests.give_up(id),
            (RoomRequestKind::Join, RoomAckVerdict::Accepted) if !is_event_unread => {
                requests.remove(id);
                self.on_join_confirmed(now, project, &joined);
            }
            (RoomRequestKind::Join, RoomAckVerdict::Refused) => {
                requests.remove(id);
                if !requests.awaits_join(project) {
                    self.on_join_failed(now, project, &parse_refusal(arguments), false);
                }
            }
            // The acknowledgement ends a request that an `error` event may have refused.
            (RoomRequestKind::Join, RoomAckVerdict::Unstated) if request.possible_refusal.is_some() => {
                let Some(possible_refusal) = requests.remove(id).and_then(|request| request.possible_refusal) else {
                    return;
                };
                requests.clear_possible_refusal(&possible_refusal);
                if requests.awaits_join(project) {
                    return;
                }
                if possible_refusal.is_ambiguous || has_event {
                    self.retry_join(now, project, JoinFailure::unanswered(possible_refusal.refusal.message));
                } else {
                    self.on_join_failed(now, project, &possible_refusal.refusal, possible_refusal.is_access_denial);
                }
            }
            (RoomRequestKind::Join, RoomAckVerdict::Unstated) if has_event => {
                requests.remove(id);
                self.on_join_confirmed(now, project, &joined);
            }
            // After its acknowledgement, an overdue request no longer waits for the event.
            (RoomRequestKind::Join, _) if request.is_overdue() => requests.give_up(id),
            // The event may still arrive. If it does not arrive, the request ends at its deadline.
            (RoomRequestKind::Join, _) => {}
        }
    }

    /// Handles the acknowledgement of a join that an event has already confirmed.
    pub(super) fn on_ack_after_confirmation(&mut self, now: Now, id: u64, arguments: &str) {
        let Some(connection) = self.phase.connection_mut() else { return };
        let Some((project, doubtful)) = connection.room_requests.take_join_confirmed_by_event(id) else { return };
        let refused = match read_room_ack_verdict(arguments) {
            RoomAckVerdict::Accepted => false,
            RoomAckVerdict::Refused => true,
            RoomAckVerdict::Unstated => doubtful,
        };
        if refused {
            self.repeat_doubtful_join(now, &project);
        }
    }

    /// Rejoins a room in case the client is not in it, even though an event confirmed the join. A superfluous join is
    /// harmless, but a client outside the room would miss events.
    pub(super) fn repeat_doubtful_join(&mut self, now: Now, project: &ProjectId) {
        if self.rooms.get(project).is_some_and(|room| room.wanted && room.membership == Membership::In) {
            self.on_membership_ended(now, project);
        }
    }
}
