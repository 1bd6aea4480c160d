//! `PROTOCOL.md`, «REST»: health, pause, settings, notices, the live stream, what machines read, and every kind of refusal.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Opts, Recorder, events, eventually, http, within};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const EVENTS: &str = "/api/recording/events";

#[test]
fn status_says_what_is_written() {
    within(30, async {
        let recorder = Recorder::plain();
        assert_eq!(recorder.status().await["last_durable_write"], Value::Null, "nothing is written yet");
        recorder
            .record(&json!([events::start("s", "T"), events::message("s", 1), events::message("s", 1)]))
            .await;
        let mut ws = recorder.ws().await;
        ws.hello(&["s"]).await;
        recorder.rest("POST", EVENTS, &json!([{"session_id": "s"}])).await.expect(422);
        ws.send(&json!([{"session_id": "s"}, 1])).await;
        ws.all_acked().await;
        let status = eventually("the buffer is flushed", 10, async || {
            let status = recorder.status().await;
            (status["buffer"]["events"] == 0).then_some(status)
        })
        .await;
        insta::assert_json_snapshot!("status", status, {
            ".started_at" => "[time]", ".uptime_secs" => "[seconds]", ".last_durable_write" => "[time]",
            ".connections[].since" => "[time]", ".connections[].connection" => "[number]", ".buffer.last_flush" => "[time]",
            ".journal" => "[numbers]", ".database.bytes" => "[bytes]", ".database.path" => "[path]",
            ".since" => "[time]", ".data_dir" => "[path]", ".follow" => "[how far it has looked]",
            ".disk_free_bytes" => "[bytes]", ".last_recovery.at" => "[time]", ".last_recovery.took_ms" => "[ms]",
        });
    });
}

#[test]
fn a_pause_refuses_events_and_survives_a_restart() {
    within(40, async {
        let mut recorder = Recorder::plain();
        let pause = async |recorder: &Recorder, body: Value| {
            recorder.rest("POST", "/api/recording/pause", &body).await
        };
        let status = pause(&recorder, json!({"minutes": 10})).await.expect(200);
        assert_eq!(status["status"], "paused");
        assert!(status["paused_until"].is_string(), "{status}");
        let refused = recorder.rest("POST", EVENTS, &events::message("s", 1)).await;
        assert_eq!(refused.error(503), "paused");
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((590..=600).contains(&wait), "{wait}");
        let snapshot = json!({"session_id": "s", "snapshot": {"messages": []}});
        assert_eq!(recorder.rest("POST", "/api/recording/snapshot", &snapshot).await.error(503), "paused");
        eventually("the notice of the pause is kept", 5, async || {
            let notices = recorder.walk("/api/recording/notices", "notices").await;
            notices.iter().any(|notice| notice["kind"] == "paused").then_some(())
        })
        .await;
        recorder.kill9();
        recorder.restart();
        assert_eq!(recorder.status().await["status"], "paused", "a pause outlives a crash");
        let status = recorder.rest("POST", "/api/recording/resume", &Value::Null).await.expect(200);
        assert_eq!((&status["status"], &status["paused_until"]), (&json!("recording"), &Value::Null));
        recorder.record(&events::message("s", 1)).await;
        assert_eq!(pause(&recorder, Value::Null).await.expect(200)["paused_until"], Value::Null);
        assert!(recorder.rest("POST", EVENTS, &json!([])).await.status < 500);
        for bad in [
            json!({"minutes": 0}),
            json!({"minutes": -1}),
            json!({"minutes": 1_000_000}),
            json!({"hours": 1}),
        ] {
            assert_eq!(pause(&recorder, bad.clone()).await.error(422), "invalid_field", "{bad}");
        }
        let notices = recorder.walk("/api/recording/notices?limit=1", "notices").await;
        let kinds: Vec<&Value> = notices.iter().map(|notice| &notice["kind"]).collect();
        assert_eq!(kinds, ["paused", "resumed", "recovery_at_start", "paused"], "newest first");
        assert!(
            notices.windows(2).all(|pair| pair[0]["id"].as_u64() > pair[1]["id"].as_u64()),
            "{notices:?}"
        );
    });
}

