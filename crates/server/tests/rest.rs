//! REST, fence and daemon over a real port.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use chasm_server::{Daemon, DaemonError, Options};
use common::{Client, Home, event};
use serde_json::json;

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[tokio::test(flavor = "multi_thread")]
async fn events_are_recorded_and_each_is_answered() {
    let home = Home::start("").await;
    let one = home.post("/api/recording/events", &event("a", 1)).await;
    assert_eq!(one.status, 200, "{one:?}");
    assert_eq!(one.json()["recorded"], 1);
    let body = format!(r#"{{"events":[{},{{"session_id":"a"}}]}}"#, event("a", 2));
    let mixed = home.post("/api/recording/events", &body).await;
    assert_eq!(mixed.status, 200);
    assert_eq!(mixed.json()["rejected"], 1);
    assert_eq!(mixed.json()["results"][1]["code"], "missing_field");
    let none = home.post("/api/recording/events", r#"[{"session_id":"a"},5]"#).await;
    assert_eq!((none.status, &none.json()["rejected"]), (422, &json!(2)));
    let empty = home.post("/api/recording/events", "[]").await;
    assert_eq!(
        (empty.status, empty.json()),
        (200, json!({"recorded":0,"duplicates":0,"rejected":0,"results":[]}))
    );
    assert_eq!(home.post("/api/recording/events", "{").await.code(), "bad_json");
    assert_eq!(home.post("/api/recording/events", "").await.code(), "bad_json");
    assert_eq!(
        home.raw(b"POST /api/recording/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.code(),
        "forbidden_host"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_has_the_one_shape() {
    let home = Home::start("").await;
    let cases = [
        (home.get("/nope").await, 404, "not_found"),
        (home.get("/api/recording/sessions/unknown").await, 404, "not_found"),
        (home.get("/api/recording/sessions/%FF").await, 400, "bad_request"),
        (home.get("/api/recording/sessions/a%00b").await, 400, "bad_request"),
        (home.get("/api/recording/sessions?limit=0").await, 400, "bad_request"),
        (home.get("/api/recording/sessions?nope=1").await, 400, "bad_request"),
        (home.get("/api/recording/search").await, 400, "bad_request"),
        (home.get("/ws/recording").await, 426, "bad_request"),
        (home.ask("DELETE", "/api/recording/status", &[], "").await, 405, "method_not_allowed"),
        (
            home.ask("POST", "/api/recording/events", &[("Content-Type", "text/plain")], "{}").await,
            415,
            "unsupported_media_type",
        ),
        (home.post("/api/recording/pause", r#"{"minutes":0}"#).await, 422, "invalid_field"),
        (home.post("/api/recording/snapshot", r#"{"session_id":"a"}"#).await, 422, "missing_field"),
        (
            home.ask("PATCH", "/api/settings", &[JSON], r#"{"limits":{"nesting":1}}"#).await,
            422,
            "invalid_field",
        ),
        (home.get(&format!("/{}", "x".repeat(10_000))).await, 414, "bad_request"),
        (home.ask("GET", "/", &[("X", &"y".repeat(40_000))], "").await, 431, "too_large"),
    ];
    for (answer, status, code) in cases {
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
        assert!(answer.header("content-security-policy").is_some(), "{answer:?}");
    }
    let wrong = home.ask("PUT", "/api/recording/recovery", &[JSON], "{}").await;
    assert_eq!(wrong.header("allow"), Some("GET,HEAD,POST"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_over_the_limit_are_refused_declared_or_not() {
    let home = Home::start("limits.frame_bytes = 65536").await;
    let large = format!("[{}]", " ".repeat(1_000_000));
    let declared = home.post("/api/recording/events", &large).await;
    assert_eq!((declared.status, declared.code().as_str()), (413, "too_large"));
    let mut chunked = format!(
        "POST /api/recording/events HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        home.address
    );
    for _ in 0..100 {
        chunked.push_str(&format!("{:x}\r\n{}\r\n", 10_000, " ".repeat(10_000)));
    }
    chunked.push_str("0\r\n\r\n");
    assert_eq!(home.raw(chunked.as_bytes()).await.status, 413);
    let many = format!("[{}]", vec!["1"; 10_001].join(","));
    assert_eq!(home.post("/api/recording/events", &many).await.code(), "batch_too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_documented_route_is_there() {
    let home = Home::start("").await;
    let document = home.get("/api/openapi.json").await.json();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let path = path.replace("{id}", "no-such-session").replace("{name}", "no-such-session");
            // a stream has no end
            if path == "/api/recording/live" {
                continue;
            }
            let answer = home.ask(&method.to_uppercase(), &path, &[JSON], "").await;
            let is_about_a_session = path.contains("no-such-session");
            // whether the page's files are there depends on whether the page was built before
            let of_page = path == "/icon.svg" || path == "/assets/{file}";
            assert!(
                answer.status != 405 && (answer.status != 404 || is_about_a_session || of_page),
                "{method} {path} {answer:?}"
            );
            if answer.status == 404 {
                let of_quarantine = path.contains("/quarantine/");
                let said = match (of_page, of_quarantine) {
                    (true, _) => "the page has no file",
                    (_, true) => "no file",
                    _ if path.starts_with("/api/editors/") => "no editor",
                    _ => "no session",
                };
                assert!(answer.body.contains(said), "{method} {path} {answer:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_stay_out() {
    let home = Home::start("allowed_origins = [\"https://chat.example.org\"]").await;
    let port = home.address.port();
    let evil = home.ask("GET", "/api/recording/status", &[("Origin", "https://evil.example")], "").await;
    assert_eq!((evil.status, evil.code().as_str()), (403, "forbidden_origin"));
    assert_eq!(evil.header("access-control-allow-origin"), None);
    let rebound = home.ask("GET", "/nope", &[("Host", &format!("evil.example:{port}"))], "").await;
    assert_eq!(rebound.code(), "forbidden_host");
    let page = ("Origin", "https://chat.example.org");
    let preflight = [page, ("Access-Control-Request-Method", "POST")];
    let asked = home.ask("OPTIONS", "/api/recording/events", &preflight, "").await;
    assert_eq!(
        (asked.status, asked.header("access-control-allow-origin")),
        (204, Some("https://chat.example.org"))
    );
    let sent = home.ask("POST", "/api/recording/events", &[page, JSON], &event("p", 1)).await;
    assert_eq!(
        (sent.status, sent.header("access-control-allow-origin")),
        (200, Some("https://chat.example.org"))
    );
    let read = home.ask("GET", "/api/recording/sessions", &[page], "").await;
    assert_eq!(read.status, 403);
    let url = format!("ws://{}/ws/recording", home.address);
    assert!(Client::connect(&url, &[("origin", "https://chat.example.org")]).await.is_ok());
    assert_eq!(Client::connect(&url, &[("origin", "https://evil.example")]).await.err(), Some(403));
    assert_eq!(Client::connect(&url, &[("origin", "null")]).await.err(), Some(403));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_where_it_is_asked_for() {
    let home = Home::start("auth = \"token\"").await;
    assert_eq!(home.get("/api/recording/status").await.code(), "unauthorized");
    let token = chasm_server::read_token(home.folder.path()).unwrap();
    let bearer = format!("Bearer {token}");
    let bearer = ("Authorization", bearer.as_str());
    assert_eq!(home.ask("GET", "/api/recording/status", &[bearer], "").await.status, 200);
    let url = format!("ws://{}/ws/recording", home.address);
    assert_eq!(Client::connect(&url, &[]).await.err(), Some(401));
    let protocol = format!("chasm.v1, chasm.token.{token}");
    assert!(Client::connect(&url, &[("sec-websocket-protocol", &protocol)]).await.is_ok());

    let ticket = home.ask("POST", "/api/ticket", &[bearer], "").await.json();
    let path = ticket["url"].as_str().unwrap().split_once(&home.address.to_string()).unwrap().1.to_owned();
    let opened = home.get(&path).await;
    assert_eq!((opened.status, opened.header("location")), (303, Some("/")), "{opened:?}");
    let cookie = opened.header("set-cookie").unwrap();
    let pair = cookie.split(';').next().unwrap();
    assert_eq!(home.ask("GET", "/", &[("Cookie", pair)], "").await.status, 200);
    assert_eq!(home.get(&path).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_changed_live() {
    let home = Home::start("# mine\n").await;
    let changed =
        home.ask("PATCH", "/api/settings", &[JSON], r#"{"limits.batch_events":1,"port":9999}"#).await;
    assert_eq!((changed.status, &changed.json()["restart_needed"]), (200, &json!(true)), "{changed:?}");
    let two = format!("[{},{}]", event("a", 1), event("a", 2));
    assert_eq!(home.post("/api/recording/events", &two).await.code(), "batch_too_large");
    let text = std::fs::read_to_string(home.folder.path().join("config.toml")).unwrap();
    assert!(
        text.contains("# mine") && text.contains("batch_events = 1") && text.contains("port = 9999"),
        "{text}"
    );
    let refused = home.ask("PATCH", "/api/settings", &[JSON], r#"{"limits":{"nestin":9}}"#).await;
    assert!(refused.body.contains("did you mean `limits.nesting`"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn folder_and_port_are_one_recorder_s() {
    let mut home = Home::start("").await;
    let said = chasm_server::read_server_file(home.folder.path()).unwrap();
    assert_eq!((said.address, said.pid), (format!("http://{}", home.address), std::process::id()));
    let error = Daemon::start(Options::new(home.folder.path())).await.err().unwrap();
    assert!(matches!(error, DaemonError::Folder(_)), "{error}");
    let other = tempfile::tempdir().unwrap();
    let mut options = Options::new(other.path());
    options.port = Some(home.address.port());
    let error = Daemon::start(options.clone()).await.err().unwrap().to_string();
    assert!(error.contains("another chasm recorder"), "{error}");
    options.host = Some("0.0.0.0".parse().unwrap());
    let error = Daemon::start(options).await.err().unwrap().to_string();
    assert!(error.contains("auth = \"token\""), "{error}");
    home.stop().await;
    assert!(chasm_server::read_server_file(home.folder.path()).is_none());
    Daemon::start(Options::new(home.folder.path())).await.unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_connections_are_told_so() {
    let home = Home::start("limits.connections = 16").await;
    let mut held = Vec::new();
    for _ in 0..16 {
        held.push(home.connect().await.welcomed().await);
    }
    let refused = home.get("/api/recording/status").await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "overloaded"));
    assert!(refused.header("retry-after").is_some());
    held.pop();
    // its seat comes free when the server has seen the end
    for _ in 0..100 {
        if home.get("/api/recording/status").await.status == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the seat did not come free");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_and_page() {
    let home = Home::start("").await;
    home.get("/").await;
    home.get("/nowhere").await;
    let metrics = home.get("/metrics").await;
    assert!(
        metrics.body.contains("chasm_http_requests_total{method=\"GET\",route=\"/\",status=\"200\"} 1"),
        "{metrics:?}"
    );
    assert!(metrics.body.contains("route=\"other\",status=\"404\"} 1"), "{metrics:?}");
    assert!(metrics.body.contains("chasm_recording 1"), "{metrics:?}");
    let page = home.get("/").await;
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    // with the page built in or without it: no script stands in it
    let scripts: Vec<&str> = page.body.split("<script").skip(1).collect();
    let is_a_file =
        |script: &&str| script.split('>').next().is_some_and(|tag| tag.contains("src=\"./assets/"));
    assert!(scripts.iter().all(|script| is_a_file(script) && script.contains("></script>")), "{}", page.body);
}

/// Needs another user to be: runs as root only.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn another_user_of_the_machine_stays_out() {
    let home = Home::start("").await;
    let port = home.address.port();
    let ask = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET /api/recording/status HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3"
    );
    let run = |uid: &'static str, ask: String| async move {
        let mut command = tokio::process::Command::new("setpriv");
        command.args([&format!("--reuid={uid}"), "--clear-groups", "bash", "-c", &ask]);
        let output = command.output().await.ok().filter(|o| o.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    // without root or setpriv there is no other user to try
    let Some(own) = run("0", ask.clone()).await else { return };
    assert!(own.starts_with("HTTP/1.1 200"), "{own}");
    let other = run("65534", ask).await.expect("it ran as root before");
    assert!(other.starts_with("HTTP/1.1 401") && other.contains("unauthorized"), "{other}");
}
