//! The token, shown and changed over REST: who may, and what ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Answer, Client, Home, event};
use serde_json::Value;

const JSON: (&str, &str) = ("Content-Type", "application/json");
const STATUS: &str = "/api/recording/status";
const ROTATE: &str = "/api/token/rotate";

fn token_file(home: &Home) -> String {
    std::fs::read_to_string(home.folder.path().join("token")).unwrap().trim().to_owned()
}

async fn with(home: &Home, method: &str, path: &str, header: (&str, &str)) -> Answer {
    home.ask(method, path, &[header, JSON], if method == "POST" { "{}" } else { "" }).await
}

/// A browser's cookie, by way of a ticket.
async fn cookie(home: &Home, bearer: &str) -> String {
    let ticket = with(home, "POST", "/api/ticket", ("Authorization", bearer)).await.json();
    let (_, path) = ticket["url"].as_str().unwrap().split_once("/?").unwrap();
    let opened = home.get(&format!("/?{path}")).await;
    assert_eq!(opened.status, 303, "{opened:?}");
    opened.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_ends_the_old_one_with_its_cookies_and_tickets() {
    let home = Home::start("auth = \"token\"").await;
    let old = format!("Bearer {}", token_file(&home));
    let (mine, other) = (cookie(&home, &old).await, cookie(&home, &old).await);
    let open = with(&home, "POST", "/api/ticket", ("Authorization", &old)).await.json();
    let url = format!("ws://{}/ws/recording", home.address);
    let bearer: &[(&'static str, &str)] = &[("authorization", &old)];
    let mut socket = Client::connect(&url, bearer).await.unwrap().welcomed().await;

    let shown = with(&home, "GET", "/api/token", ("Cookie", &mine)).await;
    assert_eq!((shown.status, &shown.json()["token"]), (200, &Value::from(token_file(&home))));
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    assert_eq!(shown.json()["in_use"], true);
    assert!(shown.json()["path"].as_str().unwrap().ends_with("/token"));
    assert_eq!(home.get("/api/token").await.code(), "unauthorized");
    assert_eq!(home.ask("POST", ROTATE, &[JSON], "{}").await.code(), "unauthorized");

    let rotated = with(&home, "POST", ROTATE, ("Cookie", &mine)).await;
    assert_eq!((rotated.status, rotated.header("cache-control")), (200, Some("no-store")));
    let new = format!("Bearer {}", token_file(&home));
    assert_ne!(new, old);
    assert_eq!(rotated.json()["token"], token_file(&home).as_str());
    let set = rotated.header("set-cookie").expect("the caller's cookie is renewed").to_owned();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    let mine_now = set.split(';').next().unwrap();
    for ended in [("Authorization", old.as_str()), ("Cookie", &mine), ("Cookie", &other)] {
        assert_eq!(with(&home, "GET", STATUS, ended).await.code(), "unauthorized", "{}", ended.0);
        assert_eq!(with(&home, "POST", ROTATE, ended).await.code(), "unauthorized", "{}", ended.0);
    }
    assert!(Client::connect(&url, bearer).await.is_err_and(|status| status == 401));
    let (_, ticket) = open["url"].as_str().unwrap().split_once("/?").unwrap();
    assert_eq!(home.get(&format!("/?{ticket}")).await.code(), "unauthorized");
    for good in [("Authorization", new.as_str()), ("Cookie", mine_now)] {
        assert_eq!(with(&home, "GET", STATUS, good).await.status, 200, "{}", good.0);
    }
    // An open socket stays.
    socket.send(event("s", 1)).await;
    socket.until("ack").await;
    // Who shows the token has no cookie to renew.
    let again = with(&home, "POST", ROTATE, ("Authorization", &new)).await;
    assert_eq!((again.status, again.header("set-cookie")), (200, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_replaced_whole_and_is_the_owners_alone() {
    let home = Home::start("").await;
    let before = token_file(&home);
    let shown = home.get("/api/token").await.json();
    assert_eq!((&shown["token"], &shown["in_use"]), (&Value::from(before.as_str()), &Value::from(false)));
    let rotated = home.post(ROTATE, "").await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    assert_eq!(rotated.header("set-cookie"), None);
    let after = token_file(&home);
    assert!(after != before && after.len() == 64, "{}", after.len());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(home.folder.path().join("token")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let left = std::fs::read_dir(home.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with(".new-")));
    // A file that was changed by hand is not in force, and not shown as if it were.
    std::fs::write(home.folder.path().join("token"), "0".repeat(64)).unwrap();
    assert_eq!(home.get("/api/token").await.code(), "conflict");
    assert_eq!(home.post(ROTATE, r#"{"to":"mine"}"#).await.code(), "invalid_field");
    assert_eq!(home.post(ROTATE, "{}").await.status, 200);
    assert_eq!(home.get("/api/token").await.json()["token"], token_file(&home).as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allowed_page_gets_neither() {
    let home = Home::start("allowed_origins = [\"https://chat.example\"]").await;
    let before = token_file(&home);
    let origin = ("Origin", "https://chat.example");
    for (method, path) in [
        ("GET", "/api/token"),
        ("POST", ROTATE),
        ("GET", "/api/recording/trash"),
        ("POST", "/api/recording/trash"),
        ("POST", "/api/recording/trash/purge"),
        ("POST", "/api/recording/retention/run"),
    ] {
        let answer = with(&home, method, path, origin).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "forbidden_origin"), "{method} {path}");
    }
    assert_eq!(token_file(&home), before);
    assert_eq!(home.get("/api/token").await.status, 200, "the owner does");
}
