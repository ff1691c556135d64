//! The publisher's timed work: reads of missing events and of the newest ids, statistics, and sweeps that stop following idle projects.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Publisher, Sequencer};
use crate::nodes::RedisLink;
use crate::realtime::rooms::project_room_name;

/// Time for another node's message to arrive through Redis before a missing event is read from the log.
const REDIS_MESSAGE_GRACE: Duration = Duration::from_millis(50);
/// Time between two reads of the newest ids while other nodes announce their commits through Redis.
const HEAD_POLL_INTERVAL_WITH_REDIS: Duration = Duration::from_secs(2);
/// Time between two reads of the newest ids without Redis, or while Redis is unreachable.
const HEAD_POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Time between two sweeps that stop following the projects whose rooms contain no client of this node.
pub(super) const IDLE_SWEEP_INTERVAL: Duration = Duration::from_secs(60);

impl Publisher {
    /// Does the work that is due and returns the time at which more work is due.
    pub(super) async fn do_due_work(&mut self) -> Instant {
        let now = Instant::now();
        let next_hole_read_at = self.start_hole_reads(now);
        let next_head_poll_at = self.start_head_poll(now);
        if self.next_idle_sweep_at <= now {
            self.drop_idle_projects().await;
            self.next_idle_sweep_at = now + IDLE_SWEEP_INTERVAL;
        }
        let next_statistics_at = self.publish_statistics(now).await;
        [next_hole_read_at, next_head_poll_at, next_statistics_at]
            .into_iter()
            .flatten()
            .fold(self.next_idle_sweep_at, Instant::min)
    }

    /// Starts the due reads of missing events, up to the limit on concurrent reads. Returns the time at which the next read becomes
    /// due.
    fn start_hole_reads(&mut self, now: Instant) -> Option<Instant> {
        let grace = if self.is_redis_up() { REDIS_MESSAGE_GRACE } else { Duration::ZERO };
        let (sequencers, reads) = (&mut self.sequencers, &mut self.reads);
        let mut next = None;
        self.projects_with_holes.retain(|id| {
            let Some(sequencer) = sequencers.get_mut(id) else {
                return false;
            };
            let Some(at) = sequencer.next_read_at(now, grace) else {
                return false;
            };
            if at > now {
                next = Some(next.map_or(at, |next: Instant| next.min(at)));
            } else if reads.can_start_reading_page()
                && let Some(after) = sequencer.start_read_if_due(now)
            {
                reads.start_reading_page(id.clone(), after);
                return false;
            }
            true
        });
        next
    }

    /// Starts reading the newest ids if a read is due. Returns the time of the next read; `None` if a read was already in progress, or
    /// after the first read on SQLite.
    fn start_head_poll(&mut self, now: Instant) -> Option<Instant> {
        let at = self.next_head_poll_at.filter(|_| !self.reads.is_reading_heads())?;
        if at <= now {
            if !self.sequencers.is_empty() {
                let published =
                    |(id, sequencer): (&Arc<str>, &Sequencer<_>)| Some((id.clone(), sequencer.last_published_id()?));
                self.published_ids_before_head_poll = self.sequencers.iter().filter_map(published).collect();
                self.reads.start_reading_heads(self.sequencers.keys().map(|id| id.to_string()).collect());
            }
            let interval = if self.is_redis_up() { HEAD_POLL_INTERVAL_WITH_REDIS } else { HEAD_POLL_INTERVAL };
            self.next_head_poll_at = Some(now + interval);
        }
        self.next_head_poll_at
    }

    /// Publishes the statistics that are due. A flush publishes all changed statistics, once no event is missing and no read other than
    /// that of the newest ids is in progress. Returns the time at which the next statistics are due.
    async fn publish_statistics(&mut self, now: Instant) -> Option<Instant> {
        let flush = !self.waiting_flushes.is_empty()
            && self.projects_with_holes.is_empty()
            && !self.reads.is_reading_besides_heads();
        for id in self.statistics.take_due_projects(now, flush) {
            if let Some(payload) = self.statistics.payload(&id) {
                self.broadcaster.publish_statistics(&id, &payload).await;
            }
        }
        if flush {
            self.answer_flushes();
        }
        self.statistics.next_due_at()
    }

    fn answer_flushes(&mut self) {
        for done in self.waiting_flushes.drain(..) {
            match &self.link {
                Some(link) if link.is_up() => link.flush(done),
                _ => drop(done.send(())),
            }
        }
    }

    async fn drop_idle_projects(&mut self) {
        let occupied = self.broadcaster.occupied_room_names().await;
        for (id, _) in self.sequencers.extract_if(|id, _| !occupied.contains(&project_room_name(id))) {
            if let Some(link) = &self.link {
                link.unsubscribe(&id);
            }
            self.statistics.forget_project(&id);
        }
    }

    fn is_redis_up(&self) -> bool {
        self.link.as_ref().is_some_and(RedisLink::is_up)
    }
}
