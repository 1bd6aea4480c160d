//! Opening a journal: checks every segment, hands out what is not applied, cuts torn tails, sets damage aside. It never changes
//! the bytes of a record and never appends to an old segment. Invariant: when it returns, all it handed out is durable.

use std::sync::Arc;

use crate::format::{HEADER_BLOCK, HEADER_BYTES, Header, RECORD_HEAD};
use crate::journal::Journal;
use crate::lsn::{Lsn, SegmentId};
use crate::media::{Folder, Media, ReadFile};
use crate::pending::Shared;
use crate::quarantine::{Kind, Stretch};
use crate::report::{Cut, Damage, DamageKind, Gap, OpenReport, TornTail};
use crate::scan::{Found, Scan};
use crate::segments::{Closed, Segments};
use crate::settings::JournalSettings;
use crate::survey::{Headed, Surveyed, survey};
use crate::window::Window;
use crate::writer::Writer;

/// Why whoever takes the records could not take one.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// Takes the records that are not applied, in order, one at a time.
pub type Sink<'a> = dyn FnMut(Lsn, &[u8]) -> Result<(), SinkError> + 'a;

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("journal: {doing}: {source}")]
    Disk { doing: String, source: std::io::Error },
    #[error(
        "segment {segment}: format version {version}, flags {flags:#x}: written by another version of this program"
    )]
    Format { segment: SegmentId, version: u16, flags: u16 },
    #[error("record {lsn}: {source}")]
    Sink { lsn: Lsn, source: SinkError },
}

impl OpenError {
    pub(crate) fn io(doing: impl Into<String>, source: std::io::Error) -> Self {
        Self::Disk { doing: doing.into(), source }
    }
}

/// Opens a journal and starts its thread. `sink` gets every good record behind `after`, in order, one at a time.
pub fn open(
    media: Arc<dyn Media>,
    settings: JournalSettings,
    after: Lsn,
    sink: &mut Sink<'_>,
) -> Result<(Journal, OpenReport), OpenError> {
    let (journal, writer, report) = open_stepped(media, settings, after, sink)?;
    let thread = std::thread::Builder::new().name("journal".into()).spawn(move || writer.run());
    journal.attach(thread.map_err(|source| OpenError::io("cannot start its thread", source))?);
    Ok((journal, report))
}

/// As [`open`], but nothing moves until the caller calls [`Writer::step`]: for tests that crash at a chosen moment.
pub fn open_stepped(
    media: Arc<dyn Media>,
    settings: JournalSettings,
    after: Lsn,
    sink: &mut Sink<'_>,
) -> Result<(Journal, Writer, OpenReport), OpenError> {
    let mut pass = Pass::new(media.as_ref(), &settings, after, true, sink);
    pass.run()?;
    pass.settle()?;
    let (durable, next) = pass.numbers();
    let (closed, report) = (pass.kept, pass.report);
    let shared = Arc::new(Shared::new(settings, durable, next));
    let segments = Segments::new(media.clone(), closed);
    let writer = Writer::new(media, shared.clone(), segments, durable);
    Ok((Journal::new(shared, None), writer, report))
}

/// The same check without changing anything.
pub fn inspect(media: &dyn Media, settings: &JournalSettings, after: Lsn) -> Result<OpenReport, OpenError> {
    let mut sink = |_: Lsn, _: &[u8]| Ok(());
    let mut pass = Pass::new(media, settings, after, false, &mut sink);
    pass.run()?;
    Ok(pass.report)
}

/// One way through all segments.
struct Pass<'a, 's> {
    media: &'a dyn Media,
    settings: &'a JournalSettings,
    after: Lsn,
    repair: bool,
    sink: &'a mut Sink<'s>,
    report: OpenReport,
    kept: Vec<Closed>,
    /// Segments without a record.
    empty: Vec<Closed>,
    /// Segments that are in the quarantine as a whole.
    moved: Vec<SegmentId>,
    /// Every number up to here has been seen, was applied, or has been reported as lost.
    seen: Lsn,
    /// Damage at the end of `report.damage` that waits to hear which good record comes behind it.
    open_damage: usize,
    /// A tail could not be cut for good: the headers behind it must stay, since they say where it begins.
    tail_left: bool,
    /// The numbers that unreadable segments may have used.
    used: Lsn,
    /// The next number is at least this one, so that no name of a segment is used twice.
    floor: Lsn,
}

