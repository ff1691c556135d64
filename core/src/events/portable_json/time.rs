//! Serialization of timestamps as RFC 3339 text that ends in `Z`.

use serde::{Serialize, Serializer};

use crate::events::Timestamp;

/// Timestamp that is serialized as RFC 3339 text in UTC. Text that is not a timestamp is serialized unchanged.
pub(super) struct UtcTime<'a>(pub(super) &'a Timestamp);

impl Serialize for UtcTime<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.as_str();
        let instant = if is_in_serialized_form(text.as_bytes()) { None } else { self.0.instant() };
        match instant {
            Some(instant) => serializer.collect_str(&instant),
            None => serializer.serialize_str(text),
        }
    }
}

/// Returns `true` for text like `2024-01-15T10:30:00Z`, which is already in the serialized form. On documented servers,
/// most timestamps have this form and need not be parsed.
fn is_in_serialized_form(text: &[u8]) -> bool {
    let digits = |at: std::ops::Range<usize>| {
        let digits = text[at].iter().map(|byte| byte.wrapping_sub(b'0'));
        digits.fold(0_u16, |sum, digit| if digit > 9 { u16::MAX / 2 } else { (sum % 10_000) * 10 + u16::from(digit) })
    };
    // Days 29 to 31 don't exist in every month, so the full parser checks them.
    text.len() == 20
        && [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')].iter().all(|(at, c)| text[*at] == *c)
        && digits(0..4) <= 9999
        && (1..=12).contains(&digits(5..7))
        && (1..=28).contains(&digits(8..10))
        && digits(11..13) <= 23
        && digits(14..16) <= 59
        && digits(17..19) <= 59
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_exactly_the_timestamps_that_need_no_conversion() {
        for text in ["2024-01-15T10:30:00Z", "0001-12-28T23:59:59Z", "9999-02-01T00:00:00Z"] {
            assert!(is_in_serialized_form(text.as_bytes()), "{text}");
            assert_eq!(Timestamp::from(text).to_rfc3339().as_deref(), Some(text));
        }
        for text in [
            "2024-01-15T10:30:00.5Z",
            "2024-02-30T10:30:00Z",
            "2024-13-01T10:30:00Z",
            "2024-00-01T10:30:00Z",
            "2024-01-00T10:30:00Z",
            "2024-01-01T24:30:00Z",
            "2024-01-01T10:60:00Z",
            "2024-01-01T10:30:60Z",
            "2024-01-01 10:30:00Z",
            "2024-01-01t10:30:00z",
            "2024-01-01T1a:30:00Z",
            "20a4-01-01T10:30:00Z",
            "2024-01-01T10:3:000Z",
            "2024-01-15T10:30:00",
            "",
        ] {
            assert!(!is_in_serialized_form(text.as_bytes()), "{text}");
        }
    }
}
