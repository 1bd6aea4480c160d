//! «Who may connect», on raw sockets: every rule, on several routes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Opts, Recorder, Ws, events, eventually, http, is_root, run_to_end, within};
use serde_json::{Value, json};
use std::process::Command;

const EVENTS: &str = "/api/recording/events";
const JSON: (&str, &str) = ("Content-Type", "application/json");
async fn post(recorder: &Recorder, headers: &[(&str, &str)]) -> http::Answer {
    let body = events::message("posted", 1).to_string();
    http::ask(recorder.address(), "POST", EVENTS, headers, body.as_bytes()).await
}

#[test]
fn the_host_has_to_be_this_recorders() {
    within(60, async {
        let recorder = Recorder::plain();
        let (to, port) = (recorder.address(), recorder.address().port());
        for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"] {
            let answer =
                http::ask(to, "GET", "/api/recording/status", &[("Host", &format!("{host}:{port}"))], b"")
                    .await;
            assert_eq!(answer.status, 200, "{host}");
        }
        let wrong_port = format!("localhost:{}", port.wrapping_add(1));
        let evil = format!("evil.example:{port}");
        let suffix = format!("localhost.evil.example:{port}");
        let user = format!("localhost:{port}@evil.example");
        for host in [
            "evil.example",
            &evil,
            &suffix,
            &user,
            &wrong_port,
            "127.0.0.1",
            "localhost",
            "",
            "0.0.0.0",
            "::1",
        ] {
            http::refused_everywhere(recorder.address(), &[("Host", host)], 403, "forbidden_host").await;
            assert_eq!(post(&recorder, &[JSON, ("Host", host)]).await.error(403), "forbidden_host", "{host}");
        }
        let good = format!("127.0.0.1:{port}");
        http::refused_everywhere(
            recorder.address(),
            &[("Host", &good), ("Host", "evil.example")],
            403,
            "forbidden_host",
        )
        .await;
        http::refused_everywhere(
            recorder.address(),
            &[("Host", &good), ("Host", &good)],
            403,
            "forbidden_host",
        )
        .await;
        for path in http::ROUTES {
            let answer =
                http::raw(to, format!("GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n").as_bytes()).await;
            assert_eq!(answer.error(403), "forbidden_host", "no Host: {path}");
            let request = format!(
                "GET http://evil.example{path} HTTP/1.1\r\nHost: {good}\r\nConnection: close\r\n\r\n"
            );
            assert_eq!(
                http::raw(to, request.as_bytes()).await.error(403),
                "forbidden_host",
                "absolute: {path}"
            );
        }
        assert_eq!(recorder.status().await["sessions"], 0);
    });
}

#[test]
fn foreign_pages_are_kept_out() {
    within(60, async {
        let recorder = Recorder::plain();
        let port = recorder.address().port();
        let similar = format!("http://localhost:{port}.evil.example");
        let other_port = format!("http://localhost:{}", port.wrapping_add(1));
        for origin in
            ["https://evil.example", "null", "", "file://", &similar, &other_port, "https://chat.example"]
        {
            http::refused_everywhere(recorder.address(), &[("Origin", origin)], 403, "forbidden_origin")
                .await;
            assert_eq!(
                post(&recorder, &[JSON, ("Origin", origin)]).await.error(403),
                "forbidden_origin",
                "{origin}"
            );
        }
        let own = format!("http://localhost:{port}");
        http::refused_everywhere(
            recorder.address(),
            &[("Origin", &own), ("Origin", "https://evil.example")],
            403,
            "forbidden_origin",
        )
        .await;
        assert_eq!(http::ask(recorder.address(), "GET", "/", &[("Origin", &own)], b"").await.status, 200);
        for site in ["cross-site", "same-site", "?"] {
            http::refused_everywhere(recorder.address(), &[("Sec-Fetch-Site", site)], 403, "forbidden_site")
                .await;
        }
        for site in ["same-origin", "none"] {
            let answer = http::ask(recorder.address(), "GET", "/", &[("Sec-Fetch-Site", site)], b"").await;
            assert_eq!(answer.status, 200, "{site}");
        }
    });
}

