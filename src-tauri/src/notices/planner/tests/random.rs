//! Any events in any order, at any times, with settings that change.

use super::*;
use crate::notices::clients::REMEMBERED_MAX;
use crate::notices::drops::SESSIONS_MAX;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Tell(LifecycleEvent),
    Start(StartReport),
    Standing(Standing),
    Settings(NotificationSettings),
    /// Seconds; back as well.
    Clock(i64),
    LostTrack,
}

fn session() -> impl Strategy<Value = String> {
    (0..40_u8).prop_map(|n| format!("s{n}"))
}

fn sessions() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(session(), 0..6)
}

fn comings_and_goings() -> impl Strategy<Value = LifecycleEvent> {
    let at = Timestamp::from_micros(NOON);
    let reason = prop::sample::select(vec![
        InterruptionReason::Disconnect,
        InterruptionReason::Timeout,
        InterruptionReason::ServerCrash,
    ]);
    prop_oneof![
        3 => (0..20_u64, any::<Option<String>>(), sessions()).prop_map(|(id, client, sessions)| {
            LifecycleEvent::Dropped { connection: ConnectionId(id), client, sessions }
        }),
        6 => (session(), reason).prop_map(move |(session_id, reason)| {
            LifecycleEvent::Interrupted { session_id, reason, since: at, title: None }
        }),
        6 => (session(), any::<u64>(), any::<u64>()).prop_map(move |(session_id, replayed, missing)| {
            LifecycleEvent::Reconnected { session_id, since: at, replayed, missing, title: None }
        }),
        1 => session().prop_map(|session_id| LifecycleEvent::Completed { session_id, title: None }),
        1 => session().prop_map(|session_id| LifecycleEvent::Deleted { session_id }),
    ]
}

fn event() -> impl Strategy<Value = LifecycleEvent> {
    let stop =
        prop::sample::select(vec![StopReason::DiskFull, StopReason::SyncFailed, StopReason::DatabaseFailed]);
    prop_oneof![
        12 => comings_and_goings(),
        1 => (any::<u64>(), any::<u64>(), any::<u64>(), sessions()).prop_map(
            |(sessions, messages, incomplete, session_ids)| {
                LifecycleEvent::Recovered { sessions, messages, incomplete, session_ids }
            }
        ),
        1 => (0..3_u64, 0..3_u64, any::<bool>()).prop_map(|(interrupted, damaged, clean_stop)| {
            LifecycleEvent::RecoveryAtStart { replayed_records: 1, interrupted, damaged, clean_stop }
        }),
        1 => any::<(String, Option<String>)>().prop_map(|(what, quarantined_as)| {
            LifecycleEvent::DamageFound { what, quarantined_as }
        }),
        1 => stop.prop_map(|reason| LifecycleEvent::RecordingStopped { reason, message: String::new() }),
        1 => any::<i64>().prop_map(|at| {
            LifecycleEvent::RecordingResumed { stopped_at: Timestamp::from_micros(at) }
        }),
        1 => Just(LifecycleEvent::Resumed),
        2 => (0..20_u8).prop_map(|n| LifecycleEvent::OriginRefused { origin: format!("https://{n}.example") }),
    ]
}

fn settings() -> impl Strategy<Value = NotificationSettings> {
    let hour = || prop::option::of((0..24_u8).prop_map(|hour| ClockTime::new(hour, 0).unwrap()));
    (any::<[bool; 5]>(), hour(), hour()).prop_map(|(on, quiet_from, quiet_until)| NotificationSettings {
        dropped: on[0],
        returned: on[1],
        recovered: on[2],
        damage: on[3],
        recording: on[4],
        quiet_from,
        quiet_until,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => event().prop_map(Step::Tell),
        1 => sessions().prop_map(|found| {
            let ids: Vec<&str> = found.iter().map(String::as_str).collect();
            Step::Start(report(false, 1, &ids, &["damage"]))
        }),
        2 => (session(), any::<u64>(), any::<u64>()).prop_map(|(session_id, missing, replayed)| {
            Step::Standing(Standing { session_id, missing, replayed })
        }),
        1 => settings().prop_map(Step::Settings),
        4 => (0..20_i64).prop_map(Step::Clock),
        1 => (-100_000..100_000_i64).prop_map(Step::Clock),
        1 => Just(Step::LostTrack),
    ]
}

impl Screen {
    fn step(&mut self, step: Step) {
        match step {
            Step::Tell(event) => self.tell(event),
            Step::Start(report) => self.start(&report),
            Step::Standing(standing) => self.planner.standing(&[standing]),
            Step::Settings(settings) => {
                let acts = self.planner.settings(settings, self.now);
                self.take(acts);
            }
            Step::Clock(secs) if secs < 0 => self.now = self.now.plus_micros(secs * SEC),
            Step::Clock(secs) => self.pass(secs * 1_000),
            Step::LostTrack => {
                let acts = self.planner.lost_track();
                self.take(acts);
            }
        }
    }
}

proptest! {
    // `take` checks that nothing is closed that was not shown, and that no more is shown than there is room for
    #[test]
    fn the_screen_is_kept_well(first in settings(), steps in prop::collection::vec(step(), 0..80)) {
        let mut screen = Screen::new(first);
        for step in steps {
            screen.step(step);
            let open = screen.planner.board.incidents();
            prop_assert!(open.len() <= INCIDENTS_MAX);
            prop_assert!(screen.shown.keys().all(|incident| open.contains(incident)));
            let (remembered, followed) = screen.planner.remembered();
            prop_assert!(remembered <= REMEMBERED_MAX && followed <= SESSIONS_MAX);
        }
        // in the end nothing stays but that nothing is recorded, where that is so
        screen.pass(72 * 3_600_000);
        let left: Vec<Incident> = screen.planner.board.incidents();
        prop_assert!(left.is_empty() || left == [Incident::Recording], "{:?}", left);
        prop_assert!(screen.shown.len() <= left.len());
    }

    #[test]
    fn in_quiet_hours_only_a_stop_is_shown(steps in prop::collection::vec(event(), 0..60)) {
        let from = ClockTime::new(0, 0);
        let until = ClockTime::new(23, 0);
        let quiet = NotificationSettings { quiet_from: from, quiet_until: until, ..NotificationSettings::default() };
        let mut screen = Screen::new(quiet);
        for event in steps {
            screen.tell(event);
            screen.pass(700);
        }
        prop_assert!(screen.shows.iter().all(|(incident, ..)| *incident == Incident::Recording));
    }

    #[test]
    fn what_is_shown_fits_the_screen(steps in prop::collection::vec(step(), 0..60)) {
        let mut screen = Screen::default();
        steps.into_iter().for_each(|step| screen.step(step));
        for (_, title, body) in &screen.shows {
            prop_assert!(!title.is_empty() && !body.is_empty());
            prop_assert!(!title.contains(char::is_control) && !body.contains(char::is_control));
            prop_assert!(title.chars().count() <= 120 && body.chars().count() <= 400, "{} {}", title, body);
        }
    }
}

#[test]
fn memory_is_bounded_in_a_flood() {
    let mut screen = Screen::default();
    for n in 0..6_000_u64 {
        let session = format!("s{n}");
        screen.dropped(n, "vscode", &[&session]);
        screen.interrupted(&session);
    }
    screen.pass(1_000);
    assert_eq!(screen.planner.remembered(), (REMEMBERED_MAX, SESSIONS_MAX));
    assert_eq!(screen.reads(), [("VS Code dropped", "6000 live sessions are waiting")]);
    assert_eq!(screen.links(), ["/recovery"]);
}
