//! Deleting sessions for good, step by step, with a receipt.
//!
//! Owns the order over all files of the data folder: database, what is remembered, journal, quarantine, and the database's own
//! remains last. Only what must have nothing beside it is handed to the ingest task, a few sessions at a time. Invariant: what
//! was begun is out of sight at once and can be finished by any later try, after a crash too.

use crate::ingest::{Command, Erasing};
use crate::start::Layout;
use crate::{Engine, EngineError, quarantine};
use chasm_protocol::api::{PurgeReason, PurgeReceipt, Purged, RECEIPT_IDS};
use chasm_protocol::{LifecycleEvent, SessionId};
use chasm_store::{SessionPk, StoredSize};

/// Sessions that one turn of the ingest task deletes.
const TURN: usize = 10;

/// Which sessions to delete for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purge {
    /// This one, wherever it is.
    Session(SessionId),
    /// These of the trash, or all of it.
    Trash(Option<Vec<SessionId>>),
    /// What is in the trash and whose time has come.
    Due,
    /// Some of what this does not keep.
    Expired(chasm_store::Expiry),
}

impl Purge {
    const fn reason(&self) -> PurgeReason {
        match self {
            Self::Session(_) => PurgeReason::Delete,
            Self::Trash(_) | Self::Due => PurgeReason::Trash,
            Self::Expired(_) => PurgeReason::Retention,
        }
    }
}

impl Engine {
    /// Gone from database, index, snapshots, journal and quarantine when this returns.
    pub async fn delete(&self, id: &SessionId) -> Result<PurgeReceipt, EngineError> {
        let receipt = self.purge(Purge::Session(id.clone())).await?;
        if receipt.purged.sessions == 0 {
            // What comes behind the database may have failed before: then the same call again finishes it.
            let half = self.store().half_deleted().await?;
            if !half.contains(id) {
                return Err(EngineError::NoSuchSession(id.to_string()));
            }
            self.finish(&half).await?;
        }
        Ok(receipt)
    }

    /// The trash, or these of it, now.
    pub async fn purge_trash(&self, ids: Option<Vec<SessionId>>) -> Result<PurgeReceipt, EngineError> {
        self.purge(Purge::Trash(ids)).await
    }

    /// Runs to its end whether or not the caller waits for it.
    pub(crate) async fn purge(&self, which: Purge) -> Result<PurgeReceipt, EngineError> {
        let engine = self.clone();
        let done = tokio::spawn(async move { engine.purge_now(which).await });
        done.await.map_err(|_| EngineError::ShuttingDown)?
    }

    async fn purge_now(&self, which: Purge) -> Result<PurgeReceipt, EngineError> {
        let reason = which.reason();
        let begun = self.ask(|reply| Command::Erase(Erasing::Begin { which, reply })).await??;
        let mut receipt =
            PurgeReceipt { purged: Purged::none(self.shared().clock.now()), session_ids: Vec::new() };
        if begun.is_empty() {
            return Ok(receipt);
        }
        let done = self.erase_all(begun, &mut receipt).await;
        // Whatever failed is tried again.
        self.note_trash();
        if receipt.purged.sessions > 0 {
            let event = LifecycleEvent::Purged { reason, receipt: receipt.purged };
            self.shared().hub.tell(receipt.purged.at, event);
        }
        done.map(|()| receipt)
    }

    async fn erase_all(
        &self,
        begun: Vec<(SessionPk, SessionId)>,
        receipt: &mut PurgeReceipt,
    ) -> Result<(), EngineError> {
        let mut sized = Vec::with_capacity(begun.len());
        for (pk, id) in begun {
            sized.push((pk, id, self.store().size_of(pk).await?));
        }
        let anew = self.store().index_anew(sized.iter().map(|(_, _, size)| size.text_bytes).sum()).await?;
        let mut erased = Vec::with_capacity(sized.len());
        for turn in sized.chunks(TURN) {
            let keys: Vec<SessionPk> = turn.iter().map(|(pk, ..)| *pk).collect();
            while self.store().erase_some(&keys, anew).await? {}
            let gone =
                self.ask(|reply| Command::Erase(Erasing::Rest { sessions: keys, anew, reply })).await??;
            turn.iter().filter(|(_, id, _)| gone.contains(id)).for_each(|(_, _, size)| count(receipt, size));
            erased.extend(gone);
        }
        let named = erased.iter().take(RECEIPT_IDS).map(ToString::to_string);
        receipt.session_ids.extend(named);
        self.finish(&erased).await
    }

    /// Takes sessions whose rows are gone out of the other files, and their remains out of the database's.
    pub(crate) async fn finish(&self, ids: &[SessionId]) -> Result<(), EngineError> {
        if ids.is_empty() {
            return Ok(());
        }
        self.ask(|reply| Command::Erase(Erasing::Journal { reply })).await??;
        let folder = Layout::of(&self.config().data_dir).quarantine;
        let named = ids.to_vec();
        let forgotten = tokio::task::spawn_blocking(move || {
            named.iter().try_for_each(|id| quarantine::forget_session(&folder, id))
        });
        let forgotten = forgotten.await.unwrap_or_else(|e| Err(std::io::Error::other(e)));
        forgotten.map_err(|e| EngineError::HalfDeleted { left: "the quarantine", why: e.to_string() })?;
        self.store().end_half_deleted(ids).await?;
        self.store().finish_deletions().await?;
        let at = self.shared().clock.now();
        for id in ids {
            self.shared().hub.tell(at, LifecycleEvent::Deleted { session_id: id.to_string() });
        }
        Ok(())
    }
}

fn count(receipt: &mut PurgeReceipt, size: &StoredSize) {
    let purged = &mut receipt.purged;
    purged.sessions += 1;
    purged.messages += size.messages;
    purged.tool_calls += size.tool_calls;
    purged.events += size.events;
    purged.snapshots += size.snapshots;
    purged.bytes += size.bytes;
}
