//! Snapshots, and beside them what editors' files say: JSON, packed with zstd.
//!
//! Never looks into a body. Invariant: a session has at most one base, under `lsn` 0, which no journal record has.

use crate::cells::Cells;
use crate::error::{Doing, StoreError};
use crate::insert::Insert;
use crate::open::Store;
use crate::rows::{FlushBatch, SessionPk, SnapshotRow};
use chasm_protocol::ContentHash;
use chasm_protocol::session::{FileSource, Origin, SnapshotBody};
use sqlx::sqlite::SqliteConnection;

const LEVEL: i32 = 3;
/// A packed body says how long it is; no more than this is believed.
const BODY_MAX: usize = 1 << 30;

static SNAPSHOTS: Insert = Insert::new(
    "INSERT INTO snapshots (session, lsn, base, taken_at, received_at, hash, body, origin, source)",
    9,
    "ON CONFLICT (session, lsn) DO UPDATE SET base = excluded.base, taken_at = excluded.taken_at, \
     received_at = excluded.received_at, hash = excluded.hash, body = excluded.body, origin = excluded.origin, \
     source = excluded.source",
);

const ROWS: &str = "SELECT pk, lsn, base, taken_at, received_at, hash, body, source FROM snapshots
     WHERE session = ? ORDER BY lsn";
const OLD_ROWS: &str = "SELECT pk, lsn, base, taken_at, received_at, hash, body, NULL FROM snapshots
     WHERE session = ? ORDER BY lsn";

/// The folded rest of older snapshots, and what is kept one by one.
pub type Snapshots = (Option<SnapshotBody>, Vec<SnapshotRow>);

/// The packed bodies of a batch, in its order: new ones of a session, then its base.
pub(crate) struct Packed(Vec<Vec<u8>>);

impl Packed {
    /// Packs outside the runtime's threads, before the writer is taken: a body can have megabytes.
    pub(crate) async fn of(batch: &FlushBatch) -> Result<Self, StoreError> {
        let jsons = jsons(batch)
            .map_err(|e| StoreError::Io { doing: "write snapshots as JSON", source: e.into() })?;
        if jsons.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let pack = move || jsons.iter().map(|json| zstd::bulk::compress(json, LEVEL)).collect();
        Ok(Self(off_runtime("pack snapshots", pack).await?))
    }
}

fn jsons(batch: &FlushBatch) -> serde_json::Result<Vec<Vec<u8>>> {
    let writes = batch.sessions.iter().map(|session| &session.snapshots);
    let bodies = writes.flat_map(|write| write.new.iter().map(|row| &row.body).chain(&write.base));
    bodies.map(serde_json::to_vec).collect()
}

pub(crate) async fn write(
    conn: &mut SqliteConnection,
    batch: &FlushBatch,
    packed: &Packed,
) -> Result<(), StoreError> {
    let mut bodies = packed.0.iter().map(Vec::as_slice);
    for session in &batch.sessions {
        let write = &session.snapshots;
        let new: Vec<_> = write.new.iter().zip(bodies.by_ref()).collect();
        insert(conn, session.pk, &new).await?;
        if !write.removed.is_empty() {
            let lsns = serde_json::json!(write.removed).to_string();
            sqlx::query(
                "DELETE FROM snapshots WHERE session = ? AND base = 0 AND lsn IN (SELECT value FROM json_each(?))",
            )
            .bind(session.pk.0)
            .bind(lsns)
            .execute(&mut *conn)
            .await
            .doing("remove snapshots")?;
        }
        if write.base.is_some() {
            base(conn, session.pk, bodies.next().unwrap_or_default()).await?;
        }
    }
    Ok(())
}

