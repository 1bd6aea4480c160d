//! A session bus and a notification service of a test's own.
//!
//! The bus is a real `dbus-daemon` that starts no services; the service keeps what it is asked to show. Invariant: both end with
//! the test.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use zbus::{Connection, OwnedVariant, connection};

pub const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// A test that waits longer than this fails.
const TOO_LONG: Duration = Duration::from_secs(60);

/// A session bus. Its folder is the test's.
pub struct Bus {
    pub address: String,
    daemon: Child,
}

impl Bus {
    pub async fn start(folder: &Path) -> Self {
        let socket = folder.join("bus");
        let _ = std::fs::remove_file(&socket);
        let config = folder.join("bus.conf");
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen><policy context=\"default\">\
             <allow send_destination=\"*\"/><allow receive_sender=\"*\"/><allow own=\"*\"/></policy></busconfig>",
            socket.display()
        );
        std::fs::write(&config, text).unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // it complains that it may not have more files
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("dbus-daemon has to be installed: apt-get install dbus");
        // it prints its address once it listens
        let mut line = [0; 512];
        let mut out = daemon.stdout.take().unwrap();
        let length = out.read(&mut line).await.unwrap();
        assert!(length > 0, "dbus-daemon has not started");
        Self { address: format!("unix:path={}", socket.display()), daemon }
    }

    pub async fn stop(mut self) {
        self.daemon.kill().await.unwrap();
    }
}

/// What the service was asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// What is on the screen.
    pub shown: BTreeMap<u32, Seen>,
    /// All calls of `Notify`, with what they replaced.
    pub shows: Vec<(u32, Seen)>,
    pub closes: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub title: String,
    pub body: String,
    pub actions: Vec<String>,
    pub urgency: u8,
    pub desktop_entry: String,
    pub timeout: i32,
}

/// A notification service.
pub struct Service {
    connection: Connection,
    pub asked: watch::Receiver<Asked>,
    answers: watch::Sender<bool>,
}

struct Interface {
    asked: watch::Sender<Asked>,
    answers: watch::Receiver<bool>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Interface {
    #[allow(clippy::too_many_arguments, reason = "the interface is not ours")]
    async fn notify(
        &self,
        _app: String,
        replaces: u32,
        _icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedVariant>,
        timeout: i32,
    ) -> u32 {
        let hint = |name| hints.get(name).cloned();
        let urgency = hint("urgency").and_then(|v| v.try_into().ok()).unwrap_or(u8::MAX);
        let desktop_entry = hint("desktop-entry").and_then(|v| v.try_into().ok()).unwrap_or_default();
        let seen = Seen { title, body, actions, urgency, desktop_entry, timeout };
        let mut id = replaces;
        self.asked.send_modify(|asked| {
            asked.shows.push((replaces, seen.clone()));
            if replaces == 0 {
                id = asked.shows.len() as u32;
            }
            asked.shown.insert(id, seen);
        });
        let _ = self.answers.clone().wait_for(|answers| *answers).await;
        id
    }

    async fn close_notification(&self, id: u32) {
        self.asked.send_modify(|asked| {
            asked.shown.remove(&id);
            asked.closes.push(id);
        });
    }
}

impl Service {
    pub async fn start(bus: &Bus) -> Self {
        Self::start_answering(bus, true).await
    }

    /// One that takes calls and never answers.
    pub async fn start_silent(bus: &Bus) -> Self {
        Self::start_answering(bus, false).await
    }

    async fn start_answering(bus: &Bus, answering: bool) -> Self {
        let (tell, asked) = watch::channel(Asked::default());
        let (answers, answering) = watch::channel(answering);
        let connection = connection::Builder::address(bus.address.as_str())
            .serve_at(PATH, Interface { asked: tell, answers: answering })
            .name(NAME)
            .build()
            .await
            .unwrap();
        Self { connection, asked, answers }
    }

    pub fn answer_from_now_on(&self) {
        self.answers.send_replace(true);
    }

    /// Waits until what was asked for is so.
    pub async fn until(&mut self, what: impl FnMut(&Asked) -> bool) -> Asked {
        let seen = tokio::time::timeout(TOO_LONG, self.asked.wait_for(what)).await;
        seen.expect("it does not come to this").unwrap().clone()
    }

    /// Waits until these titles are on the screen, and no others. Gives the ids.
    pub async fn shows(&mut self, titles: &[&str]) -> Vec<u32> {
        let so =
            |asked: &Asked| asked.shown.values().map(|seen| seen.title.as_str()).eq(titles.iter().copied());
        let seen = tokio::time::timeout(TOO_LONG, self.asked.wait_for(so)).await.is_ok();
        assert!(seen, "{titles:?} are not shown: {:?}", self.asked.borrow());
        self.asked.borrow().shown.keys().copied().collect()
    }

    pub async fn click(&self, id: u32, action: &str) {
        self.signal("ActionInvoked", &(id, action)).await;
    }

    /// A person closes it.
    pub async fn dismiss(&self, id: u32) {
        self.signal("NotificationClosed", &(id, 2_u32)).await;
    }

    /// Its time is up.
    pub async fn expire(&self, id: u32) {
        self.signal("NotificationClosed", &(id, 1_u32)).await;
    }

    pub async fn stop(self) {
        self.connection.graceful_shutdown().await;
    }

    async fn signal<B>(&self, name: &str, body: &B)
    where
        B: zbus::export::serde::Serialize + zbus::wire::DynamicType,
    {
        self.connection.emit_signal(None::<&str>, PATH, NAME, name, body).await.unwrap();
    }
}

/// Waits for a value of a watch.
pub async fn until<T>(watched: &mut watch::Receiver<T>, what: impl FnMut(&T) -> bool) {
    let seen = tokio::time::timeout(TOO_LONG, watched.wait_for(what)).await;
    assert!(seen.expect("it does not come to this").is_ok());
}

/// Waits for something that has to come.
pub async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(TOO_LONG, what).await.expect("it does not come")
}
