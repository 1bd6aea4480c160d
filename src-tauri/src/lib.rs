//! The desktop recorder: the daemon in this process, tray and window in children, notifications over D-Bus.
//!
//! Owns what is around the daemon, and the order of start and stop. Never links GTK or WebKit: what draws are programs of their
//! own (`chasm-recorder-tray`, `chasm-recorder-shell`). Invariant: recording depends on nothing here but the daemon.

pub mod args;
mod ask;
mod autostart;
mod canary;
mod child;
mod desktop;
mod environment;
mod glance;
pub mod lines;
mod link;
#[cfg(all(unix, not(target_os = "macos")))]
mod logind;
pub mod logs;
mod menu;
pub mod notices;
mod run;
mod second;
mod watcher;
pub mod wire;

pub use run::run;
