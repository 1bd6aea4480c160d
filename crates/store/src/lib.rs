//! All SQL of Chasm Recorder: one SQLite database behind plain values.
//!
//! Owns the schema (`migrations/`), what a flush writes, what ingest and people read, deletion, and the full-text search.
//! Never folds, merges or decides about a session's state; no SQLite type leaves it.
//! Invariant: every change is one transaction on the one writer connection, synced before it is answered.

// the database
mod connect; // connections: one writer, several readers
mod damaged; // what can still be read
mod integrity; // what `chasm doctor` asks
mod open; // open, migrate, check, set aside
mod wal; // the write-ahead log into the database

// what comes in
mod apply; // a flush
mod delete; // a session and every trace of it
mod editor_marks; // up to where editors' files were read
mod erase; // the same in bounded steps
mod insert; // multi-row inserts
mod items_write; // messages and tool calls
mod notices;
mod purge; // deleted words out of the index
mod recovery; // reports, candidates
mod renewal; // a new one in the place of a damaged one
mod reports; // past recoveries
mod revision; // which write changed what
mod scrub; // what SQLite leaves between cells
mod sessions; // one session's row, meta values
mod trash;

// what goes out
mod detail;
mod editor_files;
mod events_page;
mod facets;
mod ingest_reads;
mod items_page; // a part of a session
mod items_read;
mod list;
mod notices_find; // notices that a filter finds
mod places; // where in a session something happened
mod retention; // what is not kept
mod search;
mod snapshots;
mod titles; // what sessions are called
mod upkeep; // what doctor goes through

// words and rows
mod cells;
mod cursor;
mod error;
mod excerpt;
mod query;
pub mod rows;
mod words;

pub use damaged::{Damaged, DamagedEvents, DamagedSession};
pub use editor_marks::KnownFrom;
pub use erase::{Doomed, StoredSize};
pub use error::{OpenError, StoreError};
pub use ingest_reads::{Item, missing};
pub use notices::NOTICES_KEPT;
pub use open::{CHECKED, CLEAN_STOP, OpenReport, Store};
pub use recovery::StoredCandidate;
pub use retention::{Expired, Expiry};
pub use rows::*;
pub use search::SearchQuery;
pub use sessions::Counts;
pub use titles::Titles;
pub use trash::InTrash;
