//! The recorder as a program on the net: REST, WebSocket, live stream, metrics, the fence before them, settings, the daemon.
//!
//! Owns the port and everything that speaks HTTP. Never decides what a session is and holds no SQL: every handler makes one
//! call to the engine. Invariant: no request reaches a handler that has not passed the fence.

mod accept;
mod app;
mod body;
mod budget;
mod bundle;
mod busy;
mod chasm2;
mod daemon;
pub mod desktop;
mod error;
pub mod export;
mod fence;
mod folder;
mod follow;
mod metrics;
mod openapi;
mod process;
mod query;
mod retention;
mod routes;
mod serve;
pub mod settings;
mod ws;

pub use busy::Holder;
pub use chasm_engine::{Engine, EngineError, Roots};
pub use daemon::{Daemon, DaemonError, Options, TakenPort};
pub use desktop::Desktop;
pub use folder::{FolderError, ServerFile, read_server_file, read_token};
pub use openapi::document as openapi_document;
pub use process::{asked_to_stop, use_small_pages};
pub use settings::{Auth, Settings, SettingsError};
