//! Getting deleted words out of the full-text index.
//!
//! FTS5 can do it word by word as rows are deleted (`secure-delete`, about 60 µs a word), or mark rows as deleted and drop
//! them as the index is written anew. Invariant: while `meta` has [`PENDING`], deleted words may still be in the index; a
//! crash leaves it there, and the next start goes on.

use crate::error::{Doing, StoreError};
use crate::open::Store;
use crate::rows::SessionPk;
use crate::sessions::set_meta;
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

/// Whether it is quicker to write the whole index anew than to take a session out of it word by word.
pub(crate) async fn is_cheaper(conn: &mut SqliteConnection, session: SessionPk) -> Result<bool, StoreError> {
    let (text, pages): (i64, i64) = sqlx::query_as(
        "SELECT
            (SELECT coalesce(sum(octet_length(text)), 0) FROM messages WHERE session = ?1) +
            (SELECT coalesce(sum(octet_length(name) + coalesce(octet_length(arguments), 0)
                + coalesce(octet_length(output), 0)), 0) FROM tool_calls WHERE session = ?1),
            (SELECT count(*) FROM item_index_data)",
    )
    .bind(session.0)
    .fetch_one(conn)
    .await
    .doing("measure the search index")?;
    Ok(text.saturating_mul(PRICE) > pages.saturating_mul(PAGE_BYTES))
}

/// Whether `meta` has this key.
pub(crate) async fn is_pending(conn: &mut SqliteConnection, key: &str) -> Result<bool, StoreError> {
    let there = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM meta WHERE key = ?)").bind(key);
    there.fetch_one(conn).await.doing("read a value of meta")
}

/// Has deletions take words out of the index at once, or leave that to [`Store::purge_index`].
pub(crate) async fn word_by_word(conn: &mut SqliteConnection, on: bool) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO item_index (item_index, rank) VALUES ('secure-delete', ?)")
        .bind(on)
        .execute(&mut *conn)
        .await
        .doing("set the search index up")?;
    if on { Ok(()) } else { set_meta(conn, PENDING, Some("1")).await }
}

impl Store {
    /// Goes on where a crash cut a deletion off.
    pub(crate) async fn end_deletions(&self, pending: bool) -> Result<(), StoreError> {
        if !pending {
            return Ok(());
        }
        let mut writer = self.writer().await?;
        let index = is_pending(&mut writer, PENDING).await?;
        writer.release();
        if index {
            self.purge_index().await?;
        }
        self.checkpoint().await
    }

    /// Writes the index anew, some pages a transaction, so that nothing that was deleted is left in it.
    pub(crate) async fn purge_index(&self) -> Result<(), StoreError> {
        // Negative: begin with all there is; positive: go on.
        let mut pages = -PAGES;
        loop {
            let mut write = self.write().await?;
            let before = changes(&mut write).await?;
            sqlx::query("INSERT INTO item_index (item_index, rank) VALUES ('merge', ?)")
                .bind(pages)
                .execute(&mut *write)
                .await
                .doing("write the search index anew")?;
            // The command itself is one change; as FTS5's manual says, nothing was left to do where it is the only one.
            let done = changes(&mut write).await? - before < 2;
            if done {
                set_meta(&mut write, PENDING, None).await?;
            }
            write.commit().await?;
            if done {
                return Ok(());
            }
            pages = PAGES;
        }
    }
}

async fn changes(conn: &mut SqliteConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar("SELECT total_changes()").fetch_one(conn).await.doing("count changes")
}
