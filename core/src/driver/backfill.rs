//! Source of backfills, on servers without an event log.

use std::pin::Pin;

use crate::session::{BackfillReply, BackfillRequest};

/// Source of backfills.
pub(crate) trait BackfillSource: Send + Sync {
    /// Fetches a backfill. Always answers, even if nothing was found.
    fn fetch(&self, request: BackfillRequest) -> Pin<Box<dyn Future<Output = BackfillReply> + Send>>;
}
