//! What people and programs read: lists, sessions, search, status.
//!
//! Holds no SQL. Invariant: a read sees every event whose ack was sent, as long as the store can be written at all.

use crate::health::Condition;
use crate::start::{LAST_START, Layout};
use crate::{Engine, EngineError, overlay, quarantine};
use chasm_protocol::SessionId;
use chasm_protocol::api::{
    EventPage, Facets, NoticeFilter, NoticePage, SearchAnswer, SessionFilter, SessionPage, SessionPatch,
};
use chasm_protocol::frame::ResumePoint;
use chasm_protocol::session::SessionDetail;
use chasm_protocol::status::{BufferStatus, DatabaseStatus, JournalStatus, Rates, StartReport, Status};
use chasm_store::{SearchQuery, SessionWrite, StoreError};
use std::collections::{BTreeMap, HashSet};
use std::sync::PoisonError;
use std::time::Duration;

/// Longest time that the status waits for the database to catch up.
const STATUS_WAITS: Duration = Duration::from_millis(500);

impl Engine {
    pub async fn sessions(&self, filter: SessionFilter) -> Result<SessionPage, EngineError> {
        self.flushed().await?;
        let mut page = self.store().list(&filter).await.map_err(cursor_or_store)?;
        let live = self.live_sessions().await;
        page.sessions.iter_mut().for_each(|s| s.live = live.contains(&s.session_id));
        Ok(page)
    }

    /// What the list can be narrowed to.
    pub async fn facets(&self, filter: &SessionFilter) -> Result<Facets, EngineError> {
        self.flushed().await?;
        Ok(self.store().facets(filter).await?)
    }

    pub async fn session(&self, id: &SessionId) -> Result<SessionDetail, EngineError> {
        self.flushed().await?;
        let found = match self.unwritten(id).await? {
            Some(write) => Some(overlay::detail(self, self.store().detail(id).await?, write).await?),
            None => self.store().detail(id).await?,
        };
        self.with_life(id, found).await
    }

    /// Says of a session that was read whether it is live.
    pub(crate) async fn with_life(
        &self,
        id: &SessionId,
        found: Option<SessionDetail>,
    ) -> Result<SessionDetail, EngineError> {
        let mut detail = found.ok_or_else(|| EngineError::NoSuchSession(id.to_string()))?;
        detail.summary.live = self.live_sessions().await.contains(id.as_str());
        Ok(detail)
    }

    /// What the journal has of a session while the store cannot be written.
    pub(crate) async fn unwritten(&self, id: &SessionId) -> Result<Option<SessionWrite>, EngineError> {
        if self.trouble().is_some() { overlay::unwritten(self, id).await } else { Ok(None) }
    }

    /// What of these sessions is on disk.
    pub(crate) async fn resume_points(
        &self,
        sessions: &[SessionId],
    ) -> Result<BTreeMap<String, ResumePoint>, EngineError> {
        self.flushed().await?;
        let mut points: BTreeMap<String, ResumePoint> =
            sessions.iter().map(|id| (id.to_string(), ResumePoint::default())).collect();
        for stored in self.store().load_sessions(sessions).await? {
            let (last_seq, missing) = chasm_store::missing(&self.store().seqs(stored.pk).await?);
            let point = ResumePoint { last_seq, events: stored.record.events, missing };
            points.insert(stored.record.id.to_string(), point);
        }
        Ok(points)
    }

