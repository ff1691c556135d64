//! Each author's counts, and the `user_activity` event.
//!
//! - `total_submissions`: all items that the author wrote in the project.
//! - `approval_rate`: the percentage of these items that is approved, to one decimal.
//! - `recent_violations`: the items rejected in the current hour and the 23 hours before it.
//! - `risk_score`: ten times the fraction of items not approved, plus 0.25 per recent violation, capped at 10.

use serde::Serialize;

use super::{EventDraft, Status};
use crate::Error;
use crate::time::{Micros, rfc3339};

const HOUR: Micros = 3_600_000_000;
/// Hours that count as recent.
const RECENT_HOURS: i64 = 24;

/// One author's counts in one project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AuthorStats {
    pub(crate) total: i64,
    pub(crate) approved: i64,
    /// Hours since 1970 and the rejections in each, oldest first.
    pub(crate) hours: Vec<(i64, i64)>,
}

impl AuthorStats {
    /// Counts a decision about a new item.
    pub(crate) fn submitted(&mut self, status: Status, at: Micros) {
        self.total += 1;
        self.decided(status, at);
    }

    /// Replaces an earlier decision.
    pub(crate) fn reviewed(&mut self, before: (Status, Micros), status: Status, at: Micros) {
        match before {
            (Status::Approved, _) => self.approved -= 1,
            (Status::Rejected, then) => {
                if let Some((_, count)) = self.hours.iter_mut().find(|(hour, _)| *hour == then / HOUR) {
                    *count -= 1;
                }
            }
            _ => {}
        }
        self.decided(status, at);
    }

    fn decided(&mut self, status: Status, at: Micros) {
        let now = at / HOUR;
        self.hours.retain(|&(hour, count)| count > 0 && hour > now - RECENT_HOURS);
        match status {
            Status::Approved => self.approved += 1,
            Status::Rejected => match self.hours.iter_mut().find(|(hour, _)| *hour == now) {
                Some((_, count)) => *count += 1,
                None => self.hours.push((now, 1)),
            },
            _ => {}
        }
    }

    fn recent_violations(&self) -> i64 {
        self.hours.iter().map(|(_, count)| count).sum()
    }

    #[allow(clippy::cast_precision_loss, reason = "shown to one decimal")]
    fn approval_rate(&self) -> f64 {
        tenths(self.approved.max(0) as f64 * 100.0 / self.total.max(1) as f64)
    }

    #[allow(clippy::cast_precision_loss, reason = "bounded by ten")]
    fn risk_score(&self) -> f64 {
        let score = (100.0 - self.approval_rate()) / 10.0 + 0.25 * self.recent_violations() as f64;
        tenths(score.min(10.0))
    }

    /// The documented event.
    pub(crate) fn event(
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

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_example() {
        let author = AuthorStats { total: 89, approved: 67, hours: vec![(1, 2), (2, 1)] };
        assert_eq!((author.approval_rate(), author.recent_violations(), author.risk_score()), (75.3, 3, 3.2));
    }

    #[test]
    fn violations_are_forgotten_after_a_day() {
        let mut author = AuthorStats::default();
        author.submitted(Status::Rejected, 0);
        author.submitted(Status::Rejected, 5 * HOUR);
        author.submitted(Status::Approved, 24 * HOUR);
        assert_eq!(author.recent_violations(), 1);
        author.submitted(Status::Approved, 29 * HOUR);
        assert_eq!((author.recent_violations(), author.total, author.approved), (0, 4, 2));
    }

    #[test]
    fn a_review_takes_the_first_decision_back() {
        let mut author = AuthorStats::default();
        author.submitted(Status::Rejected, HOUR);
        author.reviewed((Status::Rejected, HOUR), Status::Approved, 2 * HOUR);
        assert_eq!((author.total, author.approval_rate(), author.risk_score()), (1, 100.0, 0.0));
        author.reviewed((Status::Approved, 2 * HOUR), Status::Rejected, 2 * HOUR);
        assert_eq!((author.recent_violations(), author.risk_score()), (1, 10.0));
    }
}
