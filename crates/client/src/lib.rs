//! The Rust side of the recording protocol: find the recorder, ask it, stream events to it.
//!
//! [`Recorder`] is for programs that record chats: what is handed over is in an outbox on disk before the call returns, and goes to
//! the recorder when it is there. [`Stream`] keeps in memory what it sends, [`Rest`] asks.
//!
//! Owns the connection and what has not been acknowledged. Never reads the recorder's files except `server.json` and
//! `token`, never starts a recorder.
//! Invariant: an event that was handed over is acknowledged, refused by name, or still held when the stream ends.

pub mod discover;
mod error;
mod outbox;
pub mod recorder;
pub mod rest;
pub mod stream;

pub use discover::{Endpoint, data_dir};
pub use error::ClientError;
pub use recorder::{RecordError, Recorder, Session, Settings};
pub use rest::Rest;
pub use stream::{Options, Report, Stream};
