//! Keeps the outbox in order: syncs what waits, clears away what is done with, adopts what others left.
//!
//! Owns the rhythm. Never reads a record. Invariant: files are synced off the runtime's threads, and without a lock.

use super::desk::Desk;
use super::error::RecordError;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// How often outboxes of processes are looked for that ended meanwhile.
const ADOPT_EVERY: Duration = Duration::from_secs(30);

pub async fn keep(desk: Arc<Desk>) {
    let mut ticks = tokio::time::interval(desk.settings.outbox.sync_every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut adopted_at = Instant::now();
    loop {
        ticks.tick().await;
        if let Err(error) = sync(&desk).await {
            desk.trouble(&error.to_string());
        }
        desk.with_queue(|queue| queue.clear_acked());
        if adopted_at.elapsed() >= ADOPT_EVERY {
            adopted_at = Instant::now();
            let desk = desk.clone();
            let _ = tokio::task::spawn_blocking(move || {
                desk.adopt().unwrap_or_else(|error| desk.trouble(&error.to_string()));
            })
            .await;
        }
    }
}

/// What waits is on the disk when this answers.
pub async fn sync(desk: &Desk) -> Result<(), RecordError> {
    let failed = |source| RecordError::Outbox { path: desk.home(), source };
    let files = desk.with_queue(|queue| queue.unsynced()).unwrap_or(Ok(Vec::new())).map_err(failed)?;
    if files.is_empty() {
        return Ok(());
    }
    let synced =
        tokio::task::spawn_blocking(move || files.iter().try_for_each(std::fs::File::sync_all)).await;
    match synced {
        Ok(result) => result.map_err(failed),
        Err(_) => Err(RecordError::Ended),
    }
}
