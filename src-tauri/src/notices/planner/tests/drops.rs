//! Clients that go and come back.

use super::*;

#[test]
fn a_drop_within_the_grace_is_told_to_nobody() {
    let mut screen = Screen::default();
    screen.dropped(1, "vscode/1.99", &["a"]);
    screen.pass(60_000);
    assert!(screen.shows.is_empty());
}

#[test]
fn a_client_drops_and_comes_back() {
    let mut screen = Screen::default();
    screen.lose(1, "vscode/1.99", &["a/b"]);
    screen.pass(999);
    assert!(screen.shown.is_empty());
    screen.standing("a/b", 0, 0);
    screen.pass(1);
    assert_eq!(screen.reads(), [("VS Code dropped", "1 live session is waiting · 0 events missing so far")]);
    assert_eq!(screen.links(), ["/session/a%2Fb"]);
    screen.pass(60_000);
    screen.back("a/b", 6, 0);
    screen.pass(500);
    assert_eq!(screen.reads(), [("VS Code is back", "6 events replayed, nothing missing")]);
    assert_eq!((screen.shows.len(), screen.links()), (2, vec!["/session/a%2Fb"]));
    screen.pass(7_999);
    assert_eq!(screen.shown.len(), 1);
    screen.pass(1);
    assert!(screen.shown.is_empty());
    assert_eq!(screen.planner.wake(screen.now), None);
}

#[test]
fn what_is_missing_is_said_only_where_it_is_known() {
    let mut screen = Screen::default();
    screen.lose(1, "vscode", &["a", "b"]);
    screen.standing("a", 2, 0);
    screen.pass(1_000);
    assert_eq!(screen.reads(), [("VS Code dropped", "2 live sessions are waiting")]);
    assert_eq!(screen.links(), ["/recovery"]);
    screen.interrupted("b");
    assert_eq!(screen.planner.asks(screen.now.plus_micros(SEC)), ["b"]);
    screen.standing("b", 1, 0);
    screen.pass(1_000);
    assert_eq!(
        screen.reads(),
        [("VS Code dropped", "2 live sessions are waiting · 3 events missing so far")]
    );
}

#[test]
fn some_are_back_before_others() {
    let mut screen = Screen::default();
    screen.lose(1, "vscode", &["a", "b"]);
    screen.pass(1_000);
    screen.back("a", 4, 1);
    screen.pass(1_000);
    assert_eq!(screen.reads(), [("VS Code dropped", "1 live session is waiting · 1 is back")]);
    screen.back("b", 2, 0);
    screen.pass(1_000);
    assert_eq!(screen.reads(), [("VS Code is back", "6 events replayed · 1 event missing")]);
    assert_eq!(screen.links(), ["/"]);
}

#[test]
fn a_replay_that_goes_on_is_counted_on_in_place() {
    let mut screen = Screen::default();
    screen.lose(1, "vscode", &["a"]);
    screen.pass(1_000);
    screen.back("a", 3, 7);
    screen.pass(500);
    assert_eq!(screen.reads(), [("VS Code is back", "3 events replayed · 7 events missing")]);
    screen.pass(1_999);
    assert_eq!(screen.planner.asks(screen.now.plus_micros(1_000)), ["a"]);
    screen.standing("a", 0, 10);
    screen.pass(1);
    assert_eq!(screen.reads(), [("VS Code is back", "10 events replayed, nothing missing")]);
    screen.pass(7_999);
    assert_eq!((screen.shown.len(), screen.shows.len()), (1, 3));
    screen.pass(1);
    assert!(screen.shown.is_empty());
}

#[test]
fn back_before_it_was_told_is_told_to_nobody() {
    let mut screen = Screen::default();
    screen.lose(1, "vscode", &["a"]);
    screen.pass(500);
    screen.back("a", 1, 0);
    screen.pass(60_000);
    assert!(screen.shows.is_empty());
    assert_eq!(screen.planner.wake(screen.now), None);
}

