//! Up to where editors' files were read, and what is to be read of them.
//!
//! Owns the decision. Invariant: a session that a client records is left to it, and one that its user deleted is not brought
//! back.

use super::Of;
use crate::{Engine, EngineError};
use chasm_editors::{SessionFile, ids};
use chasm_store::KnownFrom;
use std::collections::HashMap;

/// Name and stamp of a mark.
pub(super) type Mark = (u64, u64);

/// Sessions that one question to the store is about.
const ASKED_AT_ONCE: usize = 2_000;

/// The mark of these files as they are.
pub(super) fn of(editor: Of, file: &SessionFile) -> Mark {
    let name = format!("{}\u{0}{}\u{0}{}", editor.id(), file.session_id, file.path.display());
    (ids::hash(&name), file.stamp)
}

/// Up to where files were read, kept in memory: 16 bytes a session.
#[derive(Debug, Default)]
pub(super) struct Marks(HashMap<u64, u64>);

impl Marks {
    pub async fn read(engine: &Engine) -> Result<Self, EngineError> {
        Ok(Self(engine.store().editor_marks().await?))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn note(&mut self, (name, stamp): Mark) {
        self.0.insert(name, stamp);
    }

    fn is_read(&self, editor: Of, file: &SessionFile) -> bool {
        let (name, stamp) = of(editor, file);
        self.0.get(&name) == Some(&stamp)
    }

    fn is_known(&self, editor: Of, file: &SessionFile) -> bool {
        self.0.contains_key(&of(editor, file).0)
    }

    /// Those of these files that have something new to read.
    pub async fn unread(
        &self,
        engine: &Engine,
        files: Vec<(Of, SessionFile)>,
    ) -> Result<Vec<(Of, SessionFile)>, EngineError> {
        let changed: Vec<_> =
            files.into_iter().filter(|(editor, file)| !self.is_read(*editor, file)).collect();
        if changed.is_empty() {
            return Ok(changed);
        }
        engine.flushed().await?;
        let mut wanted = Vec::new();
        for part in changed.chunks(ASKED_AT_ONCE) {
            let ids: Vec<&str> = part.iter().map(|(_, file)| file.session_id.as_str()).collect();
            let known = engine.store().known_from(&ids).await?;
            let is_wanted = |(editor, file): &&(Of, SessionFile)| match known.get(&file.session_id) {
                None => !self.is_known(*editor, file),
                Some(KnownFrom::Files) => true,
                Some(KnownFrom::Client) => false,
            };
            wanted.extend(part.iter().filter(is_wanted).cloned());
        }
        Ok(wanted)
    }
}
