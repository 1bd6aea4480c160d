//! Starts, recoveries, damage, times without recording; switches and age.

use super::*;

#[test]
fn a_crash_is_told_at_the_start_and_followed_until_all_are_back() {
    let mut screen = Screen::default();
    screen.start(&report(false, 31, &["a", "b"], &[]));
    screen.pass(1_000);
    assert_eq!(
        screen.reads(),
        [("2 sessions were interrupted", "31 records brought back from the journal · review to recover")]
    );
    assert_eq!(screen.links(), ["/recovery"]);
    screen.back("a", 3, 0);
    screen.pass(1_000);
    let one_back = "31 records brought back from the journal · 1 is recording again · 3 events replayed, nothing missing";
    assert_eq!(screen.reads(), [("2 sessions were interrupted", one_back)]);
    screen.back("b", 0, 0);
    screen.pass(1_000);
    assert!(screen.reads()[0].1.contains("all are recording again"));
    screen.pass(8_000);
    assert!(screen.shown.is_empty());
}

#[test]
fn a_start_tells_what_matters() {
    for (found, want) in [
        (report(true, 0, &[], &[]), vec![]),
        (report(false, 31, &[], &[]), vec![]),
        (
            report(true, 0, &["a"], &[]),
            vec![("1 session was interrupted", "live when the recorder stopped · review to recover")],
        ),
        (
            report(false, 0, &["a"], &[]),
            vec![("1 session was interrupted", "what was acknowledged is safe · review to recover")],
        ),
        (
            report(false, 1, &["a"], &["segment 12: bad checksum at byte 4096"]),
            vec![
                ("1 session was interrupted", "1 record brought back from the journal · review to recover"),
                ("Damaged bytes were set aside", "segment 12: bad checksum at byte 4096"),
            ],
        ),
        (
            report(true, 0, &[], &["one", "two"]),
            vec![("Damaged bytes were set aside", "2 places, the first: one")],
        ),
    ] {
        let mut screen = Screen::default();
        screen.start(&found);
        screen.pass(1_000);
        assert_eq!(screen.reads(), want);
        // the same told as events, without the names of the sessions
        let mut heard = Screen::default();
        for damage in &found.damage {
            heard.damage(&damage.what);
        }
        heard.tell(LifecycleEvent::RecoveryAtStart {
            replayed_records: found.replayed_records,
            interrupted: found.interrupted.len() as u64,
            damaged: found.damage.len() as u64,
            clean_stop: found.clean_stop,
        });
        heard.pass(1_000);
        assert_eq!(heard.reads(), want);
    }
}

#[test]
fn after_a_clean_stop_clients_that_are_back_at_once_need_no_notification() {
    for (clean, shows) in [(true, 0), (false, 1)] {
        let mut screen = Screen::default();
        screen.start(&report(clean, 0, &["a"], &[]));
        screen.pass(300);
        screen.back("a", 0, 0);
        screen.pass(60_000);
        assert_eq!((screen.shows.len(), screen.shown.len()), (shows, 0));
    }
}

#[test]
fn a_recovery_says_what_it_brought() {
    let mut screen = Screen::default();
    screen.start(&report(false, 31, &["a", "b"], &[]));
    screen.lose(1, "vscode", &["c"]);
    screen.pass(1_000);
    screen.tell(recovered(&["a", "c"], 84, 1));
    screen.pass(1_000);
    assert_eq!(screen.reads(), [("Recovered 2 of 3 sessions", "84 messages · 1 session is incomplete")]);
    screen.tell(recovered(&["b"], 6, 0));
    screen.pass(1_000);
    assert_eq!(screen.reads(), [("Recovered 3 sessions", "90 messages · 1 session is incomplete")]);
    assert_eq!(screen.links(), ["/recovery"]);
    screen.pass(30_000);
    assert!(screen.shown.is_empty());
    // on demand, of what no notification was about
    screen.tell(recovered(&["x"], 1, 0));
    screen.pass(1_000);
    assert_eq!(screen.reads(), [("Recovered 1 session", "1 message, nothing missing")]);
}

#[test]
fn damage_is_told_once_however_much_it_is() {
    let mut screen = Screen::default();
    (0..50).for_each(|n| screen.damage(&format!("segment {n}: bad\nchecksum <b>")));
    screen.pass(1_000);
    let body = "50 places, the first: segment 0: bad checksum ‹b›";
    assert_eq!(screen.reads(), [("Damaged bytes were set aside", body)]);
    assert_eq!((screen.shows.len(), screen.links()), (1, vec!["/status"]));
    screen.damage("more");
    screen.pass(1_000);
    assert_eq!(screen.shown.len(), 1);
    screen.tell(LifecycleEvent::DamageFound { what: "x".into(), quarantined_as: None });
    assert_eq!(screen.shown.len(), 1);
}

