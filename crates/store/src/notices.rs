//! Lifecycle notices: kept, paged newest first.
//!
//! Invariant: at most about [`NOTICES_KEPT`] are kept, the newest.

use crate::cells::Cells;
use crate::cursor::{Cursor, Parts};
use crate::error::{Doing, StoreError};
use crate::insert::Insert;
use crate::open::Store;
use chasm_protocol::api::NoticePage;
use chasm_protocol::lifecycle::Notice;
use chasm_protocol::{LifecycleEvent, Timestamp, limits};
use sqlx::sqlite::SqliteConnection;

/// Notices beyond this many are dropped, the oldest first.
pub const NOTICES_KEPT: i64 = 10_000;

const TAG: &str = "n";

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

    /// Newest first.
    pub async fn notices(&self, cursor: Option<&str>, limit: u32) -> Result<NoticePage, StoreError> {
        let before = cursor.map_or(Ok(i64::MAX), before)?;
        let limit = usize::try_from(limit.clamp(1, limits::PAGE_MAX)).unwrap_or(1);
        let rows = sqlx::query("SELECT id, at, body FROM notices WHERE id < ? ORDER BY id DESC LIMIT ?")
            .bind(before)
            .bind(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await
            .doing("read notices")?;
        let notice = |row| {
            let mut cells = Cells::new("notices", row);
            Ok(Notice { id: cells.uint()?, at: cells.time()?, event: cells.json()? })
        };
        let notices: Vec<Notice> = rows.iter().take(limit).map(notice).collect::<Result<_, StoreError>>()?;
        let more = (rows.len() > limit).then(|| notices.last()).flatten();
        let next_cursor = more.map(|last| Cursor::new(TAG).int(last.id.cast_signed()).finish());
        Ok(NoticePage { notices, next_cursor })
    }
}

fn before(cursor: &str) -> Result<i64, StoreError> {
    let (mut parts, tag) = Parts::open(cursor);
    let id = parts.int()?;
    parts.end()?;
    if tag == TAG { Ok(id) } else { Err(StoreError::BadCursor) }
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