#[test]
fn an_allowed_page_may_only_record() {
    within(60, async {
        let recorder = Recorder::plain();
        let page = ("Origin", "https://chat.example");
        let setting = json!({"allowed_origins": ["https://chat.example"]});
        recorder.rest("PATCH", "/api/settings", &setting).await.expect(200);
        let posted = post(&recorder, &[JSON, page]).await;
        assert_eq!(posted.status, 200, "{posted:?}");
        assert_eq!(posted.header("access-control-allow-origin"), Some("https://chat.example"));
        let mut ws = Ws::try_open(recorder.address(), &[("origin", "https://chat.example")])
            .await
            .unwrap_or_else(|s| panic!("{s}"));
        ws.send(&events::message("by page", 1)).await;
        ws.all_acked().await;
        for path in [
            "/api/recording/sessions/posted",
            "/api/recording/sessions",
            "/api/recording/live",
            "/",
            "/metrics",
            "/api/settings",
        ] {
            let answer = http::ask(recorder.address(), "GET", path, &[page], b"").await;
            assert_eq!(answer.error(403), "forbidden_origin", "{path}");
        }
        for (method, path) in [
            ("DELETE", "/api/recording/sessions/posted"),
            ("PATCH", "/api/settings"),
            ("POST", "/api/recording/pause"),
            ("POST", "/api/ticket"),
            ("GET", "/api/token"),
            ("POST", "/api/token/rotate"),
            ("POST", "/api/recording/trash"),
            ("POST", "/api/recording/trash/purge"),
            ("POST", "/api/recording/retention/run"),
            ("POST", "/api/recording/export"),
            ("POST", "/api/recording/recovery"),
            ("POST", "/api/editors/claude-code/import"),
        ] {
            let answer = http::ask(recorder.address(), method, path, &[JSON, page], b"{}").await;
            assert_eq!(answer.error(403), "forbidden_origin", "{method} {path}");
        }
        assert_eq!(
            Ws::try_open(recorder.address(), &[("origin", "https://evil.example")]).await.err(),
            Some(403)
        );
    });
}

#[test]
fn preflights_are_answered_to_allowed_pages_by_name() {
    within(30, async {
        let recorder = Recorder::start(Opts::config("allowed_origins = [\"https://chat.example\"]\n"));
        let ask = async |origin: &str, path: &str, method: &str| {
            let headers = [
                ("Origin", origin),
                ("Access-Control-Request-Method", method),
                ("Access-Control-Request-Headers", "content-type"),
            ];
            http::ask(recorder.address(), "OPTIONS", path, &headers, b"").await
        };
        let good = ask("https://chat.example", EVENTS, "POST").await;
        assert_eq!(good.status, 204, "{good:?}");
        assert_eq!(good.header("access-control-allow-origin"), Some("https://chat.example"));
        assert_eq!(good.header("access-control-allow-methods"), Some("POST"));
        assert!(good.header("vary").is_some_and(|v| v.contains("Origin")), "{good:?}");
        for (origin, path, method) in [
            ("https://evil.example", EVENTS, "POST"),
            ("null", EVENTS, "POST"),
            ("https://chat.example", "/api/recording/sessions/s", "DELETE"),
            ("https://chat.example", "/api/recording/sessions", "GET"),
        ] {
            assert_eq!(
                ask(origin, path, method).await.error(403),
                "forbidden_origin",
                "{origin} {method} {path}"
            );
        }
    });
}

#[test]
fn a_post_has_to_be_json() {
    within(30, async {
        let recorder = Recorder::plain();
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "",
            "application/jsonp",
            "text/plain; application/json",
        ] {
            for path in [
                EVENTS,
                "/api/recording/snapshot",
                "/api/recording/pause",
                "/api/recording/recovery",
                "/api/ticket",
            ] {
                let answer =
                    http::ask(recorder.address(), "POST", path, &[("Content-Type", kind)], b"{}").await;
                assert_eq!(answer.error(415), "unsupported_media_type", "{path} {kind:?}");
            }
        }
        assert_eq!(post(&recorder, &[]).await.error(415), "unsupported_media_type");
        assert_eq!(
            post(&recorder, &[JSON, ("Content-Type", "text/plain")]).await.error(415),
            "unsupported_media_type"
        );
        assert_eq!(post(&recorder, &[("Content-Type", "Application/JSON; charset=utf-8")]).await.status, 200);
        assert_eq!(recorder.status().await["status"], "recording");
    });
}

