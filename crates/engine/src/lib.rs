//! The recording engine: from an accepted event to a durable, readable session.
//!
//! Owns ingest, dedupe, the buffer, folding and merging, presence, recovery. Never speaks HTTP, holds no SQL.
//! Invariant: nothing is answered before the journal has synced it.

mod budget;
mod codec;
mod config;
mod deltas;
pub mod doctor;
mod editors;
mod error;
mod flush;
pub mod fold;
mod handle;
mod health;
mod hub;
mod ingest;
pub mod offline;
mod overlay;
mod parts;
mod pending;
mod problem;
mod purge;
mod quarantine;
mod rates;
mod reads;
mod recovery;
mod retention;
mod salvage;
mod shared;
mod standing;
mod start;
mod tracked;
mod trash;

pub use chasm_editors::{EDITORS, Editor, Env, Root, Roots, editor};
pub use config::{Clock, EngineConfig, SystemClock};
pub use deltas::DeltaReader;
pub use editors::Following;
pub use error::{EngineError, RecordError, StartError};
pub use handle::{Connection, Engine, Outcome, PauseUntil, Ticket};
pub use retention::Retention;
pub use standing::Standing;
