//! Searches JSON text eight bytes at a time.

/// Returns the index of the first quote, backslash or control character.
pub(crate) fn find_json_special_byte(bytes: &[u8]) -> Option<usize> {
    const LOW_BITS: u64 = u64::MAX / 255;
    const HIGH_BITS: u64 = LOW_BITS << 7;
    // Returns a mask in which the high bit of a byte is set if that byte of `word` is less than `limit`. The mask is
    // exact up to the first such byte.
    let bytes_below = |word: u64, limit: u8| word.wrapping_sub(LOW_BITS * u64::from(limit)) & !word & HIGH_BITS;
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        let quote = bytes_below(word ^ (LOW_BITS * u64::from(b'"')), 1);
        let backslash = bytes_below(word ^ (LOW_BITS * u64::from(b'\\')), 1);
        let found = quote | backslash | bytes_below(word, b' ');
        if found != 0 {
            return Some(bytes.len() - rest.len() + found.trailing_zeros() as usize / 8);
        }
        rest = after;
    }
    let last = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '))?;
    Some(bytes.len() - rest.len() + last)
}

#[cfg(test)]
mod tests {
    use super::find_json_special_byte;

    #[test]
    fn the_first_special_byte_is_found_at_every_position() {
        for length in 0..40 {
            for at in 0..length {
                for byte in [b'"', b'\\', b'\n', 0, 0x1f] {
                    let mut bytes = vec![b'!'; length];
                    bytes[at] = byte;
                    bytes[length - 1] = byte;
                    assert_eq!(find_json_special_byte(&bytes), Some(at), "{bytes:?}");
                }
            }
            for plain in [b' ', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                assert_eq!(find_json_special_byte(&vec![plain; length]), None, "{plain}");
            }
        }
    }
}
