//! Times as the store keeps them (microseconds) and as the wire shows them (RFC 3339 with `Z`).

use jiff::Timestamp;

/// Microseconds since 1970-01-01T00:00:00Z.
pub(crate) type Micros = i64;

pub(crate) fn now() -> Micros {
    Timestamp::now().as_microsecond()
}

/// `2024-01-15T10:30:00.25Z`; a time outside the calendar, which only a damaged database can hold, is shown as its start.
pub(crate) fn rfc3339(micros: Micros) -> String {
    Timestamp::from_microsecond(micros).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn always_utc_with_a_z() {
        assert_eq!(rfc3339(1_705_314_600_000_000), "2024-01-15T10:30:00Z");
        assert_eq!(rfc3339(1_705_314_600_250_000), "2024-01-15T10:30:00.25Z");
        assert!(rfc3339(i64::MAX).ends_with('Z'));
    }
}
