//! Packed values in one block of memory, which the other language reads in place.

use std::sync::Arc;

use automoderate::Event;

use crate::{
    NativeError,
    schema::{Pack, PackWriter, schema},
};

/// Packed values. The other language may read the bytes while it holds this object.
#[derive(Debug, uniffi::Object)]
pub struct PackedValues {
    bytes: Vec<u8>,
    count: u32,
}

#[uniffi::export]
impl PackedValues {
    /// Returns the address of the bytes, which don't move during the lifetime of this object.
    ///
    /// # Errors
    /// None.
    pub fn address(&self) -> Result<u64, NativeError> {
        Ok(self.bytes.as_ptr().addr() as u64)
    }

    /// Returns the number of bytes.
    ///
    /// # Errors
    /// None.
    pub fn size(&self) -> Result<u64, NativeError> {
        Ok(self.bytes.len() as u64)
    }

    /// Returns the number of packed values.
    ///
    /// # Errors
    /// None.
    pub fn count(&self) -> Result<u32, NativeError> {
        Ok(self.count)
    }
}

impl PackedValues {
    /// Packs a single value.
    pub(crate) fn from_value(value: &impl Pack) -> Arc<Self> {
        let mut writer = PackWriter::default();
        value.pack(&mut writer);
        Arc::new(Self { bytes: writer.bytes, count: 1 })
    }

    /// Packs a batch of events.
    pub(crate) fn from_events(events: &[Event]) -> Arc<Self> {
        let mut writer = PackWriter::default();
        events.iter().for_each(|event| event.pack(&mut writer));
        Arc::new(Self { bytes: writer.bytes, count: events.len() as u32 })
    }
}

/// Returns the fingerprint of the packed format. Generated code compares this fingerprint with the fingerprint of the
/// format that the code can read.
///
/// # Errors
/// None.
#[uniffi::export]
pub fn library_fingerprint() -> Result<u64, NativeError> {
    Ok(schema().fingerprint())
}
