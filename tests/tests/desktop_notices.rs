//! What the user is told through the desktop's notification service, and what happens where there is none.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::desk::{App, Desk, Notes, Silent};
use chasm_tests::{Disk, Ws, events, eventually, within};
use serde_json::json;

async fn notified() -> (Desk, Notes, App) {
    let desk = Desk::bare().with_bus();
    let notes = Notes::start(desk.bus_address().unwrap()).await;
    let app = App::hidden(&desk);
    (desk, notes, app)
}

async fn interrupted(app: &App, sessions: u64) {
    eventually(&format!("{sessions} sessions are interrupted"), 30, async || {
        (app.status().await["interrupted_sessions"] == sessions).then_some(())
    })
    .await;
}

#[test]
fn a_drop_is_told_and_the_return_takes_its_place() {
    within(90, async {
        let (_desk, notes, app) = notified().await;
        drop(app.client("vscode/1.99", "fox", 2).await);
        let dropped = notes.titled("VS Code dropped").await;
        assert!(
            dropped.body.contains("1 live session is waiting") && dropped.body.contains("0 events missing"),
            "{dropped:?}"
        );
        assert_eq!((dropped.id, dropped.urgency.unwrap_or(1)), (1, 1));
        let shown = serde_json::to_string(&format!("{dropped:?}")).unwrap();
        for secret in ["About fox", "quick brown fox"] {
            assert!(!shown.contains(secret), "a chat's text is on the screen: {dropped:?}");
        }

        let mut ws = app.ws().await;
        ws.try_hello_as("vscode/1.99", &["fox"]).await.unwrap();
        for n in 3..=8 {
            ws.send(&events::message("fox", n)).await;
        }
        ws.all_acked().await;
        let back = notes.until("6 events replayed", |note| note.body.contains("6 events replayed")).await;
        assert_eq!(
            (back.id, back.title.as_str()),
            (dropped.id, "VS Code is back"),
            "in the place of the first one"
        );
        assert!(back.body.contains("nothing missing") && back.updates > 0, "{back:?}");
        notes.closed(back.id).await;
        assert_eq!(notes.all().len(), 1, "{:?}", notes.all());
    });
}

#[test]
fn who_returns_within_the_grace_is_no_news() {
    within(90, async {
        let (_desk, notes, app) = notified().await;
        drop(app.client("vscode/1.99", "quick", 1).await);
        let _quick = app.client("vscode/1.99", "quick", 2).await;
        drop(app.client("claude-code/2.0", "slow", 1).await);
        // the later one is told, so the first one's time is over
        notes.titled("Claude Code dropped").await;
        assert_eq!(notes.all().len(), 1, "{:?}", notes.all());
    });
}

#[test]
fn a_click_opens_the_session_that_waits() {
    within(90, async {
        let desk = Desk::bare().with_bus().with_display();
        let notes = Notes::start(desk.bus_address().unwrap()).await;
        let app = App::hidden(&desk);
        drop(app.client("vscode/1.99", "fox", 2).await);
        let note = notes.titled("VS Code dropped").await;
        notes.click(&note, "default").await;
        desk.display().window_appears("Chasm Recorder");
        eventually("the window asks for the session", 20, async || {
            (app.asked("/api/recording/sessions/{id}").await > 0).then_some(())
        })
        .await;
    });
}

#[test]
fn what_a_crash_interrupted_is_told_at_the_next_start() {
    within(120, async {
        let desk = Desk::bare().with_bus().with_display();
        let notes = Notes::start(desk.bus_address().unwrap()).await;
        let mut app = App::hidden(&desk);
        let _clients =
            [app.client("vscode/1.99", "one", 3).await, app.client("claude-code/2.0", "two", 4).await];
        app.kill9();
        app.restart(&desk);
        let note = notes.titled("2 sessions were interrupted").await;
        assert!(!note.body.is_empty(), "{note:?}");
        let action = note.actions.iter().find(|key| *key != "default").expect("a button").clone();
        let before = app.asked("/api/recording/recovery").await;
        notes.click(&note, &action).await;
        desk.display().window_appears("Chasm Recorder");
        eventually("the window shows the recovery", 20, async || {
            (app.asked("/api/recording/recovery").await > before).then_some(())
        })
        .await;

        app.rest("POST", "/api/recording/recovery", &json!({})).await.expect(200);
        let done = notes.titled("Recovered 2 ").await;
        assert!(done.body.contains("7 messages"), "{done:?}");
    });
}

