//! Batches of submissions as UniFFI records.

use std::sync::Arc;

use automoderate::{Error, Moderation, facade::ErrorRecord};
use serde_json::{Value, json};

use crate::{NativeError, NativeErrorRecord, PackedValues, client::parse_json, error::error_chain};

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
    fn to_json(&self, index: usize) -> Result<Value, NativeError> {
        let parse_metadata = |text: &String| parse_json(&format!("items[{index}].metadata"), text);
        let metadata = self.metadata.as_ref().map(parse_metadata).transpose()?;
        Ok(json!({"content": self.content, "type": self.content_type, "metadata": metadata}))
    }
}

/// Converts the items to the array that [`moderate_batch`](automoderate::facade::FacadeClient::moderate_batch) expects.
pub(crate) fn items_to_json(items: &[NativeBatchItem]) -> Result<Value, NativeError> {
    items.iter().enumerate().map(|(index, item)| item.to_json(index)).collect()
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
