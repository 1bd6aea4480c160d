//! The WebSocket: handshake, frames, acks.
//!
//! Owns the counting of frames and what a connection may cost. The meaning of events is the engine's. Invariant: an ack is sent
//! only for frames whose events the engine has said to be on disk, or that were answered with an error.

mod connection;
mod guard;
mod handshake;
mod header;
mod inflight;
mod patience;
mod tail;
mod wire;

pub(crate) use connection::serve;
pub(crate) use handshake::Handshake;
pub(crate) use wire::{Inbound, Lost, Wire};
