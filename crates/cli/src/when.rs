//! Points in time as people write them on a command line.
//!
//! Owns the forms. Never reads a clock itself: what is relative is resolved against the time that is passed in.

use chasm_protocol::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A point in time, relative or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    At(Timestamp),
    /// So many seconds ago.
    Ago(i64),
    /// The beginning of a day, so many days ago.
    DaysAgo(i64),
    /// The beginning of this day.
    Day(Date),
}

/// Reads `90s`, `30m`, `2h`, `3d`, `2w`, `today`, `yesterday`, `2026-01-31`, or an RFC 3339 time.
pub fn parse(text: &str) -> Result<When, String> {
    let text = text.trim();
    match text {
        "now" => return Ok(When::Ago(0)),
        "today" => return Ok(When::DaysAgo(0)),
        "yesterday" => return Ok(When::DaysAgo(1)),
        _ => {}
    }
    if let Some(ago) = span(text) {
        return Ok(When::Ago(ago));
    }
    if let Ok(day) = text.parse::<Date>()
        && !text.contains('T')
    {
        return Ok(When::Day(day));
    }
    Timestamp::parse(text).map(When::At).map_err(|_| {
        String::from(
            "a time is one of 30m, 2h, 3d, 2w (ago), today, yesterday, 2026-01-31, 2026-01-31T14:02:00Z",
        )
    })
}

impl When {
    pub fn resolve(self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(seconds) => now.plus_micros(seconds.saturating_mul(-1_000_000)),
            Self::DaysAgo(days) => {
                let today = crate::show::time::local(now, zone).date();
                let day = today.saturating_sub(jiff::Span::new().days(days));
                start_of(day, zone).unwrap_or(now)
            }
            Self::Day(day) => start_of(day, zone).unwrap_or(now),
        }
    }
}

fn start_of(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    let start = day.to_zoned(zone.clone()).ok()?;
    Some(Timestamp::from_micros(start.timestamp().as_microsecond()))
}

/// Seconds of `2h` and its like.
fn span(text: &str) -> Option<i64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at_checked(digits)?;
    let seconds = match unit.trim() {
        "s" | "sec" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_time() {
        let now = Timestamp::parse("2026-03-10T01:30:00Z").unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let at = |text: &str| parse(text).unwrap().resolve(now, &zone).to_string();
        assert_eq!(at("2h"), "2026-03-09T23:30:00.000Z");
        assert_eq!(at("3 d"), "2026-03-07T01:30:00.000Z");
        assert_eq!(at("today"), "2026-03-09T22:00:00.000Z");
        assert_eq!(at("yesterday"), "2026-03-08T22:00:00.000Z");
        assert_eq!(at("2026-01-31"), "2026-01-30T22:00:00.000Z");
        assert_eq!(at("2026-01-31T14:02:00+02:00"), "2026-01-31T12:02:00.000Z");
        for bad in ["", "h", "5", "2y", "someday", "2026-13-01", "99999999999999999999w", "-2h"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
