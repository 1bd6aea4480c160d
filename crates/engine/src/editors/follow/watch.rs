//! The folders of editors, and what changes in them.
//!
//! Owns the watches of the operating system. Never reads a file. Invariant: a change that may have been missed (too many at once,
//! a folder that cannot be watched) is told as «look at everything».

use super::super::Of;
use chasm_editors::Watched;
use notify::{Config, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::mpsc;

/// Changes that wait to be looked at. Beyond, everything is looked at.
const WAITING: usize = 4_096;
/// Time from a first change to looking: editors write one thing in several pieces.
const SETTLE: Duration = Duration::from_millis(30);

pub struct Watch {
    watcher: Option<RecommendedWatcher>,
    places: Places,
    changes: mpsc::Receiver<PathBuf>,
    /// Told, and not handed over yet.
    pending: BTreeSet<PathBuf>,
    missed: Arc<AtomicBool>,
}

/// The folders to watch, and what each is watched for.
pub type Places = BTreeMap<Watched, Place>;

#[derive(Clone, Copy)]
pub enum Place {
    /// Chats of this editor.
    Chats(Of),
    /// A folder of this editor's that is not there yet. Nothing else in it is looked at.
    Above(Of),
}

impl Place {
    const fn editor(self) -> Of {
        match self {
            Self::Chats(editor) | Self::Above(editor) => editor,
        }
    }
}

/// What has changed.
#[derive(Default)]
pub struct Changes {
    pub paths: BTreeSet<PathBuf>,
    /// Something may have been missed.
    pub missed: bool,
}

impl Watch {
    /// Watches nothing yet.
    pub fn new() -> Self {
        let (to, changes) = mpsc::channel(WAITING);
        let missed = Arc::new(AtomicBool::new(false));
        let flag = missed.clone();
        let tell = move |event: notify::Result<notify::Event>| match event {
            Ok(event) if matters(event.kind) => {
                let lost = event.paths.into_iter().filter_map(|path| to.try_send(path).err()).count();
                if lost > 0 || event.attrs.flag() == Some(notify::event::Flag::Rescan) {
                    flag.store(true, Relaxed);
                }
            }
            Ok(_) => {}
            Err(_) => flag.store(true, Relaxed),
        };
        let watcher = RecommendedWatcher::new(tell, Config::default().with_follow_symlinks(false));
        if let Err(error) = &watcher {
            tracing::warn!(%error, "changes of editors' files are not told by the system: they are looked for");
        }
        Self { watcher: watcher.ok(), places: BTreeMap::new(), changes, pending: BTreeSet::new(), missed }
    }

    /// Watches these places and no others. Says which cannot be watched, and why.
    pub fn set(&mut self, wanted: Places) -> Vec<(Of, String)> {
        let Some(watcher) = &mut self.watcher else {
            let why = "this system tells no changes of files";
            return wanted.into_values().map(|place| (place.editor(), why.to_owned())).collect();
        };
        for place in self.places.keys().filter(|place| !wanted.contains_key(place)) {
            // An error only says that the folder is gone.
            let _ = watcher.unwatch(&place.path);
        }
        let mut refused = Vec::new();
        for (place, of) in wanted.iter().filter(|(place, _)| !self.places.contains_key(place)) {
            let mode = if place.recursive { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            if let Err(error) = watcher.watch(&place.path, mode) {
                refused.push((of.editor(), format!("{}: {error}", place.path.display())));
            }
        }
        self.places = wanted;
        refused
    }

    /// Whether just these are watched.
    pub fn has(&self, wanted: &Places) -> bool {
        self.places.keys().eq(wanted.keys())
    }

    /// There is no folder with chats.
    pub fn is_idle(&self) -> bool {
        !self.places.values().any(|place| matches!(place, Place::Chats(_)))
    }

    /// What the folder that this lies in is watched for.
    pub fn place_of(&self, path: &Path) -> Option<Place> {
        let within = self.places.iter().filter(|(place, _)| path.starts_with(&place.path));
        within.max_by_key(|(place, _)| place.path.as_os_str().len()).map(|(_, of)| *of)
    }

    /// Waits for a change, and a moment longer for what belongs to it. May be given up and called again.
    pub async fn changes(&mut self) -> Changes {
        if self.pending.is_empty() {
            match self.changes.recv().await {
                Some(path) => self.pending.insert(path),
                // No watcher: there is nothing to wait for.
                None => std::future::pending().await,
            };
        }
        tokio::time::sleep(SETTLE).await;
        while let Ok(path) = self.changes.try_recv() {
            self.pending.insert(path);
        }
        Changes { paths: std::mem::take(&mut self.pending), missed: self.missed.swap(false, Relaxed) }
    }
}

/// Files are opened and read all the time.
const fn matters(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(_) | EventKind::Remove(_))
}
