//! Writer of packed values. Numbers are little-endian and unaligned. Strings, bytes, lists and objects begin with their
//! length, as a 32-bit number.

/// Buffer to which packed values are appended.
#[derive(Debug, Default)]
pub(crate) struct PackWriter {
    pub(crate) bytes: Vec<u8>,
    shared_texts: Vec<Box<str>>,
}

/// Maximum number of shared strings that get a number in a batch.
const MAX_SHARED_TEXTS: usize = 200;
/// Byte that precedes a shared string without a number, or a value that an open enum does not list.
pub(super) const UNLISTED_MARK: u8 = 255;

impl PackWriter {
    pub(super) fn write_byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(super) fn write_number(&mut self, number: f64) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn write_integer(&mut self, integer: u64) {
        self.bytes.extend_from_slice(&integer.to_le_bytes());
    }

    pub(super) fn write_length(&mut self, len: usize) {
        // Frames are limited to much less than 4 GiB, so the length fits into 32 bits.
        self.bytes.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
    }

    pub(super) fn write_bytes(&mut self, data: &[u8]) {
        self.write_length(data.len());
        self.bytes.extend_from_slice(data);
    }

    /// Packs a shared string. The first occurrence in a batch is packed in full, and later ones as the string's number.
    /// Once `MAX_SHARED_TEXTS` strings have numbers, other strings are always packed in full.
    pub(super) fn write_shared_text(&mut self, text: &str) {
        let known = self.shared_texts.iter().rposition(|one| &**one == text);
        let new = self.shared_texts.len();
        self.write_byte(known.unwrap_or(if new < MAX_SHARED_TEXTS { new } else { UNLISTED_MARK.into() }) as u8);
        if known.is_none() {
            self.write_bytes(text.as_bytes());
            if new < MAX_SHARED_TEXTS {
                self.shared_texts.push(text.into());
            }
        }
    }
}
