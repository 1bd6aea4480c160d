//! A notification service of the test's own: keeps what is shown, and clicks.
//!
//! Invariant: it behaves as the specification has it: an update keeps its id, what is closed is told.

use crate::eventually;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use zbus::wire::OwnedVariant;

const PATH: &str = "/org/freedesktop/Notifications";
const NAME: &str = "org.freedesktop.Notifications";
const PATIENCE: u64 = 20;

/// A notification as it stands on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub id: u32,
    pub app: String,
    pub title: String,
    pub body: String,
    /// Keys of its actions: `default` is a click on the whole.
    pub actions: Vec<String>,
    /// 0 low, 1 normal, 2 critical.
    pub urgency: Option<u8>,
    /// How often it was changed in place.
    pub updates: u32,
    /// It is not on the screen any more.
    pub closed: bool,
}

/// The service. It is gone from the bus with the value.
pub struct Notes {
    connection: zbus::Connection,
    shown: Shown,
}

type Shown = Arc<Mutex<Vec<Note>>>;

fn locked(shown: &Shown) -> MutexGuard<'_, Vec<Note>> {
    shown.lock().unwrap()
}

struct Service(Shown);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    fn get_capabilities(&self) -> Vec<String> {
        ["body", "actions", "persistence"].map(String::from).to_vec()
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        ("notes".into(), "tests".into(), "1".into(), "1.2".into())
    }

    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    fn notify(
        &self,
        app: String,
        replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedVariant>,
        _expires: i32,
    ) -> u32 {
        let urgency = hints.get("urgency").and_then(|value| u8::try_from(value).ok());
        let actions = actions.into_iter().step_by(2).collect();
        let mut shown = locked(&self.0);
        if let Some(old) = shown.iter_mut().find(|note| note.id == replaces && !note.closed) {
            *old = Note {
                id: old.id,
                app,
                title,
                body,
                actions,
                urgency,
                updates: old.updates + 1,
                closed: false,
            };
            return replaces;
        }
        let id = u32::try_from(shown.len()).unwrap() + 1;
        shown.push(Note { id, app, title, body, actions, urgency, updates: 0, closed: false });
        id
    }

    async fn close_notification(&self, id: u32, #[zbus(connection)] connection: &zbus::Connection) {
        if close(&self.0, id) {
            tell_closed(connection, id, 3).await;
        }
    }
}

/// False where it was closed before.
fn close(shown: &Shown, id: u32) -> bool {
    let mut shown = locked(shown);
    let open = shown.iter_mut().find(|note| note.id == id && !note.closed);
    open.map(|note| note.closed = true).is_some()
}

async fn tell_closed(connection: &zbus::Connection, id: u32, reason: u32) {
    connection.emit_signal(None::<&str>, PATH, NAME, "NotificationClosed", &(id, reason)).await.unwrap();
}

impl Notes {
    /// The service of this bus from now on.
    pub async fn start(address: &str) -> Self {
        let shown = Shown::default();
        let builder = zbus::connection::Builder::address(address).serve_at(PATH, Service(shown.clone()));
        Self { connection: builder.name(NAME).build().await.unwrap(), shown }
    }

    /// All so far, in the order in which they came up.
    pub fn all(&self) -> Vec<Note> {
        locked(&self.shown).clone()
    }

    /// Those on the screen.
    pub fn open(&self) -> Vec<Note> {
        self.all().into_iter().filter(|note| !note.closed).collect()
    }

    /// Waits for one that fits.
    pub async fn until(&self, what: &str, mut fits: impl FnMut(&Note) -> bool) -> Note {
        let begun = std::time::Instant::now();
        while begun.elapsed().as_secs() < PATIENCE {
            if let Some(note) = self.all().into_iter().find(|note| fits(note)) {
                return note;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("no notification: {what}: {:#?}", self.all())
    }

    /// Waits for one whose title has this text.
    pub async fn titled(&self, text: &str) -> Note {
        self.until(text, |note| note.title.contains(text)).await
    }

    /// Waits until a notification is gone from the screen.
    pub async fn closed(&self, id: u32) {
        eventually(&format!("notification {id} is closed"), PATIENCE, async || {
            self.all().iter().any(|note| note.id == id && note.closed).then_some(())
        })
        .await;
    }

    /// The user clicks: on an action, or on the whole (`default`).
    pub async fn click(&self, note: &Note, action: &str) {
        assert!(note.actions.iter().any(|key| key == action), "no action {action:?}: {note:?}");
        self.connection
            .emit_signal(None::<&str>, PATH, NAME, "ActionInvoked", &(note.id, action))
            .await
            .unwrap();
        if close(&self.shown, note.id) {
            tell_closed(&self.connection, note.id, 2).await;
        }
    }

    /// The service goes away, as a crash or a restart of the desktop.
    pub async fn stop(self) {
        self.connection.close().await.unwrap();
    }
}

/// Owns the name and answers nothing: the worst of all services.
pub struct Silent(#[expect(dead_code, reason = "the name is held as long as it lives")] zbus::Connection);

impl Silent {
    pub async fn start(address: &str) -> Self {
        Self(
            zbus::connection::Builder::address(address)
                .name(NAME)
                .serve_at(PATH, Deaf)
                .build()
                .await
                .unwrap(),
        )
    }
}

struct Deaf;

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Deaf {
    async fn get_capabilities(&self) -> Vec<String> {
        std::future::pending().await
    }

    async fn get_server_information(&self) -> (String, String, String, String) {
        std::future::pending().await
    }

    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    async fn notify(
        &self,
        _app: String,
        _replaces: u32,
        _icon: String,
        _title: String,
        _body: String,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        _expires: i32,
    ) -> u32 {
        std::future::pending().await
    }
}
