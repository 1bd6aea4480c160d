//! A program that records what it reads on stdin with the Rust client, as `chasm conformance --client` wants it.
//!
//! Never sends anything itself. Invariant: a line is called kept only after the call that handed its event over returned.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_client::recorder::{Message, SessionStart};
use chasm_client::{Recorder, Session, Settings};
use chasm_protocol::{Role, SessionId};
use serde_json::Value;
use std::collections::BTreeMap;

/// It finds the address in `CHASM_SERVER` and its outbox in `CHASM_DATA_DIR`.
fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(record());
}

async fn record() {
    let settings = Settings {
        server: std::env::var("CHASM_SERVER").ok(),
        data_dir: std::env::var_os("CHASM_DATA_DIR").map(Into::into),
        ..Settings::for_client("conforming-client/1")
    };
    let recorder = Recorder::connect(settings).await.unwrap();
    let mut sessions = BTreeMap::<String, Session>::new();
    for line in std::io::stdin().lines() {
        let item: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if item["kind"] == "end" {
            break;
        }
        let name = text(&item, "session");
        if !sessions.contains_key(&name) {
            let id = SessionId::new(name.clone()).unwrap();
            sessions.insert(name.clone(), recorder.session(Some(id), SessionStart::default()).await.unwrap());
        }
        take(&sessions[&name], &item);
        println!(r#"{{"kind":"kept"}}"#);
    }
    recorder.flush().await.unwrap();
    assert_eq!(recorder.close().await.events, 0);
}

fn take(session: &Session, item: &Value) {
    if item["kind"] == "delta" {
        return session.message_delta(&text(item, "message_id"), &text(item, "delta")).unwrap();
    }
    let role = if item["role"] == "user" { Role::User } else { Role::Assistant };
    let message_id = item["message_id"].as_str().map(str::to_owned);
    session.message_with(Message { message_id, ..Message::text(role, text(item, "content")) }).unwrap();
}

fn text(item: &Value, name: &str) -> String {
    item[name].as_str().unwrap().to_owned()
}
