//! Reports of past recoveries, paged.
//!
//! Never keeps a title: it is looked up when it is shown. Invariant: a report names a session through its row, so deleting
//! the session takes it out of every report.

use crate::cells::Cells;
use crate::cursor::{Cursor, Parts};
use crate::error::{Doing, StoreError};
use crate::open::Store;
use chasm_protocol::api::{RecoveredSession, RecoveryReport, ReportPage, SkippedSession};
use chasm_protocol::limits;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use std::collections::HashMap;

const TAG: &str = "r";

impl Store {
    /// Past recoveries, the latest first.
    pub async fn reports(&self, cursor: Option<&str>, limit: u32) -> Result<ReportPage, StoreError> {
        let before = cursor.map_or(Ok(i64::MAX), before)?;
        let limit = usize::try_from(limit.clamp(1, limits::PAGE_MAX)).unwrap_or(1);
        let mut tx = self.read().await?;
        let rows = sqlx::query("SELECT id, at, skipped FROM reports WHERE id < ? ORDER BY id DESC LIMIT ?")
            .bind(before)
            .bind(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .fetch_all(&mut *tx)
            .await
            .doing("read recovery reports")?;
        let mut reports = Vec::with_capacity(limit.min(rows.len()));
        for row in rows.iter().take(limit) {
            let mut cells = Cells::new("reports", row);
            let (id, at, skipped) = (cells.int()?, cells.time()?, cells.json()?);
            let recovered = recovered(&mut tx, id).await?;
            reports.push(RecoveryReport { report_id: id.cast_unsigned(), at, recovered, skipped });
        }
        let mut all: Vec<_> = reports.iter_mut().flat_map(|r| &mut r.skipped).collect();
        add_titles(&mut tx, &mut all).await?;
        let more = (rows.len() > limit).then(|| reports.last()).flatten();
        let next_cursor = more.map(|last| Cursor::new(TAG).int(last.report_id.cast_signed()).finish());
        Ok(ReportPage { reports, next_cursor })
    }

    /// Gives skipped sessions the titles that they have now.
    pub async fn add_titles(&self, skipped: &mut [SkippedSession]) -> Result<(), StoreError> {
        let mut tx = self.read().await?;
        add_titles(&mut tx, &mut skipped.iter_mut().collect::<Vec<_>>()).await
    }
}

fn before(cursor: &str) -> Result<i64, StoreError> {
    let (mut parts, tag) = Parts::open(cursor);
    let id = parts.int()?;
    parts.end()?;
    if tag == TAG { Ok(id) } else { Err(StoreError::BadCursor) }
}

/// The skipped sessions of a report as they are kept.
pub(crate) fn without_titles(skipped: &[SkippedSession]) -> String {
    let plain = |s: &SkippedSession| SkippedSession { title: None, ..s.clone() };
    serde_json::json!(skipped.iter().map(plain).collect::<Vec<_>>()).to_string()
}

async fn recovered(conn: &mut SqliteConnection, report: i64) -> Result<Vec<RecoveredSession>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.pk, s.id, coalesce(s.user_title, s.title), r.messages, r.body
         FROM recoveries r JOIN sessions s ON s.pk = r.session WHERE r.report = ? ORDER BY r.pk",
    )
    .bind(report)
    .fetch_all(conn)
    .await
    .doing("read recovery reports")?;
    rows.iter().map(recovered_session).collect()
}

fn recovered_session(row: &SqliteRow) -> Result<RecoveredSession, StoreError> {
    let mut cells = Cells::new("recoveries", row);
    cells.int()?;
    Ok(RecoveredSession {
        session_id: cells.text()?,
        title: cells.opt_text()?,
        messages: cells.uint()?,
        recovery: cells.json()?,
    })
}

async fn add_titles(
    conn: &mut SqliteConnection,
    skipped: &mut [&mut SkippedSession],
) -> Result<(), StoreError> {
    let ids: Vec<&str> = skipped.iter().map(|skipped| skipped.session_id.as_str()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let titles: Vec<(String, Option<String>)> = sqlx::query_as(
        "SELECT id, coalesce(user_title, title) FROM sessions WHERE id IN (SELECT value FROM json_each(?))",
    )
    .bind(serde_json::json!(ids).to_string())
    .fetch_all(conn)
    .await
    .doing("read titles")?;
    let titles: HashMap<String, Option<String>> = titles.into_iter().collect();
    for skipped in skipped {
        skipped.title = titles.get(&skipped.session_id).cloned().flatten();
    }
    Ok(())
}