#[test]
fn not_recording_is_told_at_once_and_until_it_works_again() {
    for (reason, title) in [
        (StopReason::DiskFull, "Not recording — disk full"),
        (StopReason::SyncFailed, "Not recording — the disk failed"),
        (StopReason::DatabaseFailed, "Not recording — the database cannot be written"),
    ] {
        let mut screen = Screen::default();
        let stopped_at = screen.now;
        screen.stop(reason);
        assert_eq!(screen.reads()[0].0, title);
        assert_eq!(screen.shown[&Incident::Recording].urgency, Urgency::Critical);
        screen.pass(48 * 3_600_000);
        assert_eq!((screen.reads()[0].0, screen.shows.len()), (title, 1));
        screen.now = stopped_at.plus_micros(200 * SEC);
        screen.tell(LifecycleEvent::RecordingResumed { stopped_at });
        assert_eq!(screen.reads(), [("Recording again", "stopped for 3 min")]);
        assert_eq!(screen.shown[&Incident::Recording].urgency, Urgency::Normal);
        screen.pass(8_000);
        assert!(screen.shown.is_empty());
    }
}

#[test]
fn ordinary_comings_and_goings_are_told_to_nobody() {
    let session_id = || String::from("a");
    let at = Timestamp::from_micros(NOON);
    let mut screen = Screen::default();
    for event in [
        LifecycleEvent::Started { session_id: session_id(), title: None },
        LifecycleEvent::Connected { connection: ConnectionId(1), client: None },
        LifecycleEvent::Completed { session_id: session_id(), title: None },
        LifecycleEvent::Deleted { session_id: session_id() },
        LifecycleEvent::Paused { until: None },
        LifecycleEvent::Resumed,
        LifecycleEvent::RecordingResumed { stopped_at: at },
        LifecycleEvent::Reconnected {
            session_id: session_id(),
            since: at,
            replayed: 1,
            missing: 0,
            title: None,
        },
        LifecycleEvent::Interrupted {
            session_id: session_id(),
            reason: InterruptionReason::Timeout,
            since: at,
            title: None,
        },
    ] {
        screen.tell(event);
    }
    screen.pass(60_000);
    assert!(screen.shows.is_empty() && screen.planner.wake(screen.now).is_none());
}

type TurnOff = fn(&mut NotificationSettings);

#[test]
fn every_kind_has_its_switch() {
    let on = NotificationSettings::default();
    let all: [(&str, TurnOff); 5] = [
        ("VS Code dropped", |s| s.dropped = false),
        ("VS Code is back", |s| s.returned = false),
        ("1 session was interrupted", |s| s.recovered = false),
        ("Damaged bytes were set aside", |s| s.damage = false),
        ("Not recording — disk full", |s| s.recording = false),
    ];
    for (title, turn_off) in all {
        let mut settings = on;
        turn_off(&mut settings);
        let mut screen = Screen::new(settings);
        screen.start(&report(false, 0, &["x"], &["y"]));
        screen.stop(StopReason::DiskFull);
        screen.lose(1, "vscode", &["a"]);
        screen.pass(1_000);
        screen.back("a", 0, 0);
        screen.pass(1_000);
        for (other, _) in all {
            let seen = screen.shows.iter().any(|(_, shown, _)| shown == other);
            assert_eq!(seen, other != title, "{other} without {title}");
        }
        // without «is back», the old words do not stay
        assert!(!screen.reads().iter().any(|(shown, _)| *shown == "VS Code dropped"));
    }
}

#[test]
fn what_is_switched_off_leaves_the_screen() {
    let mut screen = Screen::default();
    screen.lose(1, "vscode", &["a"]);
    screen.stop(StopReason::DiskFull);
    screen.pass(1_000);
    assert_eq!(screen.shown.len(), 2);
    let off = NotificationSettings { dropped: false, recording: false, ..NotificationSettings::default() };
    let acts = screen.planner.settings(off, screen.now);
    screen.take(acts);
    assert!(screen.shown.is_empty());
    let acts = screen.planner.settings(NotificationSettings::default(), screen.now);
    screen.take(acts);
    assert_eq!(screen.shown.len(), 2);
}

#[test]
fn what_nobody_comes_back_for_leaves_the_screen_after_a_day() {
    let mut screen = Screen::default();
    screen.start(&report(false, 0, &["x"], &["y"]));
    screen.lose(1, "vscode", &["a"]);
    screen.pass(1_000);
    assert_eq!(screen.shown.len(), 3);
    screen.pass(25 * 3_600_000);
    assert!(screen.shown.is_empty() && screen.planner.wake(screen.now).is_none());
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_up() {
    let mut screen = Screen::default();
    screen.lose(1, "vscode", &["a"]);
    screen.now = screen.now.plus_micros(-3_600 * SEC);
    screen.pass(1_000);
    assert_eq!(screen.reads().len(), 1);
    screen.back("a", 0, 0);
    screen.pass(1_000);
    screen.now = screen.now.plus_micros(-3_600 * SEC);
    screen.pass(20_000);
    assert!(screen.shown.is_empty());
}

#[test]
fn after_missed_events_nothing_doubtful_stays() {
    let mut screen = Screen::default();
    screen.lose(1, "vscode", &["a"]);
    screen.stop(StopReason::DiskFull);
    screen.pass(1_000);
    let acts = screen.planner.lost_track();
    screen.take(acts);
    assert_eq!(screen.reads().len(), 1);
    assert_eq!(screen.reads()[0].0, "Not recording — disk full");
}