#[test]
fn a_burst_is_one_notification() {
    let names = ["vscode", "claude-code", "cursor", "zed"];
    let sessions: Vec<String> = (0..50).map(|n| format!("s{n}")).collect();
    let mut screen = Screen::default();
    for (n, session) in sessions.iter().enumerate() {
        screen.dropped(n as u64 % 12, names[n % 4], &[session]);
    }
    screen.pass(2_000);
    sessions.iter().for_each(|session| screen.interrupted(session));
    sessions.iter().for_each(|session| screen.standing(session, 0, 0));
    screen.pass(30_000);
    let words = (
        "50 sessions of 12 clients were interrupted",
        "50 live sessions are waiting · 0 events missing so far",
    );
    assert_eq!((screen.reads(), screen.shows.len()), (vec![words], 1));
    sessions.iter().for_each(|session| screen.back(session, 2, 0));
    screen.pass(600);
    assert_eq!(screen.reads(), [("12 clients are back", "100 events replayed, nothing missing")]);
    assert_eq!(screen.shows.len(), 2);
}

#[test]
fn a_burst_of_one_program_names_it() {
    let mut screen = Screen::default();
    for n in 0..50 {
        screen.dropped(n, "claude-code/2.0", &[&format!("s{n}")]);
    }
    screen.pass(2_000);
    (0..50).for_each(|n| screen.interrupted(&format!("s{n}")));
    screen.pass(1_000);
    assert_eq!(screen.reads(), [("Claude Code dropped", "50 live sessions are waiting")]);
}

#[test]
fn a_burst_that_takes_longer_is_one_notification_still() {
    let mut screen = Screen::default();
    (0..20).for_each(|n| screen.dropped(n, &format!("client-{n}"), &[&format!("s{n}")]));
    for n in 0..20 {
        screen.interrupted(&format!("s{n}"));
        screen.pass(200);
    }
    screen.pass(1_000);
    assert_eq!(screen.reads().len(), 1);
    assert_eq!(screen.reads()[0].0, "20 sessions of 20 clients were interrupted");
}

#[test]
fn a_client_has_one_notification_others_have_theirs() {
    let mut screen = Screen::default();
    screen.lose(1, "vscode", &["a"]);
    screen.pass(10_000);
    screen.lose(2, "claude-code", &["c"]);
    screen.pass(10_000);
    screen.lose(3, "vscode", &["b"]);
    screen.pass(10_000);
    assert_eq!(
        screen.reads(),
        [
            ("VS Code dropped", "2 live sessions are waiting"),
            ("Claude Code dropped", "1 live session is waiting"),
        ]
    );
}

#[test]
fn a_client_that_goes_again_while_it_is_said_to_be_back_waits_again() {
    let mut screen = Screen::default();
    screen.lose(1, "vscode", &["a"]);
    screen.pass(1_000);
    screen.back("a", 1, 0);
    screen.pass(3_000);
    screen.lose(2, "vscode", &["a"]);
    screen.pass(60_000);
    assert_eq!(screen.reads(), [("VS Code dropped", "1 live session is waiting")]);
    assert!(screen.shows.iter().all(|(incident, ..)| *incident == screen.shows[0].0));
}

#[test]
fn many_clients_that_go_one_by_one_do_not_fill_the_screen() {
    let mut screen = Screen::default();
    for n in 0..40 {
        screen.lose(n, &format!("client-{n}"), &[&format!("s{n}")]);
        screen.pass(20_000);
    }
    assert_eq!(screen.shown.len(), crate::notices::drops::DROPS_MAX);
}

#[test]
fn a_session_that_ended_or_was_deleted_waits_no_more() {
    let ways: [fn(String) -> LifecycleEvent; 2] = [
        |session_id| LifecycleEvent::Completed { session_id, title: None },
        |session_id| LifecycleEvent::Deleted { session_id },
    ];
    for settled in ways {
        let mut screen = Screen::default();
        screen.lose(1, "vscode", &["a", "b"]);
        screen.pass(1_000);
        screen.tell(settled(String::from("a")));
        screen.pass(1_000);
        assert_eq!(screen.reads(), [("VS Code dropped", "1 live session is waiting")]);
        screen.tell(settled(String::from("b")));
        screen.pass(1_000);
        assert!(screen.shown.is_empty());
    }
}
