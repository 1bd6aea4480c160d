//! What `chasm demo` is made of: a transcript, a recorder of its own, and the check at the end.
//!
//! Never touches the user's recorder or data folder.

pub mod check;
pub mod server;
pub mod stream;
pub mod transcript;
