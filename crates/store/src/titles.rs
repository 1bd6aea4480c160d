//! The titles of sessions, by their ids.
//!
//! Changes nothing. Invariant: a session that is unknown or has no title is left out.

use crate::error::{Doing, StoreError};
use crate::open::Store;
use sqlx::sqlite::SqliteConnection;

/// What a session is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Titles {
    pub session_id: String,
    /// What the user calls it.
    pub of_user: Option<String>,
    /// What its client calls it.
    pub of_client: Option<String>,
}

impl Titles {
    /// The one that is shown.
    pub fn shown(self) -> Option<String> {
        self.of_user.or(self.of_client)
    }
}

impl Store {
    pub async fn titles(&self, sessions: &[&str]) -> Result<Vec<Titles>, StoreError> {
        let mut tx = self.read().await?;
        read(&mut tx, sessions).await
    }
}

pub(crate) async fn read(conn: &mut SqliteConnection, sessions: &[&str]) -> Result<Vec<Titles>, StoreError> {
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(String, Option<String>, Option<String>)> = sqlx::query_as(
        "SELECT id, user_title, title FROM sessions
         WHERE id IN (SELECT value FROM json_each(?)) AND coalesce(user_title, title) IS NOT NULL",
    )
    .bind(serde_json::json!(sessions).to_string())
    .fetch_all(conn)
    .await
    .doing("read titles")?;
    let titles = |(session_id, of_user, of_client)| Titles { session_id, of_user, of_client };
    Ok(rows.into_iter().map(titles).collect())
}
