//! The start: recovery first, then the tasks.
//!
//! Owns the order: check the database, take over what the journal has beside it, mark what is unfinished as interrupted, report.
//! Invariant: when it returns, every record that was ever acknowledged is in the store or in the backlog, as far as the disk has
//! kept them; and the journal is sound, or nothing of it is needed any more.

use crate::budget::Budget;
use crate::flush::{BacklogReader, Done, Flusher, Job, PassedOver, Trouble};
use crate::ingest::{FlushLink, Ingest, Replay, Replayed};
use crate::shared::Shared;
use crate::{Clock, EngineConfig, StartError, quarantine, salvage};
use chasm_journal::{Cut, DiskMedia, Journal, JournalSettings, Lsn, Media, OpenReport as JournalReport};
use chasm_protocol::session::InterruptionReason;
use chasm_protocol::status::{DamageReport, InterruptedAtStart, StartReport};
use chasm_protocol::{LifecycleEvent, Timestamp};
use chasm_store::{OpenError, OpenReport, Store};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Instant;
use tokio::sync::{mpsc, watch};

/// Where the time of a clean stop is kept while no recorder runs.
pub use chasm_store::CLEAN_STOP;
/// Where the last start's report is kept.
pub const LAST_START: &str = "last_start";
/// Where a pause is kept.
pub const PAUSE: &str = "pause";

/// Journal records handed from the reading thread at a time.
const CHUNK: usize = 512;
/// And what they may take in memory, about.
const CHUNK_BYTES: usize = 1024 * 1024;

/// Files of a data folder.
pub struct Layout {
    pub database: PathBuf,
    pub journal: PathBuf,
    pub quarantine: PathBuf,
}

impl Layout {
    pub fn of(folder: &Path) -> Self {
        Self {
            database: folder.join("recordings.db"),
            journal: folder.join("journal"),
            quarantine: folder.join("quarantine"),
        }
    }
}

/// The journal's folder on the real disk.
pub fn disk(data_dir: &Path) -> Result<Arc<dyn Media>, StartError> {
    let layout = Layout::of(data_dir);
    let media = DiskMedia::open(&layout.journal, &layout.quarantine);
    media
        .map(|media| -> Arc<dyn Media> { Arc::new(media) })
        .map_err(|source| StartError::Folder { folder: layout.journal, source })
}

/// What a start leads to.
pub struct Started {
    pub ingest: Ingest,
    pub store: Store,
    pub journal: Journal,
    pub backlog: BacklogReader,
    pub budget: Arc<Budget>,
    pub trouble: watch::Receiver<Trouble>,
}

/// Recovers the data folder and makes the ingest task ready to run.
pub async fn start(
    config: &EngineConfig,
    shared: &Arc<Shared>,
    media: Arc<dyn Media>,
) -> Result<Started, StartError> {
    let begun = Instant::now();
    let layout = Layout::of(&config.data_dir);
    std::fs::create_dir_all(&layout.quarantine)
        .map_err(|source| StartError::Folder { folder: layout.quarantine.clone(), source })?;
    let (store, opened, database_note) = open_database(&layout, &*shared.clock).await?;
    let clean_stop = match opened.created && database_note.is_none() {
        true => Some(shared.clock.now()),
        false => store.get_meta(CLEAN_STOP).await?.and_then(|text| Timestamp::parse(&text).ok()),
    };
    store.put_meta(CLEAN_STOP, None).await?;
    if opened.checked || opened.created {
        store.put_meta(chasm_store::CHECKED, Some(&shared.clock.now().to_string())).await?;
    }
    shared.hub.hide(&store.trash_ids().await?);
    let backlog = BacklogReader { media: media.clone(), passed_over: PassedOver::default() };
    let (flush, trouble) = spawn_flusher(&store, shared, opened.max_pk + 1, backlog.clone())?;
    let mut replayed = replay_journal(config, media, &opened, Replay::new(store.clone())).await?;
    let applied = opened.applied_lsn;
    shared.note_flush(applied, shared.clock.now());
    shared.note_durable_silently(replayed.journal.stats().durable_lsn.0.max(applied));
    replayed.journal.truncate(Lsn(applied));
    let budget = Arc::new(Budget::new(config.buffer_bytes));
    let mut ingest = Ingest::new(
        config.clone(),
        shared.clone(),
        store.clone(),
        replayed.journal.clone(),
        budget.clone(),
        flush,
        applied,
    );
    let _ = backlog.passed_over.set(std::mem::take(&mut replayed.passed_over));
    let damaged = !replayed.report.is_sound();
    ingest.take_over(replayed.replay, replayed.report.last_lsn.0, damaged);
    if damaged {
        // What was set aside is known now and only now: from here on damage is news again.
        ingest.bring_in_backlog().await?;
    }
    let interrupted = mark_unfinished(&mut ingest, &store, clean_stop).await?;
    let mut report = report(&replayed.report, replayed.unreadable, clean_stop.is_some(), shared.clock.now());
    report.database_ok = database_note.is_none() && opened.quick_check.is_empty();
    report.database_note = database_note.or_else(|| opened.quick_check.first().cloned());
    report.interrupted = interrupted;
    report.took_ms = begun.elapsed().as_secs_f64() * 1000.0;
    tell(shared, &store, report).await?;
    Ok(Started { ingest, store, journal: replayed.journal, backlog, budget, trouble })
}

