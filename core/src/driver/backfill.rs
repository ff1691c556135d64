//! Where what an interruption cost is fetched from, on servers without an event log.

use std::pin::Pin;

use crate::session::{BackfillRequest, Backfilled};

/// Where backfills come from.
pub(crate) trait BackfillSource: Send + Sync {
    /// Always answers, however little was found.
    fn fetch(&self, request: BackfillRequest) -> Pin<Box<dyn Future<Output = Backfilled> + Send>>;
}