impl<'a, 's> Pass<'a, 's> {
    fn new(
        media: &'a dyn Media,
        settings: &'a JournalSettings,
        after: Lsn,
        repair: bool,
        sink: &'a mut Sink<'s>,
    ) -> Self {
        Self {
            media,
            settings,
            after,
            repair,
            sink,
            report: OpenReport::default(),
            kept: Vec::new(),
            empty: Vec::new(),
            moved: Vec::new(),
            seen: after,
            open_damage: 0,
            tail_left: false,
            used: Lsn::NONE,
            floor: Lsn::NONE,
        }
    }

    fn run(&mut self) -> Result<(), OpenError> {
        let segments = survey(self.media)?;
        let mut rest = segments.as_slice();
        while let Some((segment, behind)) = rest.split_first() {
            rest = behind;
            let bound = behind.iter().find_map(Surveyed::header).map(|header| header.after);
            self.report.segments += 1;
            self.report.bytes = self.report.bytes.saturating_add(segment.bytes);
            match &segment.state {
                Headed::Good { header, bad_copy } => self.segment(segment, header, *bad_copy, bound)?,
                Headed::Unfinished => self.empty.push(segment.closed(Lsn(segment.id.0).previous())),
                Headed::Lost => self.lost(segment, bound),
                Headed::Unreadable(error) => {
                    tracing::error!(segment = %segment.id, %error, "journal: unreadable segment");
                    self.unreadable(segment, bound);
                }
            }
        }
        // The header of an empty segment may be all that shows that something is missing before it: then it stays.
        if self.report.is_sound() {
            self.report.removed = self.empty.iter().map(|segment| segment.id).collect();
        }
        Ok(())
    }

    fn segment(
        &mut self,
        segment: &Surveyed,
        header: &Header,
        bad_copy: Option<u64>,
        bound: Option<Lsn>,
    ) -> Result<(), OpenError> {
        self.gap(header.after);
        let Ok(file) = self.media.read(Folder::Journal, &segment.id.file_name()) else {
            self.unreadable(segment, bound);
            return Ok(());
        };
        let damaged_before = self.report.damage.len();
        if let Some(at) = bad_copy.filter(|_| segment.bytes > HEADER_BYTES) {
            self.bad_header(segment.id, file.as_ref(), at);
        }
        let window = Window::new(file, segment.bytes, self.settings.read_buffer_bytes);
        let (records, last) = self.records(segment.id, Scan::new(window, header, bound), bound)?;
        if records == 0 && self.report.damage.len() == damaged_before {
            self.empty.push(segment.closed(last));
        } else {
            self.kept.push(segment.closed(last));
        }
        Ok(())
    }

    /// Hands out the records of a segment. Returns how many there were and the number of the last.
    fn records(
        &mut self,
        id: SegmentId,
        mut scan: Scan,
        bound: Option<Lsn>,
    ) -> Result<(u64, Lsn), OpenError> {
        let (mut records, mut last) = (0, Lsn(id.0).previous());
        loop {
            match scan.step() {
                Found::Record { lsn, at, len } => {
                    (records, last) = (records + 1, lsn);
                    self.record(lsn, scan.bytes(at, len))?;
                }
                Found::Damage { at, bytes, last, what } => {
                    self.damage(
                        &Stretch { file: scan.window().file(), segment: id, at, bytes },
                        last,
                        bound,
                        what,
                    );
                }
                Found::Tail { at, bytes, what } => {
                    let stretch = Stretch { file: scan.window().file(), segment: id, at, bytes };
                    if bound.is_some() || what == DamageKind::Unreadable {
                        self.damage(&stretch, last, bound, what);
                        // Reported here and not once more as a gap before the next segment.
                        self.seen = self.seen.max(bound.unwrap_or_default());
                        if bound.is_none() {
                            self.use_up(last.next(), bytes);
                        }
                    } else {
                        self.report.torn_tail = Some(self.cut(&stretch));
                    }
                    return Ok((records, last));
                }
                Found::Withdrawn { at, bytes } => {
                    let tail = self.cut(&Stretch { file: scan.window().file(), segment: id, at, bytes });
                    self.report.withdrawn.push(tail);
                    return Ok((records, last));
                }
                Found::End => return Ok((records, last)),
            }
        }
    }

