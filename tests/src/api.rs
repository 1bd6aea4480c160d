//! What a client of this user asks a recorder over HTTP, whatever process that recorder is.
//!
//! Never starts or ends one. Invariant: an answer that a test did not expect fails the test, with the answer in the message.

use crate::http::{self, Answer};
use crate::ws::Ws;
use serde_json::Value;
use std::net::SocketAddr;

/// A recorder's address, and the calls to it.
#[derive(Debug, Clone, Copy)]
pub struct Api {
    address: SocketAddr,
}

impl Api {
    pub fn at(address: SocketAddr) -> Self {
        Self { address }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request as a client of this user sends it; `Null` is no body.
    pub async fn rest(&self, method: &str, path: &str, body: &Value) -> Answer {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let json: &[_] = if method == "GET" { &[] } else { &[("Content-Type", "application/json")] };
        http::ask(self.address, method, path, json, text.as_bytes()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.rest("GET", path, &Value::Null).await
    }

    /// Records events; all of them have to be taken.
    #[track_caller]
    pub fn record<'a>(&'a self, events: &'a Value) -> impl Future<Output = Value> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let answer = self.rest("POST", "/api/recording/events", events).await;
            assert_eq!(
                (answer.status, &answer.json()["rejected"]),
                (200, &Value::from(0)),
                "{place}: {answer:?}"
            );
            answer.json()
        }
    }

    pub async fn status(&self) -> Value {
        self.get("/api/recording/status").await.expect(200)
    }

    pub async fn session(&self, id: &str) -> Value {
        self.get(&format!("/api/recording/sessions/{}", http::encode(id))).await.expect(200)
    }

    /// All raw events of a session, page by page.
    pub async fn events(&self, id: &str) -> Vec<Value> {
        let path = format!("/api/recording/sessions/{}/events?limit=1000", http::encode(id));
        self.walk(&path, "events").await
    }

    /// The numbers that the messages on disk begin with, in the order in which they are listed; others are passed over.
    pub async fn numbers(&self, id: &str) -> Vec<u64> {
        let number = |event: &Value| event["data"]["content"].as_str()?.split(' ').next()?.parse().ok();
        self.events(id).await.iter().filter_map(|row| number(&row["event"])).collect()
    }

    /// All items of a listing, page by page.
    pub async fn walk(&self, path: &str, items: &str) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        for _ in 0..10_000 {
            let page = self.get(&format!("{path}{cursor}")).await.expect(200);
            all.extend(page[items].as_array().unwrap_or_else(|| panic!("{page}")).iter().cloned());
            let Some(next) = page["next_cursor"].as_str() else { return all };
            cursor = format!("{}cursor={}", if path.contains('?') { "&" } else { "?" }, http::encode(next));
        }
        panic!("{path}: the pages do not end");
    }

    /// How often a route was asked so far, by its pattern: `/api/recording/sessions/{id}`.
    pub async fn asked(&self, route: &str) -> u64 {
        let metrics = self.get("/metrics").await.body;
        let wanted = format!("route=\"{route}\"");
        let lines = metrics.lines().filter(|line| line.contains("http_requests") && line.contains(&wanted));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// Waits until the recorder is in this state: `recording`, `paused`, `degraded`.
    pub async fn becomes(&self, state: &str) -> Value {
        crate::eventually(&format!("the recorder is {state}"), 30, async || {
            let status = self.status().await;
            (status["status"] == state).then_some(status)
        })
        .await
    }

    /// A client of this name that carries a session, with its first messages on disk.
    pub async fn client(&self, name: &str, session: &str, messages: u64) -> Ws {
        let mut ws = self.ws().await;
        ws.try_hello_as(name, &[session]).await.unwrap();
        ws.send(&crate::events::start(session, &format!("About {session}"))).await;
        for n in 1..=messages {
            ws.send(&crate::events::message(session, n)).await;
        }
        ws.all_acked().await;
        ws
    }

    /// A WebSocket that has had its `welcome`.
    pub async fn ws(&self) -> Ws {
        Ws::open(self.address).await
    }
}
