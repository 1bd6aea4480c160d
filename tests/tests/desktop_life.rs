//! How the desktop app starts and ends: beside another one, on a busy port, with hardly anything there, at a stop of any kind.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::desk::{App, Desk, Item, Login, Notes};
use chasm_tests::{Disk, Ended, Opts, Recorder, events, eventually, run_to_end, within};
use rustix::process::Signal;
use serde_json::json;
use std::net::TcpListener;

const TITLE: &str = "Chasm Recorder";

#[test]
fn a_second_start_shows_the_first_ones_window_and_ends() {
    within(120, async {
        let desk = Desk::bare().with_display().with_bus();
        let mut app = App::hidden(&desk);
        let done = app.second(&desk, &[]);
        assert_eq!(done.code, 0, "{done:?}");
        desk.display().window_appears(TITLE);
        assert!(app.is_alive());
        assert_eq!(app.status().await["status"], "recording");
        // at login it would only have been too late: nothing to show
        assert_eq!(app.second(&desk, &["--hidden"]).code, 0);
        desk.display().windows_are(TITLE, 1);
        assert_eq!(desk.processes_named("chasm-recorder").iter().filter(|pid| **pid == app.pid()).count(), 1);
    });
}

#[test]
fn a_login_after_the_start_gives_it_a_display() {
    within(120, async {
        let mut desk = Desk::bare();
        let app = App::hidden(&desk);
        app.record(&events::message("fox", 1)).await;
        desk.start_display();
        desk.start_bus();
        desk.start_panel().await;
        assert_eq!(app.second(&desk, &[]).code, 0);
        desk.display().window_appears(TITLE);
        Item::appears(&desk.connect().await).await;
        app.part_is("tray", "ok").await;
    });
}

#[test]
fn a_chasm_serve_on_the_same_data_is_found_and_said() {
    within(90, async {
        let desk = Desk::bare().with_display().with_bus();
        let serve = Recorder::plain();
        let done = run_to_end(&mut App::command(&desk, &serve.data_dir()), b"", 30);
        assert_eq!(done.code, 1, "{done:?}");
        for words in [&serve.pid().to_string(), "chasm serve", "chasm open"] {
            assert!(done.stderr.contains(words), "{words} is not in {done:?}");
        }
        assert!(serve.status().await["desktop"].is_null());
        let answer = serve.rest("POST", "/api/app/open", &json!({})).await;
        assert_eq!(answer.error(409), "no_desktop");
    });
}

#[test]
fn a_busy_port_gives_way_to_the_next_free_one() {
    within(90, async {
        let desk = Desk::with_panel().await;
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let mut app = App::start(&desk, &["--hidden", "--port", &port.to_string()]);
        let mine = app.address().port();
        assert!(mine != port && mine > port && mine <= port + 20, "{mine} instead of {port}");
        app.record(&events::message("fox", 1)).await;
        // who reads server.json finds it
        assert_eq!(app.cli(&desk, &["status", "--json"]).ok().json()["sessions"], 1);
        let item = Item::appears(&desk.connect().await).await;
        let line = item.entry(&[&format!("Listening on {mine} ({port} is taken by ")]).await;
        assert!(!line.enabled, "{line:?}");
        drop(taken);
        app.term();
        app.restart(&desk);
        assert_eq!(app.address().port(), port, "free again");
    });
}

