//! `PROTOCOL.md`, «REST»: recording and reading.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Recorder, events, eventually, http, within};
use serde_json::{Value, json};

const EVENTS: &str = "/api/recording/events";
const SESSIONS: &str = "/api/recording/sessions";

#[test]
fn events_are_answered_one_by_one_in_all_three_forms() {
    within(30, async {
        let recorder = Recorder::plain();
        recorder.record(&events::start("s", "T")).await;
        recorder.record(&json!([events::message("s", 1)])).await;
        let mut conflict = events::message("s", 1);
        conflict["data"]["content"] = json!("other");
        let mixed = json!({"events": [
            events::message("s", 2),
            events::message("s", 1),
            conflict,
            {"session_id": "s", "event_type": "editor.cursor", "data": {"line": 1}},
            {"session_id": "s", "event_id": "bad", "event_type": "message", "data": {"role": "robot", "content": ""}},
        ]});
        let answer = recorder.rest("POST", EVENTS, &mixed).await.expect(200);
        insta::assert_json_snapshot!("events_answer", answer);
        let refused = recorder.rest("POST", EVENTS, &json!([{"session_id": "s"}, 5])).await.expect(422);
        assert_eq!((&refused["rejected"], &refused["results"][1]["code"]), (&json!(2), &json!("bad_json")));
        let none = recorder.rest("POST", EVENTS, &json!([])).await.expect(200);
        assert_eq!(none["results"], json!([]));
    });
}

#[test]
fn every_event_type_has_its_effect() {
    within(30, async {
        let recorder = Recorder::plain();
        let at = |n: u64, event_type: &str, data: Value| {
            json!({"session_id": "types", "event_type": event_type, "event_id": format!("{n}-{event_type}"), "seq": n,
                "timestamp": events::EPOCH_MS + n * 1000, "data": data})
        };
        recorder.record(&json!([
            at(1, "session_start", json!({"title": "One", "provider": "p", "model": "m", "workspace": "/w",
                "editor": "vim", "metadata": {"a": 1}})),
            at(2, "message", json!({"role": "system", "content": [{"type": "text", "text": "part"}, {"type": "image"}]})),
            at(3, "message", json!({"role": "user", "content": "old", "message_id": "u"})),
            at(4, "message", json!({"role": "user", "content": "new", "message_id": "u", "model": "x", "parent_id": "p"})),
            at(5, "message_delta", json!({"message_id": "a", "delta": "Hel", "role": "assistant"})),
            at(6, "message_delta", json!({"message_id": "a", "delta": "lo"})),
            at(7, "tool_call", json!({"name": "read", "call_id": "c", "arguments": {"path": "/x"}, "message_id": "a"})),
            at(8, "tool_result", json!({"call_id": "c", "output": "bytes", "duration_ms": 1.5})),
            at(9, "tool_call", json!({"name": "never", "call_id": "open"})),
            at(10, "session_update", json!({"title": "Two", "metadata": {"b": 2}})),
            at(12, "heartbeat", json!({})),
            at(13, "session_end", json!({"reason": "bye", "message_count": 3})),
        ]))
        .await;
        let session = recorder.session("types").await;
        insta::assert_json_snapshot!("session_detail", session, {
            ".conflicts[].received_at" => "[time]", ".revision" => "[revision]",
        });
        let raw = recorder.events("types").await;
        assert_eq!(raw.len(), 11, "a heartbeat is not stored");
        assert_eq!(raw[0]["event"]["data"]["metadata"], json!({"a": 1}));
    });
}