/// As the user «nobody»; `None` where that cannot be done here.
fn as_nobody(program: &str, args: &[&str]) -> Option<chasm_tests::Done> {
    if !is_root() || !cfg!(target_os = "linux") {
        println!("skipped: another user needs root and Linux");
        return None;
    }
    Some(run_to_end(
        Command::new("runuser").args(["-u", "nobody", "--", program]).args(args).current_dir("/"),
        b"",
        30,
    ))
}

#[test]
fn another_user_of_the_machine_gets_nothing() {
    within(90, async {
        let recorder = Recorder::plain();
        recorder.record(&events::message("mine", 1)).await;
        let url = format!("http://{}", recorder.address());
        for path in http::ROUTES {
            let args = ["-s", "-m", "20", "-w", "\n%{http_code}", &format!("{url}{path}")];
            let Some(done) = as_nobody("curl", &args) else { return };
            assert!(
                done.stdout.ends_with("\n401") && done.stdout.contains("unauthorized"),
                "{path}: {done:?}"
            );
            assert!(!done.stdout.contains("mine"), "{path}: {done:?}");
        }
        let body = r#"{"session_id":"theirs","event_type":"message","data":{"role":"user","content":"x"}}"#;
        let args = [
            "-s",
            "-m",
            "20",
            "-w",
            "\n%{http_code}",
            "-H",
            "Content-Type: application/json",
            "-d",
            body,
            &format!("{url}{EVENTS}"),
        ];
        assert!(as_nobody("curl", &args).unwrap().stdout.ends_with("\n401"));
        // one that is gone before anyone can look whose it was
        let script = format!(
            "import socket\nfor n in range(40):\n s = socket.create_connection(('127.0.0.1', {port}))\n b = b'''{body}'''\n \
             s.sendall(b'POST {EVENTS} HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n' % len(b) + b)\n s.close()\n",
            port = recorder.address().port(),
        );
        let done = as_nobody("/usr/bin/python3", &["-c", &script]).unwrap();
        assert_eq!(done.code, 0, "{done:?}");
        // what came after it is answered, so it has been judged
        recorder.record(&events::message("mine", 2)).await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert_eq!(recorder.get("/api/recording/sessions/theirs").await.error(404), "not_found");
        assert_eq!(recorder.status().await["events_recorded"], 2);
        // and the files are not theirs to read
        let done = as_nobody("cat", &[recorder.data_dir().join("token").to_str().unwrap()]).unwrap();
        assert_ne!(done.code, 0, "{done:?}");
        #[cfg(unix)]
        for path in chasm_tests::folder::files(&recorder.data_dir()) {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert!(mode & 0o077 == 0 || path.ends_with("config.toml"), "{}: {mode:o}", path.display());
        }
    });
}