/// Without a display, without a bus, without the program for tray and window: it records, and says what is missing.
#[test]
fn what_is_missing_is_said_and_recording_does_not_mind() {
    within(150, async {
        for (desk, missing) in [
            (Desk::bare(), ["tray", "window", "notifications"].as_slice()),
            (Desk::bare().with_display(), ["tray", "notifications"].as_slice()),
            (Desk::bare().with_bus(), ["tray", "window", "notifications"].as_slice()),
        ] {
            let mut app = App::start(&desk, &[]);
            drop(app.client("vscode/1.99", "fox", 2).await);
            eventually("it is interrupted", 20, async || {
                (app.status().await["interrupted_sessions"] == 1).then_some(())
            })
            .await;
            app.record(&events::message("fox", 3)).await;
            for part in missing {
                eventually(&format!("{part} is said to be missing"), 20, async || {
                    let (state, detail) = app.part(part).await;
                    (state != "ok" && !detail.is_empty()).then_some(())
                })
                .await;
            }
            let said = app.cli(&desk, &["status"]).ok().stdout;
            assert!(missing.iter().all(|part| said.contains(part)), "{said}");
            assert_eq!(app.session("fox").await["messages"].as_array().unwrap().len(), 3);
            app.term();
        }
    });
}

#[test]
fn without_the_programs_for_tray_and_window_it_records() {
    within(90, async {
        let desk = Desk::with_panel().await;
        let mut command = App::command(&desk, &desk.home().join("data"));
        let nowhere = desk.home().join("not-there");
        command.args(["--port", "0"]).env("CHASM_TRAY_BIN", &nowhere).env("CHASM_SHELL_BIN", &nowhere);
        let mut app = App::adopt(&desk, &mut command);
        let _ws = app.client("vscode/1.99", "fox", 2).await;
        let why = app.part_is("tray", "missing").await;
        assert!(why.contains("not-there"), "{why}");
        app.part_is("window", "missing").await;
        app.term();
    });
}

#[test]
fn the_recorder_itself_has_nothing_of_a_window_in_it() {
    within(60, async {
        let desk = Desk::with_panel().await;
        let app = App::hidden(&desk);
        let item = Item::appears(&desk.connect().await).await;
        let maps = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
        for library in ["libgtk", "libgdk", "libwebkit", "libX11", "libayatana", "libglib"] {
            assert!(!maps(app.pid()).contains(library), "{library} is in the recorder's process");
        }
        let tray = maps(item.pid().await.unwrap());
        for library in ["libwebkit", "libjavascriptcore", "libsoup", "libayatana"] {
            assert!(!tray.contains(library), "{library} is in the tray's process");
        }
    });
}

#[test]
fn the_session_bus_may_die() {
    within(120, async {
        let mut desk = Desk::with_panel().await;
        let mut app = App::hidden(&desk);
        Item::appears(&desk.connect().await).await;
        let mut ws = app.client("vscode/1.99", "fox", 1).await;
        desk.stop_panel();
        desk.stop_bus();
        ws.send(&events::message("fox", 2)).await;
        ws.all_acked().await;
        drop(ws);
        eventually("it is interrupted", 20, async || {
            (app.status().await["interrupted_sessions"] == 1).then_some(())
        })
        .await;
        app.record(&events::message("fox", 3)).await;
        assert!(app.is_alive());
        app.term();
    });
}

#[test]
fn a_read_only_home_keeps_only_what_lies_in_it_from_working() {
    let Some(disk) = Disk::mount() else { return };
    within(120, async {
        let desk = Desk::with_panel().await;
        disk.make_read_only();
        let on_it = |command: &mut std::process::Command| {
            for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
                command.env(name, disk.path());
            }
        };
        // data that cannot be written: it says so and ends
        let mut command = desk.command(chasm_tests::recorder());
        command.args(["--port", "0"]);
        on_it(&mut command);
        let done = run_to_end(&mut command, b"", 30);
        assert_eq!(done.code, 1, "{done:?}");
        assert!(done.stderr.to_lowercase().contains("read-only"), "{done:?}");

        // data elsewhere: it records, and what is asked of the home fails without harm
        let mut command = App::command(&desk, &desk.home().join("data"));
        command.args(["--hidden", "--port", "0"]);
        on_it(&mut command);
        let mut app = App::adopt(&desk, &mut command);
        let item = Item::appears(&desk.connect().await).await;
        let _ws = app.client("vscode/1.99", "fox", 2).await;
        item.shows("recording").await;
        item.click(&["Start at login"]).await;
        desk.display().window_appears("That did not work");
        app.record(&events::message("fox", 3)).await;
        assert_eq!(item.entry(&["Start at login"]).await.checked, Some(false));
        assert!(app.is_alive());
        app.term();
    });
}

