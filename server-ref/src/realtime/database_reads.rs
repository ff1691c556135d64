//! The publisher's concurrent reads from the database: missing events, the newest ids, and statistics.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::statistics::RECENT_ACTIVITY_MAX;
use crate::Error;
use crate::store::{EventPage, ProjectTotals, RecentDecision, Store};

/// Maximum number of events in one page.
const PAGE_EVENTS_MAX: i64 = 500;
/// Maximum number of pages that are read at the same time. The limit is low because requests also need database connections.
const CONCURRENT_PAGES_MAX: usize = 4;

/// The result of a read.
#[derive(Debug)]
pub(super) enum FinishedRead {
    /// The project, the event id after which the page starts, and the page.
    Page(Arc<str>, i64, Result<EventPage, Error>),
    Statistics(Arc<str>, Result<(ProjectTotals, Vec<RecentDecision>), Error>),
    /// The newest event id of each followed project; `None` on SQLite, where no other process logs events.
    Heads(Result<Option<Vec<(String, i64)>>, Error>),
    /// The result of a write that replaces the log's id.
    LogIdReplaced(Result<(), Error>),
}

/// The reads in progress.
pub(super) struct DatabaseReads {
    store: Store,
    tasks: JoinSet<FinishedRead>,
    pages_in_progress: usize,
    is_reading_heads: bool,
}

impl DatabaseReads {
    pub(super) fn new(store: Store) -> Self {
        Self { store, tasks: JoinSet::new(), pages_in_progress: 0, is_reading_heads: false }
    }

    pub(super) fn can_start_reading_page(&self) -> bool {
        self.pages_in_progress < CONCURRENT_PAGES_MAX
    }

    /// Returns true if a read other than that of the newest ids is in progress; its result may be published.
    pub(super) fn is_reading_besides_heads(&self) -> bool {
        self.tasks.len() > usize::from(self.is_reading_heads)
    }

    pub(super) fn is_reading_heads(&self) -> bool {
        self.is_reading_heads
    }

    pub(super) fn start_reading_page(&mut self, project_id: Arc<str>, after: i64) {
        let store = self.store.clone();
        self.pages_in_progress += 1;
        self.tasks.spawn(async move {
            let page = store.events_after(&project_id, after, PAGE_EVENTS_MAX).await;
            FinishedRead::Page(project_id, after, page)
        });
    }

    pub(super) fn start_reading_statistics(&mut self, project_id: Arc<str>) {
        let store = self.store.clone();
        self.tasks.spawn(async move {
            let read = async {
                // The counts are read first. A decision that is committed between the two reads is then already in the recent activity, and
                // the next update counts it.
                let totals = store.project_totals(&project_id).await?;
                Ok((totals, store.newest_item_decisions(&project_id, RECENT_ACTIVITY_MAX as i64).await?))
            };
            let read = read.await;
            FinishedRead::Statistics(project_id, read)
        });
    }

    pub(super) fn start_reading_heads(&mut self, project_ids: Vec<String>) {
        let store = self.store.clone();
        self.is_reading_heads = true;
        self.tasks.spawn(async move { FinishedRead::Heads(store.event_heads_if_postgres(&project_ids).await) });
    }

    pub(super) fn start_log_id_replacement(&mut self) {
        let store = self.store.clone();
        self.tasks.spawn(async move { FinishedRead::LogIdReplaced(store.replace_log_id().await) });
    }

    /// Waits for the next read to finish. Never returns if no read is in progress.
    pub(super) async fn next_finished(&mut self) -> FinishedRead {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(read)) => {
                    match read {
                        FinishedRead::Page(..) => self.pages_in_progress -= 1,
                        FinishedRead::Heads(_) => self.is_reading_heads = false,
                        FinishedRead::Statistics(..) | FinishedRead::LogIdReplaced(_) => {}
                    }
                    return read;
                }
                Some(Err(error)) => tracing::error!(%error, "a read ended early"),
                None => return std::future::pending().await,
            }
        }
    }
}
