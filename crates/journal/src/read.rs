//! Reading records again while the journal is being written: for a user that did not keep them in memory.
//! It changes nothing and looks only at what is durable. Invariant: records come in order, each once, none twice or half.

use std::ops::ControlFlow;

use crate::lsn::Lsn;
use crate::media::{Folder, Media};
use crate::recover::OpenError;
use crate::scan::{Found, Scan};
use crate::settings::JournalSettings;
use crate::survey::survey;
use crate::window::Window;

/// What a reading came across besides records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadReport {
    /// The last record handed out; `Lsn::NONE` where there was none.
    pub last: Lsn,
    /// All records up to `through` that can be read were handed out.
    pub complete: bool,
    /// Stretches of durable bytes that cannot be read; the next opening sets them aside.
    pub damaged: u64,
}

/// Hands out the records behind `after` up to `through`, which has to be durable, until `sink` has had enough.
pub fn read(
    media: &dyn Media,
    settings: &JournalSettings,
    after: Lsn,
    through: Lsn,
    sink: &mut dyn FnMut(Lsn, &[u8]) -> ControlFlow<()>,
) -> Result<ReadReport, OpenError> {
    let segments = survey(media)?;
    let mut report = ReadReport::default();
    let mut rest = segments.as_slice();
    while let Some((segment, behind)) = rest.split_first() {
        rest = behind;
        let next = behind.first().map(|next| Lsn(next.id.0));
        if next.is_some_and(|next| next <= after.next()) || Lsn(segment.id.0) > through {
            continue;
        }
        let opened = segment.header().zip(media.read(Folder::Journal, &segment.id.file_name()).ok());
        let Some((header, file)) = opened else {
            report.damaged += 1;
            continue;
        };
        let bound = behind.first().and_then(|next| next.header()).map(|header| header.after);
        let mut scan = Scan::new(Window::new(file, segment.bytes, settings.read_buffer_bytes), header, bound);
        if one_segment(&mut scan, (after, through), &mut report, sink).is_break() {
            return Ok(report);
        }
    }
    report.complete = true;
    Ok(report)
}

fn one_segment(
    scan: &mut Scan,
    (after, through): (Lsn, Lsn),
    report: &mut ReadReport,
    sink: &mut dyn FnMut(Lsn, &[u8]) -> ControlFlow<()>,
) -> ControlFlow<()> {
    loop {
        match scan.step() {
            Found::Record { lsn, .. } if lsn > through => return ControlFlow::Continue(()),
            Found::Record { lsn, at, len } => {
                if lsn > after {
                    report.last = lsn;
                    sink(lsn, scan.bytes(at, len))?;
                }
            }
            Found::Damage { .. } => report.damaged += 1,
            // Behind what is durable the writer may be at work: half a record is no damage.
            Found::Tail { .. } | Found::Withdrawn { .. } | Found::End => return ControlFlow::Continue(()),
        }
    }
}
