//! How sessions stand after their last interruption, in two numbers each.
//!
//! Reads no event and no message. Invariant: it sees every event whose ack was sent.

use crate::{Engine, EngineError};
use chasm_protocol::SessionId;

/// What became of a session's last interruption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub session_id: SessionId,
    /// Events that its holes in `seq` stand for.
    pub missing: u64,
    /// Events that were replayed since its last interruption.
    pub replayed: u64,
}

impl Engine {
    /// Sessions that are unknown are left out.
    pub async fn standing(&self, sessions: &[SessionId]) -> Result<Vec<Standing>, EngineError> {
        self.flushed().await?;
        let mut standings = Vec::with_capacity(sessions.len());
        for stored in self.store().load_sessions(sessions).await? {
            let (_, holes) = chasm_store::missing(&self.store().seqs(stored.pk).await?);
            standings.push(Standing {
                session_id: stored.record.id,
                missing: holes.iter().map(|(from, to)| to - from + 1).sum(),
                replayed: stored.last_interruption.map_or(0, |row| row.replayed),
            });
        }
        Ok(standings)
    }
}
