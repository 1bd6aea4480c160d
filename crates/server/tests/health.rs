//! Status, rates, notices, refused settings and the quarantine, over the real port.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Home, event};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("Content-Type", "application/json");

async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), found).await.unwrap_or_else(|_| panic!("{what}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn status_says_since_when_and_where() {
    let home = Home::start("").await;
    let status = home.get("/api/recording/status").await.json();
    assert_eq!((&status["problem_code"], &status["problem_values"]), (&json!(null), &json!({})));
    assert_eq!(status["data_dir"], home.folder.path().display().to_string());
    let since = status["since"].as_str().unwrap().to_owned();
    assert_eq!(home.get("/api/recording/status").await.json()["since"], since);
    let paused = home.post("/api/recording/pause", "{}").await.json();
    assert!(paused["since"].as_str().unwrap() > since.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_have_steps_and_limits() {
    let home = Home::start("").await;
    let body = format!("[{},{}]", event("s", 1), event("s", 2));
    assert_eq!(home.post("/api/recording/events", &body).await.status, 200);
    let sum =
        |rates: &Value, of: &str| rates[of].as_array().unwrap().iter().filter_map(Value::as_u64).sum::<u64>();
    let rates = until("the second ends", async || {
        let rates = home.get("/api/recording/rates").await.json();
        (sum(&rates, "events") > 0).then_some(rates)
    })
    .await;
    assert_eq!((sum(&rates, "events"), rates["step_secs"].as_u64()), (2, Some(10)));
    assert!(sum(&rates, "syncs") >= 1 && rates["until"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        (rates["events"].as_array().unwrap().len(), rates["syncs"].as_array().unwrap().len()),
        (90, 90)
    );
    let steps = async |query: &str| {
        home.get(&format!("/api/recording/rates?{query}")).await.json()["events"].as_array().unwrap().len()
    };
    assert_eq!(steps("step=1&points=900").await, 900);
    assert_eq!(steps("step=60&points=900").await, 15);
    for bad in ["step=0", "step=61", "points=0", "points=901", "step=x", "steps=1"] {
        let answer = home.get(&format!("/api/recording/rates?{bad}")).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "bad_request"), "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_are_searched_with_the_titles_of_their_sessions() {
    let home = Home::start("recording.grace_secs = 0\n").await;
    let mut client = home.connect().await.welcomed().await;
    client.send(r#"{"type":"hello","client":"My Editor/1"}"#).await;
    client.send(r#"{"session_id":"a b","event_type":"session_start","event_id":"e1","data":{"title":"Über Quokkas"}}"#).await;
    client.until("ack").await;
    drop(client);
    let get = async |query: &str| {
        let answer = home.get(&format!("/api/recording/notices?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        answer.json()["notices"].as_array().unwrap().clone()
    };
    until("it is interrupted", async || (get("kind=interrupted").await.len() == 1).then_some(())).await;
    for (query, kinds) in [
        ("q=QUOKKAS", vec!["interrupted", "dropped"]),
        ("q=my+EDITOR", vec!["dropped"]),
        ("q=a+b&kind=interrupted,damage_found", vec!["interrupted"]),
        ("session_id=a%20b", vec!["interrupted", "dropped"]),
        ("session_id=a", vec![]),
        ("until=2020-01-01T00:00:00Z", vec![]),
        ("since=2020-01-01T00:00:00Z&limit=1", vec!["interrupted"]),
    ] {
        let found = get(query).await;
        assert_eq!(found.iter().map(|n| n["kind"].as_str().unwrap()).collect::<Vec<_>>(), kinds, "{query}");
        assert!(found.iter().all(|n| n["titles"] == json!({"a b": "Über Quokkas"})), "{found:?}");
    }
    for bad in ["kind=interrupted,nope", "since=now", "sesion_id=x", &format!("q={}", "a".repeat(1_001))] {
        assert_eq!(home.get(&format!("/api/recording/notices?{bad}")).await.status, 400, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_settings_are_named_one_by_one() {
    let home = Home::start("").await;
    let patch = async |body: Value| home.ask("PATCH", "/api/settings", &[JSON], &body.to_string()).await;
    let answer = patch(json!({"limits.nesting": 7})).await;
    let error = answer.json()["error"].clone();
    let rule = "a whole number from 8 to 120 is needed";
    assert_eq!(
        (answer.status, &error["field"], &error["reason"]),
        (422, &json!("limits.nesting"), &json!(rule))
    );
    assert_eq!(error["fields"], json!([{"field": "limits.nesting", "reason": rule}]));

    let many = json!({"recording": {"grace_secs": 5, "silence_minutes": 0}, "limits.nesting": 7, "nope": 1, "allowed_origins": ["file://x"]});
    let error = patch(many).await.json()["error"].clone();
    let fields: Vec<&str> =
        error["fields"].as_array().unwrap().iter().map(|f| f["field"].as_str().unwrap()).collect();
    let mut sorted = fields.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["allowed_origins", "limits.nesting", "nope", "recording.silence_minutes"]);
    assert_eq!(error["field"], fields[0]);
    assert_eq!(error["reason"], error["fields"][0]["reason"]);
    for field in fields {
        assert!(error["message"].as_str().unwrap().contains(field), "{error}");
    }
    let settings = home.get("/api/settings").await.json();
    let of = |key: &str| {
        settings["settings"].as_array().unwrap().iter().find(|s| s["key"] == key).unwrap().clone()
    };
    assert_eq!(of("recording.grace_secs")["value"], 2, "nothing of a refused change is kept");

    // an error that is of no setting has none of these
    let bare = home.get("/api/recording/sessions/none").await.json()["error"].clone();
    assert_eq!(bare.as_object().unwrap().keys().collect::<Vec<_>>(), ["code", "message"]);

    for (key, kind, unit, choices) in [
        ("port", "number", json!(null), json!(null)),
        ("limits.frame_bytes", "number", json!("bytes"), json!(null)),
        ("recording.buffer_mib", "number", json!("MiB"), json!(null)),
        ("recording.grace_secs", "number", json!("s"), json!(null)),
        ("recording.silence_minutes", "number", json!("min"), json!(null)),
        ("notifications.damage", "switch", json!(null), json!(null)),
        ("notifications.quiet_from", "time", json!(null), json!(null)),
        ("host", "text", json!(null), json!(null)),
        ("auth", "choice", json!(null), json!(["user", "token"])),
        ("allowed_origins", "list", json!(null), json!(null)),
    ] {
        let setting = of(key);
        assert_eq!(
            (&setting["kind"], &setting["unit"], &setting["choices"]),
            (&json!(kind), &unit, &choices),
            "{key}"
        );
    }
    let twice =
        json!({"allowed_origins": ["https://a.example", "https://A.example:443", "vscode-webview://x"]});
    assert_eq!(patch(twice).await.status, 200);
    let settings = home.get("/api/settings").await.json();
    let origins =
        settings["settings"].as_array().unwrap().iter().find(|s| s["key"] == "allowed_origins").unwrap();
    assert_eq!(origins["running"], json!(["https://a.example", "vscode-webview://x"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_lies_in_quarantine_is_deleted_from_it() {
    let home = Home::start("").await;
    let folder = home.folder.path().join("quarantine");
    std::fs::write(folder.join("record-7 ä.bin"), b"bytes").unwrap();
    std::fs::create_dir(folder.join("sub")).unwrap();
    let token = home.folder.path().join("token");
    assert!(token.exists());
    #[cfg(unix)]
    std::os::unix::fs::symlink(&token, folder.join("link")).unwrap();
    let delete =
        async |name: &str| home.ask("DELETE", &format!("/api/recording/quarantine/{name}"), &[], "").await;
    let absolute = token.display().to_string().replace('/', "%2F");
    for name in [
        "..%2Ftoken",
        "..%2F..%2Ftoken",
        "../token",
        "..",
        "%2e%2e%2ftoken",
        "sub",
        "sub%2F",
        "link",
        "nope",
        "a%00b",
        &absolute,
    ] {
        let answer = delete(name).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"), "{name}");
    }
    // not UTF-8: no name at all
    assert!((400..500).contains(&delete("%ff").await.status));
    let evil = [("Origin", "https://evil.example")];
    let answer = home.ask("DELETE", "/api/recording/quarantine/record-7%20%C3%A4.bin", &evil, "").await;
    assert_eq!(answer.status, 403);
    let listed = home.get("/api/recording/recovery").await.json()["quarantine"].clone();
    assert_eq!(
        (listed.as_array().unwrap().len(), &listed[0]["quarantined_as"]),
        (1, &json!("record-7 ä.bin"))
    );
    assert!(listed[0]["at"].as_str().is_some_and(|at| at > "2020"));
    assert_eq!(delete("record-7%20%C3%A4.bin").await.status, 204);
    assert_eq!(delete("record-7%20%C3%A4.bin").await.status, 404);
    assert_eq!(home.get("/api/recording/recovery").await.json()["quarantine"], json!([]));
    assert!(token.exists() && folder.join("sub").exists());
}
