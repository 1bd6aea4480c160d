//! A web page that is not allowed asks to record: it is refused, the user is told, and once allowed it records and reads nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Answer, Recorder, Ws, events, http, within};
use serde_json::{Value, json};

const EVENTS: &str = "/api/recording/events";
const JSON: (&str, &str) = ("Content-Type", "application/json");
const PAGE: &str = "https://chat.example";

async fn record_from(recorder: &Recorder, origin: &str) -> Answer {
    let body = events::message("by page", 1).to_string();
    http::ask(recorder.address(), "POST", EVENTS, &[JSON, ("Origin", origin)], body.as_bytes()).await
}

/// The pages that the user was told of, the first one first.
async fn told(recorder: &Recorder) -> Vec<String> {
    let notices = recorder.walk("/api/recording/notices?kind=origin_refused", "notices").await;
    notices.iter().rev().map(|notice| notice["origin"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_page_is_refused_told_of_allowed_and_records() {
    within(60, async {
        let mut recorder = Recorder::plain();
        // however it asks, and however often
        for _ in 0..3 {
            assert_eq!(record_from(&recorder, PAGE).await.error(403), "forbidden_origin");
        }
        let preflight = [("Origin", PAGE), ("Access-Control-Request-Method", "POST")];
        let asked = http::ask(recorder.address(), "OPTIONS", EVENTS, &preflight, b"").await;
        assert_eq!(asked.error(403), "forbidden_origin");
        assert_eq!(Ws::try_open(recorder.address(), &[("origin", PAGE)]).await.err(), Some(403));
        assert_eq!(told(&recorder).await, [PAGE]);
        // who only wants to read is refused without a question
        for path in ["/api/recording/sessions", "/", "/api/settings"] {
            let read =
                http::ask(recorder.address(), "GET", path, &[("Origin", "https://reader.example")], b"")
                    .await;
            assert_eq!(read.error(403), "forbidden_origin");
        }
        assert_eq!(record_from(&recorder, "null").await.error(403), "forbidden_origin");
        assert_eq!(record_from(&recorder, "ftp://files.example").await.error(403), "forbidden_origin");
        assert_eq!(told(&recorder).await, [PAGE]);
        // a day is not over with a restart
        recorder.term();
        recorder.restart();
        assert_eq!(record_from(&recorder, PAGE).await.error(403), "forbidden_origin");
        assert_eq!(told(&recorder).await, [PAGE]);

        // the page cannot allow itself; the user can
        let body = json!({"allowed_origins": [PAGE]});
        let own = [JSON, ("Origin", PAGE)];
        let text = body.to_string();
        let itself = http::ask(recorder.address(), "PATCH", "/api/settings", &own, text.as_bytes()).await;
        assert_eq!(itself.error(403), "forbidden_origin");
        recorder.rest("PATCH", "/api/settings", &body).await.expect(200);
        assert_eq!(record_from(&recorder, PAGE).await.status, 200);
        assert_eq!(recorder.session("by page").await["message_count"], 1);
        for path in [
            "/api/recording/sessions",
            "/api/recording/sessions/by%20page",
            "/api/recording/notices",
            "/api/recording/live",
            "/api/settings",
        ] {
            let read = http::ask(recorder.address(), "GET", path, &[("Origin", PAGE)], b"").await;
            assert_eq!(read.error(403), "forbidden_origin", "{path}");
        }
        assert_eq!(told(&recorder).await, [PAGE]);
    });
}

#[test]
fn a_page_with_many_names_cannot_flood_the_notices() {
    within(60, async {
        let recorder = Recorder::plain();
        for n in 0..60 {
            let origin = format!("https://{n}.evil.example");
            assert_eq!(record_from(&recorder, &origin).await.error(403), "forbidden_origin");
        }
        let told = told(&recorder).await;
        assert_eq!(told, (0..5).map(|n| format!("https://{n}.evil.example")).collect::<Vec<_>>());
    });
}

#[test]
fn an_origin_is_kept_once_and_only_where_pages_have_such() {
    within(30, async {
        let recorder = Recorder::plain();
        let same = json!({"allowed_origins": [PAGE, "HTTPS://Chat.Example", "https://chat.example:443"]});
        let answer = recorder.rest("PATCH", "/api/settings", &same).await.expect(200);
        let settings = answer["settings"].as_array().unwrap();
        let setting = settings.iter().find(|one| one["key"] == "allowed_origins").unwrap();
        assert_eq!(setting["value"], json!([PAGE]));
        for bad in ["ftp://files.example", "file://", "javascript://x", "null", "*", "https://a/b"] {
            let refused = recorder.rest("PATCH", "/api/settings", &json!({"allowed_origins": [bad]})).await;
            assert_eq!(refused.error(422), "invalid_field", "{bad}");
            let field = &refused.json()["error"]["field"];
            assert_eq!(field, &Value::from("allowed_origins"), "{bad}");
        }
    });
}
