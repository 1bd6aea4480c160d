//! A flush: everything that was acknowledged since the last one, in one transaction.
//!
//! Owns the order of the writes and those of events and interruptions. Never reads what a flush says about a session's
//! content. Invariant: `applied_lsn` changes together with the rows it stands for.

use crate::error::StoreError;
use crate::insert::{Insert, Values};
use crate::open::Store;
use crate::rows::{EventRow, FlushBatch, InterruptionRow, SessionPk};
use crate::snapshots::Packed;
use crate::{items_write, notices, revision, sessions, snapshots};
use sqlx::sqlite::SqliteConnection;

static EVENTS: Insert = Insert::new(
    "INSERT INTO events (lsn, session, kind, at, at_is_clients, seq, received_at, connection, identity, content, \
     event_type, event_id, raw)",
    13,
    "",
);

static INTERRUPTIONS: Insert = Insert::new(
    "INSERT INTO interruptions (session, lsn, reason, since, until, resumed_lsn, replayed)",
    7,
    "ON CONFLICT (session, lsn) DO UPDATE SET reason = excluded.reason, since = excluded.since, \
     until = excluded.until, resumed_lsn = excluded.resumed_lsn, replayed = excluded.replayed",
);

impl Store {
    /// Writes a flush as a whole, or nothing of it. Synced when this returns.
    pub async fn apply(&self, batch: &FlushBatch) -> Result<(), StoreError> {
        let packed = Packed::of(batch).await?;
        let mut write = self.write().await?;
        let revision = revision::next(&mut write).await?;
        sessions::upsert(&mut write, &batch.sessions, revision).await?;
        events(&mut write, batch).await?;
        let mut items = write.counters().items;
        items_write::write(&mut write, batch, &mut items, revision).await?;
        write.counters().items = items;
        interruptions(&mut write, batch).await?;
        snapshots::write(&mut write, batch, &packed).await?;
        notices::insert(&mut write, &batch.notices).await?;
        sessions::set_meta(&mut write, "applied_lsn", Some(&batch.applied_lsn.to_string())).await?;
        let highest = batch.sessions.iter().map(|s| s.pk.0).max().unwrap_or(0);
        if highest > write.counters().max_pk {
            sessions::set_meta(&mut write, "max_pk", Some(&highest.to_string())).await?;
            // Too high after a rollback, which does no harm: keys only have to be new.
            write.counters().max_pk = highest;
        }
        write.commit().await?;
        self.move_log();
        Ok(())
    }
}

async fn events(conn: &mut SqliteConnection, batch: &FlushBatch) -> Result<(), StoreError> {
    let rows: Vec<_> = batch.sessions.iter().flat_map(|s| s.events.iter().map(|e| (s.pk, e))).collect();
    EVENTS.run(conn, "write events", &rows, bind_event).await
}

fn bind_event(values: &mut Values, &(session, event): &(SessionPk, &EventRow)) {
    values.uint(event.lsn);
    values.push(session.0);
    values.push(event.kind as u8);
    values.push(event.at.as_micros());
    values.push(event.at_is_clients);
    values.uint(event.seq);
    values.push(event.received_at.as_micros());
    values.uint(event.connection.0);
    values.push(event.identity.0.as_slice());
    values.push(event.content.0.as_slice());
    values.push(event.event_type.as_str());
    values.push(event.event_id.as_deref());
    values.push(&*event.raw);
}

async fn interruptions(conn: &mut SqliteConnection, batch: &FlushBatch) -> Result<(), StoreError> {
    let rows: Vec<_> =
        batch.sessions.iter().flat_map(|s| s.interruptions.iter().map(|i| (s.pk, i))).collect();
    INTERRUPTIONS
        .run(conn, "write interruptions", &rows, |values, &(session, row): &(SessionPk, &InterruptionRow)| {
            values.push(session.0);
            values.uint(row.lsn);
            values.push(row.reason.number());
            values.push(row.since.as_micros());
            values.push(row.until.map(|t| t.as_micros()));
            values.push(row.resumed_lsn.map(u64::cast_signed));
            values.uint(row.replayed);
        })
        .await
}
