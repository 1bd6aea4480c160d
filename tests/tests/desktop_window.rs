//! The real window: what it shows, what it may not do, and that closing or crashing it costs the recording nothing.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::desk::{App, Desk, Driver};
use chasm_tests::{Recorder, events, eventually, process, within};
use serde_json::json;

const TITLE: &str = "Chasm Recorder";
const STRIP: &str = ".strip";
const LIST: &str = "main .list";
const SESSION: &str = "main a[data-row]";
const HEAD: &str = "main .session h1";
const CHAT: &str = "main .transcript";

#[test]
fn status_list_and_a_session() {
    within(120, async {
        let desk = Desk::bare().with_display().with_bus();
        let mut recorder = Recorder::plain();
        let mut batch = vec![events::start("fox/ü", "The quick fox")];
        batch.extend((1..=3).map(|n| events::message("fox/ü", n)));
        recorder.record(&json!(batch)).await;
        let url = format!("http://{}", recorder.address());
        let window = Driver::open(&desk, &url, &[]).await;

        let strip = window.shows(STRIP, "Recording").await;
        assert!(strip.contains("last write") && strip.contains("1 live session"), "{strip}");
        window.shows(LIST, "The quick fox").await;
        window.click(SESSION).await;
        window.shows(HEAD, "The quick fox").await;
        for n in 1..=3 {
            window.shows(CHAT, &events::content("fox/ü", n)).await;
        }

        // what is on another page is told by the recorder
        window.tell(&json!({"go": "/recovery"}));
        window.shows("main h1", "Recovery").await;
        window.tell(&json!({"go": "/session/fox%2F%C3%BC"}));
        window.shows(HEAD, "The quick fox").await;

        recorder.rest("POST", "/api/recording/pause", &json!({})).await.expect(200);
        window.shows(STRIP, "Paused").await;
        recorder.rest("POST", "/api/recording/resume", &json!({})).await.expect(200);
        window.shows(STRIP, "Recording").await;
        recorder.term();
        window.shows(STRIP, "cannot be reached").await;
        window.close().await;
    });
}

#[test]
fn a_chat_is_text_and_the_window_goes_nowhere_else() {
    within(120, async {
        let desk = Desk::bare().with_display().with_bus();
        let recorder = Recorder::plain();
        let evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";
        recorder.record(&events::start("evil", evil)).await;
        let message =
            json!({"session_id": "evil", "event_type": "message", "data": {"role": "user", "content": evil}});
        recorder.record(&message).await;
        let window = Driver::open(&desk, &format!("http://{}", recorder.address()), &[]).await;
        window.shows(LIST, "<img src=x").await;
        window.click(SESSION).await;
        window.shows(CHAT, "<script>").await;
        assert_eq!(
            window.script("return document.querySelectorAll('main img, main script').length").await,
            0
        );

        // the page's own policy, whatever the page does
        let inline = "const s = document.createElement('script'); s.textContent = 'window.owned = 1'; \
             document.head.append(s); return window.owned ?? 0";
        assert_eq!(window.script(inline).await, 0, "a script in the page runs");
        let foreign = "const d = arguments[arguments.length - 1]; \
             fetch('https://example.invalid/').then(() => d('went out'), error => d(String(error)))";
        let blocked =
            "addEventListener('securitypolicyviolation', event => window.violated = event.violatedDirective)";
        window.script(blocked).await;
        window.script_async(foreign).await;
        assert_eq!(window.script("return window.violated").await, "connect-src");
        let home = window.script("return location.origin").await;
        for address in [
            format!("http://{}/", recorder.address()),
            "https://example.invalid/".into(),
            "about:blank".into(),
        ] {
            window.script(&format!("location.href = {}", json!(address))).await;
            window.drawn().await;
            assert_eq!(window.script("return location.origin").await, home, "it went to {address}");
        }
        window.script("window.open('https://example.invalid/')").await;
        window.drawn().await;
        desk.display().windows_are(".", 1);
        // of Tauri's commands the page has those that it was given, and no others
        let invoke = "const d = arguments[arguments.length - 1]; const i = window.__TAURI_INTERNALS__; \
             if (!i) { d('none'); return } i.invoke('plugin:fs|read_file', {path: '/etc/passwd'}).then(() => d('read'), e => d(String(e)))";
        assert_ne!(window.script_async(invoke).await, "read");
        window.close().await;
    });
}

