//! Events that a reader takes from the queue of its stream.

use std::collections::VecDeque;

use super::{StreamEnd, cursor_holds::CursorHolds};
use crate::events::Event;

/// Events that a reader takes in one call.
#[derive(Debug, Default)]
pub(crate) struct EventBatch {
    pub(crate) events: VecDeque<Event>,
    /// Positions at which the reader holds the projects' cursors, because logged events after them were dropped.
    pub(crate) holds: CursorHolds,
    /// Set if the stream ends after these events. Contains the error if the stream ends with one.
    pub(crate) end: Option<StreamEnd>,
}
