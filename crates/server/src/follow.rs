//! Following editors' files, as the settings in force say.
//!
//! Owns nothing but the way from the settings to the engine. Invariant: a change of settings is followed at once.

use crate::app::App;
use crate::settings::Settings;
use std::sync::Arc;
use tokio::sync::watch;

/// Ends with the engine.
pub(crate) async fn keep(app: Arc<App>) {
    let mut settings = app.settings.changes();
    let following = |settings: &Settings| Arc::new(settings.following(app.editors.clone()));
    let (wanted, told) = watch::channel(following(&settings.borrow_and_update()));
    let pass_on = async {
        while settings.changed().await.is_ok() {
            let now = following(&settings.borrow_and_update());
            wanted.send_if_modified(|before| {
                let other = *before != now;
                *before = now;
                other
            });
        }
    };
    tokio::select! {
        () = app.engine.follow(told) => {}
        () = pass_on => {}
    }
}