/// Opens the database; a damaged one is set aside, and what can still be read of it goes into a new one.
async fn open_database(
    layout: &Layout,
    clock: &dyn Clock,
) -> Result<(Store, OpenReport, Option<String>), StartError> {
    Store::finish_taking_place(&layout.database, &layout.quarantine, clock.now())
        .map_err(StartError::SetAside)?;
    let why = match Store::open(&layout.database).await {
        Ok((store, report)) if report.quick_check.is_empty() => return Ok((store, report, None)),
        Ok((store, report)) => {
            store.close().await.map_err(StartError::SetAside)?;
            in_brief(&report.quick_check)
        }
        Err(OpenError::Corrupt { what, .. }) => what,
        Err(error) => return Err(error.into()),
    };
    tracing::error!(%why, "the database is damaged");
    let new = Store::open_beside(&layout.database).await?;
    let saved =
        salvage::salvage(&layout.database, &new).await.map_err(|e| StartError::Replay(e.to_string()))?;
    let aside = new
        .take_place(&layout.database, &layout.quarantine, clock.now())
        .await
        .map_err(StartError::SetAside)?;
    let note = format!(
        "the database was damaged ({why}); it lies in {}, and {} sessions with {} events were read back from it{}",
        aside.display(),
        saved.sessions,
        saved.events,
        if saved.complete { "" } else { "; a part of it cannot be read" },
    );
    let (store, report) = Store::open(&layout.database).await?;
    Ok((store, report, Some(note)))
}

/// The first of what the check of a database found, and how much more there is: SQLite lists every cell of a broken page.
fn in_brief(findings: &[String]) -> String {
    let mut lines = findings.iter().flat_map(|f| f.lines()).filter(|line| !line.starts_with("***"));
    let first = lines.next().unwrap_or("it cannot be read");
    match lines.count() {
        0 => first.to_owned(),
        more => format!("{first}, and {more} more"),
    }
}

fn spawn_flusher(
    store: &Store,
    shared: &Shared,
    next_pk: i64,
    backlog: BacklogReader,
) -> Result<(FlushLink, watch::Receiver<Trouble>), StartError> {
    let (jobs, taken) = mpsc::channel::<Job>(1);
    let (done, finished) = mpsc::channel::<Done>(1);
    let (trouble, watched) = watch::channel(None);
    let (hub, health, clock) = (shared.hub.clone(), shared.health.clone(), shared.clock.clone());
    let flusher =
        Flusher { store: store.clone(), hub, health, clock, next_pk, trouble, backlog, ahead: None };
    flusher.spawn(taken, done)?;
    Ok((FlushLink::new(jobs, finished, watched.clone()), watched))
}

struct JournalReplayed {
    journal: Journal,
    report: JournalReport,
    replay: Replay,
    /// Records whose bytes are right and whose content is not.
    unreadable: Vec<DamageReport>,
    /// Records that the flusher has to leave out: these, and duplicates.
    passed_over: HashSet<u64>,
}

/// Reads the journal on a thread of its own, in chunks.
async fn replay_journal(
    config: &EngineConfig,
    media: Arc<dyn Media>,
    opened: &OpenReport,
    mut replay: Replay,
) -> Result<JournalReplayed, StartError> {
    let settings = JournalSettings { segment_bytes: config.segment_bytes, ..JournalSettings::default() };
    let settings = JournalSettings { max_record_bytes: 256 * 1024 * 1024, ..settings };
    let (chunks, mut coming) = mpsc::channel::<Vec<Replayed>>(4);
    let (after, quarantine) = (Lsn(opened.applied_lsn), Layout::of(&config.data_dir).quarantine);
    let reading = tokio::task::spawn_blocking(move || {
        let (mut chunk, mut weight) = (Vec::with_capacity(CHUNK), 0);
        let (mut unreadable, mut passed_over) = (Vec::new(), HashSet::new());
        let opened = chasm_journal::open(media, settings, after, &mut |lsn, bytes| {
            match Replayed::read(lsn.0, bytes) {
                Ok(None) => {}
                Ok(Some(record)) => {
                    weight += record.weight();
                    chunk.push(record);
                }
                Err(what) => {
                    passed_over.insert(lsn.0);
                    unreadable.push(set_aside(&quarantine, lsn.0, bytes, &what));
                }
            }
            if chunk.len() >= CHUNK || weight > CHUNK_BYTES {
                weight = 0;
                if chunks.blocking_send(std::mem::take(&mut chunk)).is_err() {
                    return Err("the replay ended early".into());
                }
            }
            Ok(())
        });
        let _ = chunks.blocking_send(chunk);
        opened.map(|(journal, report)| (journal, report, unreadable, passed_over))
    });
    while let Some(records) = coming.recv().await {
        replay.take(records).await?;
    }
    let read = reading.await.map_err(|e| StartError::Replay(e.to_string()))?;
    let (journal, report, unreadable, mut passed_over) = read?;
    passed_over.extend(replay.take_duplicates());
    Ok(JournalReplayed { journal, report, replay, unreadable, passed_over })
}

