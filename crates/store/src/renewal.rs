//! A new database in the place of a damaged one.
//!
//! Owns the order of the steps. Invariant: until what could be read back is whole and on disk under a name of its own, the damaged
//! database stays where it is, so that a crash at any step costs nothing but the time to begin again.

use crate::error::{Doing, OpenError, StoreError};
use crate::open::{SIDE_FILES, Store, with_suffix};
use chasm_protocol::Timestamp;
use std::fs::File;
use std::path::{Path, PathBuf};

const NEW: &str = ".new";

impl Store {
    /// An empty database beside the one at `path`, to be filled in one go: its commits wait for no disk. What an earlier try
    /// has left of one is removed.
    pub async fn open_beside(path: &Path) -> Result<Self, OpenError> {
        let beside = with_suffix(path, NEW);
        remove(&beside).map_err(|source| OpenError::Io { path: beside.clone(), source })?;
        let (store, _) = Self::open(&beside).await?;
        let failed = |source| OpenError::Store { path: beside.clone(), source };
        let mut writer = store.writer().await.map_err(failed)?;
        let set = sqlx::query("PRAGMA synchronous = OFF").execute(&mut *writer).await;
        set.doing("fill a new database").map_err(failed)?;
        writer.release();
        Ok(store)
    }

    /// Closes this database, which was opened beside the one at `path`, and puts it there; the other one goes into the folder
    /// `into`. Returns its new path.
    pub async fn take_place(self, path: &Path, into: &Path, at: Timestamp) -> Result<PathBuf, StoreError> {
        let doing = "put the new database in its place";
        self.close().await?;
        drop(self);
        let beside = with_suffix(path, NEW);
        File::open(&beside).and_then(|file| file.sync_all()).map_err(StoreError::io(doing))?;
        let aside = Self::set_aside(path, into, at)?;
        into_place(&beside, path).map_err(StoreError::io(doing))?;
        Ok(aside)
    }

    /// Ends what a crash has cut off: a new database whose place is free is put there, one that is not whole is removed.
    pub fn finish_taking_place(path: &Path, into: &Path, at: Timestamp) -> Result<(), StoreError> {
        let doing = "put the new database in its place";
        let beside = with_suffix(path, NEW);
        if !beside.exists() {
            return Ok(());
        }
        if path.exists() {
            return remove(&beside).map_err(StoreError::io(doing));
        }
        // Those of the damaged one: beside the new one, SQLite would take them for its own.
        for suffix in SIDE_FILES {
            let side = with_suffix(path, suffix);
            if side.exists() {
                std::fs::create_dir_all(into).map_err(StoreError::io(doing))?;
                let name = format!("recordings.db{suffix}.{}", at.as_millis());
                std::fs::rename(&side, into.join(name)).map_err(StoreError::io(doing))?;
            }
        }
        into_place(&beside, path).map_err(StoreError::io(doing))
    }
}

fn into_place(beside: &Path, path: &Path) -> std::io::Result<()> {
    std::fs::rename(beside, path)?;
    match path.parent() {
        #[cfg(unix)]
        Some(folder) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn remove(database: &Path) -> std::io::Result<()> {
    for path in SIDE_FILES.map(|suffix| with_suffix(database, suffix)).into_iter().chain([database.into()]) {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each database says of itself, after the start of the next run.
    async fn said(path: &Path, into: &Path) -> String {
        Store::finish_taking_place(path, into, Timestamp::default()).unwrap();
        assert!(!with_suffix(path, NEW).exists());
        let (store, _) = Store::open(path).await.unwrap();
        let said = store.get_meta("which").await.unwrap().unwrap();
        store.close().await.unwrap();
        said
    }

    async fn two(folder: &Path) -> (PathBuf, Store) {
        let path = folder.join("recordings.db");
        let (old, _) = Store::open(&path).await.unwrap();
        old.put_meta("which", Some("old")).await.unwrap();
        old.close().await.unwrap();
        drop(old);
        // as a crash of an earlier try may have left it
        std::fs::write(with_suffix(&path, ".new"), "not whole").unwrap();
        std::fs::write(with_suffix(&path, ".new-wal"), "not whole").unwrap();
        let new = Store::open_beside(&path).await.unwrap();
        new.put_meta("which", Some("new")).await.unwrap();
        (path, new)
    }

    #[tokio::test]
    async fn the_new_one_takes_the_place_and_the_old_one_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().join("quarantine");
        let (path, new) = two(folder.path()).await;
        let aside = new.take_place(&path, &into, Timestamp::default()).await.unwrap();
        assert_eq!(said(&path, &into).await, "new");
        assert_eq!(said(&aside, &into).await, "old");
    }

    #[tokio::test]
    async fn a_crash_at_each_step_leaves_one_of_them() {
        // while it is filled: the old one stays, and is read again
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().join("quarantine");
        let (path, new) = two(folder.path()).await;
        new.close().await.unwrap();
        assert_eq!(said(&path, &into).await, "old");

        // the old one is away, with or without its side files, and the new one not yet in its place
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().join("quarantine");
        let (path, new) = two(folder.path()).await;
        new.close().await.unwrap();
        Store::set_aside(&path, &into, Timestamp::default()).unwrap();
        std::fs::write(with_suffix(&path, "-wal"), "of the old one").unwrap();
        assert_eq!(said(&path, &into).await, "new");
        let kept = std::fs::read_to_string(into.join("recordings.db-wal.0")).unwrap();
        assert_eq!(kept, "of the old one");
    }
}
