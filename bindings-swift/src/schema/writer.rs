//! Bytes, little-endian and unaligned. Texts and lists begin with their length as 32 bits.

/// Packed values are appended here.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
    shared: Vec<Box<str>>,
}

/// The most texts kept for sharing.
const SHARED_MAX: usize = 200;
/// The mark before an unshared text, and before an unknown word.
pub(super) const OTHER: u8 = 255;

impl Writer {
    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(super) fn number(&mut self, number: f64) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn count(&mut self, count: u64) {
        self.bytes.extend_from_slice(&count.to_le_bytes());
    }

    pub(super) fn len(&mut self, len: usize) {
        // Frames are limited to far less than 4 GiB.
        self.bytes.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
    }

    pub(super) fn data(&mut self, data: &[u8]) {
        self.len(data.len());
        self.bytes.extend_from_slice(data);
    }

    /// A text that is packed once, and later only by its number.
    pub(super) fn shared(&mut self, text: &str) {
        let known = self.shared.iter().rposition(|one| &**one == text);
        let new = self.shared.len();
        self.byte(known.unwrap_or(if new < SHARED_MAX { new } else { OTHER.into() }) as u8);
        if known.is_none() {
            self.data(text.as_bytes());
            if new < SHARED_MAX {
                self.shared.push(text.into());
            }
        }
    }
}
