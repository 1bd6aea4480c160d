//! The desktop around the daemon: tray, window, notifications, and what they are asked for.
//!
//! [`Handle`] is the cheap side, which the server has; one task (`actor`) owns the children. Never records, and nothing that
//! records waits for it. Invariant: whatever is missing of a desktop is said in the status, and costs no event.

mod actor;
mod acts;
#[cfg(all(unix, not(target_os = "macos")))]
mod host;
mod tray;
mod window;

pub use actor::{Surroundings, run};

use crate::autostart::{Autostart, AutostartError};
use crate::notices::{Availability, Notices};
use crate::watcher::Nudge;
use chasm_protocol::LifecycleEvent;
use chasm_protocol::api::OpenApp;
use chasm_protocol::status::{DesktopStatus, Part};
use chasm_server::Desktop;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// Wishes that wait for the actor.
const WISHES: usize = 32;

/// A wish to see the window, and who is told what came of it.
#[derive(Debug)]
pub struct Wish {
    what: OpenApp,
    reply: Option<oneshot::Sender<Result<(), String>>>,
}

/// The desktop as server and notices see it; cheap to clone.
#[derive(Clone)]
pub struct Handle(Arc<Inner>);

struct Inner {
    wishes: mpsc::Sender<Wish>,
    parts: Mutex<Parts>,
    notices: Mutex<Option<Notices>>,
    autostart: Result<Autostart, AutostartError>,
    nudge: Nudge,
}

/// Tray and window as the actor sees them.
#[derive(Debug, Clone, Default)]
struct Parts {
    tray: Part,
    window: Part,
}

/// A desktop, and the wishes that its actor is to fulfil.
pub fn desktop(autostart: Result<Autostart, AutostartError>, nudge: Nudge) -> (Handle, mpsc::Receiver<Wish>) {
    let (wishes, mailbox) = mpsc::channel(WISHES);
    let inner = Inner { wishes, parts: Mutex::default(), notices: Mutex::default(), autostart, nudge };
    (Handle(Arc::new(inner)), mailbox)
}

impl Handle {
    /// Shows the window; returns at once, and tells nobody what came of it.
    pub fn show(&self, path: String) {
        let what = OpenApp { path: Some(path), ..OpenApp::default() };
        if self.0.wishes.try_send(Wish { what, reply: None }).is_err() {
            tracing::warn!("too many wishes for the window wait: one is dropped");
        }
    }

    /// The notices, which need this handle before they are there.
    pub fn have_notices(&self, notices: Notices) {
        *self.notices() = Some(notices);
    }

    /// The notices, to end them.
    pub fn take_notices(&self) -> Option<Notices> {
        self.notices().take()
    }

    /// Tells the user of something that the engine cannot know.
    pub fn tell(&self, event: LifecycleEvent) {
        if let Some(notices) = &*self.notices() {
            notices.tell(event);
        }
    }

    /// Shows notifications on another session bus.
    fn use_bus(&self, address: String) {
        if let Some(notices) = &*self.notices() {
            notices.use_bus(address);
        }
    }

    fn notices(&self) -> MutexGuard<'_, Option<Notices>> {
        self.0.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn autostart(&self) -> Option<&Autostart> {
        self.0.autostart.as_ref().ok()
    }

    fn set(&self, change: impl FnOnce(&mut Parts)) {
        change(&mut self.0.parts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn parts(&self) -> Parts {
        self.0.parts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Desktop for Handle {
    fn status(&self) -> DesktopStatus {
        let Parts { tray, window } = self.parts();
        let notifications = match self.notices().as_ref().map(Notices::availability) {
            Some(Availability::Ready) => Part::ok(),
            Some(Availability::Missing(why)) => Part::missing(why),
            Some(Availability::Unknown) | None => Part::off("nothing was to be told yet"),
        };
        DesktopStatus { tray, window, notifications }
    }

    fn open(&self, wish: OpenApp) -> BoxFuture<'_, Result<(), String>> {
        let (reply, answer) = oneshot::channel();
        let gone = || String::from("the recorder is stopping");
        async move {
            let wish = Wish { what: wish, reply: Some(reply) };
            self.0.wishes.send(wish).await.map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?
        }
        .boxed()
    }

    fn test_notification(&self) -> Result<(), String> {
        let notices = self.notices();
        notices.as_ref().ok_or_else(|| String::from("notifications have not begun, or have ended"))?.try_out()
    }

    fn starts_at_login(&self) -> bool {
        self.autostart().is_some_and(Autostart::is_on)
    }

    fn start_at_login(&self, on: bool) -> Result<(), String> {
        let autostart = self.0.autostart.as_ref().map_err(ToString::to_string)?;
        let turned = autostart.turn(on).map_err(|error| error.to_string());
        self.0.nudge.now();
        turned
    }
}
