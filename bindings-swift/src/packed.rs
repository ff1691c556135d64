//! Many events in one piece of memory, which the other language reads in place.

use std::sync::Arc;

use automoderate::Event;

use crate::{
    NativeError,
    schema::{Pack, Writer, schema},
};

/// Bytes that the other side reads while this object lives.
#[derive(Debug, uniffi::Object)]
pub struct Packed {
    bytes: Vec<u8>,
    count: u32,
}

#[uniffi::export]
impl Packed {
    /// The address of the bytes, which don't move while this object lives.
    ///
    /// # Errors
    /// None.
    pub fn address(&self) -> Result<u64, NativeError> {
        Ok(self.bytes.as_ptr().addr() as u64)
    }

    /// The number of bytes.
    ///
    /// # Errors
    /// None.
    pub fn size(&self) -> Result<u64, NativeError> {
        Ok(self.bytes.len() as u64)
    }

    /// The number of events in them.
    ///
    /// # Errors
    /// None.
    pub fn count(&self) -> Result<u32, NativeError> {
        Ok(self.count)
    }
}

impl Packed {
    /// A single value.
    pub(crate) fn of(value: &impl Pack) -> Arc<Self> {
        let mut writer = Writer::default();
        value.pack(&mut writer);
        Arc::new(Self { bytes: writer.bytes, count: 1 })
    }

    /// Any number of events.
    pub(crate) fn events(events: &[Event]) -> Arc<Self> {
        let mut writer = Writer::default();
        events.iter().for_each(|event| event.pack(&mut writer));
        Arc::new(Self { bytes: writer.bytes, count: events.len() as u32 })
    }
}

/// A number that changes with the meaning of the bytes: generated code reads only the version that it was generated
/// for.
///
/// # Errors
/// None.
#[uniffi::export]
pub fn fingerprint() -> Result<u64, NativeError> {
    Ok(schema().fingerprint())
}
