//! Minimum of several optional deadlines.

use std::time::Instant;

/// Earliest of the deadlines included so far. The minimum is computed each time the client's task waits, so the
/// computation must be cheap.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct EarliestDeadline(pub(crate) Option<Instant>);

impl EarliestDeadline {
    #[inline]
    pub(crate) fn include(&mut self, deadline: Option<Instant>) {
        if let Some(deadline) = deadline
            && self.0.is_none_or(|earliest| deadline < earliest)
        {
            self.0 = Some(deadline);
        }
    }
}
