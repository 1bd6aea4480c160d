//! Getting deleted words out of the full-text index.
//!
//! FTS5 can do it word by word as rows are deleted (`secure-delete`, about 60 µs a word), or mark rows as deleted and drop
//! them as the index is written anew. Invariant: while `meta` has [`PENDING`], deleted words may still be in the index; a
//! crash leaves it there, and the next start goes on.

use crate::error::{Doing, StoreError};
use crate::open::Store;
use sqlx::sqlite::SqliteConnection;

/// The key in `meta` that says that the index has to be written anew.
pub(crate) const PENDING: &str = "index_purge";
/// The key in `meta` that says that the file has to be gone through by [`crate::scrub`].
pub(crate) const SCRUB: &str = "scrub";

/// Pages of the index that one transaction writes anew: flushes come between.
const PAGES: i64 = 1000;
const PAGE_BYTES: i64 = 4050;
/// Deleting a byte of text word by word takes as long as writing so many bytes of the index.
const PRICE: i64 = 400;

/// Whether it is quicker to write the whole index anew than to take so much text out of it word by word.
pub(crate) async fn is_cheaper(conn: &mut SqliteConnection, text_bytes: u64) -> Result<bool, StoreError> {
    let pages: i64 = sqlx::query_scalar("SELECT count(*) FROM item_index_data")
        .fetch_one(conn)
        .await
        .doing("measure the search index")?;
    let text = i64::try_from(text_bytes).unwrap_or(i64::MAX);
    Ok(text.saturating_mul(PRICE) > pages.saturating_mul(PAGE_BYTES))
}

/// The value of this mark, where it is set. Another one means that there is more to do than before.
pub(crate) async fn pending(conn: &mut SqliteConnection, key: &str) -> Result<Option<String>, StoreError> {
    let value = sqlx::query_scalar("SELECT value FROM meta WHERE key = ?").bind(key);
    value.fetch_optional(conn).await.doing("read a value of meta")
}

/// Sets a mark, or gives it another value.
pub(crate) async fn mark(conn: &mut SqliteConnection, key: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO meta (key, value) VALUES (?, '1')
         ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)",
    )
    .bind(key)
    .execute(conn)
    .await
    .doing("write a value of meta")?;
    Ok(())
}

/// Has deletions take words out of the index at once, or leave that to [`Store::purge_index`].
pub(crate) async fn word_by_word(conn: &mut SqliteConnection, on: bool) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO item_index (item_index, rank) VALUES ('secure-delete', ?)")
        .bind(on)
        .execute(&mut *conn)
        .await
        .doing("set the search index up")?;
    if on { Ok(()) } else { mark(conn, PENDING).await }
}

impl Store {
    /// Takes a mark away, unless it was set anew meanwhile; says whether.
    pub(crate) async fn unmark(&self, key: &str, value: &str) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let gone = unmark(&mut write, key, value).await?;
        write.commit().await?;
        Ok(gone)
    }

    /// Goes on where a crash cut a deletion off.
    pub(crate) async fn end_deletions(&self, pending: bool) -> Result<(), StoreError> {
        if !pending {
            return Ok(());
        }
        self.purge_index().await?;
        self.checkpoint().await
    }

    /// Writes the index anew, some pages a transaction, so that nothing that was deleted is left in it; not where nothing
    /// asks for it. Deletions and flushes may come between.
    pub(crate) async fn purge_index(&self) -> Result<(), StoreError> {
        // Negative: begin with all there is; positive: go on.
        let (mut pages, mut begun) = (-PAGES, None);
        loop {
            let mut write = self.write().await?;
            let Some(now) = pending(&mut write, PENDING).await? else { return write.commit().await };
            if pages < 0 {
                begun = Some(now);
            }
            let before = changes(&mut write).await?;
            sqlx::query("INSERT INTO item_index (item_index, rank) VALUES ('merge', ?)")
                .bind(pages)
                .execute(&mut *write)
                .await
                .doing("write the search index anew")?;
            // The command itself is one change; as FTS5's manual says, nothing was left to do where it is the only one.
            let done = changes(&mut write).await? - before < 2;
            // What was deleted after the beginning is not in what was written anew: then all of it once more.
            let clean = done && unmark(&mut write, PENDING, begun.as_deref().unwrap_or_default()).await?;
            write.commit().await?;
            if clean {
                return Ok(());
            }
            pages = if done { -PAGES } else { PAGES };
        }
    }
}

async fn unmark(conn: &mut SqliteConnection, key: &str, value: &str) -> Result<bool, StoreError> {
    let done =
        sqlx::query("DELETE FROM meta WHERE key = ? AND value = ?").bind(key).bind(value).execute(conn);
    Ok(done.await.doing("write a value of meta")?.rows_affected() > 0)
}

async fn changes(conn: &mut SqliteConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar("SELECT total_changes()").fetch_one(conn).await.doing("count changes")
}