#[test]
fn a_link_opens_in_the_browser_and_an_export_in_the_downloads() {
    within(120, async {
        let desk = Desk::bare().with_display().with_bus();
        let opened = desk.stand_in("xdg-open");
        let recorder = Recorder::plain();
        let link = "see [the docs](https://example.invalid/a?b=c) and [this](file:///etc/passwd)";
        let message =
            json!({"session_id": "fox", "event_type": "message", "data": {"role": "user", "content": link}});
        recorder.record(&json!([events::start("fox", "The quick fox"), message])).await;
        let window = Driver::open(&desk, &format!("http://{}", recorder.address()), &[]).await;
        window.tell(&json!({"go": "/session/fox"}));
        window.shows(CHAT, "the docs").await;
        window.click("main .transcript [data-address]").await;
        // the address is looked at first
        window.shows("dialog[open]", "https://example.invalid/a?b=c").await;
        assert!(!opened.exists(), "it opens by itself");
        window.click("dialog[open] .actions button:last-child").await;
        eventually("the browser is asked", 20, async || {
            (std::fs::read_to_string(&opened).ok()?.trim() == "https://example.invalid/a?b=c").then_some(())
        })
        .await;
        // and the page itself can ask for nothing else
        let ask = "const d = arguments[arguments.length - 1]; window.__TAURI_INTERNALS__.invoke('open_outside', \
             {address: 'file:///etc/passwd'}).then(() => d('opened'), error => d(String(error)))";
        assert_eq!(window.script_async(ask).await, "only addresses of http and https are opened");

        for (n, name) in [(1, "The quick fox.md"), (2, "The quick fox (1).md")] {
            window.click("main .session header [aria-haspopup=menu]").await;
            window.click("main .session header [role=menuitem]").await;
            let file = desk.home().join(name);
            let text = eventually(&format!("export {n} is in the downloads"), 20, async || {
                std::fs::read_to_string(&file).ok().filter(|text| text.contains("the docs"))
            })
            .await;
            assert!(text.contains("The quick fox"), "{text}");
        }
        window.close().await;
    });
}

#[test]
fn the_first_start_opens_it_and_closing_it_gives_everything_back() {
    within(150, async {
        let mut desk = Desk::bare().with_display().with_bus();
        desk.start_window_manager();
        let mut app = App::start(&desk, &[]);
        let window = desk.display().window_appears(TITLE);
        let mut ws = app.client("vscode/1.99", "fox", 1).await;
        eventually("WebKit runs", 20, async || (!desk.processes_named("WebKit").is_empty()).then_some(()))
            .await;
        desk.display().close(&window);
        eventually("all of WebKit is gone", 20, async || {
            desk.processes_named("WebKit").is_empty().then_some(())
        })
        .await;
        ws.send(&events::message("fox", 2)).await;
        ws.all_acked().await;
        assert!(app.is_alive());

        // it opens by itself the first time alone
        app.term();
        app.restart(&desk);
        app.record(&events::message("fox", 3)).await;
        app.second(&desk, &[]).ok();
        desk.display().window_appears(TITLE);
        desk.display().windows_are(TITLE, 1);
        app.term();
        eventually("nothing is left", 20, async || desk.processes_named("chasm").is_empty().then_some(()))
            .await;
        assert!(desk.processes_named("WebKit").is_empty());
    });
}

#[test]
fn hidden_opens_nothing_even_the_first_time() {
    within(90, async {
        let desk = Desk::with_panel().await;
        let app = App::hidden(&desk);
        chasm_tests::desk::Item::appears(&desk.connect().await).await;
        app.record(&events::message("fox", 1)).await;
        assert!(desk.display().windows(TITLE).is_empty());
        assert!(desk.processes_named("WebKit").is_empty());
    });
}