#[test]
fn settings_are_shown_changed_and_refused_by_name() {
    within(30, async {
        let mut recorder = Recorder::plain();
        let patch =
            async |recorder: &Recorder, body: Value| recorder.rest("PATCH", "/api/settings", &body).await;
        let value = |answer: &Value, key: &str| {
            let all = answer["settings"].as_array().unwrap();
            all.iter()
                .find(|setting| setting["key"] == key)
                .unwrap_or_else(|| panic!("{key}: {answer}"))
                .clone()
        };
        let shown = recorder.get("/api/settings").await.expect(200);
        let nesting = value(&shown, "limits.nesting");
        assert_eq!((&nesting["value"], &nesting["default"]), (&json!(64), &json!(64)));
        assert!(nesting["min"].is_u64() && nesting["max"].is_u64(), "{nesting}");

        let changed =
            patch(&recorder, json!({"limits": {"nesting": 10}, "limits.batch_events": 3})).await.expect(200);
        assert_eq!(value(&changed, "limits.nesting")["running"], 10);
        let deep = format!(
            r#"{{"session_id":"s","event_type":"x","data":{{"a":{}{}}}}}"#,
            "[".repeat(10),
            "]".repeat(10)
        );
        let headers = [("Content-Type", "application/json")];
        let answer =
            http::ask(recorder.address(), "POST", EVENTS, &headers, deep.as_bytes()).await.expect(422);
        assert_eq!(answer["results"][0]["code"], "too_deep");
        let four: Vec<Value> = (1..=4).map(|n| events::message("s", n)).collect();
        assert_eq!(recorder.rest("POST", EVENTS, &json!(four)).await.error(413), "batch_too_large");

        for (bad, key) in [
            (json!({"limits.nesting": 1}), "limits.nesting"),
            (json!({"limits": {"frame_bytes": "8 MiB"}}), "limits.frame_bytes"),
            (json!({"allowed_origins": ["null"]}), "allowed_origins"),
            (json!({"allowed_origins": ["*"]}), "allowed_origins"),
            (json!({"host": "0.0.0.0"}), "host"),
            (json!({"auth": "none"}), "auth"),
            (json!({"nesting": 5}), "limits.nesting"),
            (json!({"limits.nesting": 20, "port": 70_000}), "port"),
        ] {
            let answer = patch(&recorder, bad.clone()).await;
            assert_eq!(answer.error(422), "invalid_field", "{bad}");
            assert!(
                answer.json()["error"]["message"].as_str().unwrap().contains(&format!("`{key}`")),
                "{bad}: {answer:?}"
            );
        }
        let after = recorder.get("/api/settings").await.expect(200);
        assert_eq!(value(&after, "limits.nesting")["value"], 10, "a refused change changes nothing");
        recorder.term();
        recorder.restart();
        let after = recorder.get("/api/settings").await.expect(200);
        assert_eq!(value(&after, "limits.nesting")["running"], 10);
        let back = patch(&recorder, json!({"limits.nesting": null})).await.expect(200);
        assert_eq!(value(&back, "limits.nesting")["running"], 64);
    });
}

#[test]
fn unknown_settings_in_the_file_are_refused_by_name() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("config.toml"), "[limits]\nnestng = 5\n").unwrap();
    let mut command = std::process::Command::new(chasm_tests::chasm());
    command.args(["serve", "--port", "0", "--data-dir"]).arg(root.path());
    let done = chasm_tests::run_to_end(&mut command, b"", 20);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("nestng") && done.stderr.contains("limits.nesting"), "{done:?}");
}

