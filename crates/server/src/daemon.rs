//! The recorder as a whole: folder, settings, engine, port; and its end.
//!
//! Owns the order of start and stop. Never prints. Invariant: the port opens after recovery, and the folder's lock is held from
//! before the engine's start until after its end.

use crate::accept::accept;
use crate::app::{App, Stop};
use crate::budget::Budget;
use crate::busy::{self, Holder};
use crate::chasm2::Ledger;
use crate::desktop::Desktop;
use crate::fence::{Asking, Passes, PeerUsers};
use crate::folder::{Folder, FolderError, ServerFile};
use crate::follow;
use crate::metrics::Metrics;
use crate::retention;
use crate::routes;
use crate::settings::{Auth, Settings, SettingsError, SettingsStore};
use chasm_engine::{Clock, Engine, Roots, StartError, SystemClock};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio_util::task::TaskTracker;

/// Time for connections to end after the engine has, before they are cut.
const LAST_WORDS: Duration = Duration::from_millis(1_500);
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;
/// Ports behind a taken one that are tried.
const NEXT_PORTS: usize = 20;

/// How a daemon is started.
#[derive(Clone)]
pub struct Options {
    pub data_dir: PathBuf,
    /// `config.toml` of the data folder where absent.
    pub config: Option<PathBuf>,
    /// These stand above the settings.
    pub host: Option<IpAddr>,
    pub port: Option<u16>,
    pub auth: Option<Auth>,
    /// Where the port is taken, one of the twenty behind it will do: `server.json` tells clients.
    pub next_free_port: bool,
    pub desktop: Option<Arc<dyn Desktop>>,
    /// Where editors keep their files, unless a setting says otherwise. A caller takes it from its environment.
    pub editors: Roots,
    pub clock: Arc<dyn Clock>,
}

impl Options {
    /// A daemon of this data folder, with its settings.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        let clock = Arc::new(SystemClock);
        Self {
            data_dir: data_dir.into(),
            config: None,
            host: None,
            port: None,
            auth: None,
            next_free_port: false,
            desktop: None,
            editors: Roots::default(),
            clock,
        }
    }
}

/// Why the recorder could not start.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("settings: {0}")]
    Settings(#[from] SettingsError),
    #[error("port {} of {} is in use: {holder}", address.port(), address.ip())]
    PortInUse { address: SocketAddr, holder: Holder },
    #[error("cannot listen at {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error(transparent)]
    Engine(#[from] StartError),
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

/// The port that was wanted, where another one had to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenPort {
    pub port: u16,
    pub holder: Holder,
}

/// A running recorder. Stop it with [`Daemon::stop`]: dropping it cuts all connections, as a crash would.
pub struct Daemon {
    app: Arc<App>,
    folder: Folder,
    taken: Option<TakenPort>,
}

impl Daemon {
    /// Starts everything; clients can connect when this returns. Needs a multi-threaded runtime of tokio.
    pub async fn start(options: Options) -> Result<Self, DaemonError> {
        let folder = Folder::open(&options.data_dir)?;
        let config = options.config.clone().unwrap_or_else(|| folder.path().join("config.toml"));
        let settings = effective(&options, &config)?;
        let token = folder.token()?;
        raise_file_limit();
        // taken first, so that a busy port is found before recovery changes anything; it opens when that is done
        let wanted = SocketAddr::new(settings.host, settings.port);
        let (socket, address, taken) = take_port(wanted, options.next_free_port).await?;
        let users = Arc::new(PeerUsers::start().map_err(DaemonError::Thread)?);
        let version = env!("CARGO_PKG_VERSION");
        let engine =
            Engine::start(settings.engine_config(folder.path()), options.clock.clone(), version).await?;
        let listener = match socket.listen(BACKLOG) {
            Ok(listener) => listener,
            Err(error) => {
                engine.shutdown().await;
                return Err(refused_port(address, error).await);
            }
        };
        let asking = Asking::of(&engine).await;
        let app = Arc::new(App {
            engine,
            settings: SettingsStore::new(config, settings),
            passes: Passes::new(&token, address.port()),
            asking,
            metrics: Metrics::default(),
            budget: Budget::new(),
            chasm2: Ledger::default(),
            address,
            stop: Stop::default(),
            tasks: TaskTracker::new(),
            data_dir: folder.path().to_owned(),
            seats: Arc::default(),
            desktop: options.desktop.clone(),
            editors: options.editors.clone(),
        });
        let daemon = Self { app: app.clone(), folder, taken };
        daemon.folder.announce(&ServerFile {
            address: app.url(),
            pid: std::process::id(),
            version: version.to_owned(),
            started_at: options.clock.now().to_string(),
        })?;
        let router = routes::router(app.clone());
        app.tasks.spawn(retention::keep(app.clone()));
        app.tasks.spawn(follow::keep(app.clone()));
        app.tasks.spawn(accept(listener, app.clone(), router, users));
        tracing::info!(%address, "recording");
        Ok(daemon)
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.app.address
    }

    /// The port that was wanted, where it was taken by another program.
    pub fn taken_port(&self) -> Option<&TakenPort> {
        self.taken.as_ref()
    }

    /// `http://127.0.0.1:8787`
    pub fn url(&self) -> String {
        self.app.url()
    }

    /// An address that opens the UI in a browser, once, within a minute.
    pub fn ui_url(&self) -> Option<String> {
        self.app.ticket_url()
    }

    pub fn engine(&self) -> &Engine {
        &self.app.engine
    }

    pub fn settings(&self) -> Arc<Settings> {
        self.app.settings.current()
    }

    /// Reads the settings in force, as often as one likes; outlives the daemon.
    pub fn settings_reader(&self) -> impl Fn() -> Arc<Settings> + Send + Sync + Clone + 'static {
        let app = self.app.clone();
        move || app.settings.current()
    }

    /// Allows web pages to record, as often as one likes; outlives the daemon. Writes a file: call it where blocking is allowed.
    pub fn origin_allower(
        &self,
    ) -> impl Fn(&str) -> Result<(), SettingsError> + Send + Sync + Clone + 'static {
        let app = self.app.clone();
        move |origin| app.settings.allow(origin)
    }

    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// Runs until the future is done, then stops.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        shutdown.await;
        self.stop().await;
    }

    /// Takes nothing new, acknowledges what is on disk, closes all connections, ends the engine.
    pub async fn stop(self) {
        tracing::info!("stopping");
        self.app.stop.gently.cancel();
        // connections answer what the engine finishes meanwhile
        self.app.engine.shutdown().await;
        self.app.tasks.close();
        if tokio::time::timeout(LAST_WORDS, self.app.tasks.wait()).await.is_err() {
            self.app.stop.now.cancel();
            let _ = tokio::time::timeout(LAST_WORDS, self.app.tasks.wait()).await;
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.app.stop.gently.cancel();
        self.app.stop.now.cancel();
        self.folder.withdraw();
    }
}

