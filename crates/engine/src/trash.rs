//! The trash: sessions out of sight until their time comes, and the task that deletes them then.
//!
//! Owns when. Never deletes a session itself. Invariant: what is answered is committed, so the trash survives any end of the
//! process; what is due is deleted at the next start at the latest.

use crate::handle::Inner;
use crate::ingest::{Command, Erasing, micros};
use crate::purge::Purge;
use crate::{Engine, EngineError};
use chasm_protocol::api::{RestoreAnswer, TrashAnswer, TrashPage};
use chasm_protocol::{LifecycleEvent, SessionId, Timestamp};
use chasm_store::StoreError;
use std::collections::HashSet;
use std::sync::Weak;
use std::time::Duration;
use tokio::sync::watch;

/// Longest sleep while something waits for its time: a clock that was set, or a machine that slept, is noticed then.
const LOOK_AT_THE_CLOCK: Duration = Duration::from_secs(30);
/// Pause after a deletion that failed.
const RETRY: Duration = Duration::from_secs(30);
/// As good as never.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

impl Engine {
    /// Puts sessions out of sight; they are deleted for good after `keep`.
    pub async fn trash(&self, ids: Vec<SessionId>, keep: Duration) -> Result<TrashAnswer, EngineError> {
        self.flushed().await?;
        let ids = each_once(ids);
        let at = self.shared().clock.now();
        let until = at.plus_micros(micros(keep));
        let asked = ids.clone();
        let found =
            self.ask(|reply| Command::Erase(Erasing::Trash { ids: asked, at, until, reply })).await??;
        self.note_trash();
        let named = |new: bool| found.iter().filter(move |t| t.new || !new).map(|t| t.id.to_string());
        if found.iter().any(|t| t.new) {
            let event = LifecycleEvent::Trashed { session_ids: named(true).collect(), purge_at: until };
            self.shared().hub.tell(at, event);
        }
        let known: HashSet<&SessionId> = found.iter().map(|t| &t.id).collect();
        Ok(TrashAnswer {
            trashed: named(false).collect(),
            purge_at: found.iter().map(|t| t.purge_at).min().unwrap_or(until),
            unknown: ids.iter().filter(|id| !known.contains(id)).map(ToString::to_string).collect(),
        })
    }

    /// Takes sessions out of the trash, as they were.
    pub async fn restore(&self, ids: Vec<SessionId>) -> Result<RestoreAnswer, EngineError> {
        let ids = each_once(ids);
        let asked = ids.clone();
        let found = self.ask(|reply| Command::Erase(Erasing::Restore { ids: asked, reply })).await??;
        self.note_trash();
        let restored: Vec<String> = found.iter().map(ToString::to_string).collect();
        if !restored.is_empty() {
            let at = self.shared().clock.now();
            self.shared().hub.tell(at, LifecycleEvent::Restored { session_ids: restored.clone() });
        }
        let known: HashSet<SessionId> = found.into_iter().collect();
        let unknown = ids.iter().filter(|id| !known.contains(*id)).map(ToString::to_string).collect();
        Ok(RestoreAnswer { restored, unknown })
    }

    /// What can be restored, the latest first.
    pub async fn trashed(&self, cursor: Option<&str>, limit: u32) -> Result<TrashPage, EngineError> {
        self.flushed().await?;
        let mut page = self.store().trashed(cursor, limit).await.map_err(crate::reads::cursor_or_store)?;
        let live = self.live_sessions().await;
        page.sessions.iter_mut().for_each(|s| s.session.live = live.contains(&s.session.session_id));
        Ok(page)
    }

    /// Finishes what an earlier try left, and deletes what is due.
    async fn keep_trash_once(&self) -> Result<(), EngineError> {
        let half = self.store().half_deleted().await?;
        self.finish(&half).await?;
        let now = self.shared().clock.now();
        if self.store().next_purge().await?.is_some_and(|next| next <= now) {
            self.purge(Purge::Due).await?;
        }
        Ok(())
    }

    /// How long there is nothing to do.
    async fn trash_rests(&self) -> Result<Duration, EngineError> {
        let wait = match self.store().next_purge().await? {
            Some(next) => between(self.shared().clock.now(), next).min(LOOK_AT_THE_CLOCK),
            None => NEVER,
        };
        Ok(if self.store().half_deleted().await?.is_empty() { wait } else { wait.min(RETRY) })
    }
}

/// Deletes what is in the trash when its time has come, until the engine is gone.
pub(crate) async fn keep_trash(engine: Weak<Inner>, mut changed: watch::Receiver<()>) {
    let mut wait = Duration::ZERO;
    loop {
        tokio::select! {
            changed = changed.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(wait) => {
                let Some(inner) = engine.upgrade() else { return };
                if let Err(error) = Engine(inner).keep_trash_once().await {
                    if is_end(&error) {
                        return;
                    }
                    tracing::warn!(%error, "the trash cannot be emptied yet");
                    wait = RETRY;
                    continue;
                }
            }
        }
        let Some(inner) = engine.upgrade() else { return };
        wait = match Engine(inner).trash_rests().await {
            Ok(rest) => rest,
            Err(error) if is_end(&error) => return,
            Err(_) => RETRY,
        };
    }
}

const fn is_end(error: &EngineError) -> bool {
    matches!(error, EngineError::ShuttingDown | EngineError::Store(StoreError::Closed))
}

fn between(now: Timestamp, then: Timestamp) -> Duration {
    Duration::from_micros(then.as_micros().saturating_sub(now.as_micros()).max(0).cast_unsigned())
}

fn each_once(ids: Vec<SessionId>) -> Vec<SessionId> {
    let mut seen = HashSet::new();
    ids.into_iter().filter(|id| seen.insert(id.clone())).collect()
}
