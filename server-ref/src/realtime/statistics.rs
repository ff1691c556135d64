//! `stats_update`: the newest replaces the others, so that ten a second are enough and the last one is never lost.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::store::{Recent, Standing};

const INTERVAL: Duration = Duration::from_millis(100);
/// Entries of `recent_activity`.
pub(super) const RECENT: usize = 10;

/// The payload.
#[derive(Debug, Serialize)]
pub(super) struct StatsUpdate<'a> {
    total_content: i64,
    approved: i64,
    rejected: i64,
    flagged: i64,
    approval_rate: f64,
    rejection_rate: f64,
    flag_rate: f64,
    recent_activity: &'a VecDeque<Recent>,
    project_id: &'a str,
}

/// What is known of each project.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    projects: HashMap<Arc<str>, Project>,
    /// When the next update of a project may be sent, for those that have something new.
    due: HashMap<Arc<str>, Instant>,
}

#[derive(Debug, Default)]
struct Project {
    standing: Standing,
    recent: VecDeque<Recent>,
    sent: Option<Instant>,
}

impl Statistics {
    pub(super) fn knows(&self, project_id: &str) -> bool {
        self.projects.contains_key(project_id)
    }

    /// Starts a project with the activity that was stored before, newest first.
    pub(super) fn seed(&mut self, project_id: Arc<str>, recent: Vec<Recent>) {
        let project = self.projects.entry(project_id).or_default();
        project.recent = recent.into();
    }

    pub(super) fn forget(&mut self, project_id: &str) {
        self.projects.remove(project_id);
        self.due.remove(project_id);
    }

    pub(super) fn activity(&mut self, project_id: &str, recent: Recent) {
        if let Some(project) = self.projects.get_mut(project_id) {
            // A review replaces the first decision; and the seed may have seen it already.
            if let Some(known) = project.recent.iter_mut().find(|known| known.content_id == recent.content_id) {
                *known = recent;
                return;
            }
            project.recent.push_front(recent);
            project.recent.truncate(RECENT);
        }
    }

    /// Counts of an earlier moment than those known are passed over: nodes' messages overtake each other.
    pub(super) fn counted(&mut self, project_id: Arc<str>, standing: Standing, now: Instant) {
        if let Some(project) = self.projects.get_mut(&project_id)
            && standing.head >= project.standing.head
        {
            project.standing = standing;
            let earliest = project.sent.map_or(now, |sent| sent + INTERVAL);
            self.due.entry(project_id).or_insert(earliest.max(now));
        }
    }

    /// When the next update may be sent, if one is wanted.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.values().min().copied()
    }

    /// The projects whose update may be sent now; `all` waits for none. They count as sent.
    pub(super) fn take_due(&mut self, now: Instant, all: bool) -> Vec<Arc<str>> {
        let due: Vec<_> = self.due.extract_if(|_, due| all || *due <= now).map(|(id, _)| id).collect();
        for id in &due {
            if let Some(project) = self.projects.get_mut(id) {
                project.sent = Some(now);
            }
        }
        due
    }

    pub(super) fn payload<'a>(&'a self, project_id: &'a str) -> Option<StatsUpdate<'a>> {
        let project = self.projects.get(project_id)?;
        let counts = project.standing.counts;
        let [approval_rate, rejection_rate, flag_rate] = rates([counts.approved, counts.rejected, counts.flagged]);
        Some(StatsUpdate {
            total_content: counts.total(),
            approved: counts.approved,
            rejected: counts.rejected,
            flagged: counts.flagged,
            approval_rate,
            rejection_rate,
            flag_rate,
            recent_activity: &project.recent,
            project_id,
        })
    }
}

/// Percentages of what was decided, to one decimal, which add up to 100: the largest remainders are rounded up.
pub(crate) fn rates(counts: [i64; 3]) -> [f64; 3] {
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
    use crate::store::Counts;

    #[test]
    fn rates_add_up() {
        assert_eq!(rates([0, 0, 0]), [0.0, 0.0, 0.0]);
        assert_eq!(rates([1, 1, 1]), [33.4, 33.3, 33.3]);
        assert_eq!(rates([2, 1, 0]), [66.7, 33.3, 0.0]);
        assert_eq!(rates([12937, 2180, 304]), [83.9, 14.1, 2.0]);
        for counts in [[7, 11, 13], [1, 1_000_000, 3], [i64::MAX / 4, 1, 2]] {
            let sum: f64 = rates(counts).iter().sum();
            assert!((sum - 100.0).abs() < 1e-9, "{counts:?} {sum}");
        }
    }

    #[test]
    fn the_first_at_once_the_last_never_lost() {
        let project: Arc<str> = "p".into();
        let mut statistics = Statistics::default();
        statistics.seed(project.clone(), Vec::new());
        let start = Instant::now();
        let counts = |approved| Standing { head: approved, counts: Counts { approved, ..Counts::default() } };
        statistics.counted(project.clone(), counts(1), start);
        assert_eq!(statistics.take_due(start, false).len(), 1);
        statistics.counted(project.clone(), counts(2), start + Duration::from_millis(10));
        statistics.counted(project.clone(), counts(3), start + Duration::from_millis(20));
        assert!(statistics.take_due(start + Duration::from_millis(50), false).is_empty());
        assert_eq!(statistics.due(), Some(start + Duration::from_millis(100)));
        assert_eq!(statistics.take_due(start + Duration::from_millis(100), false).len(), 1);
        assert_eq!(statistics.due(), None);
        // What was overtaken changes nothing.
        statistics.counted(project, counts(2), start + Duration::from_millis(110));
        assert_eq!(statistics.payload("p").unwrap().approved, 3);
    }
}
