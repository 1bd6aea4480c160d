//! Start at login. The system's own entry is the only truth: there is no setting beside it.
//!
//! On Linux it is `autostart/chasm-recorder.desktop` in the user's configuration folder, elsewhere what the system has for it.
//! Invariant: an entry that exists starts this recorder, with the arguments of this one, hidden.

use std::io;
use std::path::PathBuf;

#[cfg(target_os = "linux")]
mod entry;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

#[cfg(target_os = "linux")]
pub use linux::Autostart;
#[cfg(not(target_os = "linux"))]
pub use other::Autostart;

/// Why the entry cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum AutostartError {
    #[error("{}: {what}: {source}", path.display())]
    Io { path: PathBuf, what: &'static str, source: io::Error },
    #[error("there is no configuration folder: neither XDG_CONFIG_HOME nor HOME is set")]
    NoHome,
    #[error("`{0}` cannot stand in an entry: it is no text, or has control characters")]
    Unsayable(String),
    #[error("{0}")]
    System(String),
}
