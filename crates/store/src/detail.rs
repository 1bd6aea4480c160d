//! A session in full, as one view of the database.
//!
//! Never says whether it is live: the store does not know connections.

use crate::cells::Cells;
use crate::error::{Doing, StoreError};
use crate::events_page::odd_events;
use crate::ingest_reads::{holes, interruptions};
use crate::items_read::{messages, tool_calls};
use crate::open::Store;
use crate::recovery::recoveries;
use crate::rows::InterruptionRow;
use crate::sessions::{SUMMARY, summary};
use chasm_protocol::SessionId;
use chasm_protocol::session::{Interruption, SessionDetail};
use sqlx::AssertSqlSafe;

impl Store {
    /// `None` where the session is unknown.
    pub async fn detail(&self, id: &SessionId) -> Result<Option<SessionDetail>, StoreError> {
        let mut tx = self.read().await?;
        let sql = format!(
            "SELECT {SUMMARY}, s.metadata, s.end_reason, s.expected_messages,
                (SELECT purge_at FROM trash WHERE session = s.pk)
             FROM sessions s WHERE s.id = ?"
        );
        let row = sqlx::query(AssertSqlSafe(sql)).bind(id.as_str()).fetch_optional(&mut *tx).await;
        let Some(row) = row.doing("read a session")? else { return Ok(None) };
        let mut cells = Cells::new("sessions", &row);
        let (pk, summary) = summary(&mut cells)?;
        let metadata = cells.opt_json()?.unwrap_or_default();
        let (end_reason, expected_messages) = (cells.opt_text()?, cells.opt_uint()?);
        let purge_at = cells.opt_time()?;
        let (conflicts, other) = odd_events(&mut tx, pk).await?;
        Ok(Some(SessionDetail {
            summary,
            metadata,
            end_reason,
            expected_messages,
            messages: messages(&mut tx, pk).await?,
            tool_calls: tool_calls(&mut tx, pk).await?,
            interruptions: interruptions(&mut tx, pk).await?.iter().map(shown).collect(),
            missing: holes(&mut tx, pk).await?,
            recoveries: recoveries(&mut tx, pk).await?,
            conflicts,
            other,
            purge_at,
        }))
    }
}

pub(crate) fn shown(row: &InterruptionRow) -> Interruption {
    Interruption { reason: row.reason, since: row.since, until: row.until, replayed: row.replayed }
}
