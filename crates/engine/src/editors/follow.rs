//! Following editors' files: what they write is recorded while they write it.
//!
//! Owns which sessions are live. Never polls files: the system tells of changes, and a look at all names now and then finds what
//! it did not tell. Invariant: a file is read again only where its stamp says that it has something new.

mod live;
mod look;
mod pace;
mod rounds;
mod watch;

use super::Of;
use super::marks::Marks;
use crate::{Engine, EngineError, RecordError};
use chasm_editors::{Roots, SessionFile};
use chasm_protocol::Limits;
use chasm_protocol::lifecycle::{LifecycleEvent, LiveEvent};
use chasm_protocol::status::{FollowState, FollowStatus};
use live::{Live, LiveError};
use pace::Pace;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, watch as channel};
use tokio::task::JoinHandle;
use watch::{Changes, Place, Watch};

/// What is to be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Following {
    pub on: bool,
    pub roots: Roots,
    pub limits: Limits,
    /// Quiet time after which a session that waits for nothing is ended.
    pub idle: Duration,
}

/// Names a live session: its editor, its id, its file.
type Key = (&'static str, String, PathBuf);

struct Follower {
    engine: Engine,
    wanted: channel::Receiver<Arc<Following>>,
    watch: Watch,
    pace: Pace,
    marks: Marks,
    live: BTreeMap<Key, Live>,
    /// The files that are imported in the background.
    backlog: Option<JoinHandle<Result<(), RecordError>>>,
    /// When all names are looked at again.
    next_look: Instant,
    /// All names were looked at once.
    looked: bool,
    /// Sessions of the backlog.
    importing: u64,
    /// Why a folder is not watched: names are looked at often.
    blind: Option<String>,
}

impl Engine {
    /// Follows editors' files until the engine ends or nobody can say any more what is wanted.
    pub async fn follow(&self, wanted: channel::Receiver<Arc<Following>>) {
        let follower = Follower {
            engine: self.clone(),
            wanted,
            watch: Watch::new(),
            pace: Pace::default(),
            marks: Marks::default(),
            live: BTreeMap::new(),
            backlog: None,
            next_look: Instant::now(),
            looked: false,
            importing: 0,
            blind: None,
        };
        tokio::select! {
            () = self.ended() => {}
            ended = Box::pin(follower.run()) => if let Err(error) = ended {
                tracing::warn!(%error, "editors' files are not followed any more");
            }
        }
    }
}

impl Follower {
    async fn run(mut self) -> Result<(), EngineError> {
        let (mut paused, mut told) = (self.engine.paused(), self.engine.live());
        loop {
            self.tell();
            let wait = self.until_next_round();
            tokio::select! {
                changed = self.wanted.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    self.leave_unwanted().await?;
                    self.next_look = Instant::now();
                }
                changed = paused.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    self.next_look = Instant::now();
                }
                changes = self.watch.changes() => self.changed(changes).await?,
                event = told.recv() => self.told(event).await?,
                done = finished(&mut self.backlog) => self.backlog_done(done).await?,
                () = tokio::time::sleep(wait) => self.round().await?,
            }
        }
    }

    /// Says how it stands.
    fn tell(&self) {
        let state = match (self.looked, self.backlog.is_some()) {
            _ if !self.wanted().on => FollowState::Off,
            (false, _) => FollowState::Looking,
            (true, true) => FollowState::Importing,
            (true, false) if self.watch.is_idle() => FollowState::Off,
            (true, false) => FollowState::Following,
        };
        self.engine.shared().note_follow(FollowStatus {
            state,
            live: self.live.len() as u64,
            importing: self.importing,
            problem: self.blind.clone(),
        });
    }

    fn is_paused(&self) -> bool {
        self.engine.paused().borrow().is_some()
    }

    fn wanted(&self) -> Arc<Following> {
        self.wanted.borrow().clone()
    }

    /// Something changed in a watched folder.
    async fn changed(&mut self, changes: Changes) -> Result<(), EngineError> {
        if changes.missed {
            self.next_look = Instant::now();
        }
        if self.is_paused() {
            return Ok(());
        }
        let mut asked: Vec<(Of, PathBuf)> = Vec::new();
        for path in changes.paths {
            match self.watch.place_of(&path) {
                Some(_) if path.is_dir() => self.next_look = Instant::now(),
                Some(Place::Chats(editor)) => asked.push((editor, pace::of_database(path))),
                Some(Place::Above(_)) | None => {}
            }
        }
        asked.retain(|(editor, path)| self.pace.is_due(*editor, path));
        self.look_into(asked).await
    }

    /// Reads what is new in the sessions of these files.
    async fn look_into(&mut self, asked: Vec<(Of, PathBuf)>) -> Result<(), EngineError> {
        if asked.is_empty() {
            return Ok(());
        }
        let find = move || {
            let of = |(editor, path): (Of, PathBuf)| {
                let begun = Instant::now();
                let found = editor.sessions_in(&path).unwrap_or_default();
                (path, begun.elapsed(), found.into_iter().map(|file| (editor, file)).collect::<Vec<_>>())
            };
            asked.into_iter().map(of).collect::<Vec<_>>()
        };
        let found = tokio::task::spawn_blocking(find).await.map_err(|_| EngineError::ShuttingDown)?;
        let mut files = Vec::new();
        for (path, took, sessions) in found {
            self.pace.note(path, took);
            files.extend(sessions);
        }
        self.read(files).await
    }

    /// Reads what is new in these sessions.
    async fn read(&mut self, files: Vec<(Of, SessionFile)>) -> Result<(), EngineError> {
        let (live, others): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|(editor, file)| self.live.contains_key(&key(*editor, file)));
        for (editor, file) in live {
            let key = key(editor, &file);
            let Some(live) = self.live.get_mut(&key).filter(|live| live.file.stamp != file.stamp) else {
                continue;
            };
            live.file = file;
            self.read_on(key).await?;
        }
        for (editor, file) in self.marks.unread(&self.engine, others).await? {
            let key = key(editor, &file);
            let limits = self.wanted().limits;
            match Live::begin(&self.engine, editor, file.clone(), limits).await {
                Ok(live) => {
                    self.live.insert(key.clone(), live);
                    self.read_on(key).await?;
                }
                Err(error) => self.failed(editor, &file, error).await?,
            }
        }
        Ok(())
    }

    async fn read_on(&mut self, key: Key) -> Result<(), EngineError> {
        let Some(live) = self.live.get_mut(&key) else { return Ok(()) };
        if let Err(error) = live.read_on(false).await {
            let (editor, file) = (live.editor, live.file.clone());
            self.live.remove(&key);
            self.failed(editor, &file, error).await?;
        }
        Ok(())
    }

    /// What cannot be read waits for its next change; what cannot be recorded is looked at again soon.
    async fn failed(&mut self, editor: Of, file: &SessionFile, error: LiveError) -> Result<(), EngineError> {
        match error {
            LiveError::Read(error) => {
                tracing::debug!(editor = editor.id(), %error, "cannot be followed");
                let mark = super::marks::of(editor, file);
                self.marks.note(mark);
                Ok(())
            }
            LiveError::Record(RecordError::ShuttingDown) => Err(EngineError::ShuttingDown),
            LiveError::Record(error) => {
                tracing::warn!(editor = editor.id(), %error, "what the editor writes is recorded later");
                self.look_within(rounds::RETRY);
                Ok(())
            }
        }
    }

    /// A session that its user deleted is not brought back by the next line of its file.
    async fn told(
        &mut self,
        event: Result<LiveEvent, broadcast::error::RecvError>,
    ) -> Result<(), EngineError> {
        let deleted = match event {
            Ok(LiveEvent::Lifecycle { event, .. }) => {
                matches!(event, LifecycleEvent::Deleted { .. } | LifecycleEvent::Purged { .. })
            }
            Ok(_) => false,
            Err(broadcast::error::RecvError::Lagged(_)) => true,
            Err(broadcast::error::RecvError::Closed) => return Err(EngineError::ShuttingDown),
        };
        if !deleted || self.live.is_empty() {
            return Ok(());
        }
        self.engine.flushed().await?;
        let ids: BTreeSet<String> = self.live.keys().map(|(_, id, _)| id.clone()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let there = self.engine.store().known_from(&ids).await?;
        let gone: Vec<Key> = self.live.keys().filter(|(_, id, _)| !there.contains_key(id)).cloned().collect();
        for key in gone {
            self.leave(&key).await?;
        }
        Ok(())
    }

    /// Follows a session no more, as it is.
    async fn leave(&mut self, key: &Key) -> Result<(), EngineError> {
        if let Some(live) = self.live.remove(key) {
            let mark = live.mark();
            drop(live);
            self.engine.store().put_editor_marks(&[mark]).await?;
            self.marks.note(mark);
        }
        Ok(())
    }
}

fn key(editor: Of, file: &SessionFile) -> Key {
    (editor.id(), file.session_id.clone(), file.path.clone())
}

/// Resolves when the task is done; never where there is none.
async fn finished<T>(task: &mut Option<JoinHandle<T>>) -> Option<T> {
    match task {
        Some(running) => {
            let done = running.await.ok();
            *task = None;
            done
        }
        None => std::future::pending().await,
    }
}
