//! What nothing may run beside: to wait for all that is durable, and to shut down.
//!
//! Invariant: each of them starts from a store that has every durable record.

use super::{Command, Ingest};
use crate::{EngineError, RecordError};
use chasm_journal::Lsn;
use std::time::Duration;
use tokio::sync::mpsc;

/// Longest time that a stop waits for the store; the journal keeps what it does not get.
const STOP_FLUSH: Duration = Duration::from_millis(1200);

impl Ingest {
    pub(super) async fn settle_and_flush(&mut self) -> Result<(), EngineError> {
        self.settle().await;
        if self.flush_all().await {
            return Ok(());
        }
        let trouble = self.flush.trouble.borrow().clone();
        let message = trouble.map_or_else(|| String::from("the database is too slow"), |t| t.message);
        Err(RecordError::NotRecording(message).into())
    }

    /// Stops taking, makes everything durable, answers, flushes, marks the stop as clean.
    pub(super) async fn shut_down(&mut self, mailbox: &mut mpsc::Receiver<Command>) {
        mailbox.close();
        while let Some(command) = mailbox.recv().await {
            self.turn_away(command);
        }
        self.settle().await;
        let sound = self.refusal.is_none();
        // What the flush has no time for stays in the journal: that is no less clean.
        self.flush_within(STOP_FLUSH).await;
        self.refusal = Some(RecordError::ShuttingDown);
        if sound {
            let now = self.now();
            let notices = self.shared.hub.take_unsaved();
            if let Err(error) = self.store.add_notices(notices).await {
                tracing::warn!(%error, "the last notices are not kept");
            }
            let _ = self.journal.purge(Lsn(self.applied)).await;
            if let Err(error) = self.store.put_meta(crate::start::CLEAN_STOP, Some(&now.to_string())).await {
                tracing::warn!(%error, "the stop is not marked as clean");
            }
        }
        self.journal.clone().close().await;
    }

    fn turn_away(&self, command: Command) {
        match command {
            Command::Submit(submission) => self.refuse(submission, RecordError::ShuttingDown),
            // Dropping the reply says the same.
            _ => drop(command),
        }
    }
}