#[test]
fn fifty_drops_at_once_are_one_notification() {
    within(120, async {
        let (_desk, notes, app) = notified().await;
        let mut clients: Vec<Ws> = Vec::new();
        for n in 0..50 {
            clients.push(app.client("vscode/1.99", &format!("s{n}"), 1).await);
        }
        clients.clear();
        interrupted(&app, 50).await;
        let note =
            notes.until("all fifty", |note| format!("{} {}", note.title, note.body).contains("50")).await;
        // one that comes later stands behind all that came of the burst
        drop(app.client("claude-code/2.0", "later", 1).await);
        notes.titled("Claude Code").await;
        let all = notes.all();
        assert_eq!(all.iter().filter(|other| other.title == note.title).count(), 1, "{all:?}");
        assert!(all.len() <= 2, "{all:?}");
    });
}

#[test]
fn without_a_service_it_records_and_tells_whoever_comes_later() {
    within(120, async {
        let desk = Desk::bare().with_bus();
        let app = App::hidden(&desk);
        drop(app.client("vscode/1.99", "fox", 2).await);
        interrupted(&app, 1).await;
        let why = app.part_is("notifications", "missing").await;
        assert!(!why.is_empty());
        let said = app.cli(&desk, &["status"]).ok().stdout;
        assert!(said.contains("notifications"), "{said}");
        app.record(&events::message("fox", 3)).await;
        let notices = app.walk("/api/recording/notices", "notices").await;
        assert!(notices.iter().any(|notice| notice["kind"] == "interrupted"), "nothing is lost: {notices:?}");

        let notes = Notes::start(desk.bus_address().unwrap()).await;
        drop(app.client("claude-code/2.0", "late", 1).await);
        notes.titled("Claude Code dropped").await;
        app.part_is("notifications", "ok").await;
    });
}

#[test]
fn a_service_that_comes_and_goes_is_found_again() {
    within(120, async {
        let (desk, notes, app) = notified().await;
        drop(app.client("vscode/1.99", "one", 1).await);
        notes.titled("VS Code dropped").await;
        notes.stop().await;
        app.record(&events::message("one", 2)).await;
        let notes = Notes::start(desk.bus_address().unwrap()).await;
        drop(app.client("claude-code/2.0", "two", 1).await);
        notes.titled("Claude Code dropped").await;
    });
}

#[test]
fn a_service_that_never_answers_holds_nothing_up() {
    within(120, async {
        let desk = Desk::bare().with_bus();
        let _silent = Silent::start(desk.bus_address().unwrap()).await;
        let mut app = App::hidden(&desk);
        for n in 0..5 {
            drop(app.client("vscode/1.99", &format!("s{n}"), 1).await);
        }
        interrupted(&app, 5).await;
        let mut ws = app.client("claude-code/2.0", "live", 20).await;
        ws.send(&events::message("live", 21)).await;
        ws.all_acked().await;
        app.part_is("notifications", "missing").await;
        app.term();
    });
}

#[test]
fn a_full_disk_is_told_at_once_and_its_end_too() {
    let Some(disk) = Disk::mount() else { return };
    within(120, async {
        let desk = Desk::bare().with_bus();
        let notes = Notes::start(desk.bus_address().unwrap()).await;
        let app = App::start_in(&desk, &disk.path().join("data"), &["--hidden"]);
        app.record(&events::message("fox", 1)).await;
        let ballast = disk.fill(0);
        let big = "x".repeat(64 * 1024);
        eventually("an event is refused", 30, async || {
            let event = json!({"session_id": "fox", "event_type": "message", "data": {"role": "user", "content": big}});
            (app.rest("POST", "/api/recording/events", &event).await.status != 200).then_some(())
        })
        .await;
        let stopped = notes.titled("Not recording").await;
        assert_eq!(stopped.urgency, Some(2), "{stopped:?}");
        assert!(stopped.title.contains("disk full") && !stopped.body.is_empty(), "{stopped:?}");
        std::fs::remove_file(ballast).unwrap();
        let again = notes.titled("Recording again").await;
        assert_eq!(again.id, stopped.id, "in the place of the first one");
        notes.closed(again.id).await;
    });
}

#[test]
fn a_kind_that_is_switched_off_is_not_told() {
    within(90, async {
        let (_desk, notes, app) = notified().await;
        app.rest("PATCH", "/api/settings", &json!({"notifications.dropped": false})).await.expect(200);
        drop(app.client("vscode/1.99", "fox", 2).await);
        interrupted(&app, 1).await;
        app.rest("POST", "/api/recording/recovery", &json!({})).await.expect(200);
        notes.titled("Recovered 1 session").await;
        assert_eq!(notes.all().len(), 1, "{:?}", notes.all());
    });
}
