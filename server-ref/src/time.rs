//! Conversion between times in the database (microseconds) and on the wire (RFC 3339 with `Z`).

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Microseconds since 1970-01-01T00:00:00Z.
pub(crate) type Micros = i64;

pub(crate) fn now() -> Micros {
    Timestamp::now().as_microsecond()
}

/// Formats a time in UTC, for example as `2024-01-15T10:30:00.25Z`. A time outside `jiff`'s range, which only a damaged database can
/// contain, is formatted as the beginning of 1970.
pub(crate) fn rfc3339(micros: Micros) -> String {
    Timestamp::from_microsecond(micros).unwrap_or_default().to_string()
}

/// Parses an RFC 3339 time with any offset. A date without a time is parsed as the beginning of that day in UTC.
pub(crate) fn parse_time_or_date(text: &str) -> Option<Micros> {
    let day = || {
        text.parse::<Date>().ok().filter(|_| text.len() == 10)?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp())
    };
    Some(text.parse::<Timestamp>().ok().or_else(day)?.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_formatted_in_utc() {
        assert_eq!(rfc3339(1_705_314_600_000_000), "2024-01-15T10:30:00Z");
        assert_eq!(rfc3339(1_705_314_600_250_000), "2024-01-15T10:30:00.25Z");
        assert!(rfc3339(i64::MAX).ends_with('Z'));
    }

    #[test]
    fn times_and_dates_are_parsed() {
        assert_eq!(parse_time_or_date("2024-01-15T10:30:00.25Z"), Some(1_705_314_600_250_000));
        assert_eq!(parse_time_or_date("2024-01-15T11:30:00.25+01:00"), Some(1_705_314_600_250_000));
        assert_eq!(parse_time_or_date("2024-01-15").map(rfc3339).as_deref(), Some("2024-01-15T00:00:00Z"));
        for bad in ["", "x", "2024-01-15T10:30:00", "2024-13-01", "1705314600"] {
            assert_eq!(parse_time_or_date(bad), None, "{bad}");
        }
    }
}
