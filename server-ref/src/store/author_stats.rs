//! Statistics about each author, and the `user_activity` event that reports them.
//!
//! - `total_submissions`: the number of items by the author in the project.
//! - `approval_rate`: the percentage of these items that are approved, rounded to one decimal place.
//! - `recent_violations`: the number of items rejected in the current hour and the 23 hours before it.
//! - `risk_score`: ten times the fraction of items that are not approved, plus 0.25 per recent violation, up to a maximum of 10 and
//!   rounded to one decimal place.

use serde::Serialize;

use super::{EventDraft, Status};
use crate::Error;
use crate::time::{Micros, rfc3339};

const MICROS_PER_HOUR: Micros = 3_600_000_000;
/// Number of hours, including the current one, for which a rejection counts as recent.
const RECENT_VIOLATION_HOURS: i64 = 24;

/// The statistics of one author in one project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AuthorStats {
    pub(crate) total: i64,
    pub(crate) approved: i64,
    /// Pairs of an hour and its number of rejections, oldest first. Hours are counted from the beginning of 1970
    /// in UTC.
    pub(crate) rejections_by_hour: Vec<(i64, i64)>,
}

impl AuthorStats {
    /// Counts a new item and the decision about it.
    pub(crate) fn count_submission(&mut self, status: Status, at: Micros) {
        self.total += 1;
        self.count_decision(status, at);
    }

    /// Replaces an earlier decision about an item. `previous` contains the status and time of the earlier decision.
    pub(crate) fn replace_decision(&mut self, previous: (Status, Micros), status: Status, at: Micros) {
        match previous {
            (Status::Approved, _) => self.approved -= 1,
            (Status::Rejected, rejected_at) => {
                let rejected_hour = rejected_at / MICROS_PER_HOUR;
                if let Some((_, count)) = self.rejections_by_hour.iter_mut().find(|(hour, _)| *hour == rejected_hour) {
                    *count -= 1;
                }
            }
            _ => {}
        }
        self.count_decision(status, at);
    }

    fn count_decision(&mut self, status: Status, at: Micros) {
        let now = at / MICROS_PER_HOUR;
        self.rejections_by_hour.retain(|&(hour, count)| count > 0 && hour > now - RECENT_VIOLATION_HOURS);
        match status {
            Status::Approved => self.approved += 1,
            Status::Rejected => match self.rejections_by_hour.iter_mut().find(|(hour, _)| *hour == now) {
                Some((_, count)) => *count += 1,
                None => self.rejections_by_hour.push((now, 1)),
            },
            _ => {}
        }
    }

    fn recent_violations(&self) -> i64 {
        self.rejections_by_hour.iter().map(|(_, count)| count).sum()
    }

    #[allow(clippy::cast_precision_loss, reason = "the result is rounded to one decimal place")]
    fn approval_rate(&self) -> f64 {
        round_to_tenths(self.approved.max(0) as f64 * 100.0 / self.total.max(1) as f64)
    }

    #[allow(clippy::cast_precision_loss, reason = "the result is at most ten")]
    fn risk_score(&self) -> f64 {
        let score = (100.0 - self.approval_rate()) / 10.0 + 0.25 * self.recent_violations() as f64;
        round_to_tenths(score.min(10.0))
    }

    /// Creates the documented `user_activity` event. `triggered_by` is the id of the item that changed the statistics.
    pub(crate) fn activity_event(
        &self,
        project_id: &str,
        user_id: &str,
        triggered_by: &str,
        at: Micros,
    ) -> Result<EventDraft, Error> {
        #[derive(Serialize)]
        struct UserActivityPayload<'a> {
            user_id: &'a str,
            activity: Activity,
            triggered_by: &'a str,
            timestamp: String,
            project_id: &'a str,
        }
        #[derive(Serialize)]
        struct Activity {
            total_submissions: i64,
            recent_violations: i64,
            approval_rate: f64,
            risk_score: f64,
        }
        let activity = Activity {
            total_submissions: self.total,
            recent_violations: self.recent_violations(),
            approval_rate: self.approval_rate(),
            risk_score: self.risk_score(),
        };
        let payload = UserActivityPayload { user_id, activity, triggered_by, timestamp: rfc3339(at), project_id };
        EventDraft::new("user_activity", &payload)
    }
}

fn round_to_tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_match_the_documented_example() {
        let author = AuthorStats { total: 89, approved: 67, rejections_by_hour: vec![(1, 2), (2, 1)] };
        assert_eq!((author.approval_rate(), author.recent_violations(), author.risk_score()), (75.3, 3, 3.2));
    }

    #[test]
    fn violations_no_longer_count_after_a_day() {
        let mut author = AuthorStats::default();
        author.count_submission(Status::Rejected, 0);
        author.count_submission(Status::Rejected, 5 * MICROS_PER_HOUR);
        author.count_submission(Status::Approved, 24 * MICROS_PER_HOUR);
        assert_eq!(author.recent_violations(), 1);
        author.count_submission(Status::Approved, 29 * MICROS_PER_HOUR);
        assert_eq!((author.recent_violations(), author.total, author.approved), (0, 4, 2));
    }

    #[test]
    fn a_review_replaces_the_first_decision() {
        let mut author = AuthorStats::default();
        author.count_submission(Status::Rejected, MICROS_PER_HOUR);
        author.replace_decision((Status::Rejected, MICROS_PER_HOUR), Status::Approved, 2 * MICROS_PER_HOUR);
        assert_eq!((author.total, author.approval_rate(), author.risk_score()), (1, 100.0, 0.0));
        author.replace_decision((Status::Approved, 2 * MICROS_PER_HOUR), Status::Rejected, 2 * MICROS_PER_HOUR);
        assert_eq!((author.recent_violations(), author.risk_score()), (1, 10.0));
    }
}