#[test]
fn with_auth_token_nobody_gets_in_without_it() {
    within(60, async {
        let recorder = Recorder::start(Opts::config("auth = \"token\"\n"));
        http::refused_everywhere(recorder.address(), &[], 401, "unauthorized").await;
        assert_eq!(post(&recorder, &[JSON]).await.error(401), "unauthorized");
        let token = std::fs::read_to_string(recorder.data_dir().join("token")).unwrap();
        let token = token.trim();
        let last = if token.ends_with('0') { '1' } else { '0' };
        let (bearer, wrong) = (format!("Bearer {token}"), format!("Bearer {}{last}", &token[..63]));
        let get = async |path: &str, headers: &[(&str, &str)]| {
            http::ask(recorder.address(), "GET", path, headers, b"").await
        };
        assert_eq!(get("/api/recording/status", &[("Authorization", &bearer)]).await.status, 200);
        assert_eq!(
            get("/api/recording/status", &[("Authorization", &wrong)]).await.error(401),
            "unauthorized"
        );
        assert_eq!(get(&format!("/?token={token}"), &[]).await.error(401), "unauthorized");
        assert_eq!(post(&recorder, &[JSON, ("Authorization", &bearer)]).await.status, 200);
        // the socket: header, subprotocol, neither
        assert_eq!(Ws::try_open(recorder.address(), &[]).await.err(), Some(401));
        assert!(Ws::try_open(recorder.address(), &[("authorization", &bearer)]).await.is_ok());
        let protocol = format!("chasm.token.{token}");
        let mut ws = Ws::try_open(recorder.address(), &[("sec-websocket-protocol", &protocol)])
            .await
            .unwrap_or_else(|s| panic!("{s}"));
        ws.send(&events::message("by protocol", 1)).await;
        ws.all_acked().await;
        assert_eq!(
            Ws::try_open(recorder.address(), &[("sec-websocket-protocol", "chasm.token.00")]).await.err(),
            Some(401)
        );
        // a ticket becomes a cookie, once
        let opened = recorder.cli(&["open", "--print"]).ok();
        let ticket = opened.stdout.trim().split_once("/?").unwrap().1.to_owned();
        let first = get(&format!("/?{ticket}"), &[]).await;
        assert_eq!(first.status, 303, "{first:?}");
        let cookie = first.header("set-cookie").unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap();
        assert_eq!(get("/api/recording/status", &[("Cookie", cookie)]).await.status, 200);
        assert_eq!(get(&format!("/?{ticket}"), &[]).await.error(401), "unauthorized");
        // a new token ends them both, but for the cookie of the one who asked
        let rotated =
            http::ask(recorder.address(), "POST", "/api/token/rotate", &[JSON, ("Cookie", cookie)], b"{}")
                .await;
        assert_eq!(rotated.status, 200, "{}", rotated.head);
        for old in [("Authorization", bearer.as_str()), ("Cookie", cookie)] {
            assert_eq!(get("/api/recording/status", &[old]).await.error(401), "unauthorized", "{}", old.0);
        }
        ws.send(&events::message("by protocol", 2)).await;
        ws.all_acked().await;
        let cookie = rotated.header("set-cookie").unwrap().split(';').next().unwrap();
        assert_eq!(get("/api/recording/status", &[("Cookie", cookie)]).await.status, 200);
        assert_eq!(recorder.cli(&["status", "--json"]).ok().json()["status"], "recording", "the file is new");
        assert!(!recorder.log().contains(token), "a token is in the log");
        let new = std::fs::read_to_string(recorder.data_dir().join("token")).unwrap();
        assert!(!recorder.log().contains(new.trim()), "a token is in the log");
        // a cookie is no way around the origin
        let evil =
            get("/api/recording/status", &[("Cookie", cookie), ("Origin", "https://evil.example")]).await;
        assert_eq!(evil.error(403), "forbidden_origin");
    });
}

#[test]
fn an_open_address_needs_a_token() {
    within(40, async {
        let root = tempfile::tempdir().unwrap();
        let mut command = Command::new(chasm_tests::chasm());
        command.args(["serve", "--port", "0", "--host", "0.0.0.0", "--data-dir"]).arg(root.path());
        let done = run_to_end(&mut command, b"", 20);
        assert_eq!((done.code, done.stdout.as_str()), (1, ""), "{done:?}");
        assert!(done.stderr.contains("`host`") && done.stderr.contains("token"), "{done:?}");
        // still on loopback: an address of this machine's own that is not 127.0.0.1
        let opts =
            Opts { args: vec!["--host".into(), "127.0.0.2".into()], ..Opts::config("auth = \"token\"\n") };
        let recorder = Recorder::start(opts);
        let status = recorder.cli(&["status", "--json"]).ok().json();
        assert_eq!(status["status"], "recording");
        eventually("401", 5, async || {
            let answer: Value = recorder.get("/api/recording/status").await.json();
            (answer["error"]["code"] == "unauthorized").then_some(())
        })
        .await;
    });
}
