//! Recoveries: what needs one, and what was done.
//!
//! Never decides what a recovery finds. Invariant: a report names a session through its row, so deleting the session takes
//! it out of every report.

use crate::cells::Cells;
use crate::error::{Doing, StoreError};
use crate::ingest_reads::holes;
use crate::open::Store;
use crate::rows::{SessionPk, StoredSession};
use crate::sessions::{LAST_INTERRUPTION, STORED, SUMMARY, stored, summary};
use crate::trash::IN_SIGHT;
use chasm_protocol::api::{RecoveredSession, RecoveryReport, SkippedSession};
use chasm_protocol::session::{Recovery, SessionSummary};
use chasm_protocol::{State, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

/// An interrupted session, and what the store has of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredCandidate {
    pub session: StoredSession,
    pub summary: SessionSummary,
    /// The folded rest of older ones not counted.
    pub snapshots: u64,
    pub last_snapshot_at: Option<Timestamp>,
    pub partial_messages: u64,
    pub open_tool_calls: u64,
    pub missing: Vec<(u64, u64)>,
}

impl Store {
    /// Interrupted sessions, the latest first.
    pub async fn recovery_candidates(&self) -> Result<Vec<StoredCandidate>, StoreError> {
        let doing = "read recovery candidates";
        let mut tx = self.read().await?;
        let order = format!("WHERE s.state = ? AND {IN_SIGHT} ORDER BY s.last_event_at DESC, s.pk DESC");
        let sessions = format!("SELECT {STORED} FROM sessions s {LAST_INTERRUPTION} {order}");
        let summaries = format!(
            "SELECT {SUMMARY},
                (SELECT count(*) FROM snapshots WHERE session = s.pk AND base = 0 AND origin = 2),
                (SELECT max(taken_at) FROM snapshots WHERE session = s.pk AND base = 0 AND origin = 2),
                (SELECT count(*) FROM messages WHERE session = s.pk AND partial = 1),
                (SELECT count(*) FROM tool_calls WHERE session = s.pk AND finished = 0)
             FROM sessions s {order}"
        );
        let state = State::Interrupted.number();
        let sessions =
            sqlx::query(AssertSqlSafe(sessions)).bind(state).fetch_all(&mut *tx).await.doing(doing)?;
        let summaries =
            sqlx::query(AssertSqlSafe(summaries)).bind(state).fetch_all(&mut *tx).await.doing(doing)?;
        let mut candidates = Vec::with_capacity(sessions.len());
        for (session, counts) in sessions.iter().zip(&summaries) {
            let session = stored(session)?;
            let missing = holes(&mut tx, session.pk).await?;
            candidates.push(candidate(session, counts, missing)?);
        }
        Ok(candidates)
    }

    /// Makes interrupted sessions recovered ones and keeps what was found, in a new report or as a further step of one. A
    /// session that is not interrupted any more is left alone and said to be skipped. Where none is left, nothing is kept.
    pub async fn mark_recovered(
        &self,
        report: Option<u64>,
        entries: Vec<(SessionPk, Recovery)>,
        at: Timestamp,
        skipped: Vec<SkippedSession>,
    ) -> Result<RecoveryReport, StoreError> {
        let doing = "write a recovery";
        let mut write = self.write().await?;
        let report_id = match report {
            Some(known) => known.cast_signed(),
            None => sqlx::query("INSERT INTO reports (at, skipped) VALUES (?, '[]')")
                .bind(at.as_micros())
                .execute(&mut *write)
                .await
                .doing(doing)?
                .last_insert_rowid(),
        };
        let (mut recovered, mut skipped) = (Vec::new(), skipped);
        for (pk, recovery) in entries {
            match recover(&mut write, report_id, pk, &recovery).await? {
                Recovered::Done { session_id, title, messages } => {
                    recovered.push(RecoveredSession { session_id, title, messages, recovery });
                }
                Recovered::NotInterrupted { session_id, title, state } => {
                    skipped.push(SkippedSession { session_id, title, reason: format!("it is {state}") });
                }
                Recovered::Gone => {}
            }
        }
        if report.is_none() && recovered.is_empty() {
            return Ok(RecoveryReport { report_id: 0, at, recovered, skipped });
        }
        sqlx::query("UPDATE reports SET skipped = ? WHERE id = ?")
            .bind(crate::reports::without_titles(&skipped))
            .bind(report_id)
            .execute(&mut *write)
            .await
            .doing(doing)?;
        write.commit().await?;
        Ok(RecoveryReport { report_id: report_id.cast_unsigned(), at, recovered, skipped })
    }
}

/// Recoveries of a session, the first one first.
pub(crate) async fn recoveries(
    conn: &mut SqliteConnection,
    session: SessionPk,
) -> Result<Vec<Recovery>, StoreError> {
    let rows = sqlx::query("SELECT pk, body FROM recoveries WHERE session = ? ORDER BY pk")
        .bind(session.0)
        .fetch_all(conn)
        .await
        .doing("read recoveries")?;
    let decode = |row| {
        let mut cells = Cells::new("recoveries", row);
        cells.int()?;
        cells.json()
    };
    rows.iter().map(decode).collect()
}

/// What became of one session of a recovery.
enum Recovered {
    Done { session_id: String, title: Option<String>, messages: u64 },
    NotInterrupted { session_id: String, title: Option<String>, state: State },
    Gone,
}

async fn recover(
    conn: &mut SqliteConnection,
    report: i64,
    session: SessionPk,
    recovery: &Recovery,
) -> Result<Recovered, StoreError> {
    let doing = "write a recovery";
    let row =
        sqlx::query("SELECT pk, id, state, messages, coalesce(user_title, title) FROM sessions WHERE pk = ?")
            .bind(session.0);
    let Some(row) = row.fetch_optional(&mut *conn).await.doing(doing)? else { return Ok(Recovered::Gone) };
    let mut cells = Cells::new("sessions", &row);
    cells.int()?;
    let (session_id, state) = (cells.text()?, cells.numbered(State::from_number)?);
    let (messages, title) = (cells.uint()?, cells.opt_text()?);
    if state != State::Interrupted {
        return Ok(Recovered::NotInterrupted { session_id, title, state });
    }
    sqlx::query("UPDATE sessions SET state = ? WHERE pk = ?")
        .bind(State::Recovered.number())
        .bind(session.0)
        .execute(&mut *conn)
        .await
        .doing(doing)?;
    sqlx::query("INSERT INTO recoveries (report, session, messages, body) VALUES (?, ?, ?, ?)")
        .bind(report)
        .bind(session.0)
        .bind(messages.cast_signed())
        .bind(serde_json::json!(recovery).to_string())
        .execute(conn)
        .await
        .doing(doing)?;
    Ok(Recovered::Done { session_id, title, messages })
}

fn candidate(
    session: StoredSession,
    counts: &SqliteRow,
    missing: Vec<(u64, u64)>,
) -> Result<StoredCandidate, StoreError> {
    let mut cells = Cells::new("sessions", counts);
    let (_, summary) = summary(&mut cells)?;
    Ok(StoredCandidate {
        session,
        summary,
        snapshots: cells.uint()?,
        last_snapshot_at: cells.opt_time()?,
        partial_messages: cells.uint()?,
        open_tool_calls: cells.uint()?,
        missing,
    })
}
