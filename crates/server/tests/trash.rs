//! Trash, receipts and retention over REST.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Home, event};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const TRASH: &str = "/api/recording/trash";

async fn record(home: &Home, sessions: &[&str]) {
    for session in sessions {
        let batch = format!("[{},{}]", event(session, 1), event(session, 2));
        assert_eq!(home.post("/api/recording/events", &batch).await.status, 200);
    }
}

async fn listed(home: &Home) -> Vec<String> {
    let page = home.get("/api/recording/sessions?state=all&sort=title&limit=100").await.json();
    assert_eq!(page["total"], page["sessions"].as_array().unwrap().len());
    let mut ids: Vec<String> = ids_of(&page["sessions"]);
    ids.sort();
    ids
}

fn ids_of(sessions: &Value) -> Vec<String> {
    let id = |session: &Value| session["session_id"].as_str().unwrap().to_owned();
    sessions.as_array().unwrap().iter().map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_go_to_the_trash_and_come_back() {
    let home = Home::start("[trash]\nkeep_secs = 3600").await;
    record(&home, &["a", "b", "c"]).await;
    let patch = r#"{"title":"mine","starred":true,"tags":["t"]}"#;
    assert_eq!(home.ask("PATCH", "/api/recording/sessions/a", &[JSON], patch).await.status, 200);
    let before = home.get("/api/recording/sessions/a").await.json();
    assert!(before.get("purge_at").is_none(), "{before}");

    let put = home.post(TRASH, r#"{"session_ids":["a","b","nobody"]}"#).await;
    assert_eq!(put.status, 200, "{put:?}");
    let put = put.json();
    assert_eq!((&put["trashed"], &put["unknown"]), (&json!(["a", "b"]), &json!(["nobody"])));
    assert_eq!(listed(&home).await, ["c"]);
    let found = home.get("/api/recording/search?q=hello").await.json();
    assert_eq!(ids_of(&found["hits"]), ["c", "c"]);
    assert_eq!(home.get("/api/recording/status").await.json()["sessions"], 1);

    let trash = home.get(TRASH).await.json();
    assert_eq!((&trash["total"], &trash["next_cursor"]), (&json!(2), &Value::Null));
    let first = &trash["sessions"][0];
    assert!(first["trashed_at"].is_string() && first["purge_at"] == put["purge_at"], "{first}");
    assert!(first["message_count"] == 2 && first["state"] == "recording", "{first}");
    let page = home.get(&format!("{TRASH}?limit=1")).await.json();
    let next = format!("{TRASH}?limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
    let both = [ids_of(&page["sessions"]), ids_of(&home.get(&next).await.json()["sessions"])].concat();
    assert_eq!(both, ids_of(&trash["sessions"]));

    // What is in it can be read, changed and taken along.
    let shown = home.get("/api/recording/sessions/a").await;
    assert_eq!((shown.status, &shown.json()["purge_at"]), (200, &put["purge_at"]));
    assert_eq!(home.get("/api/recording/sessions/a/events").await.status, 200);
    assert!(home.get("/api/recording/sessions/a/export?format=markdown").await.body.contains("hello 2"));
    let tags = home.ask("PATCH", "/api/recording/sessions/b", &[JSON], r#"{"tags":["u"]}"#).await;
    assert_eq!((tags.status, &tags.json()["tags"]), (200, &json!(["u"])));

    let back = home.post(&format!("{TRASH}/restore"), r#"{"session_ids":["a","c"]}"#).await;
    assert_eq!((back.status, back.json()), (200, json!({"restored": ["a"], "unknown": ["c"]})));
    assert_eq!(home.get("/api/recording/sessions/a").await.json(), before);
    assert_eq!(listed(&home).await, ["a", "c"]);
    let starred = home.get("/api/recording/sessions?state=all&starred=true&tag=t").await.json();
    assert_eq!(ids_of(&starred["sessions"]), ["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_for_good_gives_a_receipt_to_who_asks() {
    let home = Home::start("").await;
    record(&home, &["a", "b", "c", "d"]).await;
    let plain = home.ask("DELETE", "/api/recording/sessions/a", &[], "").await;
    assert_eq!((plain.status, plain.body.as_str()), (204, ""));
    let wish = [("Prefer", "respond-async, return=representation")];
    let told = home.ask("DELETE", "/api/recording/sessions/b", &wish, "").await;
    assert_eq!((told.status, told.header("preference-applied")), (200, Some("return=representation")));
    let receipt = told.json();
    for (key, value) in [("sessions", 1), ("messages", 2), ("tool_calls", 0), ("events", 2), ("snapshots", 0)]
    {
        assert_eq!(receipt[key], value, "{receipt}");
    }
    assert!(receipt["bytes"].as_u64().unwrap() > 200 && receipt["at"].is_string(), "{receipt}");
    assert_eq!(receipt["session_ids"], json!(["b"]));
    let none = home.ask("DELETE", "/api/recording/sessions/b", &[("Prefer", "return=minimal")], "").await;
    assert_eq!((none.status, none.code().as_str()), (404, "not_found"));

    home.post(TRASH, r#"{"session_ids":["c","d"]}"#).await;
    let purged = home.post(&format!("{TRASH}/purge"), r#"{"session_ids":["c","nobody"]}"#).await;
    assert_eq!((purged.status, &purged.json()["session_ids"]), (200, &json!(["c"])));
    let rest = home.post(&format!("{TRASH}/purge"), "").await.json();
    assert_eq!((&rest["sessions"], &rest["session_ids"]), (&json!(1), &json!(["d"])));
    let empty = home.post(&format!("{TRASH}/purge"), "{}").await.json();
    assert_eq!((&empty["sessions"], &empty["session_ids"]), (&json!(0), &json!([])));
    let notices = home.get("/api/recording/notices").await.json();
    let notices: Vec<&Value> = notices["notices"].as_array().unwrap().iter().collect();
    assert_eq!(notices.len(), 4, "{notices:?}");
    assert!(notices.iter().all(|n| n["kind"] == "purged" && n["receipt"].get("session_ids").is_none()));
    assert_eq!((&notices[0]["reason"], &notices[3]["reason"]), (&json!("trash"), &json!("delete")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_setting_says_how_long_and_it_is_kept() {
    let home = Home::start("").await;
    record(&home, &["a", "b"]).await;
    let set = home.ask("PATCH", "/api/settings", &[JSON], r#"{"trash.keep_secs":5}"#).await;
    assert_eq!(set.status, 200, "{set:?}");
    assert_eq!(home.ask("PATCH", "/api/settings", &[JSON], r#"{"trash.keep_secs":4}"#).await.status, 422);
    home.post(TRASH, r#"{"session_ids":["a"]}"#).await;
    let waited = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        while home.get("/api/recording/sessions/a").await.status != 404 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    });
    waited.await.expect("it is still there");
    assert_eq!(listed(&home).await, ["b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn senseless_requests_are_refused() {
    let home = Home::start("").await;
    let many = json!({"session_ids": vec!["a"; 10_001]}).to_string();
    for (path, body, status, code) in [
        ("trash", "{}", 422, "missing_field"),
        ("trash", r#"{"session_ids":[]}"#, 422, "invalid_field"),
        ("trash", many.as_str(), 422, "invalid_field"),
        ("trash", r#"{"session_ids":["a"],"why":1}"#, 422, "invalid_field"),
        ("trash/restore", r#"{"session_ids":[]}"#, 422, "invalid_field"),
        ("trash/purge", r#"{"session_ids":"a"}"#, 422, "invalid_field"),
        ("retention/preview", r#"{"days":36501}"#, 422, "invalid_field"),
        ("retention/preview", r#"{"max_gib":100001}"#, 422, "invalid_field"),
        ("retention/preview", r#"{"days":-1}"#, 422, "invalid_field"),
        ("retention/run", r#"{"days":1}"#, 422, "invalid_field"),
    ] {
        let answer = home.post(&format!("/api/recording/{path}"), body).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path} {answer:?}");
    }
    for query in ["?nope=1", "?limit=0", "?cursor=r_1_2"] {
        assert_eq!(home.get(&format!("{TRASH}{query}")).await.code(), "bad_request", "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_shows_first_and_deletes_as_set() {
    let home = Home::start("").await;
    let old = |session: &str, kind: &str, n: u64| {
        json!({"session_id": session, "event_type": kind, "event_id": format!("o{n}"),
            "timestamp": 1_500_000_000_000u64 + n, "data": {"role": "user", "content": "long ago"}})
    };
    for session in ["old", "star"] {
        let batch = json!([old(session, "message", 1), old(session, "session_end", 2)]);
        assert_eq!(home.post("/api/recording/events", &batch.to_string()).await.status, 200);
    }
    record(&home, &["new"]).await;
    let star = home.ask("PATCH", "/api/recording/sessions/star", &[JSON], r#"{"starred":true}"#).await;
    assert_eq!(star.status, 200);
    let preview = async |body: &str| home.post("/api/recording/retention/preview", body).await.json();
    let none = preview("{}").await;
    assert_eq!(
        none,
        json!({"sessions": 0, "messages": 0, "bytes": 0, "interrupted": 0,
        "oldest": null, "newest": null, "sample": []})
    );
    let one = preview(r#"{"days":365}"#).await;
    assert_eq!((&one["sessions"], &one["messages"]), (&json!(1), &json!(1)), "{one}");
    assert!(one["oldest"] == one["newest"] && one["sample"][0]["session_id"] == "old", "{one}");
    assert_eq!(preview(r#"{"days":365,"keep_starred":false}"#).await["sessions"], 2);
    assert_eq!(home.post("/api/recording/retention/run", "{}").await.json()["sessions"], 0, "as set");
    let set = r#"{"retention":{"days":365}}"#;
    assert_eq!(home.ask("PATCH", "/api/settings", &[JSON], set).await.status, 200);
    assert_eq!(preview("").await, one, "as set now");
    let run = home.post("/api/recording/retention/run", "{}").await;
    assert_eq!((run.status, &run.json()["session_ids"]), (200, &json!(["old"])));
    assert_eq!(run.json()["bytes"], one["bytes"]);
    assert_eq!(listed(&home).await, ["new", "star"]);
}
