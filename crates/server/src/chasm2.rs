//! What clients of «chasm-cli 2.0.0» say, taken in without a change to them: their paths, their shapes, their answers.
//!
//! Owns the translation of their events into ours (`shape`), which of two equal events is the same one sent again (`trail`,
//! `ledger`), the recording of a batch (`record`), their WebSocket (`talk`) and what they read (`view`). Their events carry no id,
//! no number and no time, so identity is what they say and the order they say it in; `trail` says what that cannot tell apart.
//! Invariant: an event is answered after it is on disk, and what is not understood is kept as it came.

mod ledger;
mod record;
mod shape;
mod talk;
mod trail;
mod view;

pub(crate) use ledger::Ledger;
pub(crate) use record::{Source, record, snapshot};
pub(crate) use shape::{Refused, error, read_batch, read_snapshot};
pub(crate) use talk::serve;
pub(crate) use trail::Scope;
pub(crate) use view::{listed, recovery, session, status};
