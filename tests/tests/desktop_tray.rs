//! The tray icon in a real panel: what it shows after what happens, and what its menu does.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::desk::{App, Desk, Item};
use chasm_tests::{Disk, Ended, events, eventually, process, within};
use serde_json::{Value, json};

const DETAIL: &str = "/api/recording/sessions/{id}";

async fn app_in_a_panel() -> (Desk, App, Item) {
    let desk = Desk::with_panel().await;
    let app = App::hidden(&desk);
    let item = Item::appears(&desk.connect().await).await;
    (desk, app, item)
}

#[test]
fn the_icon_follows_what_happens() {
    within(120, async {
        let (_desk, app, item) = app_in_a_panel().await;
        let idle = item.shows("idle").await;
        assert!(idle.tooltip.contains("Idle") && idle.tooltip.contains("no live session"), "{idle:?}");

        let mut ws = app.client("vscode/1.99", "fox", 2).await;
        let recording = item.shows("recording").await;
        for words in ["Recording", "1 live session", "1 client", "last write"] {
            assert!(recording.tooltip.contains(words), "{recording:?}");
        }

        app.rest("POST", "/api/recording/pause", &json!({"minutes": 15})).await.expect(200);
        let paused = item.shows("paused").await;
        assert!(paused.tooltip.contains("Paused until"), "{paused:?}");
        app.rest("POST", "/api/recording/resume", &json!({})).await.expect(200);
        item.shows("recording").await;

        drop(ws);
        let attention = item.shows("attention").await;
        assert!(attention.tooltip.contains("1 session was interrupted"), "{attention:?}");
        app.rest("POST", "/api/recording/recovery", &json!({})).await.expect(200);
        item.shows("idle").await;

        ws = app.client("vscode/1.99", "fox", 3).await;
        item.shows("recording").await;
        ws.send(&events::end("fox", 9)).await;
        ws.all_acked().await;
        item.shows("idle").await;
    });
}

#[test]
fn the_icon_says_when_nothing_can_be_recorded() {
    let Some(disk) = Disk::mount() else { return };
    within(120, async {
        let desk = Desk::with_panel().await;
        let app = App::start_in(&desk, &disk.path().join("data"), &["--hidden"]);
        let item = Item::appears(&desk.connect().await).await;
        let _ws = app.client("vscode/1.99", "fox", 2).await;
        item.shows("recording").await;

        let ballast = disk.fill(0);
        let big = "x".repeat(64 * 1024);
        eventually("an event is refused", 30, async || {
            let event = json!({"session_id": "fox", "event_type": "message", "data": {"role": "user", "content": big}});
            (app.rest("POST", "/api/recording/events", &event).await.status != 200).then_some(())
        })
        .await;
        let error = item.shows("error").await;
        assert!(error.tooltip.contains("Not recording") && error.tooltip.contains("full"), "{error:?}");
        let line = item.menu().await.remove(0);
        assert!(line.label.contains("Not recording") && !line.enabled, "{line:?}");

        std::fs::remove_file(ballast).unwrap();
        item.shows("recording").await;
    });
}

#[test]
fn the_menu_says_what_runs_and_offers_what_can_be_done() {
    within(120, async {
        let (_desk, app, item) = app_in_a_panel().await;
        let _one = app.client("vscode/1.99", "one", 1).await;
        let two = app.client("claude-code/2.0", "two", 1).await;
        item.entry(&["Recording · 2 live sessions"]).await;
        for client in ["VS Code · 1 session", "Claude Code · 1 session"] {
            assert!(!item.entry(&[client]).await.enabled, "{client} is something to read");
        }
        for session in ["● About one", "● About two"] {
            assert!(item.entry(&["Recent sessions", session]).await.enabled);
        }
        let none = item.entry(&["Recover interrupted"]).await;
        assert!(!none.enabled && !none.label.contains('('), "{none:?}");
        drop(two);
        let one = item.entry(&["Recover interrupted… (1)"]).await;
        assert!(one.enabled);
        for entry in
            ["Open", "Copy server address", "Open in browser", "Data folder", "Logs", "About", "Quit"]
        {
            assert!(item.entry(&[entry]).await.enabled, "{entry}");
        }
        for pause in ["15 minutes", "1 hour", "Until resumed"] {
            assert!(item.entry(&["Pause recording", pause]).await.enabled, "{pause}");
        }
        assert_eq!(item.entry(&["Start at login"]).await.checked, Some(false));
        println!("{}", item.drawn().await);
    });
}

#[test]
fn a_pause_from_the_menu_reaches_the_clients() {
    within(90, async {
        let (_desk, app, item) = app_in_a_panel().await;
        let mut ws = app.client("vscode/1.99", "fox", 1).await;
        for (label, minutes) in [("15 minutes", Some(15)), ("1 hour", Some(60)), ("Until resumed", None)] {
            item.click(&["Pause recording", label]).await;
            ws.until("paused").await;
            let status = app.becomes("paused").await;
            let left = status["paused_until"].as_str().map(minutes_left);
            assert_eq!(left.map(|m| m.round()), minutes.map(f64::from), "{label}: {status}");
            item.click(&["Resume"]).await;
            ws.until("resumed").await;
            app.becomes("recording").await;
        }
        ws.send(&events::message("fox", 2)).await;
        ws.all_acked().await;
    });
}