    pub async fn events(
        &self,
        id: &SessionId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<EventPage, EngineError> {
        self.flushed().await?;
        let page = self.store().events_page(id, cursor, limit).await.map_err(cursor_or_store)?;
        let unwritten = self.unwritten(id).await?;
        match (page, unwritten) {
            // They stand behind all that is stored: the last page has them.
            (Some(mut page), Some(write)) if page.next_cursor.is_none() => {
                page.events.extend(overlay::shown_events(write));
                Ok(page)
            }
            (Some(page), _) => Ok(page),
            (None, Some(write)) => Ok(EventPage { events: overlay::shown_events(write), next_cursor: None }),
            (None, None) => Err(EngineError::NoSuchSession(id.to_string())),
        }
    }

    pub async fn search(
        &self,
        q: &str,
        session: Option<SessionId>,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<SearchAnswer, EngineError> {
        self.flushed().await?;
        let query = SearchQuery { q: q.to_owned(), session, limit, cursor: cursor.map(Into::into) };
        self.store().search(&query).await.map_err(cursor_or_store)
    }

    /// Changes what the user may set.
    pub async fn patch(&self, id: &SessionId, patch: SessionPatch) -> Result<SessionDetail, EngineError> {
        self.change(id, &patch).await?;
        self.session(id).await
    }

    pub(crate) async fn change(&self, id: &SessionId, patch: &SessionPatch) -> Result<(), EngineError> {
        self.flushed().await?;
        if !self.store().patch_session(id, patch).await? {
            return Err(EngineError::NoSuchSession(id.to_string()));
        }
        if let Some(title) = patch.title.clone() {
            self.retitled(id, title).await;
        }
        self.shared().hub.changed(vec![id.to_string()]);
        Ok(())
    }

    /// The newest first.
    pub async fn notices(&self, cursor: Option<&str>, limit: u32) -> Result<NoticePage, EngineError> {
        let filter = NoticeFilter { limit, cursor: cursor.map(Into::into), ..NoticeFilter::default() };
        self.find_notices(&filter).await
    }

    /// Those that a filter finds, the newest first.
    pub async fn find_notices(&self, filter: &NoticeFilter) -> Result<NoticePage, EngineError> {
        // The titles of sessions that have just begun.
        self.flushed().await?;
        self.keep_unsaved().await;
        self.store().find_notices(filter).await.map_err(cursor_or_store)
    }

    async fn keep_unsaved(&self) {
        if self.shared().hub.has_unsaved() {
            let unsaved = self.shared().hub.take_unsaved();
            if let Err((unsaved, error)) = self.keep_notices(unsaved).await {
                self.shared().hub.put_back(unsaved);
                tracing::warn!(%error, "notices cannot be kept yet");
            }
        }
    }

    async fn keep_notices(&self, unsaved: Vec<Unsaved>) -> Result<(), (Vec<Unsaved>, StoreError)> {
        self.store().add_notices(unsaved.clone()).await.map_err(|error| (unsaved, error))
    }

    /// Never fails: what cannot be read is left out and said in `problem`.
    pub async fn status(&self) -> Status {
        let shared = self.shared();
        // A flood is no reason to keep someone waiting who asks how things are: then the counts are those of a moment ago, and the
        // buffer says how much is behind.
        let flushed = tokio::time::timeout(STATUS_WAITS, self.flushed()).await.unwrap_or(Ok(()));
        let counts = self.store().counts().await.unwrap_or_default();
        let (recorded, duplicates, rejected) = shared.counts();
        let (buffered, buffered_bytes) = shared.buffered();
        let now = shared.clock.now();
        if flushed.is_err() {
            shared.health.stopping(now);
        }
        let Condition { status, since, problem, pause } = shared.health.now();
        Status {
            status,
            since,
            problem_code: problem.as_ref().map(|p| p.code),
            problem_values: problem.as_ref().map(|p| p.values.clone()).unwrap_or_default(),
            problem: problem.map(|p| p.message),
            version: shared.version.clone(),
            started_at: shared.started_at,
            uptime_secs: now.seconds_since(shared.started_at),
            paused_until: pause.and_then(|pause| pause.until),
            active_sessions: counts.recording,
            interrupted_sessions: counts.interrupted,
            sessions: counts.sessions,
            connections: self.presence().await,
            events_recorded: recorded,
            duplicates,
            rejected,
            last_durable_write: shared.last_durable(),
            buffer: BufferStatus {
                events: buffered as u64,
                bytes: buffered_bytes as u64,
                max_bytes: self.budget().max() as u64,
                last_flush: shared.last_flush(),
            },
            journal: self.journal_status(),
            database: DatabaseStatus {
                bytes: self.store().size(),
                path: Layout::of(&self.config().data_dir).database.display().to_string(),
            },
            data_dir: self.config().data_dir.display().to_string(),
            disk_free_bytes: disk_free(&self.config().data_dir),
            last_recovery: self.start_report().await,
            follow: self.shared().follow(),
            desktop: None,
        }
    }

    /// What was recorded in the last seconds, in steps of `step` seconds; at most as many as are kept.
    pub fn rates(&self, step: u32, points: u32) -> Rates {
        self.shared().rates.read(step, points, self.shared().clock.now())
    }

    /// Deletes a file of the quarantine for good.
    pub fn delete_quarantined(&self, name: &str) -> Result<(), EngineError> {
        let folder = Layout::of(&self.config().data_dir).quarantine;
        match quarantine::delete(&folder, name) {
            Ok(true) => Ok(()),
            Ok(false) => Err(EngineError::NotInQuarantine(name.chars().take(200).collect())),
            Err(source) => Err(EngineError::File { name: name.to_owned(), source }),
        }
    }

    fn journal_status(&self) -> JournalStatus {
        let stats = self.journal().stats();
        JournalStatus {
            segments: stats.segments as u64,
            bytes: stats.bytes,
            last_lsn: stats.last_lsn.0,
            durable_lsn: stats.durable_lsn.0,
            applied_lsn: self.shared().applied_lsn(),
            syncs: stats.syncs,
        }
    }

    pub(crate) async fn start_report(&self) -> Option<StartReport> {
        let known = self.shared().start_report.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(report) => Some(report),
            None => serde_json::from_str(&self.store().get_meta(LAST_START).await.ok()??).ok(),
        }
    }

    pub(crate) async fn live_sessions(&self) -> HashSet<String> {
        self.presence().await.into_iter().flat_map(|c| c.sessions).collect()
    }
}

type Unsaved = (chasm_protocol::Timestamp, chasm_protocol::LifecycleEvent);

pub(crate) fn cursor_or_store(error: StoreError) -> EngineError {
    match error {
        StoreError::BadCursor => EngineError::BadRequest(error.to_string()),
        other => other.into(),
    }
}

/// Bytes that this user may still write there.
fn disk_free(folder: &std::path::Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}
