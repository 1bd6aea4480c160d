//! The write-ahead log's way into the database, on a connection and a thread of its own.
//!
//! Owns when it is moved; [`Store::checkpoint`] empties it for those who delete. Never holds up the writer or a reader: what cannot be
//! moved now is moved the next time. Invariant: at most one runs at a time, and none is left once the store is closed.

use crate::connect::mover_options;
use crate::error::{Doing, StoreError};
use crate::open::Store;
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

/// From this size on the log is moved.
const LONG_BYTES: u64 = 16 << 20;

/// Whoever holds `turn` moves the log.
#[derive(Clone)]
pub(crate) struct Mover {
    turn: Arc<Mutex<()>>,
    /// A flush's own runtime may end before the move does.
    runtime: Handle,
}

impl Mover {
    /// Has to be called in a runtime that lives as long as the store.
    pub(crate) fn new() -> Self {
        Self { turn: Arc::default(), runtime: Handle::current() }
    }

    /// Returns when nothing is moved any more.
    pub(crate) async fn rest(&self) {
        drop(self.turn.lock().await);
    }
}

impl Store {
    /// Begins to move the log where it is long, and does not wait for it: the next flush is folded and written meanwhile. A log that
    /// was moved as a whole is written from its beginning again; one that grows faster than it is moved, a commit moves.
    pub(crate) fn move_log(&self) {
        if self.log_size() < LONG_BYTES {
            return;
        }
        let Ok(turn) = self.mover.turn.clone().try_lock_owned() else { return };
        let path = self.path.clone();
        self.mover.runtime.spawn(async move {
            if let Err(error) = move_once(&path).await {
                tracing::debug!(%error, "the write-ahead log is moved later");
            }
            drop(turn);
        });
    }
}

async fn move_once(path: &Path) -> Result<(), StoreError> {
    let doing = "move the write-ahead log";
    let mut conn = mover_options(path).connect().await.doing(doing)?;
    let moved = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut conn).await.doing(doing);
    conn.close().await.doing(doing)?;
    moved.map(|_| ())
}