#[test]
fn the_live_stream_tells_what_happens_and_never_what_was_said() {
    within(40, async {
        let mut recorder = Recorder::plain();
        let mut stream = TcpStream::connect(recorder.address()).await.unwrap();
        let head = format!("GET /api/recording/live HTTP/1.1\r\nHost: {}\r\n\r\n", recorder.address());
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut text = String::new();
        // the head is the answer's beginning: from then on nothing is missed
        read_until(&mut stream, &mut text, ": live").await;
        assert!(text.contains("text/event-stream"), "{text}");
        let mut ws = recorder.ws().await;
        ws.hello(&["s"]).await;
        ws.send(&json!([events::start("s", "The title"), events::message("s", 1)])).await;
        ws.all_acked().await;
        for part in
            ["event: lifecycle", r#""kind":"connected""#, r#""kind":"started""#, "event: changed", r#"["s"]"#]
        {
            read_until(&mut stream, &mut text, part).await;
        }
        drop(ws);
        read_until(&mut stream, &mut text, r#""kind":"dropped""#).await;
        read_until(&mut stream, &mut text, r#""kind":"interrupted""#).await;
        recorder.record(&events::message("s", 2)).await;
        read_until(&mut stream, &mut text, r#""kind":"reconnected""#).await;
        recorder.rest("POST", "/api/recording/pause", &Value::Null).await.expect(200);
        read_until(&mut stream, &mut text, r#""kind":"paused""#).await;
        recorder.rest("DELETE", "/api/recording/sessions/s", &Value::Null).await;
        read_until(&mut stream, &mut text, r#""kind":"deleted""#).await;
        assert!(text.contains("The title") && !text.contains("quick brown"), "{text}");
        recorder.term();
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "a stop ends the stream");
    });
}

async fn read_until(stream: &mut TcpStream, text: &mut String, part: &str) {
    let mut chunk = [0; 4096];
    while !text.contains(part) {
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut chunk)).await;
        let n = read.unwrap_or_else(|_| panic!("no {part:?} in {text}")).unwrap();
        assert!(n > 0, "the stream ended before {part:?}: {text}");
        text.push_str(&String::from_utf8_lossy(&chunk[..n]));
    }
}

#[test]
fn the_description_for_machines_is_true() {
    within(30, async {
        let recorder = Recorder::plain();
        recorder.record(&events::message("s", 1)).await;
        let api = recorder.get("/api/openapi.json").await.expect(200);
        assert!(api["openapi"].as_str().unwrap().starts_with("3.1"), "{}", api["openapi"]);
        let mut seen = BTreeSet::new();
        for (path, item) in api["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                seen.insert(format!("{} {path}", method.to_uppercase()));
                let path = path.replace("{id}", "s");
                // the stream does not end, the delete would end the rest
                if method != "get" || path == "/api/recording/live" {
                    continue;
                }
                let status = recorder.get(&path).await.status.to_string();
                assert!(
                    operation["responses"].get(&status).is_some(),
                    "GET {path}: {status} is not described"
                );
            }
        }
        let protocol = [
            "POST /api/recording/events",
            "POST /api/recording/snapshot",
            "GET /api/recording/sessions",
            "GET /api/recording/sessions/{id}",
            "GET /api/recording/sessions/{id}/events",
            "GET /api/recording/sessions/{id}/export",
            "PATCH /api/recording/sessions/{id}",
            "DELETE /api/recording/sessions/{id}",
            "GET /api/recording/search",
            "GET /api/recording/recovery",
            "POST /api/recording/recovery",
            "GET /api/recording/status",
            "POST /api/recording/pause",
            "POST /api/recording/resume",
            "GET /api/recording/notices",
            "GET /api/settings",
            "PATCH /api/settings",
            "GET /api/recording/live",
            "GET /api/openapi.json",
            "GET /metrics",
            "GET /ws/recording",
        ];
        for line in protocol {
            assert!(seen.contains(line), "{line} is not in the description");
        }
        let metrics = recorder.get("/metrics").await;
        assert_eq!(metrics.status, 200);
        for line in
            ["chasm_events_recorded_total 1", "chasm_recording 1.0", "# TYPE chasm_events_recorded counter"]
        {
            assert!(metrics.body.contains(line), "{line}: {}", metrics.body);
        }
        assert!(metrics.body.trim_end().ends_with("# EOF"));
    });
}

/// Method, path, headers, body; status and code.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, u16, &'a str);

#[test]
fn every_kind_of_refusal_has_its_status_and_the_one_shape() {
    within(60, async {
        let recorder = Recorder::start(Opts::config("[limits]\nframe_bytes = 65536\n"));
        let to = recorder.address();
        let json = ("Content-Type", "application/json");
        let huge = format!("[{}]", " ".repeat(70_000));
        let cases: [Case<'_>; 14] = [
            ("POST", EVENTS, &[json], "{", 400, "bad_json"),
            ("POST", EVENTS, &[json], "", 400, "bad_json"),
            ("POST", EVENTS, &[json], "\"x\"", 400, "bad_json"),
            ("GET", "/api/recording/sessions/%FF", &[], "", 400, "bad_request"),
            ("GET", "/api/recording/sessions/none", &[], "", 404, "not_found"),
            ("GET", "/api/nothing", &[], "", 404, "not_found"),
            ("PUT", EVENTS, &[json], "{}", 405, "method_not_allowed"),
            ("DELETE", "/api/recording/status", &[], "", 405, "method_not_allowed"),
            ("POST", EVENTS, &[json], &huge, 413, "too_large"),
            ("POST", EVENTS, &[("Content-Type", "text/plain")], "{}", 415, "unsupported_media_type"),
            ("POST", EVENTS, &[], "{}", 415, "unsupported_media_type"),
            ("PATCH", "/api/settings", &[json], "{\"nope\":1}", 422, "invalid_field"),
            ("POST", "/api/recording/snapshot", &[json], "{\"session_id\":\"s\"}", 422, "missing_field"),
            ("POST", "/api/recording/recovery", &[json], "{\"session_ids\":[\"\"]}", 422, "invalid_field"),
        ];
        for (method, path, headers, body, status, code) in cases {
            let answer = http::ask(to, method, path, headers, body.as_bytes()).await;
            assert_eq!(answer.error(status), code, "{method} {path}: {answer:?}");
        }
        // the user edits the file meanwhile: 409 until it is mended
        std::fs::write(recorder.data_dir().join("config.toml"), "limits = [").unwrap();
        let answer = recorder.rest("PATCH", "/api/settings", &json!({"limits.nesting": 20})).await;
        assert_eq!(answer.error(409), "conflict");
    });
}
