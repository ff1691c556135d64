//! Losses, reported in the stream.

use pyo3::prelude::*;

use super::class::event_class;

event_class! {
    /// Events of a project are missing here, or may be.
    Gap = "gap",
    shows ["project_id", "reason", "missed"],
    matches ["project_id", "reason", "missed"],
    {
        /// The project whose events are missing.
        #[getter]
        fn project_id(&self) -> &str {
            self.of().project_id.as_str()
        }

        /// The reason for the loss: `interrupted`, `expired`, `log_changed`, `cursor_ahead`, `replay_failed` or
        /// `backfill_incomplete`.
        #[getter]
        fn reason(&self) -> &'static str {
            self.of().reason.as_str()
        }

        /// The number of missing events, if known.
        #[getter]
        fn missed(&self) -> Option<u64> {
            self.of().missed
        }
    }
}

event_class! {
    /// The reader of this stream was too slow: events were dropped because its buffer was full.
    Lagged = "lagged",
    shows ["missed"],
    matches ["missed"],
    {
        /// The number of events dropped since the last notice of this kind.
        #[getter]
        fn missed(&self) -> u64 {
            self.of().missed
        }
    }
}
