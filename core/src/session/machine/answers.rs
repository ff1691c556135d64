//! What the server says about joins and leaves: that they are done, refused, or at an end; asked for, late, or unasked.

use super::{Machine, joins::join_pause};
use crate::{
    Error, ErrorKind,
    events::{Notice, ProjectId, notice},
    session::{
        Backfill, Now, Output, Wanted,
        auth::Certainty,
        follower::{Follower, FollowerOutput, NoLogFollower},
        refusal::{join_error, refuses_joins},
        rooms::{Actual, InFlight, Unacknowledged},
        wire::{AckVerdict, Joined, ack_verdict},
    },
};

impl Machine {
    pub(super) fn joined(&mut self, now: Now, arguments: &str) {
        let joined = Joined::read(arguments);
        let asked = self.rooms.in_flight.as_ref().filter(|f| f.joining).map(|f| f.project.clone());
        let Some(project) = joined.project().or(asked) else { return };
        let answers = |asked: &mut InFlight| asked.joining && asked.project == project;
        let asked = self.rooms.in_flight.take_if(answers);
        let late = self.rooms.overdue.take_if(answers).is_some();
        let known = self.rooms.get(&project).is_some_and(|room| room.actual == Actual::In);
        if !late && !known && asked.is_none() {
            // Said twice or too late: a leave may have been carried out since then, and the next join be still to come.
            return self.rooms.linger(&project);
        }
        if let Some((room, asked)) = self.rooms.get_mut(&project).zip(asked) {
            room.unacknowledged = Some(Unacknowledged { ack: asked.ack, doubtful: false });
        }
        if late && self.rooms.get(&project).is_none() {
            // Nobody waits for it any more: the room is left again.
            let room = self.rooms.insert(project.clone(), Follower::new(project.clone(), None, false));
            room.wanted = false;
        }
        self.enter(now, &project, &joined);
    }

    pub(super) fn enter(&mut self, now: Now, project: &ProjectId, joined: &Joined) {
        self.prove();
        let Some(room) = self.rooms.get_mut(project) else { return };
        let again = room.actual == Actual::In;
        room.actual = Actual::In;
        room.failures = 0;
        room.last_words = None;
        room.deadline = None;
        if !room.wanted || again {
            return;
        }
        let first = !std::mem::replace(&mut room.confirmed, true);
        let joiners = std::mem::take(&mut room.joiners);
        if first {
            self.out.push_back(Output::Opened { project: project.clone() });
        }
        let mut output = FollowerOutput { out: &mut self.out, counters: &mut self.counters };
        let since = room.follower.on_joined(now, joined.head(), self.config.backfill, &mut output);
        let wants_start = room.follower.no_log().is_some_and(NoLogFollower::wants_start);
        for token in joiners {
            self.done(token);
        }
        let makes_up = self.config.backfill == Backfill::Auto || self.config.review_poll.is_some();
        match since {
            Some(since) => self.ask_backfill(now, project, Wanted::Missed { since }),
            None if wants_start && makes_up => self.ask_backfill(now, project, Wanted::Start),
            None => {}
        }
    }

    pub(super) fn left(&mut self, now: Now, arguments: &str) {
        let named = Joined::read(arguments).project();
        let asked = self.rooms.in_flight.as_ref().filter(|f| !f.joining).map(|f| f.project.clone());
        let Some(project) = named.or_else(|| asked.clone()) else { return };
        if asked.as_ref() == Some(&project) {
            self.rooms.in_flight = None;
        }
        self.rooms.overdue.take_if(|overdue| !overdue.joining && overdue.project == project);
        self.rooms.left(&project);
        self.exit(now, &project);
    }

    /// The server no longer has us in the room.
    pub(super) fn exit(&mut self, now: Now, project: &ProjectId) {
        let Some(room) = self.rooms.get_mut(project) else { return };
        if room.wanted {
            // It was the server's idea, or the user joined again meanwhile: the next join tells.
            let by_server = room.actual == Actual::In;
            room.actual = Actual::Out;
            // What has come up to here belongs to the room that was left.
            room.follower.on_connection_lost();
            if by_server {
                room.not_before = Some(now.mono + join_pause(room.failures));
                room.failures += 1;
            }
        } else {
            self.forget(project);
        }
    }

