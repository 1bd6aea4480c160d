//! One session that its editor is writing now.
//!
//! Owns its reader and the connection that carries it, like that of any client. Invariant: what was read is on disk before the
//! next reading; a session whose writing broke off is left as a client that is gone leaves it, so it is interrupted.

use super::super::feed::{Batch, Feed, read_on};
use super::super::{Of, marks};
use crate::handle::Connection;
use crate::{Engine, RecordError};
use chasm_editors::{Endings, ReadError, Reader, SessionFile, Step};
use chasm_protocol::Limits;
use std::time::Instant;
use tokio::sync::mpsc;

/// Batches that the reader may be ahead.
const AHEAD: usize = 2;

pub struct Live {
    pub editor: Of,
    pub file: SessionFile,
    /// Taken while a thread reads with it.
    work: Option<Work>,
    connection: Connection,
    limits: Limits,
    /// Of the last reading that gave something.
    pub changed: Instant,
    /// Bytes of a line that is not whole.
    pub held: u64,
}

struct Work {
    reader: Box<dyn Reader>,
    endings: Endings,
}

/// Why a session cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl Live {
    /// Nothing is read yet.
    pub async fn begin(
        engine: &Engine,
        editor: Of,
        file: SessionFile,
        limits: Limits,
    ) -> Result<Self, LiveError> {
        let name = format!("{} (files)", editor.name());
        let connection = engine.connect(Some(name)).await?;
        let from = file.clone();
        let opened = tokio::task::spawn_blocking(move || editor.open(&from)).await;
        let reader = opened.map_err(|_| RecordError::ShuttingDown)??;
        let work = Some(Work { reader, endings: Endings::default() });
        Ok(Self { editor, file, work, connection, limits, changed: Instant::now(), held: 0 })
    }

    /// Records what was added; `last`: no rest of a line that has no end is waited for.
    pub async fn read_on(&mut self, last: bool) -> Result<Step, LiveError> {
        let Some(mut work) = self.work.take() else { return Err(RecordError::ShuttingDown.into()) };
        let (to, mut batches) = mpsc::channel::<Batch>(AHEAD);
        let limits = self.limits;
        let reading = tokio::task::spawn_blocking(move || {
            let step = read_on(work.reader.as_mut(), &mut work.endings, last, limits, to);
            (work, step)
        });
        while let Some(batch) = batches.recv().await {
            self.connection.submit(batch.events).await?.await?;
        }
        let (work, step) = reading.await.map_err(|_| RecordError::ShuttingDown)?;
        self.work = Some(work);
        let step = step?;
        if step.bytes > 0 || step.held != self.held {
            self.changed = Instant::now();
        }
        self.held = step.held;
        Ok(step)
    }

    /// Whether it waits for something: an answer, a tool, the rest of a line.
    pub fn is_unfinished(&self) -> bool {
        let waits = |work: &Work| work.endings.is_unfinished(&self.file.session_id);
        self.held > 0 || self.work.as_ref().is_some_and(waits)
    }

    /// Ends its sessions.
    pub async fn end(&mut self, reason: &str) -> Result<(), LiveError> {
        let Some(work) = &self.work else { return Ok(()) };
        let ends: Vec<_> = work.endings.drafts(reason).collect();
        let (to, mut batches) = mpsc::channel(AHEAD);
        let limits = self.limits;
        tokio::task::spawn_blocking(move || {
            let mut feed = Feed::new(limits, to);
            for end in &ends {
                let _ = feed.event(end);
            }
            feed.hand_over()
        });
        while let Some(batch) = batches.recv().await {
            self.connection.submit(batch.events).await?.await?;
        }
        Ok(())
    }

    /// Up to where it was read.
    pub fn mark(&self) -> marks::Mark {
        marks::of(self.editor, &self.file)
    }
}
