//! A time of day, as people set it: `HH:MM`.
//!
//! Never knows a date or a zone. Invariant: it lies within one day.

use std::fmt;

/// Minutes since midnight, by a wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClockTime(u16);

impl ClockTime {
    pub const fn new(hour: u8, minute: u8) -> Option<Self> {
        if hour < 24 && minute < 60 { Some(Self(hour as u16 * 60 + minute as u16)) } else { None }
    }

    /// Reads `HH:MM`, of 24 hours.
    pub fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let number = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            if digits { part.parse().ok() } else { None }
        };
        Self::new(number(hour)?, number(minute)?)
    }

    /// Whether this time lies in the hours from one time until another, over midnight where they say so.
    pub fn is_within(self, from: Self, until: Self) -> bool {
        if from <= until { (from..until).contains(&self) } else { self >= from || self < until }
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn time(text: &str) -> ClockTime {
        ClockTime::parse(text).unwrap()
    }

    #[test]
    fn hours_may_go_over_midnight() {
        for (now, from, until, within) in [
            ("21:59", "22:00", "07:00", false),
            ("22:00", "22:00", "07:00", true),
            ("00:00", "22:00", "07:00", true),
            ("06:59", "22:00", "07:00", true),
            ("07:00", "22:00", "07:00", false),
            ("12:30", "12:00", "13:00", true),
            ("13:00", "12:00", "13:00", false),
        ] {
            assert_eq!(time(now).is_within(time(from), time(until)), within, "{now}");
        }
    }

    #[test]
    fn refuses_what_is_no_time_of_day() {
        for bad in ["", "7:00", "24:00", "07:60", "07:0", "0700", "07:00:00", "+7:00", "７:00", " 07:00"] {
            assert_eq!(ClockTime::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(hour in 0_u8..24, minute in 0_u8..60) {
            let time = ClockTime::new(hour, minute).unwrap();
            prop_assert_eq!(ClockTime::parse(&time.to_string()), Some(time));
        }
    }
}
