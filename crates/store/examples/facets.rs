//! How fast facets, and parts of a long session, are over 100,000 sessions: p50 and p95 of each.
//!
//! `cargo run --release -p chasm-store --example facets [folder]`

#![allow(clippy::indexing_slicing)]

#[path = "../tests/common/mod.rs"]
mod common;

use chasm_protocol::api::{ItemsQuery, ItemsWindow, SessionFilter, SessionPatch};
use chasm_protocol::{SessionId, State};
use chasm_store::*;
use common::*;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const SESSIONS: u64 = 100_000;
const LONG: u64 = 50_000;
const RUNS: usize = 20;

fn written(n: u64, dice: &mut Dice) -> SessionWrite {
    let mut write = session(n as i64, &format!("session-{n:06}"));
    let record = &mut write.record;
    record.title = Some(dice.text(30));
    record.preview = Some(dice.text(120));
    record.provider = Some(["copilot", "claude-code", "cursor"][dice.below(3) as usize].into());
    record.editor = Some(["vscode", "zed", "idea", "vim"][dice.below(4) as usize].into());
    record.model = Some(format!("model-{}", dice.below(20)));
    record.workspace = Some(format!("/home/ada/projects/number-{}", dice.below(500)));
    record.last_event_at = at(n as i64);
    write.state = if n.is_multiple_of(50) { State::Interrupted } else { State::Completed };
    write
}

async fn time<F: Future<Output = Result<u64>>>(name: &str, read: impl Fn() -> F) -> Result<()> {
    let (mut times, mut found) = (Vec::new(), 0);
    for _ in 0..RUNS {
        let start = Instant::now();
        found = read().await?;
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

#[tokio::main]
async fn main() -> Result<()> {
    let folder = match std::env::args().nth(1) {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await?;
    let mut dice = Dice(7);
    for n in (1..=SESSIONS).step_by(1_000) {
        store.apply(&batch(n, (n..n + 1_000).map(|n| written(n, &mut dice)).collect())).await?;
    }
    for n in (1..=SESSIONS).step_by(500) {
        let tags = Some(vec![format!("tag-{}", dice.below(30))]);
        let patch = SessionPatch { tags, ..SessionPatch::default() };
        store.patch_session(&SessionId::new(format!("session-{n:06}"))?, &patch).await?;
    }
    let mut long = session(1, "session-000001");
    long.record.positions = LONG;
    let messages = (1..=LONG).map(|n| message(n, &dice.text(200))).collect();
    long.items = ItemsWrite::Upsert { messages, tool_calls: vec![] };
    store.apply(&batch(SESSIONS + 1, vec![long])).await?;
    println!("filled, {} MB", store.size() >> 20);

    let all = || SessionFilter { limit: 50, ..SessionFilter::default() };
    let filters = [
        ("no filter", all()),
        ("one provider", SessionFilter { provider: Some("cursor".into()), ..all() }),
        ("interrupted", SessionFilter { state: Some(State::Interrupted), ..all() }),
        ("since", SessionFilter { since: Some(at(50_000)), ..all() }),
    ];
    for (name, filter) in &filters {
        time(&format!("facets, {name}"), || async {
            Ok(store.facets(filter).await?.workspaces.len() as u64)
        })
        .await?;
        time(&format!("list, {name}"), || async { Ok(store.list(filter).await?.total) }).await?;
    }
    let id = SessionId::new("session-000001")?;
    let revision = store.detail_without_items(&id).await?.map_or(0, |d| d.revision);
    time("head of a long session", || async {
        Ok(store.detail_without_items(&id).await?.map_or(0, |d| d.items))
    })
    .await?;
    for (name, window) in [
        ("first part", ItemsWindow::From(1)),
        ("part in the middle", ItemsWindow::From(LONG / 2)),
        ("last part", ItemsWindow::Before(LONG + 1)),
        ("what changed, nothing", ItemsWindow::ChangedSince { revision, from: 0 }),
        ("what changed, everything", ItemsWindow::ChangedSince { revision: revision - 1, from: 0 }),
    ] {
        let query = ItemsQuery { window, limit: 200 };
        time(name, || async { Ok(store.items_page(&id, &query).await?.map_or(0, |p| p.items.len() as u64)) })
            .await?;
    }
    store.close().await?;
    Ok(())
}