#[test]
fn a_stop_of_any_kind_keeps_what_was_acknowledged() {
    within(150, async {
        let desk = Desk::with_panel().await;
        let mut app = App::hidden(&desk);
        let item = Item::appears(&desk.connect().await).await;
        let mut kept = 0;
        for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
            let mut ws = app.ws().await;
            ws.hello(&["load"]).await;
            // more than it can have written when the signal comes
            let from = kept + 1;
            for n in from..from + 3_000 {
                if !ws.put_event(&events::message("load", n)).await {
                    break;
                }
                if n == from + 1_000 {
                    ws.acked(1).await;
                    app.signal(signal);
                }
            }
            let end = ws.end().await;
            assert!(matches!(end, Ended::Closed(1001)), "{signal:?}: {end:?}");
            app.ends_well();
            let acked = from - 1 + ws.acked;
            assert!(ws.acked > 0);
            app.restart(&desk);
            let there = app.events("load").await.len() as u64;
            assert!(there >= acked, "{signal:?}: {acked} were acked, {there} are there");
            assert_eq!(app.status().await["last_recovery"]["clean_stop"], true, "{signal:?}");
            kept = there;
        }
        drop(item);
        Item::appears(&desk.connect().await).await;
        app.term();
        eventually("nothing is left", 20, async || desk.processes_named("chasm").is_empty().then_some(()))
            .await;
    });
}

#[test]
fn sleep_and_shutdown_wait_until_everything_is_in_the_database() {
    within(120, async {
        let mut desk = Desk::bare().with_bus();
        let login = Login::start(&mut desk).await;
        std::fs::create_dir_all(desk.home().join("data")).unwrap();
        // nothing is flushed for the time alone
        std::fs::write(desk.home().join("data/config.toml"), "[recording]\nflush_ms = 60000\n").unwrap();
        let mut app = App::hidden(&desk);
        let batch = |session: &str| json!((1..=50).map(|n| events::message(session, n)).collect::<Vec<_>>());
        login.asked("sleep").await;
        app.record(&batch("sleep")).await;
        login.announce("PrepareForSleep", true).await;
        eventually("the machine may sleep", 20, async || (login.held_up("sleep") == 0).then_some(())).await;
        assert_eq!(app.status().await["buffer"]["events"], 0);
        login.announce("PrepareForSleep", false).await;

        // awake again, it wants to be waited for again
        login.asked("shutdown").await;
        app.record(&batch("shutdown")).await;
        login.announce("PrepareForShutdown", true).await;
        eventually("the machine may stop", 20, async || (login.held_up("shutdown") == 0).then_some(())).await;
        app.ends_well();
        app.restart(&desk);
        let status = app.status().await;
        assert_eq!(status["last_recovery"]["clean_stop"], true, "{status}");
        for session in ["sleep", "shutdown"] {
            assert_eq!(app.events(session).await.len(), 50, "{session}");
        }
    });
}

/// A plain server's status has no desktop in it, and the app's says that all is there.
#[test]
fn the_status_says_what_of_the_desktop_is_there() {
    within(90, async {
        let desk = Desk::with_panel().await;
        let _notes = Notes::start(desk.bus_address().unwrap()).await;
        let app = App::hidden(&desk);
        for part in ["tray", "window", "notifications"] {
            eventually(part, 20, async || {
                let (state, _) = app.part(part).await;
                ["ok", "off"].contains(&state.as_str()).then_some(())
            })
            .await;
        }
        app.part_is("tray", "ok").await;
        assert!(Recorder::start(Opts::default()).status().await["desktop"].is_null());
    });
}
