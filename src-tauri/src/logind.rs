//! Suspend and shutdown as logind announces them: what is recorded is in the database before the machine sleeps.
//!
//! Holds a delay lock meanwhile, so that logind waits for it. Never holds anything up longer than the work takes, and never
//! blocks a sleep for good. Invariant: without logind nothing of this happens, and nothing else changes.

use chasm_server::Engine;
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;
use zbus::OwnedFd;

#[zbus::proxy(
    interface = "org.freedesktop.login1.Manager",
    default_service = "org.freedesktop.login1",
    default_path = "/org/freedesktop/login1"
)]
trait Login {
    fn inhibit(&self, what: &str, who: &str, why: &str, mode: &str) -> zbus::Result<OwnedFd>;

    #[zbus(signal)]
    fn prepare_for_sleep(&self, start: bool) -> zbus::Result<()>;

    #[zbus(signal)]
    fn prepare_for_shutdown(&self, start: bool) -> zbus::Result<()>;
}

/// Watches until `stop`; the end of the machine asks for `quit`. The lock is let go when the recorder has ended.
pub fn spawn(engine: Engine, quit: CancellationToken, stop: CancellationToken) {
    tokio::spawn(async move {
        if let Some(Err(error)) = stop.run_until_cancelled(follow(engine, quit)).await {
            tracing::info!(%error, "suspend and shutdown are not announced here");
        }
    });
}

async fn follow(engine: Engine, quit: CancellationToken) -> zbus::Result<()> {
    let connection = zbus::Connection::system().await?;
    let login = LoginProxy::new(&connection).await?;
    let mut sleeps = login.receive_prepare_for_sleep().await?;
    let mut ends = login.receive_prepare_for_shutdown().await?;
    let mut lock = delay(&login).await;
    loop {
        tokio::select! {
            Some(sleep) = sleeps.next() => {
                if sleep.args().is_ok_and(|args| *args.start()) {
                    // a status is read from the database, so everything is flushed to it first
                    engine.status().await;
                    tracing::info!("flushed before the machine sleeps");
                    lock = None;
                } else {
                    lock = delay(&login).await;
                }
            }
            Some(end) = ends.next() => {
                if end.args().is_ok_and(|args| *args.start()) {
                    tracing::info!("the machine is shut down");
                    quit.cancel();
                    // the lock goes with the process, so that logind waits for a clean stop
                    std::mem::forget(lock.take());
                    return Ok(());
                }
            }
            else => return Ok(()),
        }
    }
}

async fn delay(login: &LoginProxy<'_>) -> Option<OwnedFd> {
    let asked =
        login.inhibit("shutdown:sleep", "Chasm Recorder", "to write down what was recorded", "delay").await;
    asked.inspect_err(|error| tracing::debug!(%error, "no delay before a sleep")).ok()
}
