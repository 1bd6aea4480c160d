//! Reading a database that is damaged: page by page, around what cannot be read.
//!
//! Never writes it. Invariant: what is handed out was read whole; what was passed over is said.

use crate::cells::Cells;
use crate::connect::readers;
use crate::error::{Doing, StoreError};
use crate::ingest_reads::event;
use crate::open::Store;
use crate::rows::{EventRow, InterruptionRow, SessionPk, SnapshotRow};
use chasm_protocol::api::SessionPatch;
use chasm_protocol::session::SnapshotBody;
use chasm_protocol::{SessionId, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteRow;
use std::path::Path;

/// A damaged database, opened for reading only.
pub struct Damaged(Store);

/// A run of events in the order of their arrival.
pub struct DamagedEvents {
    pub events: Vec<(SessionPk, EventRow)>,
    /// Where to go on; `None` at the end.
    pub next: Option<u64>,
    /// Something between the last run and this one cannot be read.
    pub passed_over: bool,
}

/// What a session's row still says.
pub struct DamagedSession {
    pub pk: SessionPk,
    pub id: SessionId,
    /// What its user had set.
    pub patch: SessionPatch,
    /// Since when it is in the trash, and until when.
    pub trashed: Option<(Timestamp, Timestamp)>,
}

/// Rows read at a time, as long as they can be.
const RUN: i64 = 500;

const TRASH: &str = "LEFT JOIN trash t ON t.session = s.pk";

impl Damaged {
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Store::reading_only(path, readers(path));
        store.map(Self).map_err(StoreError::io("open the damaged database"))
    }

    /// The events from this number on.
    pub async fn events_from(&self, lsn: u64) -> DamagedEvents {
        if let Ok(events) = self.run(lsn, RUN).await {
            return DamagedEvents::run(events, false);
        }
        if let Ok(events) = self.run(lsn, 1).await {
            return DamagedEvents::run(events, false);
        }
        let mut step = 1u64;
        while step < 1 << 40 {
            if let Ok(events) = self.run(lsn.saturating_add(step), 1).await {
                return DamagedEvents::run(events, true);
            }
            step = step.saturating_mul(2);
        }
        DamagedEvents { events: Vec::new(), next: None, passed_over: true }
    }

    async fn run(&self, lsn: u64, limit: i64) -> Result<Vec<(SessionPk, EventRow)>, StoreError> {
        let rows = sqlx::query(
            "SELECT lsn, kind, at, at_is_clients, seq, received_at, connection, identity, content, event_type,
                event_id, raw, session
             FROM events WHERE lsn >= ? ORDER BY lsn LIMIT ?",
        )
        .bind(lsn.cast_signed())
        .bind(limit)
        .fetch_all(&self.0.readers)
        .await
        .doing("read events of a damaged database")?;
        rows.iter().map(|row| Ok((SessionPk(session_of(row)?), event(row)?))).collect()
    }

    /// The sessions whose rows can be read, and whether these are all.
    pub async fn sessions(&self) -> (Vec<DamagedSession>, bool) {
        let (mut found, mut complete, mut pk) = (Vec::new(), true, 0i64);
        let highest = self.highest_pk().await;
        while pk < highest {
            match self.session_after(pk).await {
                Ok(Some(session)) => {
                    pk = session.pk.0;
                    found.push(session);
                }
                Ok(None) => break,
                Err(_) => {
                    complete = false;
                    pk += 1;
                }
            }
        }
        (found, complete)
    }

    async fn highest_pk(&self) -> i64 {
        let noted = self.0.get_meta("max_pk").await.ok().flatten().and_then(|text| text.parse().ok());
        // Where even that cannot be read, a bounded number is tried.
        noted.unwrap_or(100_000)
    }

    async fn session_after(&self, pk: i64) -> Result<Option<DamagedSession>, StoreError> {
        let row = match self.row_after(pk, "t.trashed_at, t.purge_at", TRASH).await {
            Ok(row) => row,
            // The table of the trash is damaged, or older than it.
            Err(_) => self.row_after(pk, "NULL, NULL", "").await?,
        };
        let Some(row) = row else { return Ok(None) };
        let mut cells = Cells::new("sessions", &row);
        let pk = SessionPk(cells.int()?);
        let id = SessionId::new(cells.text()?).map_err(|e| cells.corrupt(e))?;
        let title = cells.opt_text()?.map(Some);
        let (starred, tags) = (Some(cells.flag()?), Some(cells.json()?));
        let trashed = cells.opt_time()?.zip(cells.opt_time()?);
        Ok(Some(DamagedSession { pk, id, patch: SessionPatch { title, starred, tags }, trashed }))
    }

    async fn row_after(&self, pk: i64, more: &str, join: &str) -> Result<Option<SqliteRow>, StoreError> {
        let sql = format!(
            "SELECT s.pk, s.id, s.user_title, s.starred, s.tags, {more} FROM sessions s {join}
             WHERE s.pk > ? ORDER BY s.pk LIMIT 1"
        );
        let row = sqlx::query(AssertSqlSafe(sql)).bind(pk).fetch_optional(&self.0.readers).await;
        row.doing("read sessions of a damaged database")
    }

    pub async fn interruptions(&self, session: SessionPk) -> Result<Vec<InterruptionRow>, StoreError> {
        self.0.interruptions(session).await
    }

    pub async fn snapshots(
        &self,
        session: SessionPk,
    ) -> Result<(Option<SnapshotBody>, Vec<SnapshotRow>), StoreError> {
        self.0.snapshots_of_any_age(session).await
    }

    /// How far the journal was applied; 0 where that cannot be read.
    pub async fn applied_lsn(&self) -> u64 {
        self.0.applied_lsn().await.unwrap_or(0)
    }

    pub async fn close(self) {
        self.0.readers.close().await;
    }
}

impl DamagedEvents {
    fn run(events: Vec<(SessionPk, EventRow)>, passed_over: bool) -> Self {
        let next = events.last().map(|(_, event)| event.lsn + 1);
        Self { events, next, passed_over }
    }
}

fn session_of(row: &SqliteRow) -> Result<i64, StoreError> {
    sqlx::Row::try_get(row, "session").doing("read events of a damaged database")
}
