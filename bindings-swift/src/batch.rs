//! Batches of submissions as UniFFI records.

use std::sync::Arc;

use automoderate::{Error, Moderation, Submission, facade::ErrorRecord};

use crate::{NativeError, NativeErrorRecord, PackedValues, client::new_submission, error::error_chain};

/// Item of a batch.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct NativeBatchItem {
    /// Content type.
    pub content_type: String,
    /// Text or other content.
    pub content: String,
    /// Metadata, as JSON text.
    pub metadata: Option<String>,
}

impl NativeBatchItem {
    /// Converts the item to a submission. Errors name the item by `index`, its position in the batch.
    pub(crate) fn into_submission(self, index: usize) -> Result<Submission, NativeError> {
        new_submission(self.content_type, self.content, &format!("items[{index}].metadata"), self.metadata)
    }
}

/// Result for one item of a batch.
#[derive(Debug, Clone, uniffi::Enum)]
pub enum NativeBatchResult {
    /// The server decided on the item.
    Decided {
        /// Packed `Moderation`.
        moderation: Arc<PackedValues>,
    },
    /// The submission of the item failed.
    Failed {
        /// The error, followed by its causes.
        error_chain: Vec<NativeErrorRecord>,
    },
}

impl From<Result<Moderation, Error>> for NativeBatchResult {
    fn from(result: Result<Moderation, Error>) -> Self {
        match result {
            Ok(moderation) => Self::Decided { moderation: PackedValues::from_value(&moderation) },
            Err(error) => Self::Failed { error_chain: error_chain(&ErrorRecord::from(&error)) },
        }
    }
}