/// From the recorder's own clock: the time of day is that of this machine.
fn minutes_left(until: &str) -> f64 {
    let done = std::process::Command::new("date").args(["+%s.%N", "-d", until]).output().unwrap();
    let at: f64 = String::from_utf8(done.stdout).unwrap().trim().parse().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    (at - now.as_secs_f64()) / 60.0
}

#[test]
fn a_recent_session_opens_and_so_does_the_recovery() {
    within(120, async {
        let (desk, app, item) = app_in_a_panel().await;
        let ws = app.client("vscode/1.99", "fox/ü", 2).await;
        item.entry(&["Recent sessions", "● About fox/ü"]).await;
        assert_eq!(app.asked(DETAIL).await, 0, "nothing looks at a session yet");
        assert!(desk.display().windows("Chasm Recorder").is_empty());
        item.click(&["Recent sessions", "● About fox/ü"]).await;
        desk.display().window_appears("Chasm Recorder");
        eventually("the window asks for the session", 20, async || {
            (app.asked(DETAIL).await > 0).then_some(())
        })
        .await;

        drop(ws);
        let overview = app.asked("/api/recording/recovery").await;
        item.click(&["Recover interrupted… (1)"]).await;
        eventually("the window shows the recovery", 20, async || {
            (app.asked("/api/recording/recovery").await > overview).then_some(())
        })
        .await;
        desk.display().windows_are("Chasm Recorder", 1);
    });
}

#[test]
fn open_and_a_left_click_show_the_one_window() {
    within(90, async {
        let (desk, app, item) = app_in_a_panel().await;
        item.activate().await;
        desk.display().window_appears("Chasm Recorder");
        let looks = app.asked("/api/recording/status").await;
        item.click(&["Open"]).await;
        eventually("it goes on showing the status", 20, async || {
            (app.asked("/api/recording/status").await > looks).then_some(())
        })
        .await;
        desk.display().windows_are("Chasm Recorder", 1);
    });
}

#[test]
fn start_at_login_is_the_entry_itself() {
    within(120, async {
        let (desk, mut app, item) = app_in_a_panel().await;
        let entry = desk.autostart_entry();
        assert!(!entry.exists(), "nobody was asked yet");
        item.click(&["Start at login"]).await;
        eventually("the entry is there", 20, async || entry.exists().then_some(())).await;
        eventually("the tick is set", 20, async || {
            (item.entry(&["Start at login"]).await.checked == Some(true)).then_some(())
        })
        .await;
        let text = std::fs::read_to_string(&entry).unwrap();
        let exec = text.lines().find_map(|line| line.strip_prefix("Exec=")).unwrap().to_owned();
        assert!(exec.contains("--hidden"), "{text}");

        // a login: the session runs what the entry says
        app.term();
        eventually("the icon is gone", 20, async || {
            Item::all(&desk.connect().await).await.is_empty().then_some(())
        })
        .await;
        let mut login = desk.command("sh");
        let mut started = login.args(["-c", &format!("exec {exec}")]).spawn().unwrap();
        let item = Item::appears(&desk.connect().await).await;
        assert!(desk.display().windows("Chasm Recorder").is_empty(), "nothing opens at login");
        assert_eq!(item.entry(&["Start at login"]).await.checked, Some(true));

        item.click(&["Start at login"]).await;
        eventually("the entry is gone", 20, async || (!entry.exists()).then_some(())).await;
        item.click(&["Quit"]).await;
        let code = eventually("it ends", 20, async || started.try_wait().unwrap()).await;
        assert_eq!(code.code(), Some(0));
    });
}

#[test]
fn quit_ends_everything_and_asks_only_where_something_is_live() {
    within(120, async {
        let (desk, mut app, item) = app_in_a_panel().await;
        let mut ws = app.client("vscode/1.99", "fox", 1).await;
        item.shows("recording").await;
        item.click(&["Quit"]).await;
        let question = desk.display().window_appears("Stop recording");
        assert!(app.is_alive() && app.status().await["status"] == "recording", "it waits for an answer");
        desk.display().focus(&question);
        desk.display().key("Escape");
        eventually("the question is gone", 20, async || {
            desk.display().windows("Stop recording").is_empty().then_some(())
        })
        .await;
        ws.send(&events::message("fox", 2)).await;
        ws.all_acked().await;

        ws.send(&events::end("fox", 2)).await;
        ws.all_acked().await;
        item.shows("idle").await;
        item.click(&["Quit"]).await;
        app.ends_well();
        eventually("nothing of it is left", 20, async || {
            desk.processes_named("chasm").is_empty().then_some(())
        })
        .await;
        assert!(Item::all(&desk.connect().await).await.is_empty());
        assert!(!app.data_dir().join("server.json").exists());
    });
}

