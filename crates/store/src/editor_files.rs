//! What is asked about editors' files: how many of their sessions are recorded.
//!
//! Never writes. Invariant: the answer takes one query, however many sessions an editor has.

use crate::error::{Doing, StoreError};
use crate::open::Store;

impl Store {
    /// How many of these sessions there are.
    pub async fn count_known(&self, session_ids: &[String]) -> Result<u64, StoreError> {
        let ids = serde_json::json!(session_ids).to_string();
        let known: i64 =
            sqlx::query_scalar("SELECT count(*) FROM sessions WHERE id IN (SELECT value FROM json_each(?))")
                .bind(ids)
                .fetch_one(&self.readers)
                .await
                .doing("count recorded sessions")?;
        Ok(known.cast_unsigned())
    }
}
