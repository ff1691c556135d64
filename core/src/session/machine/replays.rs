//! Requests for missed events: pages of the server's log, or backfills through REST.

use super::Machine;
use crate::{
    events::ProjectId,
    session::{
        BackfillQuery, BackfillReply, BackfillRequest, Now, Output, PAGE_EVENTS_MAX,
        acks::AckRecipient,
        follower::{FollowerOutput, NoLogFollower},
        room_protocol::LogPage,
        rooms::Room,
    },
};

impl Machine {
    /// Records that the project's readers have room for this many replayed or backfilled events.
    pub(super) fn on_reader_capacity(&mut self, project: &ProjectId, events: u64) {
        if let Some(room) = self.rooms.get_mut(project) {
            room.follower.set_reader_capacity(events);
        }
    }

    /// Delivers as many backfilled events as the readers have room for. No connection is needed.
    pub(super) fn deliver_backfills(&mut self) {
        self.projects_awaiting_capacity.clear();
        let mut output = FollowerOutput { outputs: &mut self.outputs, counters: &mut self.counters };
        for (project, room) in self.rooms.iter_mut().filter(|(_, room)| room.wanted) {
            let Some(no_log) = room.follower.no_log_mut().filter(|no_log| no_log.has_queued_events()) else { continue };
            match no_log.reader_capacity() {
                _ if !self.config.is_paced_by_readers => no_log.deliver_queued(usize::MAX, &mut output),
                Some(events) => no_log.deliver_queued(events as usize, &mut output),
                None => {}
            }
            if no_log.has_queued_events() {
                self.projects_awaiting_capacity.push(project.clone());
            }
        }
    }

    /// Requests a page for each project that needs one and whose readers have room, until the budget is used up.
    pub(super) fn request_replay_pages(&mut self, now: Now) {
        let Some(connection) = self.phase.online_connection_mut() else { return };
        let mut requests = Vec::new();
        for (project, room) in self.rooms.iter_mut().filter(|(_, room)| room.wanted) {
            let Some(log) = room.follower.log_mut() else { continue };
            let Some(after) = log.due_page_start(now.mono) else { continue };
            let Some(limit) = log.reader_capacity().or((!self.config.is_paced_by_readers).then_some(PAGE_EVENTS_MAX))
            else {
                self.projects_awaiting_capacity.push(project.clone());
                continue;
            };
            if !connection.take_from_budget(now.mono) {
                break;
            }
            log.on_page_requested(after);
            requests.push((project.clone(), after, limit));
        }
        for (project, after, limit) in requests {
            self.send_page_request(now, AckRecipient::Replay(project.clone(), after), &project, after, limit);
        }
    }

    pub(super) fn send_page_request(
        &mut self,
        now: Now,
        recipient: AckRecipient,
        project: &ProjectId,
        after: u64,
        limit: u64,
    ) {
        let argument = serde_json::json!({"project_id": project.as_str(), "after": after, "limit": limit});
        self.send_protocol_event(recipient, now.mono + self.config.ack_timeout, "replay_events", &argument);
    }

    pub(super) fn on_replay_page(&mut self, now: Now, project: &ProjectId, after: u64, arguments: &str) {
        // Since the request was sent, the user may have left the project and joined it again at another position.
        let log = self.rooms.get_mut(project).and_then(|room| room.follower.log_mut());
        let Some(log) = log.filter(|log| log.awaits_page_after(after)) else { return };
        let mut output = FollowerOutput { outputs: &mut self.outputs, counters: &mut self.counters };
        match LogPage::decode(arguments, now.wall) {
            Ok(page) => log.on_page(now, page, &mut output),
            Err(refusal) => {
                // The message is not logged, because it may contain secrets that only the driver can redact.
                tracing::debug!(%project, "a page of the event log was refused");
                log.on_page_failed(now, refusal.retry_after, &mut output);
            }
        }
    }

    pub(super) fn request_backfill(&mut self, now: Now, project: &ProjectId, query: BackfillQuery) {
        let room = self.rooms.get_mut(project);
        let Some(no_log) = room.and_then(|room| room.follower.no_log_mut()) else { return };
        self.rest_request_count += 1;
        let id = self.rest_request_count;
        no_log.on_rest_requested(now, id, query);
        let known_flagged_ids = no_log.known_flagged_ids();
        self.outputs.push_back(Output::Backfill(BackfillRequest {
            id,
            project: project.clone(),
            query,
            known_flagged_ids,
        }));
    }

    /// Requests reviews for each project whose next poll is due. If the start of the project's stream is unknown,
    /// requests the start instead.
    pub(super) fn request_reviews(&mut self, now: Now) {
        let Some(pause) = self.config.review_poll else { return };
        let due = |(project, room): (&ProjectId, &Room)| {
            let at = room.follower.no_log()?.review_deadline(pause)?;
            (room.wanted && at <= now.mono).then(|| project.clone())
        };
        let due: Vec<_> = self.rooms.iter().filter_map(due).collect();
        for project in due {
            let no_log = self.rooms.get(&project).and_then(|room| room.follower.no_log());
            let needs_stream_start = no_log.is_some_and(NoLogFollower::should_request_stream_start);
            self.request_backfill(
                now,
                &project,
                if needs_stream_start { BackfillQuery::StreamStart } else { BackfillQuery::Reviews },
            );
        }
    }

    pub(super) fn on_backfill_reply(&mut self, now: Now, reply: BackfillReply) {
        let room = self.rooms.get_mut(&reply.project);
        let Some(no_log) = room.and_then(|room| room.follower.no_log_mut()) else { return };
        let mut output = FollowerOutput { outputs: &mut self.outputs, counters: &mut self.counters };
        if let Err(error) = &reply.result {
            tracing::debug!(project = %reply.project, %error, "backfill failed");
        }
        no_log.on_rest_answer(now, reply.id, reply.result.ok(), &mut output);
    }
}
