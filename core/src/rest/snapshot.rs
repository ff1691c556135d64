//! `GET /api/projects/{id}/snapshot`.

use std::time::Duration;

use serde::Deserialize;

use super::{Api, Content, ContentSource as _, LiveState, Statistics};
use crate::{
    Cursor, Error, ProjectId, Rule,
    driver::BaseUrl,
    events::{RuleFromServer, coerced_scalar_or_default},
};

/// State of a project at one position in its event log.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Position of the newest event that the state includes. A stream that starts after this cursor continues from this
    /// state without missing or repeating an event.
    pub cursor: Cursor,
    /// Moderation counters.
    pub stats: Statistics,
    /// All rules, in the order in which the server evaluates them.
    pub rules: Vec<Rule>,
    /// Items awaiting review.
    pub review: ReviewQueue,
}

/// Items awaiting review.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[non_exhaustive]
pub struct ReviewQueue {
    /// Number of items that await review.
    #[serde(default, deserialize_with = "coerced_scalar_or_default")]
    pub total: u64,
    /// Newest items that await review, newest first. Servers return up to 100.
    #[serde(default)]
    pub items: Vec<Content>,
}

#[derive(Deserialize)]
struct SnapshotPayload {
    log: String,
    event_id: u64,
    stats: Statistics,
    rules: Vec<RuleFromServer>,
    review: ReviewQueue,
}

impl Api {
    /// Waits for the given time, then fetches a snapshot, and converts it to the state of a live view.
    pub(crate) async fn live_state_after(&self, delay: Duration, project: &ProjectId) -> Result<LiveState, Error> {
        if !delay.is_zero() {
            self.sleep(delay).await;
        }
        let snapshot = self.snapshot(project).await?;
        Ok(LiveState::new(snapshot, self.now().wall))
    }

    pub(crate) async fn snapshot(&self, project: &ProjectId) -> Result<Snapshot, Error> {
        let url = |base_url: &BaseUrl| {
            let mut url = base_url.join("api/projects");
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.push(project).push("snapshot");
            }
            url
        };
        let SnapshotPayload { log, event_id, stats, rules, review } = self.get(url).await?;
        let rules = rules.into_iter().map(|RuleFromServer(rule)| rule).collect();
        Ok(Snapshot { cursor: Cursor { log: Some(log.into()), event_id }, stats, rules, review })
    }
}