    fn record(&mut self, lsn: Lsn, bytes: &[u8]) -> Result<(), OpenError> {
        self.report.records += 1;
        self.report.last_lsn = lsn;
        self.seen = self.seen.max(lsn);
        if self.open_damage > 0 {
            self.close_damage(lsn);
        }
        if lsn <= self.after {
            return Ok(());
        }
        self.report.replayed += 1;
        (self.sink)(lsn, bytes).map_err(|source| OpenError::Sink { lsn, source })
    }

    /// The first good record behind damage: what was in between is applied if all up to this record is.
    fn close_damage(&mut self, lsn: Lsn) {
        for damage in self.report.damage.iter_mut().rev().take(std::mem::take(&mut self.open_damage)) {
            damage.lsn_before = Some(lsn);
            damage.applied |= lsn.previous() <= self.after;
        }
    }

    /// Before a segment: have all records been seen that were durable when it was made?
    fn gap(&mut self, durable: Lsn) {
        if durable > self.seen {
            self.report.gaps.push(Gap { from: self.seen.next(), to: durable });
            self.seen = durable;
        }
    }

    /// `bound` is the last number that can have been in the segment.
    fn damage(&mut self, stretch: &Stretch<'_>, last: Lsn, bound: Option<Lsn>, what: DamageKind) {
        let kept =
            if self.repair { stretch.keep(self.media, Kind::Damage).map_err(complain).ok() } else { None };
        self.report.damage.push(Damage {
            segment: stretch.segment,
            at_byte: stretch.at,
            bytes: stretch.bytes,
            lsn_after: last,
            lsn_before: None,
            known: kept.as_ref().is_some_and(|kept| kept.known),
            quarantined_as: kept.map(|kept| kept.name),
            applied: bound.is_some_and(|bound| bound <= self.after),
            what,
        });
        self.open_damage += 1;
    }

    fn bad_header(&mut self, segment: SegmentId, file: &dyn ReadFile, at: u64) {
        let last = Lsn(segment.0).previous();
        self.damage(
            &Stretch { file, segment, at, bytes: HEADER_BLOCK as u64 },
            last,
            None,
            DamageKind::HeaderCopy,
        );
        // No record was in it.
        if let Some(damage) = self.report.damage.last_mut() {
            damage.applied = true;
        }
    }

    /// Both headers are gone, and with them the salt: the bytes go to the quarantine as a whole.
    fn lost(&mut self, segment: &Surveyed, bound: Option<Lsn>) {
        let Ok(file) = self.media.read(Folder::Journal, &segment.id.file_name()) else {
            return self.unreadable(segment, bound);
        };
        let last = Lsn(segment.id.0).previous();
        let stretch = Stretch { file: file.as_ref(), segment: segment.id, at: 0, bytes: segment.bytes };
        self.damage(&stretch, last, bound, DamageKind::HeaderLost);
        self.pass_over(segment, bound);
        match self.report.damage.last().and_then(|damage| damage.quarantined_as.as_ref()) {
            Some(_) => self.moved.push(segment.id),
            None => self.keep_unread(segment, bound),
        }
    }

    /// The file is there and may be readable another day: it stays, and its numbers stay taken.
    fn unreadable(&mut self, segment: &Surveyed, bound: Option<Lsn>) {
        self.report.damage.push(Damage {
            segment: segment.id,
            at_byte: 0,
            bytes: segment.bytes,
            lsn_after: Lsn(segment.id.0).previous(),
            lsn_before: None,
            quarantined_as: None,
            known: false,
            applied: bound.is_some_and(|bound| bound <= self.after),
            what: DamageKind::Unreadable,
        });
        self.open_damage += 1;
        self.pass_over(segment, bound);
        self.keep_unread(segment, bound);
    }

