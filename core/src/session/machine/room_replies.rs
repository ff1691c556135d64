//! Handling of replies about joins and leaves: confirmations, refusals and evictions, whether requested, late or
//! unrequested.

use super::{Machine, joins::join_pause};
use crate::{
    Error, ErrorKind,
    events::{ProjectId, ServerRejection, parse_rejection},
    session::{
        Backfill, BackfillQuery, Now, Output,
        auth::Certainty,
        confirmations::Confirmation,
        follower::{Follower, FollowerOutput, NoLogFollower},
        refusal::{JoinFailure, is_join_refusal, join_error},
        requests::{Ambiguous, RequestKind},
        room_protocol::{AckVerdict, JoinedProject, ack_verdict},
        rooms::Membership,
    },
};

impl Machine {
    pub(super) fn on_joined_project(&mut self, now: Now, arguments: &str) {
        let joined = JoinedProject::read(arguments);
        let Some(connection) = self.phase.connection_mut() else { return };
        let requests = &mut connection.requests;
        let Some(project) = joined.project().or_else(|| requests.awaited_project(RequestKind::Join)) else { return };
        let acknowledged_by = now.mono + self.config.join_timeout;
        match requests.on_joined(&project, &joined, acknowledged_by) {
            Confirmation::Awaited | Confirmation::Overdue => self.on_joined(now, &project, &joined),
            Confirmation::Contested => {}
            Confirmation::Unrequested => match self.rooms.get(&project) {
                Some(room) if room.membership == Membership::In => self.on_joined(now, &project, &joined),
                // This confirmation is repeated or late. A leave may have taken effect in the meantime, and the next
                // join may be pending.
                Some(_) => requests.linger(&project, now.mono),
                None => {}
            },
        }
    }

    pub(super) fn on_joined(&mut self, now: Now, project: &ProjectId, joined: &JoinedProject) {
        self.on_auth_confirmed();
        let room = match self.rooms.get_mut(project) {
            Some(room) => room,
            None => {
                // No caller waits for this join any more, so leave the room again.
                let room = self.rooms.insert(project.clone(), Follower::new(project.clone(), None, false));
                room.wanted = false;
                room
            }
        };
        let again = room.membership == Membership::In;
        room.membership = Membership::In;
        room.failures = 0;
        room.last_message = None;
        room.deadline = None;
        if !room.wanted || again {
            return;
        }
        let first = !std::mem::replace(&mut room.confirmed, true);
        let joiners = std::mem::take(&mut room.joiners);
        if first {
            self.out.push_back(Output::ProjectOpened { project: project.clone() });
        }
        let mut output = FollowerOutput { out: &mut self.out, counters: &mut self.counters };
        let asked_at = room.asked_at.take().unwrap_or(now);
        let since = room.follower.on_joined(now, asked_at, joined.head(), self.config.backfill, &mut output);
        let wants_start = room.follower.no_log().is_some_and(NoLogFollower::wants_start);
        for token in joiners {
            self.done(token);
        }
        let makes_up = self.config.backfill == Backfill::Auto || self.config.review_poll.is_some();
        match since {
            Some(since) => self.request_backfill(now, project, BackfillQuery::Missed { since }),
            None if wants_start && makes_up => self.request_backfill(now, project, BackfillQuery::Start),
            None => {}
        }
    }

    pub(super) fn on_left_project(&mut self, now: Now, arguments: &str) {
        let Some(connection) = self.phase.connection_mut() else { return };
        let requests = &mut connection.requests;
        let named = JoinedProject::read(arguments).project();
        let Some(project) = named.or_else(|| requests.awaited_project(RequestKind::Leave)) else { return };
        requests.on_left(&project);
        self.on_left(now, &project);
    }

    /// Handles the end of the client's membership in a room.
    pub(super) fn on_left(&mut self, now: Now, project: &ProjectId) {
        let Some(room) = self.rooms.get_mut(project) else { return };
        if room.wanted {
            // Either the server removed the client, or the user has joined again while the leave was pending. In both
            // cases another join follows.
            let by_server = room.membership == Membership::In;
            room.membership = Membership::Out;
            // Earlier events belong to the membership that has ended.
            room.follower.on_left();
            if by_server {
                room.not_before = Some(now.mono + join_pause(room.failures));
                room.failures += 1;
            }
        } else {
            self.forget(project);
        }
    }

    /// Handles an error that may refuse a join or end a project. Returns `false` if it does neither.
    pub(super) fn on_join_refused(&mut self, now: Now, rejection: &ServerRejection, denied: bool) -> bool {
        let Some(connection) = self.phase.connection_mut() else { return false };
        let requests = &mut connection.requests;
        let named = rejection.project_id.as_ref();
        requests.mark_doubtful(named);
        if !denied && named.is_none() && !is_join_refusal(rejection) {
            // The error may answer another request. The acknowledgement or the deadline of the awaited request decides.
            requests.note_possible_refusal(rejection, denied, false);
            return false;
        }
        match requests.take_refused(named) {
            Err(Ambiguous) => requests.note_possible_refusal(rejection, denied, true),
            Ok(Some(request)) if request.is_join() => self.on_join_failed(now, &request.project, rejection, denied),
            Ok(Some(request)) => self.on_left(now, &request.project),
            Ok(None) => return denied && self.on_access_lost(rejection),
        }
        true
    }

    /// Handles an access denial that answers no request. Returns `false` if its project is unknown.
    fn on_access_lost(&mut self, rejection: &ServerRejection) -> bool {
        let only = || self.rooms.only(&self.phase.connection()?.requests);
        let project = rejection.project_id.as_ref().or_else(only);
        let wanted = project.filter(|project| self.rooms.get(project).is_some_and(|room| room.wanted));
        let Some(project) = wanted.cloned() else { return false };
        self.end_project(&project, join_error(rejection, true).0);
        true
    }

