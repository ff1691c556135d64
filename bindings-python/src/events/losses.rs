//! The `Gap` and `Lagged` classes.

use pyo3::prelude::*;

use super::class::event_class;

event_class! {
    /// Event that marks a place in the stream where a project's events are missing, or may be missing.
    Gap = "gap",
    repr ["project_id", "reason", "missed"],
    match_args ["project_id", "reason", "missed"],
    {
        /// Id of the project whose events are missing.
        #[getter]
        fn project_id(&self) -> &str {
            self.inner().project_id.as_str()
        }

        /// Reason for the loss: `interrupted`, `expired`, `log_changed`, `cursor_ahead`, `replay_failed` or
        /// `backfill_incomplete`.
        #[getter]
        fn reason(&self) -> &'static str {
            self.inner().reason.as_str()
        }

        /// Number of missing events, if known.
        #[getter]
        fn missed(&self) -> Option<u64> {
            self.inner().missed
        }
    }
}

event_class! {
    /// Event that marks a place in the stream where events were dropped because the stream's reader was too slow.
    Lagged = "lagged",
    repr ["missed"],
    match_args ["missed"],
    {
        /// Number of events dropped since the previous `lagged` event.
        #[getter]
        fn missed(&self) -> u64 {
            self.inner().missed
        }
    }
}