#[test]
fn quit_with_a_live_session_ends_cleanly_once_it_is_confirmed() {
    within(90, async {
        let (desk, mut app, item) = app_in_a_panel().await;
        let mut ws = app.client("vscode/1.99", "fox", 5).await;
        item.shows("recording").await;
        item.click(&["Quit"]).await;
        let question = desk.display().window_appears("Stop recording");
        // the left one of its two buttons
        let (x, y) =
            (question.x + question.width.cast_signed() / 4, question.y + question.height.cast_signed() - 18);
        eventually("it ends", 20, async || {
            desk.display().click(x, y, 1);
            (!app.is_alive()).then_some(())
        })
        .await;
        assert_eq!(ws.end().await, Ended::Closed(1001));
        app.ends_well();
        app.restart(&desk);
        assert_eq!(app.status().await["last_recovery"]["clean_stop"], true);
        assert_eq!(app.session("fox").await["messages"].as_array().unwrap().len(), 5);
    });
}

#[test]
fn a_panel_that_comes_later_gets_the_icon() {
    within(120, async {
        let mut desk = Desk::bare().with_display().with_bus();
        let app = App::hidden(&desk);
        let _ws = app.client("vscode/1.99", "fox", 1).await;
        desk.start_panel().await;
        let bus = desk.connect().await;
        Item::appears(&bus).await.shows("recording").await;
        desk.stop_panel();
        app.record(&events::message("fox", 2)).await;
        desk.start_panel().await;
        Item::appears(&bus).await.shows("recording").await;
    });
}

#[test]
fn a_tray_that_crashes_comes_back_and_takes_nothing_with_it() {
    within(120, async {
        let (desk, mut app, item) = app_in_a_panel().await;
        let mut ws = app.client("vscode/1.99", "fox", 1).await;
        item.shows("recording").await;
        let tray = item.pid().await.unwrap();
        assert_ne!(tray, app.pid(), "the icon is another process's");
        process::kill(tray);
        ws.send(&events::message("fox", 2)).await;
        ws.all_acked().await;
        let bus = desk.connect().await;
        let again = eventually("another tray", 30, async || {
            let item = Item::all(&bus).await.into_iter().next()?;
            item.pid().await.filter(|pid| *pid != tray).map(|_| item)
        })
        .await;
        again.shows("recording").await;
        assert!(again.entry(&["Quit"]).await.enabled);
        // and its end is not waited for by a tray without a recorder
        app.kill9();
        eventually("the tray is gone too", 20, async || {
            desk.processes_named("chasm").is_empty().then_some(())
        })
        .await;
    });
}

/// The desktop's own program for addresses and folders is asked; here it only writes down what for.
#[test]
fn what_the_menu_opens_elsewhere_is_the_recorders_own() {
    within(90, async {
        let desk = Desk::with_panel().await;
        let opened = desk.stand_in("xdg-open");
        let app = App::hidden(&desk);
        let item = Item::appears(&desk.connect().await).await;
        let seen = async |count: usize| {
            eventually("something is opened", 20, async || {
                let lines: Vec<String> =
                    std::fs::read_to_string(&opened).ok()?.lines().map(str::to_owned).collect();
                (lines.len() == count).then(|| lines[count - 1].clone())
            })
            .await
        };
        item.click(&["Data folder"]).await;
        assert_eq!(seen(1).await, app.data_dir().to_str().unwrap());
        item.click(&["Logs"]).await;
        assert_eq!(seen(2).await, app.data_dir().join("logs").to_str().unwrap());
        item.click(&["Open in browser"]).await;
        let address = seen(3).await;
        let path =
            address.strip_prefix(&format!("http://{}", app.address())).unwrap_or_else(|| panic!("{address}"));
        assert!(path.contains("ticket="), "{address}");
        assert_eq!(
            app.get(path.split('#').next().unwrap()).await.status,
            303,
            "the ticket lets one in, once"
        );
    });
}

/// What others wrote may not break the menu.
#[test]
fn hostile_names_and_titles_stay_one_line_of_the_menu() {
    within(90, async {
        let (_desk, app, item) = app_in_a_panel().await;
        let title = "a_b & <b>c</b>\n\u{202e}evil\u{0007} ".to_owned() + &"x".repeat(500);
        app.record(&events::start("s", &title)).await;
        let mut ws = app.ws().await;
        ws.try_hello_as("<i>client</i>\n_x_", &["s"]).await.unwrap();
        let mut seen = Value::Null;
        eventually("the session is in the menu", 20, async || {
            let recent = item.entry(&["Recent sessions"]).await;
            seen = json!(recent.children.iter().map(|entry| &entry.label).collect::<Vec<_>>());
            recent.children.iter().any(|entry| entry.label.contains("a_b & <b>c</b>")).then_some(())
        })
        .await;
        for label in seen.as_array().unwrap().iter().map(|label| label.as_str().unwrap()) {
            assert!(!label.contains(['\n', '\u{202e}', '\u{7}']) && label.chars().count() < 80, "{label:?}");
        }
        let drawn = item.drawn().await;
        let client = drawn.lines().find(|line| line.contains("client") && line.contains("1 session"));
        assert!(client.is_some_and(|line| line.contains("_x_")), "{drawn}");
    });
}
