//! The Rust side of the recording protocol: find the recorder, ask it, stream events to it.
//!
//! Owns the connection and what has not been acknowledged. Never reads the recorder's files except `server.json` and
//! `token`, never starts a recorder.
//! Invariant: an event that was handed over is acknowledged, refused by name, or still held when the stream ends.

pub mod discover;
mod error;
pub mod rest;
pub mod stream;

pub use discover::{Endpoint, data_dir};
pub use error::ClientError;
pub use rest::Rest;
pub use stream::{Options, Recorder, Report};
