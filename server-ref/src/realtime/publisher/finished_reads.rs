//! The publisher's handling of finished reads from the database.

use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Publisher;
use crate::Error;
use crate::metrics::EventSource;
use crate::realtime::broadcast::BroadcastEvent;
use crate::realtime::database_reads::FinishedRead;
use crate::store::EventPage;

/// Delay before a failed read of missing events is retried.
const PAGE_READ_RETRY_DELAY: Duration = Duration::from_millis(250);

impl Publisher {
    /// Starts reading a project's statistics. If they are already being read, they are read once more afterwards.
    pub(super) fn read_statistics(&mut self, project_id: Arc<str>) {
        match self.ongoing_statistics_reads.entry(project_id) {
            Entry::Occupied(mut entry) => drop(entry.insert(true)),
            Entry::Vacant(entry) => {
                self.reads.start_reading_statistics(entry.key().clone());
                entry.insert(false);
            }
        }
    }

    pub(super) async fn on_finished_read(&mut self, read: FinishedRead) {
        match read {
            FinishedRead::Page(id, after, page) => self.on_finished_page(id, after, page).await,
            FinishedRead::Heads(Ok(Some(heads))) => {
                self.replace_log_id_if_events_are_lost(&heads);
                for (id, head) in heads {
                    if let Some((id, _)) = self.sequencers.get_key_value(&*id) {
                        let id = id.clone();
                        self.sequencers.entry(id.clone()).or_default().raise_logged_head(head);
                        self.projects_with_holes.insert(id);
                    }
                }
            }
            FinishedRead::Heads(Ok(None)) => self.next_head_poll_at = None,
            FinishedRead::Heads(Err(error)) => tracing::debug!(%error, "the newest ids could not be read"),
            FinishedRead::LogIdReplaced(Ok(())) => {}
            FinishedRead::LogIdReplaced(Err(error)) => tracing::debug!(%error, "the log's id could not be replaced"),
            FinishedRead::Statistics(id, read) => {
                let has_changed = self.ongoing_statistics_reads.remove(&id).unwrap_or_default();
                match read {
                    Ok((totals, recent)) if self.sequencers.contains_key(&id) => {
                        self.statistics.set_recent_activity(id.clone(), recent, totals.head);
                        self.statistics.set_totals(id.clone(), totals, Instant::now());
                    }
                    Ok(_) => {}
                    Err(error) => tracing::debug!(%error, "statistics could not be read"),
                }
                if has_changed {
                    self.read_statistics(id);
                }
            }
        }
    }

    /// Replaces the log's id if the log lacks an event that was published before the read of the newest ids started.
    fn replace_log_id_if_events_are_lost(&mut self, heads: &[(String, i64)]) {
        let published = std::mem::take(&mut self.published_ids_before_head_poll);
        if heads.iter().any(|(id, head)| published.get(&**id).is_some_and(|published| head < published)) {
            self.reads.start_log_id_replacement();
        }
    }

    async fn on_finished_page(&mut self, id: Arc<str>, after: i64, page: Result<EventPage, Error>) {
        let Some(sequencer) = self.sequencers.get_mut(&id) else {
            return;
        };
        let page = match page {
            Ok(page) => page,
            // The project was deleted, so there are no more events.
            Err(Error::NotFound(_)) => return,
            Err(error) => {
                tracing::debug!(%error, "missing events could not be read");
                sequencer.end_read(Some(Instant::now() + PAGE_READ_RETRY_DELAY));
                self.projects_with_holes.insert(id);
                return;
            }
        };
        sequencer.end_read(None);
        sequencer.apply_head_of_read(page.head);
        let mut ready = sequencer.skip_to(page.oldest);
        let first = (after + 1).max(page.oldest);
        let count = page.events.len();
        let mut has_decisions = false;
        for (id, (name, data)) in (first..).zip(page.events) {
            let event = BroadcastEvent::from_other_node_or_log(name, data);
            has_decisions |= event.is_decision();
            ready.extend(sequencer.push_logged(id, event));
        }
        self.broadcaster.metrics.on_events_received(EventSource::Log, count);
        self.broadcaster.publish(&id, ready).await;
        if has_decisions {
            self.read_statistics(id.clone());
        }
        self.projects_with_holes.insert(id);
    }
}
