//! What one file says of one session, as a body that can be merged.
//!
//! Never fails a recovery: a file that cannot be read is a sentence. Invariant: the body is the fold of the file's own events,
//! so that the file says the same here as when it is imported.

use crate::flush::STORED_LIMITS;
use crate::fold::{FoldEvent, as_snapshot, fold};
use chasm_editors::{Editor, EventDraft, ReadReport, SessionFile};
use chasm_protocol::session::{FileSource, OrderKey, SnapshotBody};
use chasm_protocol::{Identity, Parsed, SessionId, Timestamp, parse_event};
use chasm_store::SnapshotRow;
use std::ops::ControlFlow;
use std::time::UNIX_EPOCH;

/// Longest file that a recovery reads: all that it says of a session is held in memory and becomes one record.
pub(crate) const FILE_MAX: u64 = 64 * 1024 * 1024;
/// Longest body, as JSON, that becomes a record.
const BODY_MAX: usize = 128 * 1024 * 1024;

/// Things that are missing which a sentence about a file names.
const MISSING_NAMED: usize = 3;

/// What a file says of a session.
pub(crate) struct ReadFile {
    pub source: FileSource,
    pub modified: Option<Timestamp>,
    /// As a row of the store, and its body as JSON; or why there is none.
    pub said: Result<(SnapshotRow, String), String>,
    pub damage: Option<String>,
}

/// `None` where the file holds nothing of this session.
pub(crate) fn read_session(editor: &dyn Editor, file: &SessionFile, id: &SessionId) -> Option<ReadFile> {
    let source =
        FileSource { editor: editor.id().to_owned(), path: file.path.to_string_lossy().into_owned() };
    let since = file.modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified =
        since.map(|since| Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)));
    let (said, damage) = match body(editor, file, id) {
        Ok((None, _)) => return None,
        Ok((Some(body), report)) => (row(&source, modified, &body), words(&report)),
        Err(why) => (Err(why), None),
    };
    Some(ReadFile { source, modified, said, damage })
}

/// What is damaged or missing, in words.
pub(super) fn words(report: &ReadReport) -> Option<String> {
    let damage = report.bad_places.first().map(|first| {
        let file = first.file.as_ref().map(|file| format!("{file}, ")).unwrap_or_default();
        let line = if first.line > 0 { format!("line {}, ", first.line) } else { String::new() };
        let place = format!("{file}{line}byte {}: {}", first.offset, first.why);
        match report.bad() {
            1 => format!("damaged at {place}"),
            n => format!("damaged at {n} places, the first at {place}"),
        }
    });
    let missing = report.missing.iter().take(MISSING_NAMED).cloned();
    let all: Vec<String> = damage.into_iter().chain(missing).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn body(
    editor: &dyn Editor,
    file: &SessionFile,
    id: &SessionId,
) -> Result<(Option<SnapshotBody>, ReadReport), String> {
    if file.bytes > FILE_MAX {
        let (has, most) = (file.bytes >> 20, FILE_MAX >> 20);
        return Err(format!("it has {has} MiB, a recovery reads {most} at most: import it instead"));
    }
    let mut events = Vec::new();
    let report = editor.read(file, &mut |draft| {
        if draft.session_id == id.as_str() {
            events.extend(fold_event(&draft, events.len() as u64));
        }
        ControlFlow::Continue(())
    });
    let report = report.map_err(|error| error.to_string())?;
    Ok((fold(id, events, None, Vec::new()).map(|folded| as_snapshot(&folded)), report))
}

/// An event of a file as the fold takes it; `None` for one that the protocol does not allow.
pub(crate) fn fold_event(draft: &EventDraft, nth: u64) -> Option<FoldEvent> {
    let Parsed { event, identity, .. } = parse_event(&draft.to_accepted_json(), &STORED_LIMITS).ok()?;
    let event_id = event.event_id.as_ref().map(|id| id.as_str().into()).unwrap_or_default();
    Some(FoldEvent {
        key: OrderKey { at: draft.timestamp, seq: event.seq.unwrap_or(0), event_id, lsn: nth },
        identity: identity.unwrap_or_else(|| Identity::of_lsn(nth)),
        body: event.body,
        conflict: false,
    })
}

/// The body goes through JSON here already, so that a preview merges what the store will merge.
fn row(
    source: &FileSource,
    modified: Option<Timestamp>,
    body: &SnapshotBody,
) -> Result<(SnapshotRow, String), String> {
    let json = serde_json::to_string(body).map_err(|error| error.to_string())?;
    if json.len() > BODY_MAX {
        return Err(format!(
            "it says {} MiB of this session, too much at once: import it instead",
            json.len() >> 20
        ));
    }
    let body: SnapshotBody = serde_json::from_str(&json).map_err(|error| error.to_string())?;
    let row = SnapshotRow {
        lsn: i64::MAX.cast_unsigned(),
        taken_at: modified.unwrap_or_default(),
        received_at: Timestamp::default(),
        hash: body.hash(),
        body,
        file: Some(source.clone()),
    };
    Ok((row, json))
}