#[test]
fn snapshots_fill_what_events_did_not_bring() {
    within(30, async {
        let mut recorder = Recorder::plain();
        recorder.record(&json!([events::message("s", 1), events::message("s", 3)])).await;
        let messages: Vec<Value> = (1..=4)
            .map(|n| json!({"role": events::role(n), "content": events::content("s", n), "message_id": format!("m{n}"),
                "timestamp": events::EPOCH_MS + n * 1000}))
            .collect();
        let body = json!({"session_id": "s", "snapshot": {"title": "By snapshot", "messages": messages}});
        let path = "/api/recording/snapshot";
        let answer = recorder.rest("POST", path, &body).await.expect(200);
        assert_eq!(answer, json!({"session_id": "s", "stored": true, "messages": 4, "added": 2}));
        let again = recorder.rest("POST", path, &body).await.expect(200);
        assert_eq!((&again["stored"], &again["added"]), (&json!(false), &json!(0)));
        let fewer = json!({"session_id": "s", "snapshot": {"messages": messages[..1]}});
        recorder.rest("POST", path, &fewer).await.expect(200);
        recorder.kill9();
        recorder.restart();
        let session = recorder.session("s").await;
        let origins: Vec<_> = session["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| json!([m["message_id"], m["origin"]]))
            .collect();
        let wanted = [("m1", "event"), ("m2", "snapshot"), ("m3", "event"), ("m4", "snapshot")];
        assert_eq!(origins, wanted.map(|(id, origin)| json!([id, origin])), "{session}");
        assert_eq!(
            recorder.rest("POST", path, &json!({"session_id": "s"})).await.error(422),
            "missing_field"
        );
    });
}

/// Sessions `s01` to `s24` of three providers, every fourth completed, one message more each.
async fn many(recorder: &Recorder) {
    for n in 1..=24u64 {
        let id = format!("s{n:02}");
        let mut start = events::start(&id, &format!("Title {:02}", 25 - n));
        start["data"]["provider"] = json!(["alpha", "beta", "gamma"][(n % 3) as usize]);
        start["data"]["workspace"] = json!(format!("/home/{}", n % 2));
        let mut batch = vec![start];
        batch.extend((1..=n).map(|k| events::message(&id, k)));
        if n % 4 == 0 {
            batch.push(events::end(&id, n));
        }
        for event in &mut batch {
            event["timestamp"] = json!(event["timestamp"].as_u64().unwrap() + n * 3_600_000);
        }
        recorder.record(&json!(batch)).await;
    }
}

#[test]
fn sessions_are_listed_filtered_sorted_and_paged() {
    within(60, async {
        let recorder = Recorder::plain();
        many(&recorder).await;
        let list = async |query: &str| -> Vec<String> {
            let page = recorder.get(&format!("{SESSIONS}?limit=1000&{query}")).await.expect(200);
            let all = page["sessions"].as_array().unwrap();
            assert_eq!(page["total"], json!(all.len()), "{query}");
            all.iter().map(|s| s["session_id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(list("").await.len(), 18, "the default is active: recording");
        assert_eq!(list("state=active").await, list("state=recording").await);
        assert_eq!(list("state=completed").await, ["s24", "s20", "s16", "s12", "s08", "s04"]);
        assert_eq!(list("state=interrupted").await.len() + list("state=recovered").await.len(), 0);
        assert_eq!(list("state=all&provider=alpha").await.len(), 8);
        assert_eq!(list("state=all&workspace=%2Fhome%2F1").await.len(), 12);
        assert_eq!(list("state=all&provider=alpha&workspace=/home/1").await.len(), 4);
        let since = events::EPOCH_MS + 20 * 3_600_000 + 20_000;
        assert_eq!(list(&format!("state=all&since={since}")).await, ["s24", "s23", "s22", "s21", "s20"]);
        assert_eq!(list("state=all&until=2026-01-01T03:00:00Z").await, ["s02", "s01"]);
        assert_eq!(list("state=all&q=%22Title+07%22").await, ["s18"]);
        assert_eq!(list("state=all&q=%22message+24%22").await, ["s24"]);
        let all = list("state=all").await;
        let reversed: Vec<String> = all.iter().rev().cloned().collect();
        assert_eq!(list("state=all&sort=oldest").await, reversed);
        assert_eq!(list("state=all&sort=started").await, all);
        assert_eq!(list("state=all&sort=messages").await, all, "most messages first");
        assert_eq!(list("state=all&sort=title").await, all, "titles fall where ids grow");
        for sort in ["recent", "oldest", "started", "title", "messages"] {
            let whole = list(&format!("state=all&sort={sort}")).await;
            for limit in [1, 5, 24] {
                let walked = recorder
                    .walk(&format!("{SESSIONS}?state=all&sort={sort}&limit={limit}"), "sessions")
                    .await;
                let walked: Vec<_> = walked.iter().map(|s| s["session_id"].as_str().unwrap()).collect();
                assert_eq!(walked, whole, "{sort} by {limit}");
            }
        }
        for bad in [
            "limit=0",
            "limit=1001",
            "state=asleep",
            "sort=x",
            "cursor=%00",
            "cursor=zz",
            "nope=1",
            "since=soon",
        ] {
            assert_eq!(recorder.get(&format!("{SESSIONS}?{bad}")).await.error(400), "bad_request", "{bad}");
        }
        let walked = recorder.walk(&format!("{SESSIONS}/s24/events?limit=7"), "events").await;
        assert_eq!(walked, recorder.events("s24").await);
        assert_eq!(walked.len(), 26);
    });
}

#[test]
fn titles_stars_and_tags_are_the_users() {
    within(30, async {
        let mut recorder = Recorder::plain();
        recorder.record(&json!([events::start("a/b %?#", "Client's"), events::message("a/b %?#", 1)])).await;
        let path = format!("{SESSIONS}/{}", http::encode("a/b %?#"));
        let body = json!({"title": "Mine", "starred": true, "tags": ["x", "ÿ z"]});
        let answer = recorder.rest("PATCH", &path, &body).await.expect(200);
        assert_eq!((&answer["title"], &answer["starred"]), (&json!("Mine"), &json!(true)));
        // a client's title does not replace the user's
        recorder
            .record(
                &json!({"session_id": "a/b %?#", "event_type": "session_update", "data": {"title": "Newer"}}),
            )
            .await;
        recorder.kill9();
        recorder.restart();
        let session = recorder.session("a/b %?#").await;
        assert_eq!((&session["title"], &session["tags"]), (&json!("Mine"), &json!(["x", "ÿ z"])));
        for query in ["starred=true", "tag=x", "tag=%C3%BF+z"] {
            assert_eq!(
                recorder.get(&format!("{SESSIONS}?state=all&{query}")).await.expect(200)["total"],
                1,
                "{query}"
            );
        }
        assert_eq!(
            recorder.get(&format!("{SESSIONS}?state=all&starred=false")).await.expect(200)["total"],
            0
        );
        let back = recorder.rest("PATCH", &path, &json!({"title": null, "starred": false})).await.expect(200);
        assert_eq!((&back["title"], &back["tags"]), (&json!("Newer"), &json!(["x", "ÿ z"])));
        for bad in [
            json!({"name": 1}),
            json!({"starred": "yes"}),
            json!({"tags": [" "]}),
            json!({"title": "x".repeat(2000)}),
        ] {
            assert_eq!(recorder.rest("PATCH", &path, &bad).await.error(422), "invalid_field", "{bad}");
        }
        assert_eq!(
            recorder.rest("PATCH", &format!("{SESSIONS}/none"), &json!({})).await.error(404),
            "not_found"
        );
    });
}

#[test]
fn exports_in_four_forms() {
    within(30, async {
        let recorder = Recorder::plain();
        let nasty = "</pre></article><script>alert(1)</script><img src=x onerror=alert(2)> & \"quotes\"";
        let mut message = events::message("x", 1);
        message["data"]["content"] = json!(nasty);
        let mut start = events::start("x", nasty);
        start["data"]["model"] = json!("<script>");
        let call = json!({"session_id": "x", "event_type": "tool_call", "timestamp": events::EPOCH_MS + 2000,
            "data": {"name": "<script>", "call_id": "c", "arguments": {"<script>": "</script><script>"}}});
        recorder.record(&json!([start, message, call, events::message("x", 3)])).await;
        let export = async |format: &str| recorder.get(&format!("{SESSIONS}/x/export?format={format}")).await;
        let html = export("html").await;
        assert_eq!(html.status, 200);
        assert!(
            !html.body.to_lowercase().contains("<script") && !html.body.contains("<img"),
            "{}",
            html.body
        );
        assert!(html.body.contains("&lt;script&gt;alert(1)"), "{}", html.body);
        let json = export("json").await.expect(200);
        assert_eq!(json, recorder.session("x").await);
        let lines = export("jsonl").await;
        let lines: Vec<Value> = lines.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let raw: Vec<Value> =
            recorder.events("x").await.into_iter().map(|row| row["event"].clone()).collect();
        assert_eq!(lines, raw);
        let markdown = export("markdown").await;
        assert!(markdown.body.contains(&events::content("x", 3)), "{}", markdown.body);
        for answer in [html, markdown] {
            let disposition = answer.header("content-disposition").unwrap();
            assert!(disposition.starts_with("attachment;") && !disposition.contains('<'), "{disposition}");
        }
        assert_eq!(export("pdf").await.error(400), "bad_request");
        assert_eq!(recorder.get(&format!("{SESSIONS}/none/export")).await.error(404), "not_found");
    });
}

#[test]
fn search_finds_words_and_survives_any_query() {
    within(60, async {
        let recorder = Recorder::plain();
        let mut message = events::message("s", 1);
        message["data"]["content"] = json!("The zebra's naïve code() is at C:\\dir — 日本語のテスト");
        let call = json!({"session_id": "s", "event_type": "tool_call", "data": {"name": "grep", "arguments": {"q": "okapi"}}});
        recorder.record(&json!([events::start("s", "Giraffe"), message, call])).await;
        let search = async |q: &str| {
            recorder.get(&format!("/api/recording/search?q={}", http::encode(q))).await.expect(200)
        };
        for (q, kind) in [
            ("zebra", "message"),
            ("ZEB", "message"),
            ("naive", "message"),
            ("日本語", "message"),
            ("giraffe", "title"),
            ("okapi", "tool_call"),
            ("\"naïve code\"", "message"),
        ] {
            let hits =
                eventually(q, 5, async || Some(search(q).await["hits"].clone()).filter(|h| h != &json!([])))
                    .await;
            assert_eq!(hits[0]["kind"], kind, "{q}: {hits}");
            let (excerpt, mark) = (hits[0]["excerpt"].as_str().unwrap(), &hits[0]["marks"][0]);
            let range = mark[0].as_u64().unwrap() as usize..mark[1].as_u64().unwrap() as usize;
            assert!(excerpt.get(range).is_some_and(|text| !text.is_empty()), "{q}: {hits}");
        }
        assert_eq!(search("walrus").await["hits"], json!([]));
        for q in [
            "\"",
            "\"\"",
            "*",
            "a* OR",
            "NEAR(",
            "AND OR NOT",
            "-",
            "col:zebra",
            "'; DROP TABLE events; --",
            "(((",
            "\u{1F600}",
            "%",
            "_",
            "^zebra",
            "{x}",
            "\\",
            "a\u{0}b",
            "zebra\u{202e}",
            &"x ".repeat(400),
        ] {
            let answer = recorder.get(&format!("/api/recording/search?q={}", http::encode(q))).await;
            assert_eq!(answer.status, 200, "{q:?}: {answer:?}");
        }
        for bad in ["", "?q=", "?q=%20", "?q=a&limit=x", "?q=a&cursor=no"] {
            assert_eq!(
                recorder.get(&format!("/api/recording/search{bad}")).await.error(400),
                "bad_request",
                "{bad}"
            );
        }
        assert_eq!(
            recorder.get(&format!("/api/recording/search?q={}", "x".repeat(1001))).await.error(400),
            "bad_request"
        );
    });
}
