//! Pages of the log for streams with a backlog. A stream requests a page when its buffer has room.

use std::{collections::BTreeMap, time::Instant};

use super::Machine;
use crate::{
    events::ProjectId,
    session::{
        BacklogPageRequest, LogReader, Now, Output, StreamId, acks::AckRecipient, log_reader::PageAttempts,
        room_protocol::LogPage, rooms::Membership,
    },
};

type StreamProjectKey = (StreamId, ProjectId);

/// Page requests of streams, by stream and project. Each stream has at most one request per project.
#[derive(Debug, Default)]
pub(super) struct BacklogPageRequests(BTreeMap<StreamProjectKey, PendingPageRequest>);

#[derive(Debug)]
struct PendingPageRequest {
    reader: LogReader,
    limit: u64,
    attempts: PageAttempts,
}

impl BacklogPageRequests {
    /// Resets the attempts, because pending requests and failures belong to the lost connection.
    pub(super) fn on_connection_lost(&mut self) {
        for pending in self.0.values_mut() {
            pending.attempts = PageAttempts::default();
        }
    }

    #[cfg(test)]
    pub(super) fn entry_count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns the earliest time at which a failed page request may be repeated.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.values().filter_map(|pending| pending.attempts.deadline()).min()
    }
}

impl Machine {
    pub(super) fn on_backlog_page_request(&mut self, request: BacklogPageRequest) {
        let BacklogPageRequest { stream, project, after, limit } = request;
        let reader = LogReader::new(project.clone(), after);
        self.backlog_page_requests
            .0
            .insert((stream, project), PendingPageRequest { reader, limit, attempts: PageAttempts::default() });
    }

    /// Sends as many of the streams' page requests as the budget allows. Those that can't succeed because the user has
    /// left the project or the server has no log are answered without a page.
    pub(super) fn send_backlog_page_requests(&mut self, now: Now) {
        let Some(connection) = self.phase.online_connection_mut() else { return };
        let mut unanswerable = Vec::new();
        let mut requests = Vec::new();
        for ((stream, project), pending) in &mut self.backlog_page_requests.0 {
            let Some(room) = self.rooms.get(project).filter(|room| room.wanted) else {
                unanswerable.push((*stream, project.clone()));
                continue;
            };
            if !pending.attempts.may_request(now.mono) || room.membership != Membership::In {
                continue;
            }
            if room.follower.log().is_none() {
                unanswerable.push((*stream, project.clone()));
                continue;
            }
            if !connection.take_from_budget(now.mono) {
                break;
            }
            let after = pending.reader.last_read_id();
            pending.attempts.on_requested(after);
            requests.push((*stream, project.clone(), after, pending.limit));
        }
        for key in unanswerable {
            self.answer_backlog_page_request(key, None);
        }
        for (stream, project, after, limit) in requests {
            self.send_page_request(now, AckRecipient::Backlog(stream, project.clone(), after), &project, after, limit);
        }
    }

    /// Returns the stream's request for the events after `after`, or `None` if that page is no longer awaited.
    fn pending_request(&mut self, key: &StreamProjectKey, after: u64) -> Option<&mut PendingPageRequest> {
        self.backlog_page_requests.0.get_mut(key).filter(|pending| pending.attempts.awaits_page_after(after))
    }

    pub(super) fn on_backlog_page(&mut self, now: Now, key: StreamProjectKey, after: u64, arguments: &str) {
        let Some(pending) = self.pending_request(&key, after) else { return };
        match LogPage::decode(arguments, now.wall) {
            Ok(page) if pending.reader.makes_progress_with(&page) => {
                self.counters.replayed += page.events.len() as u64;
                self.answer_backlog_page_request(key, Some(page));
            }
            // The page allows no progress: published events are missing from the log, perhaps only temporarily.
            Ok(_) => self.on_backlog_page_failed(now, key, after, None),
            Err(refusal) => {
                // The message is not logged, because it may contain secrets that only the driver can redact.
                tracing::debug!(project = %key.1, "a page for a stream was refused");
                self.on_backlog_page_failed(now, key, after, refusal.retry_after);
            }
        }
    }

    /// Handles a page request that failed. If `retry_after` is set, the server asked the client to wait that many
    /// seconds.
    pub(super) fn on_backlog_page_failed(
        &mut self,
        now: Now,
        key: StreamProjectKey,
        after: u64,
        retry_after: Option<f64>,
    ) {
        let Some(pending) = self.pending_request(&key, after) else { return };
        if !pending.attempts.schedule_retry_after_failure(now.mono, retry_after) {
            self.answer_backlog_page_request(key, None);
        }
    }

    fn answer_backlog_page_request(&mut self, key: StreamProjectKey, page: Option<LogPage>) {
        if let Some(pending) = self.backlog_page_requests.0.remove(&key) {
            let after = pending.reader.last_read_id();
            self.outputs.push_back(Output::BacklogPageReply { stream: key.0, project: key.1, after, page });
        }
    }
}
