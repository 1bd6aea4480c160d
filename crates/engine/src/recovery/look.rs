//! What editors' files bring to a session: the preview of a recovery, and what the recovery then does.
//!
//! Reads, never writes. Invariant: the preview is the fold that the flusher makes of the same rows, so what a recovery brings
//! is what was shown before.

use crate::editors::{FILE_MAX, Listing, ReadFile, read_session, unavailable};
use crate::flush::{Whole, fold_anew};
use crate::fold::Folded;
use crate::ingest::FileRecord;
use crate::{Engine, EngineError};
use chasm_protocol::api::{CandidateFile, Unavailable};
use chasm_protocol::session::{Evidence, Origin};
use chasm_protocol::{Message, SessionId, ToolCall};
use chasm_store::{SessionPk, SnapshotRow, StoredSession};
use std::time::{Duration, Instant};

/// What reading files for a preview may take.
pub(super) struct Allowance {
    bytes: u64,
    until: Option<Instant>,
}

impl Allowance {
    /// A person waits for it.
    pub(super) fn of_preview() -> Self {
        Self { bytes: 4 * FILE_MAX, until: Some(Instant::now() + Duration::from_secs(10)) }
    }

    pub(super) const fn of_recovery() -> Self {
        Self { bytes: u64::MAX, until: None }
    }

    fn take(&mut self, bytes: u64) -> bool {
        let left = self.bytes.checked_sub(bytes);
        self.bytes = left.unwrap_or(self.bytes);
        left.is_some() && self.until.is_none_or(|until| Instant::now() < until)
    }
}

/// What was found in editors' files for one session.
#[derive(Default)]
pub(super) struct Look {
    pub files: Vec<CandidateFile>,
    pub unavailable: Vec<Unavailable>,
    /// What changes the session.
    pub records: Vec<FileRecord>,
    /// How the session will be; absent where it stays as it is.
    pub after: Option<After>,
}

/// What a session is counted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct After {
    pub messages: u64,
    pub added: u64,
    pub completed: u64,
    pub partial: u64,
    pub open_tool_calls: u64,
}

impl Look {
    /// What a report says about the files.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let of = |file: &CandidateFile| Evidence {
            origin: Origin::EditorFile,
            source: match &file.problem {
                Some(problem) => format!("{}: {problem}", file.path),
                None => file.path.clone(),
            },
            messages: file.messages,
        };
        self.files.iter().map(of).collect()
    }
}

impl Engine {
    pub(super) async fn look(
        &self,
        stored: &StoredSession,
        listing: &Listing,
        allowance: &mut Allowance,
    ) -> Result<Look, EngineError> {
        let (id, mut look) = (&stored.record.id, Look::default());
        let found = listing.files(id.as_str());
        if found.is_empty() {
            look.unavailable.extend(listing.why_none(stored.record.provider.as_deref()));
            return Ok(look);
        }
        let mut read = Vec::new();
        for (editor, file) in found {
            if !allowance.take(file.bytes.min(FILE_MAX)) {
                let why = "there is too much to read for a preview: recovering the session reads it";
                look.unavailable.push(unavailable(Some(editor.id()), why.to_owned()));
                continue;
            }
            let id = id.clone();
            let work = move || read_session(editor, &file, &id);
            read.extend(tokio::task::spawn_blocking(work).await.map_err(|_| EngineError::ShuttingDown)?);
        }
        for file in read.iter().filter_map(|file| Some((file, file.said.as_ref().err()?))) {
            let (file, why) = file;
            let why = format!("{}: {why}", file.source.path);
            look.unavailable.push(unavailable(Some(&file.source.editor), why));
        }
        self.compare(id.clone(), stored.pk, read, &mut look).await?;
        Ok(look)
    }

    async fn compare(
        &self,
        id: SessionId,
        pk: SessionPk,
        read: Vec<ReadFile>,
        look: &mut Look,
    ) -> Result<(), EngineError> {
        if read.is_empty() {
            return Ok(());
        }
        let whole = Whole::read(self.store(), pk).await?;
        let before = self.store().items(pk).await?;
        let work = move || compare(&id, &whole, &before, read);
        let (files, records, after) =
            tokio::task::spawn_blocking(work).await.map_err(|_| EngineError::ShuttingDown)?;
        (look.files, look.records, look.after) = (files, records, after);
        Ok(())
    }
}

type Items = (Vec<Message>, Vec<ToolCall>);

fn compare(
    id: &SessionId,
    whole: &Whole,
    before: &Items,
    read: Vec<ReadFile>,
) -> (Vec<CandidateFile>, Vec<FileRecord>, Option<After>) {
    let stored = |row: &SnapshotRow| whole.snapshots.iter().any(|s| s.file == row.file && s.hash == row.hash);
    let rows: Vec<SnapshotRow> =
        read.iter().filter_map(|file| file.said.as_ref().ok()).map(|(row, _)| row.clone()).collect();
    let new: Vec<SnapshotRow> = rows.iter().filter(|row| !stored(row)).cloned().collect();
    let folded = with_files(id, whole.clone(), &new);
    let changed = folded.messages != before.0 || folded.tool_calls != before.1;
    let alone = rows.len() == 1 && new.len() == 1 && whole.snapshots.iter().all(|s| s.file.is_none());
    let only_there = |row: &SnapshotRow| match alone {
        true => from_files(&folded.messages),
        false => from_files(&with_files(id, without_files(whole), std::slice::from_ref(row)).messages),
    };
    let (mut files, mut records) = (Vec::new(), Vec::new());
    for file in read {
        let mut shown = CandidateFile {
            editor: file.source.editor.clone(),
            path: file.source.path.clone(),
            modified_at: file.modified,
            messages: 0,
            only_there: 0,
            readable: file.said.is_ok(),
            problem: file.said.as_ref().err().cloned().or(file.damage),
        };
        if let Ok((row, body)) = file.said {
            (shown.messages, shown.only_there) = (row.body.messages.len() as u64, only_there(&row));
            if changed && !stored(&row) {
                let source = serde_json::to_string(&file.source).unwrap_or_default();
                records.push(FileRecord { session: id.clone(), taken_at: row.taken_at, source, body });
            }
        }
        files.push(shown);
    }
    (files, records, changed.then(|| after(&before.0, &folded)))
}

/// The session as the flusher will make it once it has these rows.
fn with_files(id: &SessionId, whole: Whole, new: &[SnapshotRow]) -> Folded {
    fold_anew(id, Some(whole), Vec::new(), new).0
}

fn without_files(whole: &Whole) -> Whole {
    let mut whole = whole.clone();
    whole.snapshots.retain(|row| row.file.is_none());
    whole
}

fn from_files(messages: &[Message]) -> u64 {
    messages.iter().filter(|m| m.origin == Origin::EditorFile).count() as u64
}

fn after(before: &[Message], folded: &Folded) -> After {
    let completed = |messages: &[Message]| {
        messages.iter().filter(|m| m.completed_by == Some(Origin::EditorFile)).count() as u64
    };
    let messages = folded.messages.len() as u64;
    After {
        messages,
        added: messages.saturating_sub(before.len() as u64),
        completed: completed(&folded.messages).saturating_sub(completed(before)),
        partial: folded.messages.iter().filter(|m| m.partial).count() as u64,
        open_tool_calls: folded.tool_calls.iter().filter(|c| !c.finished).count() as u64,
    }
}

#[cfg(test)]
mod tests;
