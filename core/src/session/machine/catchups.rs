//! Pages of the log for streams that fell behind it, asked for when their readers have room again.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::Machine;
use crate::{
    events::ProjectId,
    session::{Now, Output, PageRequest, StreamId, acks::Waiter, rooms::Actual, wire::Page},
    sio,
};

/// After so many failed pages in a row the missing events are given up.
const FAILURES_MAX: u32 = 5;

type Key = (StreamId, ProjectId);

/// What streams wait for.
#[derive(Debug, Default)]
pub(super) struct CatchUps(BTreeMap<Key, Waiting>);

#[derive(Debug)]
struct Waiting {
    after: u64,
    limit: u64,
    asked: bool,
    not_before: Option<Instant>,
    failures: u32,
}

impl CatchUps {
    /// The connection is gone, and all that was asked on it.
    pub(super) fn lost(&mut self) {
        for waiting in self.0.values_mut() {
            waiting.asked = false;
            waiting.not_before = None;
            // What failed was the connection.
            waiting.failures = 0;
        }
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.0.len()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// When the next one may be asked for that must not be asked for yet.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.values().filter(|waiting| !waiting.asked).filter_map(|waiting| waiting.not_before).min()
    }
}

impl Machine {
    pub(super) fn on_page_request(&mut self, request: PageRequest) {
        let PageRequest { stream, project, after, limit } = request;
        let waiting = Waiting { after, limit, asked: false, not_before: None, failures: 0 };
        self.catchups.0.insert((stream, project), waiting);
    }

    /// Asks for what streams wait for, as far as the budget goes.
    pub(super) fn ask_catchups(&mut self, now: Now) {
        let mut hopeless = Vec::new();
        let mut requests = Vec::new();
        for ((stream, project), waiting) in &mut self.catchups.0 {
            let Some(room) = self.rooms.get(project).filter(|room| room.wanted) else {
                hopeless.push((*stream, project.clone()));
                continue;
            };
            // One that has passed is no deadline any more, whether it can be asked now or not.
            waiting.not_before = waiting.not_before.filter(|at| *at > now.mono);
            if room.actual != Actual::In || waiting.asked || waiting.not_before.is_some() {
                continue;
            }
            if !room.follower.has_log() {
                hopeless.push((*stream, project.clone()));
                continue;
            }
            if let Err(wait) = self.budget.take(now.mono) {
                self.budget_wait = Some(now.mono + wait);
                break;
            }
            waiting.asked = true;
            requests.push((*stream, project.clone(), waiting.after, waiting.limit));
        }
        for key in hopeless {
            self.caught_up(key, None);
        }
        let deadline = now.mono + self.config.ack_timeout;
        for (stream, project, after, limit) in requests {
            let id = self.acks.expect(Waiter::CatchUp(stream, project.clone(), after), deadline);
            let argument =
                serde_json::json!({"project_id": project.as_str(), "after": after, "limit": limit}).to_string();
            self.counters.sent += 1;
            self.send(&sio::event("replay_events", Some(&argument), Some(id)));
        }
    }

    /// Whether the stream still waits for the page behind this id: it may want another one by now.
    fn awaits(&self, key: &Key, after: u64) -> bool {
        self.catchups.0.get(key).is_some_and(|waiting| waiting.asked && waiting.after == after)
    }

    pub(super) fn catch_up_acknowledged(&mut self, now: Now, key: Key, after: u64, arguments: &str) {
        if !self.awaits(&key, after) {
            return;
        }
        match Page::read(arguments, now.wall) {
            Ok(page) => {
                self.counters.replayed += page.events.len() as u64;
                self.caught_up(key, Some(page));
            }
            Err(words) => {
                // Without the words: only the driver knows what must be hidden in them.
                tracing::debug!(project = %key.1, "a page for a stream was refused");
                let later = words.retry_after.map(|seconds| Duration::from_secs_f64(seconds.min(3600.0)));
                self.catch_up_failed(now, key, after, later);
            }
        }
    }

    /// `later`: when the server has the page, if it said so.
    pub(super) fn catch_up_failed(&mut self, now: Now, key: Key, after: u64, later: Option<Duration>) {
        if !self.awaits(&key, after) {
            return;
        }
        let Some(waiting) = self.catchups.0.get_mut(&key) else { return };
        waiting.asked = false;
        waiting.failures += u32::from(later.is_none());
        if waiting.failures >= FAILURES_MAX {
            return self.caught_up(key, None);
        }
        let pause = Duration::from_millis(250) * 2u32.pow(waiting.failures);
        waiting.not_before = Some(now.mono + later.unwrap_or(pause));
    }

    fn caught_up(&mut self, key: Key, page: Option<Page>) {
        if let Some(waiting) = self.catchups.0.remove(&key) {
            self.out.push_back(Output::PageArrived { stream: key.0, project: key.1, after: waiting.after, page });
        }
    }
}
