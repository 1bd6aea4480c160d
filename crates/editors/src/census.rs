//! Which of an editor's sessions it hides, and which it is about to delete.
//!
//! Reads nothing: it looks at what a search has found. Invariant: a session that lies in several files is hidden, or deleted
//! soon, only where each of them is.

use crate::{Found, SessionFile};
use std::time::SystemTime;

impl Found {
    /// Its sessions that the editor does not show any more.
    pub fn hidden(&self) -> Vec<String> {
        self.sessions_where(|file| file.shown == Some(false))
    }

    /// Its sessions that the editor will have deleted by then, unless they are used again.
    pub fn deleted_by(&self, then: SystemTime) -> Vec<String> {
        self.sessions_where(|file| file.expires.is_some_and(|at| at <= then))
    }

    fn sessions_where(&self, holds: impl Fn(&SessionFile) -> bool) -> Vec<String> {
        let sessions = self.files.chunk_by(|a, b| a.session_id == b.session_id);
        let all = sessions.filter(|files| files.iter().all(&holds));
        all.filter_map(|files| files.first()).map(|file| file.session_id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::time::Duration;

    #[test]
    fn one_file_that_stays_keeps_its_session() {
        let about = std::fs::metadata(env!("CARGO_MANIFEST_DIR")).unwrap();
        let day = |n: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(n * 86_400);
        let file = |id: &str, path: &str, shown, expires: Option<u64>| {
            let mut file = SessionFile::new(id, Path::new(path), &about);
            (file.shown, file.expires) = (shown, expires.map(day));
            file
        };
        let files = vec![
            file("a", "/1", Some(false), Some(3)),
            file("a", "/2", Some(true), None),
            file("b", "/3", Some(false), Some(9)),
            file("b", "/4", Some(false), Some(2)),
            file("c", "/5", None, Some(1)),
        ];
        let found = Found { files, complete: true };
        assert_eq!(found.hidden(), ["b"]);
        assert_eq!(found.deleted_by(day(7)), ["c"]);
        assert_eq!(found.deleted_by(day(9)), ["b", "c"]);
    }
}
