//! Up to where editors' files were read.
//!
//! Owns the table `editor_marks`. Never knows a path: a mark is a hash. Invariant: a mark is written after the events that it
//! stands for, so one that is missing costs a second reading and no event.

use crate::error::{Doing, StoreError};
use crate::open::Store;
use sqlx::Row;
use std::collections::HashMap;

/// Events at a session's beginning that are looked at.
const LOOKED_AT: i64 = 50;

/// What is known of a session that an editor has too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownFrom {
    /// It was read from files.
    Files,
    /// A client recorded it.
    Client,
}

impl Store {
    /// All marks: name and stamp.
    pub async fn editor_marks(&self) -> Result<HashMap<u64, u64>, StoreError> {
        let rows: Vec<(i64, i64)> = sqlx::query_as("SELECT name, stamp FROM editor_marks")
            .fetch_all(&self.readers)
            .await
            .doing("read the marks of editors' files")?;
        Ok(rows.into_iter().map(|(name, stamp)| (name.cast_unsigned(), stamp.cast_unsigned())).collect())
    }

    /// Notes marks, in one transaction; a newer stamp replaces an older one.
    pub async fn put_editor_marks(&self, marks: &[(u64, u64)]) -> Result<(), StoreError> {
        let doing = "note marks of editors' files";
        let json = serde_json::json!(
            marks.iter().map(|(name, stamp)| (name.cast_signed(), stamp.cast_signed())).collect::<Vec<_>>()
        );
        let mut write = self.write().await?;
        sqlx::query(
            "INSERT INTO editor_marks (name, stamp)
             SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE true
             ON CONFLICT (name) DO UPDATE SET stamp = excluded.stamp",
        )
        .bind(json.to_string())
        .execute(&mut *write)
        .await
        .doing(doing)?;
        write.commit().await
    }

    /// Which of these sessions there are, those in the trash too, and where they came from.
    pub async fn known_from(&self, session_ids: &[&str]) -> Result<HashMap<String, KnownFrom>, StoreError> {
        let doing = "look for recorded sessions";
        let rows = sqlx::query(
            "SELECT s.id, EXISTS (
                 SELECT 1 FROM (SELECT event_id FROM events WHERE session = s.pk ORDER BY at, seq LIMIT ?) e
                 WHERE e.event_id GLOB '!start-*'
             ) FROM sessions s WHERE s.id IN (SELECT value FROM json_each(?))",
        )
        .bind(LOOKED_AT)
        .bind(serde_json::json!(session_ids).to_string())
        .fetch_all(&self.readers)
        .await
        .doing(doing)?;
        let known = |row: &sqlx::sqlite::SqliteRow| {
            let from_files: bool = row.try_get(1)?;
            let from = if from_files { KnownFrom::Files } else { KnownFrom::Client };
            Ok((row.try_get(0)?, from))
        };
        rows.iter().map(known).collect::<Result<_, sqlx::Error>>().doing(doing)
    }
}
