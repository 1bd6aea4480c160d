//! How often a file is looked into: a large database changes all the time, and a look into it takes its time.
//!
//! Owns who waits. Invariant: looking into one file takes no more than a twentieth of the time, and its last change is looked
//! into.

use super::Of;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Looks that take less cost nothing worth counting.
const CHEAP: Duration = Duration::from_millis(10);
/// The rest after a look, in its own lengths.
const REST: u32 = 20;

#[derive(Default)]
pub struct Pace {
    resting: BTreeMap<PathBuf, Instant>,
    waiting: BTreeMap<PathBuf, Of>,
}

impl Pace {
    /// Whether this file may be looked into now; else it waits.
    pub fn is_due(&mut self, editor: Of, path: &PathBuf) -> bool {
        let rests = self.resting.get(path).is_some_and(|until| *until > Instant::now());
        if rests {
            self.waiting.insert(path.clone(), editor);
        }
        !rests
    }

    /// A look into it took so long.
    pub fn note(&mut self, path: PathBuf, took: Duration) {
        if took >= CHEAP {
            self.resting.insert(path, Instant::now() + took * REST);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Those that waited and have rested.
    pub fn due(&mut self) -> Vec<(Of, PathBuf)> {
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        let rested: Vec<PathBuf> =
            self.waiting.keys().filter(|path| !self.resting.contains_key(*path)).cloned().collect();
        rested.into_iter().filter_map(|path| Some((self.waiting.remove(&path)?, path))).collect()
    }
}

/// The database that a write-ahead log or a journal belongs to; else the file itself.
pub fn of_database(path: PathBuf) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let database = ["-wal", "-journal"].iter().find_map(|end| name.strip_suffix(end));
    match database {
        Some(database) => path.with_file_name(database),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chasm_editors::editor;

    #[test]
    fn what_is_costly_rests_and_its_last_change_is_not_forgotten() {
        let (mut pace, path) = (Pace::default(), PathBuf::from("/a/state.vscdb"));
        let editor = editor("claude-code").unwrap();
        assert!(pace.is_due(editor, &path));
        pace.note(path.clone(), Duration::from_millis(1));
        assert!(pace.is_due(editor, &path) && pace.is_empty());
        pace.note(path.clone(), Duration::from_millis(20));
        assert!(!pace.is_due(editor, &path) && pace.due().is_empty() && !pace.is_empty());
        pace.resting.insert(path.clone(), Instant::now());
        assert_eq!(pace.due().into_iter().map(|(_, path)| path).collect::<Vec<_>>(), [path]);
        assert!(pace.is_empty());
    }

    #[test]
    fn a_log_stands_for_its_database() {
        let of = |path: &str| of_database(PathBuf::from(path));
        assert_eq!(of("/a/state.vscdb-wal"), PathBuf::from("/a/state.vscdb"));
        assert_eq!(of("/a/s.jsonl"), PathBuf::from("/a/s.jsonl"));
    }
}