#[test]
fn its_size_and_place_are_kept() {
    within(150, async {
        let mut desk = Desk::bare().with_display().with_bus();
        desk.start_window_manager();
        let app = App::start(&desk, &[]);
        let window = desk.display().window_appears(TITLE);
        desk.display().resize(&window, 820, 610);
        desk.display().move_to(&window, 140, 90);
        let wanted = desk.display().window_appears(TITLE);
        assert_eq!((wanted.width, wanted.height), (820, 610));
        desk.display().close(&wanted);
        eventually("it is closed", 20, async || desk.processes_named("WebKit").is_empty().then_some(()))
            .await;
        app.second(&desk, &[]).ok();
        let again = desk.display().window_appears(TITLE);
        eventually("it is as it was", 20, async || {
            let now = desk.display().window_appears(TITLE);
            let near = (now.x - wanted.x).abs() <= 2 && (now.y - wanted.y).abs() <= 30;
            ((now.width, now.height) == (820, 610) && near).then_some(())
        })
        .await;
        drop(again);
    });
}

#[test]
fn links_lead_to_their_session_and_odd_ones_are_refused() {
    within(120, async {
        let desk = Desk::bare().with_display().with_bus();
        let app = App::hidden(&desk);
        app.record(&events::start("a b/c", "The quick fox")).await;
        let done = app.second(&desk, &["chasm://session/a%20b%2Fc"]);
        assert_eq!(done.code, 0, "{done:?}");
        desk.display().window_appears(TITLE);
        eventually("the window asks for the session", 20, async || {
            (app.asked("/api/recording/sessions/{id}").await > 0).then_some(())
        })
        .await;
        for odd in [
            "chasm://session/",
            "chasm://session/a/../b",
            "https://example.org/",
            "chasm://settings/x?y=1",
            "nonsense",
        ] {
            let done = app.second(&desk, &[odd]);
            assert_ne!(done.code, 0, "{odd}: {done:?}");
            assert!(done.stderr.contains("chasm://session/ID"), "{odd}: {done:?}");
        }
    });
}

#[test]
fn a_window_that_crashes_takes_nothing_with_it() {
    within(120, async {
        let desk = Desk::bare().with_display().with_bus();
        let mut app = App::start(&desk, &[]);
        desk.display().window_appears(TITLE);
        let mut ws = app.client("vscode/1.99", "fox", 1).await;
        for name in ["WebKitWebProcess", "WebKitNetworkProcess"] {
            let pids = eventually(name, 20, async || {
                Some(desk.processes_named(name)).filter(|pids| !pids.is_empty())
            })
            .await;
            pids.into_iter().for_each(process::kill);
        }
        for pid in desk.processes_named("chasm-recorder-shell") {
            process::kill(pid);
        }
        eventually("the window is gone", 20, async || desk.display().windows(TITLE).is_empty().then_some(()))
            .await;
        ws.send(&events::message("fox", 2)).await;
        ws.all_acked().await;
        app.second(&desk, &[]).ok();
        desk.display().window_appears(TITLE);
        assert!(app.is_alive());
    });
}

#[test]
fn the_x_server_may_die() {
    within(120, async {
        let mut desk = Desk::bare().with_display().with_bus();
        let mut app = App::start(&desk, &[]);
        desk.display().window_appears(TITLE);
        let mut ws = app.client("vscode/1.99", "fox", 1).await;
        desk.kill_display();
        eventually("the window's processes are gone", 20, async || {
            desk.processes_named("WebKit").is_empty().then_some(())
        })
        .await;
        ws.send(&events::message("fox", 2)).await;
        ws.all_acked().await;
        assert!(app.is_alive());

        // and when somebody logs in again, there is a window again
        desk.start_display();
        app.second(&desk, &[]).ok();
        desk.display().window_appears(TITLE);
        app.term();
    });
}

#[test]
fn start_at_login_is_asked_once() {
    within(120, async {
        let desk = Desk::bare().with_display().with_bus();
        let app = App::hidden(&desk);
        let entry = desk.autostart_entry();
        let url = format!("http://{}", app.address());
        let window = Driver::open(&desk, &url, &[]).await;
        // nothing is recorded yet: the page begins with what it does, where the data lie, and this question
        window.shows("main", app.data_dir().to_str().unwrap()).await;
        window.shows("main [role=switch]", "Off").await;
        assert!(!entry.exists(), "off until it is asked for");
        window.click("main [role=switch]").await;
        eventually("the entry is there", 20, async || entry.exists().then_some(())).await;
        window.shows("main [role=switch]", "On").await;
        window.click("main footer button").await;
        window.shows("main", "No session has been recorded yet").await;
        window.script("location.reload()").await;
        window.shows("main", "No session has been recorded yet").await;
        window.close().await;
    });
}