    fn pass_over(&mut self, segment: &Surveyed, bound: Option<Lsn>) {
        match bound {
            Some(bound) => self.seen = self.seen.max(bound),
            None => self.use_up(Lsn(segment.id.0), segment.bytes),
        }
    }

    fn keep_unread(&mut self, segment: &Surveyed, bound: Option<Lsn>) {
        let last = bound.unwrap_or(self.used);
        self.kept.push(segment.closed(last));
    }

    /// Numbers from `first` on may be in `bytes` that nobody can read, or in a file of unknown length.
    fn use_up(&mut self, first: Lsn, bytes: u64) {
        let unknown = self.settings.segment_bytes.saturating_add(self.settings.max_pending_bytes as u64);
        let most = if bytes == 0 { unknown } else { bytes } / RECORD_HEAD as u64;
        self.used = self.used.max(Lsn(first.0.saturating_add(most)));
    }

    fn cut(&mut self, stretch: &Stretch<'_>) -> TornTail {
        let cut = if self.repair { self.try_cut(stretch) } else { Cut::Inspected };
        self.tail_left |= matches!(cut, Cut::Left(_));
        TornTail { segment: stretch.segment, at_byte: stretch.at, bytes: stretch.bytes, cut }
    }

    /// Sets aside what is not zero, then cuts.
    fn try_cut(&self, stretch: &Stretch<'_>) -> Cut {
        let cut = || {
            let kept = if stretch.is_zero() { None } else { Some(stretch.keep(self.media, Kind::Tail)?) };
            let name = stretch.segment.file_name();
            self.media.truncate(Folder::Journal, &name, stretch.at)?;
            self.media.sync(Folder::Journal, &name)?;
            Ok(kept.map_or(Cut::Zeroes, |kept| Cut::Quarantined(kept.name)))
        };
        cut().map_err(complain).unwrap_or_else(|error| Cut::Left(error.to_string()))
    }

    /// Makes last what was found: after a mere kill both records and cuts may be in the page cache only. All files come before
    /// any removal, since an empty segment may be all that says where the one before it ends.
    fn settle(&mut self) -> Result<(), OpenError> {
        for segment in self.kept.iter().chain(&self.empty) {
            let Err(source) = self.media.sync(Folder::Journal, &segment.id.file_name()) else { continue };
            // An unreadable segment was reported; it must not keep the rest from opening.
            if segment.last > self.after && !self.is_unread(segment.id) {
                return Err(OpenError::io(format!("cannot sync segment {}", segment.id), source));
            }
            self.tail_left = true;
        }
        for id in &self.moved {
            if self.media.remove(Folder::Journal, &id.file_name()).is_err() {
                self.floor = self.floor.max(Lsn(id.0).next());
            }
        }
        let keep_empty = self.tail_left || !self.report.is_sound();
        for segment in std::mem::take(&mut self.empty) {
            let name = segment.id.file_name();
            let removed = !keep_empty && self.media.remove(Folder::Journal, &name).is_ok();
            // The next segment may take the name of this one only if this one is gone.
            let base = Lsn(segment.id.0);
            self.floor = self.floor.max(if removed { base } else { base.next() });
            if !removed {
                self.kept.push(segment);
                self.report.removed.retain(|id| *id != segment.id);
            }
        }
        self.kept.sort_unstable_by_key(|segment| segment.id);
        let synced = self.media.sync_folder(Folder::Journal);
        synced.map_err(|source| OpenError::io("cannot sync its folder", source))
    }

    fn is_unread(&self, id: SegmentId) -> bool {
        self.report.damage.iter().any(|damage| damage.segment == id && damage.what == DamageKind::Unreadable)
    }

    /// The last number that counts as durable, and the next one to hand out.
    fn numbers(&self) -> (Lsn, Lsn) {
        let durable = self.seen.max(self.used).max(self.report.last_lsn);
        (durable, durable.next().max(self.floor))
    }
}

fn complain(error: std::io::Error) -> std::io::Error {
    tracing::error!(%error, "journal: cannot set damage aside");
    error
}
