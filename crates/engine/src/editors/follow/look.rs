//! Looking at all names: at the start, when settings changed, and now and then.
//!
//! Owns what is imported in the background and what is followed at once. Invariant: the folders are watched before their names are
//! read, so that nothing falls between.

use super::super::search;
use super::rounds::{LOOK_EVERY, LOOK_OFTEN, RETRY};
use super::watch::{Place, Places};
use super::{Follower, Key, Live, Of};
use crate::{EngineError, RecordError};
use chasm_editors::{EDITORS, Root, SessionFile, Watched};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// Sessions that are followed at once; older ones are imported and followed when they change.
const LIVE: usize = 256;
/// How often folders are listed anew until the list stays the same.
const TRIES: usize = 5;
/// Longest look at one editor's names.
const LOOK: Duration = Duration::from_secs(120);

type Files = Vec<(Of, SessionFile)>;

impl Follower {
    pub(super) async fn look(&mut self) -> Result<(), EngineError> {
        self.next_look = Instant::now() + if self.blind.is_some() { LOOK_OFTEN } else { LOOK_EVERY };
        let wanted = self.wanted();
        let roots: Vec<(Of, Root)> = match wanted.on {
            true => EDITORS.iter().map(|editor| (*editor, wanted.roots.of(*editor))).collect(),
            false => Vec::new(),
        };
        self.set_watches(&roots).await?;
        let look = move || -> Vec<(Of, SessionFile)> {
            let until = Instant::now() + LOOK;
            let of = |(editor, root): &(Of, Root)| {
                let editor = *editor;
                let files = search(editor, root, until).map(|found| found.files).unwrap_or_default();
                files.into_iter().map(move |file| (editor, file))
            };
            roots.iter().flat_map(of).collect()
        };
        let found = tokio::task::spawn_blocking(look).await.map_err(|_| EngineError::ShuttingDown)?;
        self.marks_if_none().await?;
        let unread = self.marks.unread(&self.engine, found).await?;
        let (now, mut old) = self.part(unread);
        self.read(now).await?;
        // what a person looks for first
        old.sort_by_key(|(_, file)| std::cmp::Reverse(file.modified));
        self.import(old);
        self.looked = true;
        Ok(())
    }

    async fn set_watches(&mut self, roots: &[(Of, Root)]) -> Result<(), EngineError> {
        let mut refused = None;
        // a folder may come into being after the list was made and before the one above it is watched
        for _ in 0..TRIES {
            let roots = roots.to_vec();
            let folders =
                move || -> Places { roots.iter().flat_map(|(editor, root)| places(*editor, root)).collect() };
            let folders =
                tokio::task::spawn_blocking(folders).await.map_err(|_| EngineError::ShuttingDown)?;
            if self.watch.has(&folders) {
                break;
            }
            refused = Some(self.watch.set(folders));
        }
        // the same folders as before: what could not be watched still cannot
        let Some(refused) = refused else { return Ok(()) };
        let why = refused.into_iter().next().map(|(editor, why)| format!("{}: {why}", editor.name()));
        if let Some(why) = why.as_ref().filter(|_| self.blind.is_none()) {
            tracing::warn!(%why, "a folder cannot be watched: its files are looked at from time to time");
        }
        self.blind = why;
        if self.blind.is_some() {
            self.look_within(LOOK_OFTEN);
        }
        Ok(())
    }

    async fn marks_if_none(&mut self) -> Result<(), EngineError> {
        if self.marks.is_empty() {
            self.marks = super::Marks::read(&self.engine).await?;
        }
        Ok(())
    }

    /// Those that are followed from now on, and those that are only imported.
    fn part(&self, unread: Files) -> (Files, Files) {
        let since = SystemTime::now().checked_sub(self.wanted().idle);
        let is_live = |file: &SessionFile| file.modified >= since && since.is_some();
        let known = |editor: Of, file: &SessionFile| self.live.contains_key(&super::key(editor, file));
        let (mut now, mut old): (Vec<_>, Vec<_>) =
            unread.into_iter().partition(|(editor, file)| known(*editor, file) || is_live(file));
        now.sort_by_key(|(_, file)| std::cmp::Reverse(file.modified));
        old.extend(now.split_off(now.len().min(LIVE)));
        (now, old)
    }

    fn import(&mut self, files: Files) {
        if files.is_empty() {
            return;
        }
        if self.backlog.is_some() {
            // looked at again when that is done
            self.look_within(RETRY);
            return;
        }
        let (engine, limits) = (self.engine.clone(), self.wanted().limits);
        self.importing = files.len() as u64;
        tracing::info!(sessions = files.len(), "importing what editors have");
        self.backlog = Some(tokio::spawn(async move {
            let answer = engine.import_files(files, limits).await?;
            for problem in &answer.problems {
                tracing::info!(%problem, "a file of an editor");
            }
            tracing::info!(
                sessions = answer.sessions,
                events = answer.new_events,
                "imported what editors have"
            );
            Ok(())
        }));
    }

    pub(super) async fn backlog_done(
        &mut self,
        done: Option<Result<(), RecordError>>,
    ) -> Result<(), EngineError> {
        self.importing = 0;
        self.marks = super::Marks::read(&self.engine).await?;
        match done {
            Some(Ok(())) => {}
            Some(Err(RecordError::ShuttingDown)) => return Err(EngineError::ShuttingDown),
            Some(Err(_)) | None => self.look_within(RETRY),
        }
        Ok(())
    }

    /// Ends the sessions of editors that are not to be followed any more.
    pub(super) async fn leave_unwanted(&mut self) -> Result<(), EngineError> {
        let wanted = self.wanted();
        let is_wanted = |live: &Live| wanted.on && matches!(wanted.roots.of(live.editor), Root::At(_));
        let left: Vec<Key> =
            self.live.iter().filter(|(_, live)| !is_wanted(live)).map(|(key, _)| key.clone()).collect();
        for key in left {
            if let Some(live) = self.live.get_mut(&key) {
                // what cannot be ended is interrupted
                let _ = live.end("not followed any more").await;
            }
            self.leave(&key).await?;
        }
        Ok(())
    }
}

/// The folders to watch for one editor: those of its chats, and above those that are not there yet.
fn places(editor: Of, root: &Root) -> Vec<(Watched, Place)> {
    let Root::At(root) = root else { return Vec::new() };
    let there = editor.watched(root).into_iter().map(|place| (place, Place::Chats(editor)));
    let absent = editor.chats(root).into_iter().filter(|folder| !folder.is_dir());
    let above =
        absent.filter_map(|folder| folder.ancestors().find(|above| above.is_dir()).map(Path::to_owned));
    let above = above.map(|path| (Watched { path, recursive: false }, Place::Above(editor)));
    // of one folder the chats come last, and stay
    above.chain(there).collect()
}
