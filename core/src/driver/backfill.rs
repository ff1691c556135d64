//! Source of backfills for servers without an event log.

use std::pin::Pin;

use crate::session::{BackfillReply, BackfillRequest};

/// Source of missed decisions, such as the REST API.
pub(crate) trait BackfillSource: Send + Sync {
    /// Fetches missed decisions. Always returns a reply, even if nothing was found.
    fn fetch(&self, request: BackfillRequest) -> Pin<Box<dyn Future<Output = BackfillReply> + Send>>;
}
