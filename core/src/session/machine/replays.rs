//! Asking for what was missed: pages of the server's log, or a backfill by REST.

use std::time::Duration;

use super::Machine;
use crate::{
    events::ProjectId,
    session::{
        BackfillRequest, Backfilled, Now, Output, PAGE_MAX, Wanted, acks::Waiter, follower::Sink, rooms::Room,
        wire::Page,
    },
    sio,
};

impl Machine {
    /// The project's readers have room for so many events of its replay.
    pub(super) fn on_capacity(&mut self, project: &ProjectId, events: u64) {
        if let Some(room) = self.rooms.get_mut(project) {
            room.follower.set_capacity(events);
        }
    }

    /// Delivers what REST has found, as far as readers have room. Needs no connection.
    pub(super) fn deliver_backfills(&mut self) {
        self.awaiting_capacity.clear();
        let mut sink = Sink { out: &mut self.out, counters: &mut self.counters };
        for (project, room) in self.rooms.iter_mut().filter(|(_, room)| room.wanted && room.follower.has_pending()) {
            match room.follower.capacity() {
                _ if !self.config.paced_by_readers => room.follower.deliver_pending(usize::MAX, &mut sink),
                Some(events) => room.follower.deliver_pending(events as usize, &mut sink),
                None => {}
            }
            if room.follower.has_pending() {
                self.awaiting_capacity.push(project.clone());
            }
        }
    }

    /// Asks for a page for every project that wants one and has readers with room, as far as the budget goes.
    pub(super) fn ask_pages(&mut self, now: Now) {
        let deadline = now.mono + self.config.ack_timeout;
        let mut requests = Vec::new();
        for (project, room) in self.rooms.iter_mut().filter(|(_, room)| room.wanted) {
            let Some(after) = room.follower.wants_page(now.mono) else { continue };
            let capacity = room.follower.capacity();
            let Some(limit) = capacity.or((!self.config.paced_by_readers).then_some(PAGE_MAX)) else {
                self.awaiting_capacity.push(project.clone());
                continue;
            };
            if let Err(wait) = self.budget.take(now.mono) {
                self.budget_wait = Some(now.mono + wait);
                break;
            }
            room.follower.asked(after);
            requests.push((project.clone(), after, limit));
        }
        for (project, after, limit) in requests {
            let id = self.acks.expect(Waiter::Replay(project.clone(), after), deadline);
            let argument =
                serde_json::json!({"project_id": project.as_str(), "after": after, "limit": limit}).to_string();
            self.counters.sent += 1;
            self.send(&sio::event("replay_events", Some(&argument), Some(id)));
        }
    }

    pub(super) fn replay_acknowledged(&mut self, now: Now, project: &ProjectId, after: u64, arguments: &str) {
        // The project may have been left, and perhaps joined anew elsewhere in its log, since the page was asked for.
        let Some(room) = self.rooms.get_mut(project).filter(|room| room.follower.awaits(after)) else { return };
        let page = Page::read(arguments, now.wall);
        let mut sink = Sink { out: &mut self.out, counters: &mut self.counters };
        match page {
            Ok(page) => room.follower.page(now, page, &mut sink),
            Err(words) => {
                // Without the words: only the driver knows what must be hidden in them.
                tracing::debug!(%project, "a page of the event log was refused");
                match words.retry_after {
                    Some(seconds) => room.follower.page_later(now, Duration::from_secs_f64(seconds.min(3600.0))),
                    None => room.follower.page_failed(now, &mut sink),
                }
            }
        }
    }

    pub(super) fn ask_backfill(&mut self, now: Now, project: &ProjectId, wanted: Wanted) {
        let Some(room) = self.rooms.get_mut(project) else { return };
        self.backfills += 1;
        let id = self.backfills;
        room.follower.backfill_asked(now, id, wanted);
        let flagged = room.follower.flagged();
        self.out.push_back(Output::Backfill(BackfillRequest { id, project: project.clone(), wanted, flagged }));
    }

    /// Asks for reviews where it is time to.
    pub(super) fn ask_reviews(&mut self, now: Now) {
        let Some(pause) = self.config.review_poll else { return };
        let due = |(project, room): (&ProjectId, &Room)| {
            (room.wanted && room.follower.wants_reviews(now, pause)).then(|| project.clone())
        };
        let due: Vec<_> = self.rooms.iter().filter_map(due).collect();
        for project in due {
            let known = self.rooms.get(&project).is_some_and(|room| !room.follower.wants_start());
            self.ask_backfill(now, &project, if known { Wanted::Reviews } else { Wanted::Start });
        }
    }

    pub(super) fn backfilled(&mut self, now: Now, found: Backfilled) {
        let Some(room) = self.rooms.get_mut(&found.project) else { return };
        let mut sink = Sink { out: &mut self.out, counters: &mut self.counters };
        if let Err(error) = &found.result {
            tracing::debug!(project = %found.project, %error, "backfill failed");
        }
        room.follower.backfilled(now, found.id, found.result.ok(), &mut sink);
    }
}
