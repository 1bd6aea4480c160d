//! What `chasm doctor` goes through: every session, and how far the journal is applied.

use crate::cells::Cells;
use crate::error::{Doing, StoreError};
use crate::open::Store;
use chasm_protocol::SessionId;

impl Store {
    /// The ids of all sessions, in the order in which they were first recorded; those that are half deleted left out.
    pub async fn session_ids(&self) -> Result<Vec<SessionId>, StoreError> {
        let rows = sqlx::query(
            "SELECT pk, id FROM sessions WHERE pk NOT IN (SELECT session FROM trash WHERE begun = 1) ORDER BY pk",
        )
        .fetch_all(&self.readers)
        .await;
        let id = |row| {
            let mut cells = Cells::new("sessions", row);
            let pk = cells.int()?;
            SessionId::new(cells.text()?).map_err(|e| StoreError::Corrupt {
                table: "sessions",
                row: pk,
                what: e.to_string(),
            })
        };
        rows.doing("list sessions")?.iter().map(id).collect()
    }

    /// Journal records up to this one are in the store.
    pub async fn applied_lsn(&self) -> Result<u64, StoreError> {
        let text = self.get_meta("applied_lsn").await?;
        Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
    }
}
