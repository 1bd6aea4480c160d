//! How fast flushes are written: batches of 5,000 message events of 300 bytes over 8 sessions.
//!
//! Three runs: events alone, with messages but no index, and everything; the differences are the shares.
//! `cargo run --release -p chasm-store --example store_rates [batches] [folder]`

#![allow(clippy::indexing_slicing)]

#[path = "../tests/common/mod.rs"]
mod common;

use chasm_store::*;
use common::*;
use std::path::Path;
use std::time::{Duration, Instant};

const EVENTS: u64 = 5_000;
const SESSIONS: u64 = 8;

#[derive(Clone, Copy, PartialEq)]
enum Run {
    Events,
    Messages,
    All,
}

fn batch_of(dice: &mut Dice, n: u64, run: Run) -> FlushBatch {
    let mut sessions: Vec<_> =
        (0..SESSIONS).map(|s| session(s as i64 + 1, &format!("session-{s}"))).collect();
    for i in 0..EVENTS {
        let lsn = n * EVENTS + i + 1;
        let text = dice.text(300);
        let raw = format!(
            r#"{{"session_id":"session-{}","event_type":"message","event_id":"{lsn:032}","timestamp":1767225600000,"data":{{"role":"user","content":"{text}"}}}}"#,
            i % SESSIONS
        );
        let session = &mut sessions[(i % SESSIONS) as usize];
        let mut row = event(lsn, &raw);
        row.event_id = Some(format!("{lsn:032}").into());
        session.events.push(row);
        session.record.events = lsn;
        session.record.last_event_at = at(lsn as i64);
        if run != Run::Events {
            let ItemsWrite::Upsert { messages, .. } = &mut session.items else { continue };
            messages.push(message(lsn, &text));
        }
    }
    batch((n + 1) * EVENTS, sessions)
}

async fn measure(path: &Path, run: Run, batches: u64) -> anyhow_free::Result<Duration> {
    let (store, _) = Store::open(path).await?;
    if run == Run::Messages {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut conn = sqlx::ConnectOptions::connect(&options).await?;
        sqlx::query("DROP VIEW item_words; CREATE VIEW item_words (pk, words) AS SELECT 1, 2 WHERE 0")
            .execute(&mut conn)
            .await?;
    }
    let (mut dice, mut spent, mut slowest) = (Dice(42), Duration::ZERO, Duration::ZERO);
    for n in 0..batches {
        let batch = batch_of(&mut dice, n, run);
        let start = Instant::now();
        store.apply(&batch).await?;
        spent += start.elapsed();
        slowest = slowest.max(start.elapsed());
    }
    let rate = (batches * EVENTS) as f64 / spent.as_secs_f64();
    let name = match run {
        Run::Events => "events alone",
        Run::Messages => "events, messages",
        Run::All => "events, messages, index",
    };
    println!(
        "{name:24} {rate:9.0} events/s   slowest batch {:5.0} ms   {} MB",
        slowest.as_secs_f64() * 1e3,
        store.size() >> 20
    );
    store.close().await?;
    Ok(spent)
}

mod anyhow_free {
    pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
}

#[tokio::main]
async fn main() -> anyhow_free::Result<()> {
    let mut args = std::env::args().skip(1);
    let batches = args.next().and_then(|n| n.parse().ok()).unwrap_or(40);
    let folder = match args.next() {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let events = measure(&folder.path().join("events.db"), Run::Events, batches).await?;
    let messages = measure(&folder.path().join("messages.db"), Run::Messages, batches).await?;
    let all = measure(&folder.path().join("all.db"), Run::All, batches).await?;
    let share = |part: Duration| 100.0 * part.as_secs_f64() / all.as_secs_f64();
    println!(
        "shares: events {:.0} %, messages {:.0} %, index {:.0} %",
        share(events),
        share(messages.saturating_sub(events)),
        share(all.saturating_sub(messages))
    );
    Ok(())
}