    /// The server's words that may be the answer to a join, or the end of a project. False if neither.
    pub(super) fn join_refused(&mut self, now: Now, words: &Notice, denied: bool) -> bool {
        let named = words.project_id.as_ref();
        self.rooms.doubt(named);
        if !denied && named.is_none() && !refuses_joins(words) {
            // It may answer something else that was sent. The end of the request, or its deadline, tells.
            if let Some(asked) = &mut self.rooms.in_flight {
                asked.unknown_words = Some(words.message.clone());
            }
            return false;
        }
        let answers = |asked: &mut InFlight| named.is_none_or(|named| *named == asked.project);
        let asked = match self.rooms.in_flight {
            Some(_) => self.rooms.in_flight.take_if(answers),
            None => self.rooms.overdue.take_if(answers),
        };
        match asked {
            Some(InFlight { project, joining: true, .. }) => {
                self.join_failed(now, &project, words, denied);
                true
            }
            Some(InFlight { project, .. }) => {
                self.exit(now, &project);
                true
            }
            None if denied => {
                let project = named.or_else(|| self.rooms.only()).cloned();
                let Some(project) = project.filter(|project| self.rooms.get(project).is_some_and(|r| r.wanted)) else {
                    return false;
                };
                self.end_project(&project, join_error(words, true).0);
                true
            }
            None => false,
        }
    }

    pub(super) fn join_failed(&mut self, now: Now, project: &ProjectId, words: &Notice, denied: bool) {
        let (error, pause) = join_error(words, denied);
        if error.kind() == ErrorKind::AuthenticationFailed {
            let needs_session = words.code.is_none() && words.message == "Authentication required";
            let error = if needs_session { self.with_advice(error) } else { error };
            return self.refused(now, Certainty::Said, error);
        }
        let deadline = now.mono + self.config.join_timeout;
        let Some(room) = self.rooms.get_mut(project) else { return };
        room.actual = Actual::Out;
        if !room.wanted {
            return self.forget(project);
        }
        let Some(pause) = pause else { return self.end_project(project, error) };
        let pause = pause.max(join_pause(room.failures));
        // The server's own trouble, or words that nobody knows: once more, but for the user's first join no longer than its timeout.
        let at = now.mono + pause;
        if !room.confirmed && at >= *room.deadline.get_or_insert(deadline) {
            return self.end_project(project, error);
        }
        room.failures += 1;
        room.not_before = Some(at);
        room.last_words = Some(words.message.clone());
    }

    /// The project can't be had any more.
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

    /// The acknowledgement of a join or leave. On deployed servers it only marks the end of what the event has told.
    pub(super) fn room_acknowledged(&mut self, now: Now, id: u64, project: &ProjectId, arguments: &str) {
        self.settle(now, id, arguments);
        let is_it = |asked: &mut InFlight| asked.ack == id;
        // Nothing follows the end of a request; before it, the event may still come, and the deadline decides.
        let late = self.rooms.overdue.take_if(is_it);
        let Some(asked) = late.as_ref().or(self.rooms.in_flight.as_ref().filter(|f| f.ack == id)) else { return };
        let joined = Joined::read(arguments);
        // A server with a log tells where it is, in the event. If that could not be read, it is asked once more.
        let had_log = self.rooms.get(project).is_some_and(|room| room.follower.log().is_some() && room.failures == 0);
        match (ack_verdict(arguments), asked.joining) {
            (AckVerdict::Yes, true) if had_log && joined.head().is_none() => {}
            (AckVerdict::Yes, true) => {
                self.rooms.in_flight.take_if(is_it);
                self.enter(now, project, &joined);
            }
            (AckVerdict::No, true) => {
                self.rooms.in_flight.take_if(is_it);
                self.join_failed(now, project, &notice(arguments), false);
            }
            (_, false) => {
                self.rooms.in_flight.take_if(is_it);
                self.exit(now, project);
            }
            (AckVerdict::Silent, true) => {
                // The end of a request that an unknown `error` may have refused.
                let asked = self.rooms.in_flight.take_if(|asked| asked.ack == id && asked.unknown_words.is_some());
                if let Some(message) = asked.and_then(|asked| asked.unknown_words) {
                    self.join_failed(now, project, &Notice { message, ..Notice::default() }, false);
                }
            }
        }
    }

    /// The end of a join that was taken for confirmed, however late it comes. If it was refused after all, or may have
    /// been, the server may not have us in the room: to join once more is harmless, to be left out for good is not.
    pub(super) fn settle(&mut self, now: Now, id: u64, arguments: &str) {
        let Some((project, doubtful)) = self.rooms.acknowledge(id) else { return };
        let refused = match ack_verdict(arguments) {
            AckVerdict::Yes => false,
            AckVerdict::No => true,
            AckVerdict::Silent => doubtful,
        };
        if refused {
            self.exit(now, &project);
        }
    }
}