fn set_aside(folder: &Path, lsn: u64, bytes: &[u8], what: &str) -> DamageReport {
    let quarantined_as = quarantine::keep_record(folder, lsn, bytes).ok();
    DamageReport {
        what: format!("record {lsn}: {what}"),
        bytes: bytes.len() as u64,
        quarantined_as,
        at: None,
    }
}

/// Sessions that were recording when the recorder ended are interrupted, since its stop or their last sign of life.
async fn mark_unfinished(
    ingest: &mut Ingest,
    store: &Store,
    clean_stop: Option<Timestamp>,
) -> Result<Vec<InterruptedAtStart>, StartError> {
    let mut interrupted = Vec::new();
    let stored = store.unfinished().await?;
    // In use from here on, so that whoever comes back before the marks are in the store finds them.
    ingest.load(stored.iter().map(|s| &s.record.id)).await.map_err(StartError::Mark)?;
    let unfinished = ingest.unfinished();
    let marked = !unfinished.is_empty();
    for (session, last_received) in unfinished {
        let (reason, since) = match clean_stop {
            Some(at) => (InterruptionReason::ServerStop, at),
            None => (InterruptionReason::ServerCrash, last_received),
        };
        ingest.interrupt(&session, reason, since).map_err(StartError::Mark)?;
        if ingest.is_hidden(&session) {
            continue;
        }
        interrupted.push(InterruptedAtStart { session_id: session.to_string(), reason, since });
    }
    if marked {
        ingest.settle_marks().await.map_err(StartError::Mark)?;
    }
    Ok(interrupted)
}

fn report(
    journal: &JournalReport,
    unreadable: Vec<DamageReport>,
    clean_stop: bool,
    at: Timestamp,
) -> StartReport {
    let mut damage: Vec<DamageReport> = journal
        .damage
        .iter()
        .filter(|d| !d.known)
        .map(|d| DamageReport {
            what: d.to_string(),
            bytes: d.bytes,
            quarantined_as: d.quarantined_as.clone(),
            at: None,
        })
        .collect();
    let gap = |g: &chasm_journal::Gap| DamageReport {
        what: g.to_string(),
        bytes: 0,
        quarantined_as: None,
        at: None,
    };
    damage.extend(journal.gaps.iter().map(gap));
    damage.extend(unreadable);
    damage.iter_mut().for_each(|found| found.at = Some(at));
    StartReport {
        at,
        clean_stop,
        database_ok: true,
        database_note: None,
        journal_records: journal.records,
        replayed_records: journal.replayed,
        torn_tail_bytes: journal.torn_tail.as_ref().filter(|t| t.cut != Cut::Zeroes).map_or(0, |t| t.bytes),
        damage,
        interrupted: Vec::new(),
        took_ms: 0.0,
    }
}

/// Keeps the report, and tells what a person has to know.
async fn tell(shared: &Shared, store: &Store, report: StartReport) -> Result<(), StartError> {
    let text = serde_json::to_string(&report).map_err(|e| StartError::Replay(e.to_string()))?;
    store.put_meta(LAST_START, Some(&text)).await?;
    for damage in &report.damage {
        let (what, quarantined_as) = (damage.what.clone(), damage.quarantined_as.clone());
        shared.hub.tell(report.at, LifecycleEvent::DamageFound { what, quarantined_as });
    }
    if let Some(note) = &report.database_note {
        shared.hub.tell(report.at, LifecycleEvent::DamageFound { what: note.clone(), quarantined_as: None });
    }
    let noteworthy = !report.interrupted.is_empty() || !report.clean_stop || !report.damage.is_empty();
    if noteworthy {
        let event = LifecycleEvent::RecoveryAtStart {
            replayed_records: report.replayed_records,
            interrupted: report.interrupted.len() as u64,
            damaged: report.damage.len() as u64,
            clean_stop: report.clean_stop,
        };
        shared.hub.tell(report.at, event);
    }
    *shared.start_report.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
    Ok(())
}
