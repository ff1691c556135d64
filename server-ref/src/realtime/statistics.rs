//! The `stats_update` events. At most ten per second are sent for a project, unless a flush sends them early. Each event replaces earlier
//! ones, and the last one is always sent.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::store::{ProjectTotals, RecentDecision};

/// Minimum time between two updates for a project, unless all updates are flushed.
const STATS_UPDATE_INTERVAL: Duration = Duration::from_millis(100);
/// Maximum number of entries in `recent_activity`.
pub(super) const RECENT_ACTIVITY_MAX: usize = 10;

/// The payload of `stats_update`.
#[derive(Debug, Serialize)]
pub(super) struct StatsUpdatePayload<'a> {
    total_content: i64,
    approved: i64,
    rejected: i64,
    flagged: i64,
    approval_rate: f64,
    rejection_rate: f64,
    flag_rate: f64,
    recent_activity: &'a VecDeque<ActivityAtHead>,
    project_id: &'a str,
}

/// The statistics of the followed projects.
#[derive(Debug, Default)]
pub(super) struct FollowedProjectsStatistics {
    projects: HashMap<Arc<str>, ProjectStatistics>,
    /// Earliest time of the next update, for each project with changed statistics.
    due_at: HashMap<Arc<str>, Instant>,
}

#[derive(Debug, Default)]
struct ProjectStatistics {
    totals: ProjectTotals,
    recent_activity: VecDeque<ActivityAtHead>,
    sent_at: Option<Instant>,
}

/// An entry of `recent_activity`, with the project's newest event id when the entry was received or read.
#[derive(Debug, Serialize)]
struct ActivityAtHead {
    #[serde(skip)]
    head: i64,
    #[serde(flatten)]
    recent_decision: RecentDecision,
}

impl ProjectStatistics {
    /// Adds an entry. A review replaces the earlier decision about the same item.
    fn add_or_replace_activity(&mut self, new: ActivityAtHead) {
        match self
            .recent_activity
            .iter_mut()
            .find(|known| known.recent_decision.content_id == new.recent_decision.content_id)
        {
            Some(known) => *known = new,
            None => {
                self.recent_activity.push_front(new);
                self.recent_activity.truncate(RECENT_ACTIVITY_MAX);
            }
        }
    }
}

impl FollowedProjectsStatistics {
    pub(super) fn has_project(&self, project_id: &str) -> bool {
        self.projects.contains_key(project_id)
    }

    /// Sets the recent activity of a project, newest first, as read from the database after the event `head` was committed. Newer entries
    /// that are already known are kept.
    pub(super) fn set_recent_activity(&mut self, project_id: Arc<str>, recent: Vec<RecentDecision>, head: i64) {
        let project = self.projects.entry(project_id).or_default();
        let stored = recent.into_iter().map(|recent_decision| ActivityAtHead { head, recent_decision }).collect();
        for known in std::mem::replace(&mut project.recent_activity, stored).into_iter().rev() {
            if known.head > head {
                project.add_or_replace_activity(known);
            }
        }
    }

    pub(super) fn forget_project(&mut self, project_id: &str) {
        self.projects.remove(project_id);
        self.due_at.remove(project_id);
    }

    /// Adds a decision. `head` is the project's newest event id when the decision was received.
    pub(super) fn add_activity(&mut self, project_id: &str, recent_decision: RecentDecision, head: i64) {
        if let Some(project) = self.projects.get_mut(project_id) {
            project.add_or_replace_activity(ActivityAtHead { head, recent_decision });
        }
    }

    /// Sets the counts, unless newer counts are already known: messages from several nodes can overtake one another.
    pub(super) fn set_totals(&mut self, project_id: Arc<str>, totals: ProjectTotals, now: Instant) {
        if let Some(project) = self.projects.get_mut(&project_id)
            && totals.head >= project.totals.head
        {
            project.totals = totals;
            let earliest = project.sent_at.map_or(now, |sent| sent + STATS_UPDATE_INTERVAL);
            self.due_at.entry(project_id).or_insert(earliest.max(now));
        }
    }

    /// Returns the earliest time at which an update may be sent; `None` if nothing has changed.
    pub(super) fn next_due_at(&self) -> Option<Instant> {
        self.due_at.values().min().copied()
    }

    /// Returns the projects whose update may be sent now or, if `all` is true, all changed projects. Their updates count as sent.
    pub(super) fn take_due_projects(&mut self, now: Instant, all: bool) -> Vec<Arc<str>> {
        let due: Vec<_> = self.due_at.extract_if(|_, due| all || *due <= now).map(|(id, _)| id).collect();
        for id in &due {
            if let Some(project) = self.projects.get_mut(id) {
                project.sent_at = Some(now);
            }
        }
        due
    }

