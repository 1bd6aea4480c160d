//! How fast reads are over 10,000 sessions with 200,000 messages: p50 and p95 of each.
//!
//! `cargo run --release -p chasm-store --example reads [folder]`

#![allow(clippy::indexing_slicing)]

#[path = "../tests/common/mod.rs"]
mod common;

use chasm_protocol::api::{SessionFilter, SessionSort};
use chasm_protocol::{SessionId, State};
use chasm_store::*;
use common::*;
use std::path::Path;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const SESSIONS: u64 = 10_000;
const MESSAGES: u64 = 20;
const RUNS: usize = 40;

fn written(n: u64, dice: &mut Dice) -> SessionWrite {
    let mut write = session(n as i64, &format!("session-{n:06}"));
    write.record.title = Some(dice.text(30));
    write.record.preview = Some(dice.text(80));
    write.record.provider = Some(["copilot", "claude-code", "cursor"][(n % 3) as usize].into());
    write.record.last_event_at = at((n * 7919 % SESSIONS) as i64);
    write.state = if n.is_multiple_of(50) { State::Interrupted } else { State::Completed };
    let mut messages = Vec::new();
    let messages_of = if n == 9_999 { 3_000 } else { MESSAGES };
    for i in 1..=messages_of {
        let mut text = dice.text(300);
        text.push_str(if i % 10 == 0 { " 数据库的设计" } else { " common message" });
        if (n * MESSAGES + i).is_multiple_of(9973) {
            text.push_str(" rareneedle in the hay");
        }
        write.events.push(event(n * 5_000 + i, &format!(r#"{{"content":"{text}"}}"#)));
        messages.push(message(i, &text));
    }
    write.record.messages = messages_of;
    write.record.events = messages_of;
    write.items = ItemsWrite::Upsert { messages, tool_calls: vec![] };
    write
}

async fn fill(path: &Path) -> Result<Store> {
    let (store, _) = Store::open(path).await?;
    let (mut dice, start) = (Dice(7), Instant::now());
    for n in (1..=SESSIONS).step_by(250) {
        let sessions = (n..n + 250).map(|n| written(n, &mut dice)).collect();
        store.apply(&batch((n + 250) * MESSAGES, sessions)).await?;
    }
    println!("filled in {:.1} s, {} MB", start.elapsed().as_secs_f64(), store.size() >> 20);
    Ok(store)
}

/// Runs `read` often and prints its times; `read` says what it found.
async fn time<F: Future<Output = Result<u64>>>(name: &str, read: impl Fn(usize) -> F) -> Result<()> {
    let mut times = Vec::new();
    let mut found = 0;
    for run in 0..RUNS {
        let start = Instant::now();
        found = read(run).await?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "{name:34} p50 {:7.2} ms   p95 {:7.2} ms   found {found}",
        times[RUNS / 2],
        times[RUNS * 95 / 100]
    );
    Ok(())
}

async fn lists(store: &Store) -> Result<()> {
    let all = || SessionFilter { limit: 50, ..SessionFilter::default() };
    let interrupted = || SessionFilter { state: Some(State::Interrupted), ..all() };
    let sort = |sort| SessionFilter { sort, ..all() };
    let q = |q: &str| SessionFilter { q: Some(q.into()), ..all() };
    let filters = [
        ("list, recent", all()),
        ("list, interrupted", interrupted()),
        ("list, oldest", sort(SessionSort::Oldest)),
        ("list, by title", sort(SessionSort::Title)),
        ("list, by messages", sort(SessionSort::Messages)),
        ("list, one provider", SessionFilter { provider: Some("cursor".into()), ..all() }),
        ("list, q rare", q("rareneedle ")),
        ("list, q in every session", q("common")),
    ];
    for (name, filter) in filters {
        time(name, |_| async { Ok(store.list(&filter).await?.total) }).await?;
    }
    Ok(())
}

async fn searches(store: &Store) -> Result<()> {
    let one = SessionId::new("session-005000")?;
    let queries = [
        ("search, rare word", "rareneedle ", None),
        ("search, common word", "common ", None),
        ("search, two common words", "message common ", None),
        ("search, phrase of common words", "\"common message\"", None),
        ("search, phrase that is nowhere", "\"message common\"", None),
        ("search, rare and common", "common rareneedle ", None),
        ("search, prefix of rare", "rareneed", None),
        ("search, prefix of common", "commo", None),
        ("search, prefix of 3", "kam", None),
        ("search, prefix of 2", "ka", None),
        ("search, prefix of 1", "k", None),
        ("search, Chinese", "数据库", None),
        ("search, nothing", "zzzzzz ", None),
        ("search, common in one session", "common ", Some(&one)),
        ("search, rare in one session", "rareneedle ", Some(&one)),
    ];
    for (name, q, session) in queries {
        let search = SearchQuery { q: q.into(), session: session.cloned(), limit: 20, cursor: None };
        time(name, |_| async { Ok(store.search(&search).await?.hits.len() as u64) }).await?;
    }
    Ok(())
}

async fn others(store: &Store) -> Result<()> {
    let id = |run: usize| SessionId::new(format!("session-{:06}", run * 131 + 1));
    time(
        "detail",
        |run| async move { Ok(store.detail(&id(run)?).await?.map_or(0, |d| d.messages.len() as u64)) },
    )
    .await?;
    time("events page", |run| async move {
        Ok(store.events_page(&id(run)?, None, 50).await?.map_or(0, |p| p.events.len() as u64))
    })
    .await?;
    time("counts", |_| async { Ok(store.counts().await?.interrupted) }).await?;
    time("recovery candidates", |_| async { Ok(store.recovery_candidates().await?.len() as u64) }).await?;
    let start = Instant::now();
    let big = store.delete_session(&SessionId::new("session-009999")?).await?.map_or(0, |d| d.messages);
    println!("delete of {big} messages in {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    time("delete", |run| async move { Ok(store.delete_session(&id(run)?).await?.map_or(0, |d| d.messages)) })
        .await
}

/// Resident memory, where the system says it.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("VmRSS unknown").to_owned()
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = match std::env::args().nth(1) {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let path = folder.path().join("recordings.db");
    fill(&path).await?.close().await?;
    println!("after filling: {}", resident());
    let start = Instant::now();
    let (store, report) = Store::open(&path).await?;
    println!("opened in {:.0} ms {:?}", start.elapsed().as_secs_f64() * 1e3, report.quick_check);
    println!("after opening: {}", resident());
    lists(&store).await?;
    searches(&store).await?;
    others(&store).await?;
    println!("after reading: {}", resident());
    // Readers that have nothing to do are closed.
    tokio::time::sleep(std::time::Duration::from_secs(45)).await;
    println!("after 45 s without work: {}", resident());
    let start = Instant::now();
    println!("integrity {:?} in {:.1} s", store.integrity().await?, start.elapsed().as_secs_f64());
    store.close().await?;
    Ok(())
}
