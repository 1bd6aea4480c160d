//! What every program that hosts a daemon sets up in its process.
//!
//! Never ends anything itself. Invariant: what is caught here ends cleanly, with 0.

use std::io;

/// The allocator asks for huge pages, which cost an idle recorder 13 of 30 MiB (measured) and gain it nothing.
pub fn use_small_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// Resolves with the first signal that asks to stop. Caught from the call on, not from the first poll.
#[cfg(unix)]
pub fn asked_to_stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

/// Resolves with the first signal that asks to stop.
#[cfg(not(unix))]
pub fn asked_to_stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
