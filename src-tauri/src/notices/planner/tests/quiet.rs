//! Quiet hours.

use super::*;

const HOUR: i64 = 3_600_000;

/// From 22:00 until 07:00; noon is ten hours before.
fn nights() -> NotificationSettings {
    let time = |hour| ClockTime::new(hour, 0);
    NotificationSettings { quiet_from: time(22), quiet_until: time(7), ..NotificationSettings::default() }
}

/// A screen at 22:00.
fn night() -> Screen {
    let mut screen = Screen::new(nights());
    screen.pass(10 * HOUR);
    screen
}

#[test]
fn nothing_is_shown_but_that_nothing_is_recorded() {
    let mut screen = night();
    screen.lose(1, "vscode", &["a"]);
    screen.start(&report(false, 3, &["x"], &["y"]));
    screen.tell(recovered(&["x"], 1, 0));
    screen.pass(HOUR);
    assert!(screen.shows.is_empty());
    let stopped_at = screen.now;
    screen.stop(StopReason::DiskFull);
    assert_eq!(screen.reads()[0].0, "Not recording — disk full");
    screen.pass(60_000);
    screen.tell(LifecycleEvent::RecordingResumed { stopped_at });
    assert_eq!(screen.reads(), [("Recording again", "stopped for 1 min")]);
    screen.pass(HOUR);
    assert_eq!((screen.shown.len(), screen.shows.len()), (0, 2));
}

#[test]
fn their_end_tells_once_of_what_is_still_open() {
    let mut screen = night();
    screen.lose(1, "vscode", &["a"]);
    screen.pass(HOUR);
    screen.lose(2, "claude-code", &["b"]);
    screen.pass(HOUR);
    screen.lose(3, "zed", &["c"]);
    screen.damage("segment 1: bad checksum");
    screen.pass(HOUR);
    screen.back("c", 1, 0);
    screen.pass(6 * HOUR - 6_000 - 1_000);
    assert!(screen.shows.is_empty());
    screen.pass(2_000);
    let body = "Damaged bytes were set aside · VS Code dropped · Claude Code dropped";
    assert_eq!(screen.reads(), [("3 notices while it was quiet", body)]);
    assert_eq!(screen.links(), ["/recovery"]);
    // each goes on by itself, and the summary goes with the last one
    screen.back("a", 2, 0);
    screen.pass(1_000);
    assert_eq!(screen.reads()[0], ("VS Code is back", "2 events replayed, nothing missing"));
    screen.back("b", 0, 0);
    screen.pass(20_000);
    assert_eq!(screen.reads(), [("3 notices while it was quiet", body)]);
    screen.pass(24 * HOUR);
    assert!(screen.shown.is_empty());
}

#[test]
fn one_that_is_still_open_is_told_itself() {
    let mut screen = night();
    screen.lose(1, "vscode", &["a"]);
    screen.pass(9 * HOUR);
    assert_eq!(screen.reads(), [("VS Code dropped", "1 live session is waiting")]);
    assert_eq!(screen.shows.len(), 1);
}

#[test]
fn what_is_over_by_then_is_told_to_nobody() {
    let mut screen = night();
    screen.lose(1, "vscode", &["a"]);
    screen.pass(HOUR);
    screen.back("a", 2, 0);
    screen.pass(12 * HOUR);
    assert!(screen.shows.is_empty());
}

#[test]
fn what_was_on_the_screen_before_leaves_it_silently() {
    let mut screen = Screen::new(nights());
    screen.pass(10 * HOUR - 10_000);
    screen.lose(1, "vscode", &["a"]);
    screen.pass(60_000);
    assert_eq!(screen.shown.len(), 1);
    screen.lose(2, "vscode", &["b"]);
    screen.pass(60_000);
    assert_eq!(screen.shows.len(), 1);
    screen.back("a", 2, 0);
    screen.back("b", 2, 0);
    screen.pass(60_000);
    assert_eq!((screen.shown.len(), screen.shows.len()), (0, 1));
}

#[test]
fn what_changed_meanwhile_is_brought_up_to_date_at_their_end() {
    let mut screen = Screen::new(nights());
    screen.pass(10 * HOUR - 10_000);
    screen.lose(1, "vscode", &["a"]);
    screen.pass(60_000);
    screen.lose(2, "vscode", &["b"]);
    screen.pass(9 * HOUR);
    assert_eq!(screen.reads(), [("VS Code dropped", "2 live sessions are waiting")]);
    assert_eq!(screen.shows.len(), 2);
}

#[test]
fn they_go_by_the_clock_of_this_place() {
    let two_hours_east = TimeZone::fixed(jiff::tz::offset(2));
    for (zone, utc_hour, quiet) in [
        (TimeZone::UTC, 21, false),
        (TimeZone::UTC, 22, true),
        (TimeZone::UTC, 31, false),
        (two_hours_east.clone(), 20, true),
        (two_hours_east.clone(), 19, false),
        (two_hours_east, 29, false),
    ] {
        let planner = Planner::new(nights(), zone);
        let now = Timestamp::from_micros(NOON + (utc_hour - 12) * 3_600 * SEC);
        assert_eq!(planner.is_quiet(now), quiet, "{utc_hour}");
    }
}