    pub(super) fn on_join_failed(&mut self, now: Now, project: &ProjectId, rejection: &ServerRejection, denied: bool) {
        let (error, pause) = join_error(rejection, denied);
        if error.kind() == ErrorKind::AuthenticationFailed {
            let needs_session = rejection.code.is_none() && rejection.message == "Authentication required";
            let error = if needs_session { self.with_advice(error) } else { error };
            return self.on_credentials_refused(now, Certainty::Said, error);
        }
        self.retry_join(now, project, JoinFailure { error, pause, message: rejection.message.clone() });
    }

    /// Retries a failed join, if a retry can help. The user's first join is retried until its deadline.
    pub(super) fn retry_join(&mut self, now: Now, project: &ProjectId, failure: JoinFailure) {
        let deadline = now.mono + self.config.join_timeout;
        let Some(room) = self.rooms.get_mut(project) else { return };
        room.membership = Membership::Out;
        if !room.wanted {
            return self.forget(project);
        }
        let Some(pause) = failure.pause else { return self.end_project(project, failure.error) };
        let at = now.mono + pause.max(join_pause(room.failures));
        if !room.confirmed && at >= *room.deadline.get_or_insert(deadline) {
            return self.end_project(project, failure.error);
        }
        room.failures += 1;
        room.not_before = Some(at);
        room.last_message = Some(failure.message);
    }

    /// Ends the streams and joins of a project that the server refuses.
    pub(super) fn end_project(&mut self, project: &ProjectId, error: Error) {
        let Some(room) = self.rooms.remove(project) else { return };
        for token in room.joiners {
            self.fail(token, error.clone());
        }
        for token in room.leavers {
            self.done(token);
        }
        self.out.push_back(Output::Ended { project: project.clone(), error: Some(error) });
    }

    /// Handles the acknowledgement of a join or leave. The acknowledgements of deployed servers contain no verdict, but
    /// show which join an event has confirmed.
    pub(super) fn on_room_acknowledged(&mut self, now: Now, id: u64, project: &ProjectId, arguments: &str) {
        self.on_confirming_acknowledgement(now, id, arguments);
        let Some(connection) = self.phase.connection_mut() else { return };
        let requests = &mut connection.requests;
        let event = requests.take_contested(id);
        let Some(request) = requests.open(id) else { return };
        // The acknowledgement of the awaited request decides, not that of an earlier request.
        let is_earlier = request.is_overdue() && requests.awaits(project);
        let has_event = event.is_some() && !is_earlier;
        let joined = event.unwrap_or_else(|| JoinedProject::read(arguments));
        // Only the event contains the position in the log. If the event was unreadable, another join is needed.
        let had_log = self.rooms.get(project).is_some_and(|room| room.follower.log().is_some() && room.failures == 0);
        let unread = !has_event && had_log && joined.head().is_none();
        match (request.kind, ack_verdict(arguments)) {
            (RequestKind::Leave, _) => {
                requests.take(id);
                self.on_left(now, project);
            }
            (RequestKind::Join, AckVerdict::Yes) if is_earlier => requests.give_up(id),
            (RequestKind::Join, AckVerdict::Yes) if !unread => {
                requests.take(id);
                self.on_joined(now, project, &joined);
            }
            (RequestKind::Join, AckVerdict::No) => {
                requests.take(id);
                if !requests.awaits_join(project) {
                    self.on_join_failed(now, project, &parse_rejection(arguments), false);
                }
            }
            // The acknowledgement ends a request that an `error` event may have refused.
            (RequestKind::Join, AckVerdict::Silent) if request.possible_refusal.is_some() => {
                let Some(possible_refusal) = requests.take(id).and_then(|request| request.possible_refusal) else {
                    return;
                };
                requests.clear_possible_refusal(&possible_refusal);
                if requests.awaits_join(project) {
                    return;
                }
                if possible_refusal.is_uncertain || has_event {
                    self.retry_join(now, project, JoinFailure::unanswered(possible_refusal.rejection.message));
                } else {
                    self.on_join_failed(now, project, &possible_refusal.rejection, possible_refusal.denied);
                }
            }
            (RequestKind::Join, AckVerdict::Silent) if has_event => {
                requests.take(id);
                self.on_joined(now, project, &joined);
            }
            // No event follows the acknowledgement of an overdue request.
            (RequestKind::Join, _) if request.is_overdue() => requests.give_up(id),
            // The event may still arrive. Otherwise the deadline decides.
            (RequestKind::Join, _) => {}
        }
    }

    /// Handles the acknowledgement of a join that an event has already confirmed.
    pub(super) fn on_confirming_acknowledgement(&mut self, now: Now, id: u64, arguments: &str) {
        let Some(connection) = self.phase.connection_mut() else { return };
        let Some((project, doubtful)) = connection.requests.take_confirmed(id) else { return };
        let refused = match ack_verdict(arguments) {
            AckVerdict::Yes => false,
            AckVerdict::No => true,
            AckVerdict::Silent => doubtful,
        };
        if refused {
            self.rejoin_doubtful_room(now, &project);
        }
    }

    /// Joins a room again, because the client may be outside of it although an event confirmed the join. A superfluous
    /// join is harmless; staying outside of the room is not.
    pub(super) fn rejoin_doubtful_room(&mut self, now: Now, project: &ProjectId) {
        if self.rooms.get(project).is_some_and(|room| room.wanted && room.membership == Membership::In) {
            self.on_left(now, project);
        }
    }
}
