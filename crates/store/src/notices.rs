//! Lifecycle notices: kept, paged newest first.
//!
//! Invariant: at most about [`NOTICES_KEPT`] are kept, the newest.

use crate::error::{Doing, StoreError};
use crate::insert::Insert;
use crate::open::Store;
use chasm_protocol::api::{NoticeFilter, NoticePage};
use chasm_protocol::{LifecycleEvent, Timestamp};
use sqlx::sqlite::SqliteConnection;

/// Notices beyond this many are dropped, the oldest first.
pub const NOTICES_KEPT: i64 = 10_000;

static NOTICES: Insert = Insert::new("INSERT INTO notices (at, body)", 2, "");

/// A notice to write.
type Entry = (Timestamp, LifecycleEvent);

impl Store {
    pub async fn add_notices(&self, notices: Vec<Entry>) -> Result<(), StoreError> {
        if notices.is_empty() {
            return Ok(());
        }
        let mut write = self.write().await?;
        insert(&mut write, &notices).await?;
        write.commit().await
    }

    /// All of them, newest first.
    pub async fn notices(&self, cursor: Option<&str>, limit: u32) -> Result<NoticePage, StoreError> {
        let filter = NoticeFilter { limit, cursor: cursor.map(Into::into), ..NoticeFilter::default() };
        self.find_notices(&filter).await
    }
}

pub(crate) async fn insert(conn: &mut SqliteConnection, notices: &[Entry]) -> Result<(), StoreError> {
    if notices.is_empty() {
        return Ok(());
    }
    NOTICES
        .run(conn, "write notices", notices, |values, (at, event): &Entry| {
            values.push(at.as_micros());
            values.json(Some(event));
        })
        .await?;
    sqlx::query("DELETE FROM notices WHERE id <= (SELECT max(id) FROM notices) - ?")
        .bind(NOTICES_KEPT)
        .execute(conn)
        .await
        .doing("drop old notices")?;
    Ok(())
}
