//! Importing what an editor has: every file of it, through the way of all events.
//!
//! Never makes an identity: files give their events the same ones every time. Invariant: a second import records nothing that
//! is there already, and a file that cannot be read does not end it.

use super::Of;
use crate::{Engine, EngineError, Outcome, RecordError};
use chasm_editors::{Root, Roots, editor, files};
use chasm_protocol::api::ImportAnswer;
use chasm_protocol::lifecycle::Operation;
use chasm_protocol::{Limits, Parsed, parse_event};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// Events that are recorded at a time, and the bytes at which fewer are.
const BATCH: usize = 200;
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Events that a file's reader may be ahead.
const AHEAD: usize = 64;
/// Problems that an answer names.
const PROBLEMS: usize = 100;

impl Engine {
    /// Imports all sessions of an editor; `None` where there is no such editor. Goes on when the one who asked does not wait.
    pub async fn import(
        &self,
        id: &str,
        roots: &Roots,
        limits: Limits,
    ) -> Result<Option<ImportAnswer>, EngineError> {
        let Some(editor) = editor(id) else { return Ok(None) };
        let (engine, root) = (self.clone(), roots.of(editor));
        let run = tokio::spawn(async move { engine.run_import(editor, root, limits).await });
        run.await.unwrap_or(Err(EngineError::ShuttingDown)).map(Some)
    }

    async fn run_import(&self, editor: Of, root: Root, limits: Limits) -> Result<ImportAnswer, EngineError> {
        let Root::At(root) = root else {
            let why = super::search(editor, &root, std::time::Instant::now()).err().unwrap_or_default();
            return Err(EngineError::BadRequest(why));
        };
        let chats = editor.chats(&root);
        let find = move || files::find(&[chats]);
        let found = tokio::task::spawn_blocking(find).await.map_err(|_| EngineError::ShuttingDown)?;
        let found = found.map_err(|error| EngineError::BadRequest(error.to_string()))?;
        let total = found.paths.len() as u64;
        let mut import = Import {
            engine: self,
            editor,
            limits,
            answer: ImportAnswer::default(),
            sessions: HashSet::new(),
        };
        self.shared().hub.progress(Operation::Import, 0, total, None);
        for (path, done) in found.paths.into_iter().zip(1..) {
            import.file(path).await?;
            self.shared().hub.progress(Operation::Import, done, total, None);
        }
        import.answer.sessions = import.sessions.len() as u64;
        Ok(import.answer)
    }
}

struct Import<'a> {
    engine: &'a Engine,
    editor: Of,
    limits: Limits,
    answer: ImportAnswer,
    sessions: HashSet<String>,
}

impl Import<'_> {
    /// Records what one file holds.
    async fn file(&mut self, path: PathBuf) -> Result<(), RecordError> {
        let (events, mut read) = mpsc::channel(AHEAD);
        let (editor, name) = (self.editor, path.clone());
        let reader = tokio::task::spawn_blocking(move || read_file(editor, &path, &events));
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some(json) = read.recv().await {
            match parse_event(&json, &self.limits) {
                Ok(parsed) => {
                    bytes += json.len();
                    batch.push(parsed);
                }
                Err(refusal) => self.problem(format!("{}: refused: {}", name.display(), refusal.message)),
            }
            if batch.len() >= BATCH || bytes >= BATCH_BYTES {
                bytes = 0;
                self.record(std::mem::take(&mut batch)).await?;
            }
        }
        self.record(batch).await?;
        match reader.await {
            Ok(None) => self.answer.files += 1,
            Ok(Some(Ok(damage))) => {
                self.answer.files += 1;
                self.problem(format!("{}: {damage}", name.display()));
            }
            Ok(Some(Err(error))) => self.problem(error),
            Err(_) => self.problem(format!("{}: it could not be read to its end", name.display())),
        }
        Ok(())
    }

    async fn record(&mut self, events: Vec<Parsed>) -> Result<(), RecordError> {
        if events.is_empty() {
            return Ok(());
        }
        for event in &events {
            if !self.sessions.contains(event.event.session_id.as_str()) {
                self.sessions.insert(event.event.session_id.to_string());
            }
        }
        for outcome in self.engine.record(events).await? {
            match outcome {
                Outcome::Duplicate => self.answer.known_events += 1,
                Outcome::Recorded | Outcome::Conflict => self.answer.new_events += 1,
            }
        }
        Ok(())
    }

    fn problem(&mut self, what: String) {
        if self.answer.problems.len() < PROBLEMS {
            self.answer.problems.push(what);
        }
    }
}

/// Hands over the events of a file as JSON. What it answers is damage, or why the file could not be read.
fn read_file(editor: Of, path: &Path, events: &mpsc::Sender<String>) -> Option<Result<String, String>> {
    let read = editor.read(path, &mut |event| match events.blocking_send(event.to_json()) {
        Ok(()) => ControlFlow::Continue(()),
        // Nobody takes them any more.
        Err(_) => ControlFlow::Break(()),
    });
    match read {
        Ok(damage) => damage.map(|damage| Ok(super::read::words(damage))),
        Err(error) => Some(Err(error.to_string())),
    }
}