impl App {
    pub(crate) fn ticket_url(&self) -> Option<String> {
        Some(format!("{}/?ticket={}", self.url(), self.passes.ticket()?))
    }
}

/// The file, and the command line above it.
fn effective(options: &Options, config: &Path) -> Result<Settings, SettingsError> {
    let mut settings = Settings::read(config)?;
    settings.host = options.host.unwrap_or(settings.host);
    settings.port = options.port.unwrap_or(settings.port);
    settings.auth = options.auth.unwrap_or(settings.auth);
    settings.check()?;
    Ok(settings)
}

/// Binds, without opening the port yet. A port that is taken is an error, or the next free one is bound.
async fn take_port(
    wanted: SocketAddr,
    next_free: bool,
) -> Result<(TcpSocket, SocketAddr, Option<TakenPort>), DaemonError> {
    let error = match bind(wanted) {
        Ok((socket, address)) => return Ok((socket, address, None)),
        Err(error) => refused_port(wanted, error).await,
    };
    let DaemonError::PortInUse { holder, .. } = &error else { return Err(error) };
    let others = (wanted.port().saturating_add(1)..=u16::MAX).take(if next_free { NEXT_PORTS } else { 0 });
    for port in others {
        if let Ok((socket, address)) = bind(SocketAddr::new(wanted.ip(), port)) {
            tracing::warn!(port = wanted.port(), %holder, instead = port, "the port is taken");
            let taken = TakenPort { port: wanted.port(), holder: holder.clone() };
            return Ok((socket, address, Some(taken)));
        }
    }
    Err(error)
}

fn bind(wanted: SocketAddr) -> io::Result<(TcpSocket, SocketAddr)> {
    let socket = if wanted.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // a restart need not wait for the old connections' remains; Windows means something else by it
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(wanted)?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

async fn refused_port(address: SocketAddr, error: io::Error) -> DaemonError {
    if error.kind() != io::ErrorKind::AddrInUse {
        return DaemonError::Listen { address, source: error };
    }
    let asked = tokio::task::spawn_blocking(move || busy::holder(address)).await;
    let holder = asked.unwrap_or(Holder { pid: None, name: None, is_recorder: false });
    DaemonError::PortInUse { address, holder }
}

/// A thousand clients need a thousand file handles; many systems give 1024 at first and more on request.
#[cfg(unix)]
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const WANTED: u64 = 65_536;
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(WANTED).min(WANTED);
    if limit.current.is_some_and(|now| now < most) {
        let raised = Rlimit { current: Some(most), maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit of open files cannot be raised");
        }
    }
}

#[cfg(not(unix))]
fn raise_file_limit() {}
