//! Retention in the background: soon after the start, then every hour.
//!
//! Owns when; what goes is the engine's matter. Invariant: the settings in force at that moment decide.

use crate::app::App;
use chasm_engine::EngineError;
use std::sync::Arc;
use std::time::Duration;

const AFTER_START: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(3600);

pub(crate) async fn keep(app: Arc<App>) {
    let mut wait = AFTER_START;
    loop {
        tokio::select! {
            () = app.stop.gently.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = EVERY;
        match app.engine.retain(app.settings.current().retention).await {
            Ok(receipt) if receipt.purged.sessions > 0 => {
                tracing::info!(sessions = receipt.purged.sessions, "retention deleted sessions");
            }
            Ok(_) => {}
            Err(EngineError::ShuttingDown) => return,
            Err(error) => tracing::warn!(%error, "retention is tried again in an hour"),
        }
    }
}
