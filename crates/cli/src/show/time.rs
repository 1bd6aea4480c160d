//! Times and spans in words.

use chasm_protocol::Timestamp;
use jiff::Zoned;
use jiff::tz::TimeZone;

/// How long ago: `12 s ago`, `5 min ago`, `3 h ago`, `yesterday`, `6 d ago`, then the date.
pub fn ago(then: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let seconds = now.seconds_since(then);
    match seconds {
        s if s < -60.0 => local(then, zone).strftime("%Y-%m-%d %H:%M").to_string(),
        s if s < 2.0 => String::from("now"),
        s if s < 60.0 => format!("{s:.0} s ago"),
        s if s < 3_600.0 => format!("{:.0} min ago", (s / 60.0).floor()),
        s if s < 86_400.0 => format!("{:.0} h ago", (s / 3_600.0).floor()),
        s if s < 172_800.0 => String::from("yesterday"),
        s if s < 1_209_600.0 => format!("{:.0} d ago", (s / 86_400.0).floor()),
        _ => local(then, zone).strftime("%Y-%m-%d").to_string(),
    }
}

/// A span: `850 ms`, `12 s`, `5 min`, `3 h 20 min`, `6 d 2 h`.
pub fn span(seconds: f64) -> String {
    let s = seconds.max(0.0);
    let (minutes, hours, days) = ((s / 60.0).floor(), (s / 3_600.0).floor(), (s / 86_400.0).floor());
    match s {
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 60.0 => format!("{s:.0} s"),
        s if s < 3_600.0 => format!("{minutes:.0} min"),
        s if s < 86_400.0 => format!("{hours:.0} h {:.0} min", minutes - hours * 60.0),
        _ => format!("{days:.0} d {:.0} h", hours - days * 24.0),
    }
}

/// Date and time, in the zone of the reader.
pub fn full(at: Timestamp, zone: &TimeZone) -> String {
    local(at, zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The time of the day; with the date where it is another day than `beside`.
pub fn clock(at: Timestamp, beside: Timestamp, zone: &TimeZone) -> String {
    let (at, beside) = (local(at, zone), local(beside, zone));
    let form = if at.date() == beside.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    at.strftime(form).to_string()
}

pub fn local(at: Timestamp, zone: &TimeZone) -> Zoned {
    jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default().to_zoned(zone.clone())
}

/// `1.5 MiB`
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = "B";
    for next in UNITS {
        unit = next;
        if value < 1024.0 {
            break;
        }
        if next != "TiB" {
            value /= 1024.0;
        }
    }
    if unit == "B" { format!("{n} B") } else { format!("{value:.1} {unit}") }
}

/// `1 message`, `2 messages`
pub fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_relative_and_then_dates() {
        let now = Timestamp::parse("2026-03-10T12:00:00Z").unwrap();
        let at = |seconds: i64| ago(now.plus_micros(-seconds * 1_000_000), now, &TimeZone::UTC);
        let got: Vec<_> =
            [0, 12, 119, 3_599, 3_600, 86_399, 86_400, 172_800, 1_209_600, -3_600].map(at).into();
        assert_eq!(
            got,
            [
                "now",
                "12 s ago",
                "1 min ago",
                "59 min ago",
                "1 h ago",
                "23 h ago",
                "yesterday",
                "2 d ago",
                "2026-02-24",
                "2026-03-10 13:00"
            ]
        );
        let spans: Vec<_> = [0.25, 12.0, 300.0, 12_000.0, 530_000.0].map(span).into();
        assert_eq!(spans, ["250 ms", "12 s", "5 min", "3 h 20 min", "6 d 3 h"]);
        let sizes: Vec<_> = [0, 1_023, 1_536, 5 << 30, u64::MAX].map(bytes).into();
        assert_eq!(sizes, ["0 B", "1023 B", "1.5 KiB", "5.0 GiB", "16777216.0 TiB"]);
    }
}