async fn insert(
    conn: &mut SqliteConnection,
    session: SessionPk,
    rows: &[(&SnapshotRow, &[u8])],
) -> Result<(), StoreError> {
    SNAPSHOTS
        .run(conn, "write snapshots", rows, |values, (row, body): &(&SnapshotRow, &[u8])| {
            values.push(session.0);
            values.uint(row.lsn);
            values.push(false);
            values.push(row.taken_at.as_micros());
            values.push(row.received_at.as_micros());
            values.push(row.hash.0.as_slice());
            values.push(*body);
            let origin = if row.file.is_some() { Origin::EditorFile } else { Origin::Snapshot };
            values.push(origin.number());
            values.json(row.file.as_ref());
        })
        .await
}

async fn base(conn: &mut SqliteConnection, session: SessionPk, body: &[u8]) -> Result<(), StoreError> {
    SNAPSHOTS
        .run(conn, "write a snapshot base", &[body], |values, body: &&[u8]| {
            values.push(session.0);
            values.push(0i64);
            values.push(true);
            values.push(0i64);
            values.push(0i64);
            values.push([0u8; 16].as_slice());
            values.push(*body);
            values.push(Origin::Snapshot.number());
            values.json(None::<&FileSource>);
        })
        .await
}

impl Store {
    /// The folded rest of older snapshots, and the snapshots and files that are kept, by `lsn`.
    pub async fn snapshots(&self, session: SessionPk) -> Result<Snapshots, StoreError> {
        self.snapshot_rows(session, ROWS).await
    }

    /// As [`Store::snapshots`], of a database that may be older than the column `source`.
    pub(crate) async fn snapshots_of_any_age(&self, session: SessionPk) -> Result<Snapshots, StoreError> {
        match self.snapshot_rows(session, ROWS).await {
            Ok(found) => Ok(found),
            Err(_) => self.snapshot_rows(session, OLD_ROWS).await,
        }
    }

    async fn snapshot_rows(&self, session: SessionPk, sql: &'static str) -> Result<Snapshots, StoreError> {
        let rows = sqlx::query(sql).bind(session.0).fetch_all(&self.readers).await.doing("read snapshots")?;
        let (mut base, mut kept) = (None, Vec::new());
        for row in &rows {
            let mut cells = Cells::new("snapshots", row);
            cells.int()?;
            let lsn = cells.uint()?;
            let is_base = cells.flag()?;
            let (taken_at, received_at) = (cells.time()?, cells.time()?);
            let hash = ContentHash(cells.bytes16()?);
            let packed: Vec<u8> = cells.next()?;
            let file = cells.opt_json()?;
            let body = off_runtime("unpack a snapshot", move || unpack(&packed)).await;
            let body = body.map_err(|e| cells.corrupt(e))?;
            match is_base {
                true => base = Some(body),
                false => kept.push(SnapshotRow { lsn, taken_at, received_at, hash, body, file }),
            }
        }
        Ok((base, kept))
    }

    /// The hash of the snapshot that came last.
    pub async fn last_snapshot_hash(&self, session: SessionPk) -> Result<Option<ContentHash>, StoreError> {
        let row = sqlx::query(
            "SELECT pk, hash FROM snapshots WHERE session = ? AND base = 0 AND origin = ? ORDER BY lsn DESC LIMIT 1",
        )
        .bind(session.0)
        .bind(Origin::Snapshot.number())
        .fetch_optional(&self.readers)
        .await
        .doing("read the last snapshot")?;
        let Some(row) = row else { return Ok(None) };
        let mut cells = Cells::new("snapshots", &row);
        cells.int()?;
        Ok(Some(ContentHash(cells.bytes16()?)))
    }
}

fn unpack(packed: &[u8]) -> std::io::Result<SnapshotBody> {
    let too_long = || std::io::Error::other("the length it says is out of range");
    let length = zstd::bulk::Decompressor::upper_bound(packed).filter(|n| *n <= BODY_MAX);
    let json = zstd::bulk::decompress(packed, length.ok_or_else(too_long)?)?;
    Ok(serde_json::from_slice(&json)?)
}

async fn off_runtime<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(std::io::Error::other).and_then(|done| done).map_err(StoreError::io(doing))
}
