//! Minimum of several optional deadlines.

use std::time::Instant;

/// Earliest deadline considered so far. It is recomputed after every packet, so it must be cheap.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Earliest(pub(crate) Option<Instant>);

impl Earliest {
    #[inline]
    pub(crate) fn consider(&mut self, deadline: Option<Instant>) {
        if let Some(deadline) = deadline
            && self.0.is_none_or(|earliest| deadline < earliest)
        {
            self.0 = Some(deadline);
        }
    }
}
