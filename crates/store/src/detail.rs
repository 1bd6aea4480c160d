//! A session in full, as one view of the database.
//!
//! Never says whether it is live: the store does not know connections.

use crate::cells::Cells;
use crate::error::{Doing, StoreError};
use crate::events_page::{count_odd, odd_events};
use crate::ingest_reads::interruptions;
use crate::items_read::{messages, tool_calls};
use crate::open::Store;
use crate::places::placed;
use crate::recovery::recoveries;
use crate::sessions::{SUMMARY, summary};
use chasm_protocol::SessionId;
use chasm_protocol::session::SessionDetail;
use sqlx::AssertSqlSafe;

impl Store {
    /// `None` where the session is unknown.
    pub async fn detail(&self, id: &SessionId) -> Result<Option<SessionDetail>, StoreError> {
        self.read_detail(id, true).await
    }

    /// The session with empty `messages`, `tool_calls`, `conflicts` and `other`.
    pub async fn detail_without_items(&self, id: &SessionId) -> Result<Option<SessionDetail>, StoreError> {
        self.read_detail(id, false).await
    }

    async fn read_detail(&self, id: &SessionId, whole: bool) -> Result<Option<SessionDetail>, StoreError> {
        let mut tx = self.read().await?;
        let sql = format!(
            "SELECT {SUMMARY}, s.metadata, s.end_reason, s.expected_messages,
                (SELECT purge_at FROM trash WHERE session = s.pk), s.revision, s.positions
             FROM sessions s WHERE s.id = ?"
        );
        let row = sqlx::query(AssertSqlSafe(sql)).bind(id.as_str()).fetch_optional(&mut *tx).await;
        let Some(row) = row.doing("read a session")? else { return Ok(None) };
        let mut cells = Cells::new("sessions", &row);
        let (pk, summary) = summary(&mut cells)?;
        let metadata = cells.opt_json()?.unwrap_or_default();
        let (end_reason, expected_messages) = (cells.opt_text()?, cells.opt_uint()?);
        let purge_at = cells.opt_time()?;
        let (revision, items) = (cells.uint()?, cells.uint()?);
        let rows = interruptions(&mut tx, pk).await?;
        let (holes, interruptions) = placed(&mut tx, pk, &rows).await?;
        let (conflict_count, other_count) = count_odd(&mut tx, pk).await?;
        let (conflicts, other) = if whole { odd_events(&mut tx, pk).await? } else { Default::default() };
        Ok(Some(SessionDetail {
            summary,
            metadata,
            end_reason,
            expected_messages,
            messages: if whole { messages(&mut tx, pk).await? } else { Vec::new() },
            tool_calls: if whole { tool_calls(&mut tx, pk).await? } else { Vec::new() },
            interruptions,
            missing: holes.iter().map(|hole| (hole.from, hole.to)).collect(),
            recoveries: recoveries(&mut tx, pk).await?,
            conflicts,
            other,
            purge_at,
            revision,
            items,
            other_count,
            conflict_count,
            holes,
        }))
    }
}
