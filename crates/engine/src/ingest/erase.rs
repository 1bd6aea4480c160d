//! The ingest task's part of the trash and of deleting for good: who is out of sight, and what nothing may run beside.
//!
//! Never deletes more than it is handed at a time, so that events are taken in between. Invariant: what is
//! deleted is deleted from a store that has every durable record.

use super::{Erasing, Ingest};
use crate::EngineError;
use crate::purge::Purge;
use chasm_journal::Lsn;
use chasm_protocol::{SessionId, Timestamp};
use chasm_store::{Doomed, InTrash, SessionPk};
use std::sync::PoisonError;

impl Ingest {
    pub(super) async fn on_erase(&mut self, erasing: Erasing) {
        // An error only says that nobody waits any more.
        match erasing {
            Erasing::Trash { ids, at, until, reply } => drop(reply.send(self.trash(&ids, at, until).await)),
            Erasing::Restore { ids, reply } => drop(reply.send(self.restore(&ids).await)),
            Erasing::Begin { which, reply } => drop(reply.send(self.begin_purge(&which).await)),
            Erasing::Rest { sessions, anew, reply } => {
                drop(reply.send(self.erase(&sessions, anew).await));
            }
            Erasing::Journal { reply } => drop(reply.send(self.purge_journal().await)),
        }
    }

    async fn trash(
        &self,
        ids: &[SessionId],
        at: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<InTrash>, EngineError> {
        let found = self.store.trash(ids, at, until).await?;
        self.shared.hub.hide(found.iter().map(|t| &t.id));
        Ok(found)
    }

    async fn restore(&self, ids: &[SessionId]) -> Result<Vec<SessionId>, EngineError> {
        let found = self.store.restore(ids).await?;
        self.shared.hub.show(&found);
        Ok(found)
    }

    /// Takes sessions out of sight; they cannot be restored from now on.
    async fn begin_purge(&mut self, which: &Purge) -> Result<Vec<(SessionPk, SessionId)>, EngineError> {
        self.settle_and_flush().await?;
        let at = self.shared.clock.now();
        let doomed = match which {
            Purge::Session(id) => Doomed::These(std::slice::from_ref(id)),
            Purge::Trash(ids) => Doomed::Trash(ids.as_deref()),
            Purge::Due => Doomed::Due(at),
            Purge::Expired(expiry) => Doomed::Expired(*expiry),
        };
        let begun = self.store.begin_purge(doomed, at).await?;
        self.shared.hub.hide(begun.iter().map(|(_, id)| id));
        Ok(begun)
    }

    /// Deletes what is left of sessions, from the database and from what is remembered of them; says of which.
    async fn erase(&mut self, sessions: &[SessionPk], anew: bool) -> Result<Vec<SessionId>, EngineError> {
        self.settle_and_flush().await?;
        let ids = self.store.erase(sessions, anew).await?;
        for id in &ids {
            self.sessions.remove(id);
            self.presence.forget(id);
            self.shared.hub.forget(id.as_str());
        }
        self.forget_in_start_report(&ids).await?;
        // The same ids may be used anew, and be heard of.
        self.shared.hub.show(&ids);
        Ok(ids)
    }

    /// Removes every record from the journal's files that the store has, or had.
    async fn purge_journal(&mut self) -> Result<(), EngineError> {
        self.settle_and_flush().await?;
        let purged = self.journal.purge(Lsn(self.applied)).await;
        purged.map(drop).map_err(|e| EngineError::HalfDeleted { left: "the journal", why: e.to_string() })
    }

    /// The report of the start names the sessions that it interrupted.
    async fn forget_in_start_report(&self, ids: &[SessionId]) -> Result<(), EngineError> {
        let named = |session: &str| ids.iter().any(|id| id.as_str() == session);
        let changed = {
            let mut report = self.shared.start_report.lock().unwrap_or_else(PoisonError::into_inner);
            let naming = report.as_mut().filter(|r| r.interrupted.iter().any(|i| named(&i.session_id)));
            naming.map(|report| {
                report.interrupted.retain(|i| !named(&i.session_id));
                report.clone()
            })
        };
        if let Some(report) = changed {
            let text = serde_json::to_string(&report).map_err(|e| EngineError::BadRequest(e.to_string()))?;
            self.store.put_meta(crate::start::LAST_START, Some(&text)).await?;
        }
        Ok(())
    }
}
