//! Importing what editors have: every file of a list, through the way of all events.
//!
//! Never makes an identity: files give their events the same ones every time. Invariant: a file is told as done when all its
//! events are on disk; a second import records nothing that is there already, and a file that cannot be read does not end it.

use super::feed::{Batch, End, read_all};
use super::{Of, marks, words};
use crate::{Engine, EngineError, Outcome, RecordError, Ticket};
use chasm_editors::{Roots, SessionFile, editor};
use chasm_protocol::Limits;
use chasm_protocol::api::ImportAnswer;
use chasm_protocol::lifecycle::Operation;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Batches that the reader may be ahead.
const AHEAD: usize = 2;
/// Threads that read, at most.
const READERS: usize = 2;
/// Batches that may be on their way to the disk.
const ON_THE_WAY: usize = 8;
/// Problems that an answer names.
const PROBLEMS: usize = 100;
/// Time between two words about how far it is, and between two notes of marks.
const TELL_EVERY: Duration = Duration::from_millis(250);

impl Engine {
    /// Imports all sessions of an editor; `None` where there is no such editor. Goes on when the one who asked does not wait.
    pub async fn import(
        &self,
        id: &str,
        roots: &Roots,
        limits: Limits,
    ) -> Result<Option<ImportAnswer>, EngineError> {
        let Some(editor) = editor(id) else { return Ok(None) };
        let root = roots.of(editor);
        let search = move || super::search(editor, &root, Instant::now() + Duration::from_secs(600));
        let found = tokio::task::spawn_blocking(search).await.map_err(|_| EngineError::ShuttingDown)?;
        let files = found.map_err(EngineError::BadRequest)?.files;
        let files = files.into_iter().map(|file| (editor, file)).collect();
        let engine = self.clone();
        let run = tokio::spawn(async move { engine.import_files(files, limits).await });
        Ok(Some(run.await.unwrap_or(Err(RecordError::ShuttingDown))?))
    }

    /// Imports these, in their order.
    pub(super) async fn import_files(
        &self,
        files: Vec<(Of, SessionFile)>,
        limits: Limits,
    ) -> Result<ImportAnswer, RecordError> {
        let (to, mut batches) = mpsc::channel(AHEAD);
        let list = Arc::new((files, AtomicUsize::new(0)));
        let readers = std::thread::available_parallelism().map_or(1, usize::from).min(READERS);
        let mut reading = JoinSet::new();
        for _ in 0..readers {
            let (list, to) = (list.clone(), to.clone());
            reading.spawn_blocking(move || read_all(&list.0, &list.1, limits, to));
        }
        drop(to);
        let files = &list.0;
        let mut import = Import::new(self, files);
        while let Some(batch) = batches.recv().await {
            import.batch(batch).await?;
        }
        import.settle(0).await?;
        import.note_marks().await;
        import.tell();
        while let Some(read) = reading.join_next().await {
            if read.is_err() {
                import.problem("a file could not be read to its end".to_owned());
            }
        }
        import.answer.sessions = import.sessions.len() as u64;
        Ok(import.answer)
    }
}

struct Import<'a> {
    engine: &'a Engine,
    files: &'a [(Of, SessionFile)],
    on_the_way: VecDeque<(Ticket, Vec<End>)>,
    answer: ImportAnswer,
    sessions: HashSet<String>,
    marks: Vec<(u64, u64)>,
    done: u64,
    told: Instant,
}

impl<'a> Import<'a> {
    fn new(engine: &'a Engine, files: &'a [(Of, SessionFile)]) -> Self {
        let import = Self {
            engine,
            files,
            on_the_way: VecDeque::new(),
            answer: ImportAnswer::default(),
            sessions: HashSet::new(),
            marks: Vec::new(),
            done: 0,
            told: Instant::now(),
        };
        import.tell();
        import
    }

    async fn batch(&mut self, batch: Batch) -> Result<(), RecordError> {
        for event in &batch.events {
            if !self.sessions.contains(event.event.session_id.as_str()) {
                self.sessions.insert(event.event.session_id.to_string());
            }
        }
        let ticket = self.engine.hand_over(batch.events).await?;
        self.on_the_way.push_back((ticket, batch.ends));
        self.settle(ON_THE_WAY).await
    }

    /// Waits until no more than so many batches are on their way.
    async fn settle(&mut self, most: usize) -> Result<(), RecordError> {
        while self.on_the_way.len() > most {
            let Some((ticket, ends)) = self.on_the_way.pop_front() else { break };
            for outcome in ticket.await? {
                match outcome {
                    Outcome::Duplicate => self.answer.known_events += 1,
                    Outcome::Recorded | Outcome::Conflict => self.answer.new_events += 1,
                }
            }
            ends.into_iter().for_each(|end| self.end(end));
            if self.told.elapsed() >= TELL_EVERY {
                self.tell();
                self.note_marks().await;
            }
        }
        Ok(())
    }

    fn end(&mut self, end: End) {
        self.done += 1;
        let Some((editor, file)) = self.files.get(end.nth) else { return };
        let name = file.path.display();
        // also where it could not be read: it is tried again when it changes
        self.marks.push(marks::of(*editor, file));
        for why in end.refused {
            self.problem(format!("{name}: {why}"));
        }
        match end.read {
            Ok(report) => {
                self.answer.files += 1;
                if let Some(damage) = words(&report) {
                    self.problem(format!("{name}: {damage}"));
                }
            }
            Err(error) => self.problem(error.to_string()),
        }
    }

    /// A mark that is not noted costs a second reading.
    async fn note_marks(&mut self) {
        let marks = std::mem::take(&mut self.marks);
        if marks.is_empty() {
            return;
        }
        if let Err(error) = self.engine.store().put_editor_marks(&marks).await {
            tracing::warn!(%error, "up to where editors' files were read is not noted");
        }
    }

    fn tell(&self) {
        self.engine.shared().hub.progress(Operation::Import, self.done, self.files.len() as u64, None);
    }

    fn problem(&mut self, what: String) {
        if self.answer.problems.len() < PROBLEMS {
            self.answer.problems.push(what);
        }
    }
}