    pub(super) fn payload<'a>(&'a self, project_id: &'a str) -> Option<StatsUpdatePayload<'a>> {
        let project = self.projects.get(project_id)?;
        let counts = project.totals.counts;
        let [approval_rate, rejection_rate, flag_rate] =
            percentages([counts.approved, counts.rejected, counts.flagged]);
        Some(StatsUpdatePayload {
            total_content: counts.total(),
            approved: counts.approved,
            rejected: counts.rejected,
            flagged: counts.flagged,
            approval_rate,
            rejection_rate,
            flag_rate,
            recent_activity: &project.recent_activity,
            project_id,
        })
    }
}

/// Returns each count as a percentage of the sum, with one decimal place. Unless all counts are zero, the percentages add up to 100,
/// because the largest remainders are rounded up.
pub(crate) fn percentages(counts: [i64; 3]) -> [f64; 3] {
    let total: i64 = counts.iter().sum();
    if total == 0 {
        return [0.0; 3];
    }
    let mut tenths = counts.map(|count| i128::from(count) * 1000 / i128::from(total));
    let mut order = [0, 1, 2];
    order.sort_by_key(|&i: &usize| std::cmp::Reverse(i128::from(counts[i]) * 1000 % i128::from(total)));
    let missing = 1000 - tenths.iter().sum::<i128>();
    for &i in order.iter().take(usize::try_from(missing).unwrap_or(0)) {
        tenths[i] += 1;
    }
    #[allow(clippy::cast_precision_loss, reason = "at most 1000")]
    tenths.map(|tenths| tenths as f64 / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Status, StatusCounts};

    #[test]
    fn percentages_add_up() {
        assert_eq!(percentages([0, 0, 0]), [0.0, 0.0, 0.0]);
        assert_eq!(percentages([1, 1, 1]), [33.4, 33.3, 33.3]);
        assert_eq!(percentages([2, 1, 0]), [66.7, 33.3, 0.0]);
        assert_eq!(percentages([12937, 2180, 304]), [83.9, 14.1, 2.0]);
        for counts in [[7, 11, 13], [1, 1_000_000, 3], [i64::MAX / 4, 1, 2]] {
            let sum: f64 = percentages(counts).iter().sum();
            assert!((sum - 100.0).abs() < 1e-9, "{counts:?} {sum}");
        }
    }

    #[test]
    fn updates_are_throttled_and_the_last_is_sent() {
        let project: Arc<str> = "p".into();
        let mut statistics = FollowedProjectsStatistics::default();
        statistics.set_recent_activity(project.clone(), Vec::new(), 0);
        let start = Instant::now();
        let counts =
            |approved| ProjectTotals { head: approved, counts: StatusCounts { approved, ..StatusCounts::default() } };
        statistics.set_totals(project.clone(), counts(1), start);
        assert_eq!(statistics.take_due_projects(start, false).len(), 1);
        statistics.set_totals(project.clone(), counts(2), start + Duration::from_millis(10));
        statistics.set_totals(project.clone(), counts(3), start + Duration::from_millis(20));
        assert!(statistics.take_due_projects(start + Duration::from_millis(50), false).is_empty());
        assert_eq!(statistics.next_due_at(), Some(start + Duration::from_millis(100)));
        assert_eq!(statistics.take_due_projects(start + Duration::from_millis(100), false).len(), 1);
        assert_eq!(statistics.next_due_at(), None);
        // A message that was overtaken changes nothing.
        statistics.set_totals(project, counts(2), start + Duration::from_millis(110));
        assert_eq!(statistics.payload("p").unwrap().approved, 3);
    }

    #[test]
    fn activity_that_arrives_during_a_read_is_kept() {
        let recent = |id: &str, decision| RecentDecision { content_id: id.into(), decision, timestamp: String::new() };
        let project: Arc<str> = "p".into();
        let mut statistics = FollowedProjectsStatistics::default();
        statistics.set_recent_activity(project.clone(), vec![recent("a", Status::Flagged)], 1);
        // The read begins after event 3 is committed. Events 4 and 5 arrive before the result of the read, which already contains the item
        // of event 4.
        statistics.add_activity("p", recent("b", Status::Approved), 2);
        statistics.add_activity("p", recent("d", Status::Rejected), 4);
        statistics.add_activity("p", recent("a", Status::Approved), 5);
        let read = ["d", "c", "b", "a"].map(|id| recent(id, Status::Flagged));
        statistics.set_recent_activity(project.clone(), read.to_vec(), 3);
        statistics.add_activity("p", recent("e", Status::Approved), 6);
        statistics.set_recent_activity(project, read.to_vec(), 3);
        let shown = serde_json::to_value(statistics.payload("p").unwrap()).unwrap();
        let shown: Vec<_> = shown["recent_activity"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| (entry["content_id"].as_str().unwrap(), entry["decision"].as_str().unwrap()))
            .collect();
        let expected = [("e", "approved"), ("d", "rejected"), ("c", "flagged"), ("b", "flagged"), ("a", "approved")];
        assert_eq!(shown, expected);
    }
}
