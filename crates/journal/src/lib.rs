//! The write-ahead log of Chasm Recorder: opaque records in append-only segment files, one writer thread, group commit.
//! It never looks into a record and never says that a record is durable before the disk has said so.
//! Invariant: every record up to [`Durable::through`] that was not given up in a stall survives any crash, byte for byte.
//!
//! ```text
//! Journal ─ batch() ─► pending ─► Writer (thread "journal") ─► segment files ─► Durable (watch)
//!    open() ◄─ recover ◄─ scan ◄─ window ◄─ Media (DiskMedia, SimMedia)
//! ```
//!
//! The bytes on disk are described in `docs/journal-format.md`.

mod batch;
mod disk;
mod durable;
mod format;
mod journal;
mod lsn;
mod media;
mod pending;
mod quarantine;
mod read;
mod recover;
mod report;
mod scan;
mod segments;
mod settings;
pub mod sim;
mod survey;
mod window;
mod writer;

pub use batch::{AppendError, Appended, Batch, PushError, RecordBuf};
pub use disk::DiskMedia;
pub use durable::{Durable, Fate, Fault, State};
pub use journal::{Journal, JournalStats, PurgeError, PurgeReport, ResumeError, RotateError};
pub use lsn::{Lsn, SegmentId};
pub use media::{AppendFile, Folder, Media, ReadFile};
pub use read::{ReadReport, read};
pub use recover::{OpenError, Sink, SinkError, inspect, open, open_stepped};
pub use report::{Cut, Damage, DamageKind, Gap, OpenReport, TornTail};
pub use settings::JournalSettings;
pub use writer::{Step, Writer};
