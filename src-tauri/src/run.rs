//! The desktop recorder from start to end: daemon first, then what is around it, and backwards.
//!
//! Owns the order. Never draws. Invariant: nothing around the daemon can keep it from starting, and all of it has ended, or is
//! killed, when the daemon stops.

use crate::args::Args;
use crate::ask::Recorder;
use crate::autostart::Autostart;
use crate::desktop::{self, Handle, Surroundings};
use crate::logs::Log;
use crate::notices::{self, Wiring};
use crate::second;
use crate::watcher::{self, Nudge, Watched};
use crate::{canary, environment};
use anyhow::{Context, Result};
use chasm_server::{Auth, Daemon, DaemonError, FolderError, Options, Roots};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// There from the first start on that had a window to show.
const FIRST_START: &str = "first_start";

/// Records until it is asked to stop. Where another one records into the data folder, its window is shown instead.
pub async fn run(args: Args, log: &Log) -> Result<()> {
    // caught before the start: a stop during recovery is a clean one too
    let stop = chasm_server::asked_to_stop()?;
    let data_dir =
        args.data_dir().context("there is no home folder: name the data folder with --data-dir")?;
    let nudge = Nudge::default();
    let (handle, wishes) = desktop::desktop(Autostart::new(args.at_login()), nudge.clone());
    let options = Options {
        config: args.config.clone(),
        host: args.host,
        port: args.port,
        next_free_port: true,
        desktop: Some(Arc::new(handle.clone())),
        editors: Roots::of_environment(&|name| std::env::var_os(name)),
        ..Options::new(&data_dir)
    };
    let daemon = match Daemon::start(options).await {
        Ok(daemon) => daemon,
        Err(DaemonError::Folder(FolderError::Locked { pid, path })) => {
            return Ok(second::hand_over(&path, pid, args.path, args.hidden).await?);
        }
        Err(error) => {
            // the folder may be there, and is nobody else's
            log.open(&data_dir);
            tracing::error!(%error, "the recorder cannot start");
            return Err(error.into());
        }
    };
    log.open(daemon.data_dir());
    announce(&daemon.url());
    let around = Around::start(&daemon, handle, wishes, nudge).await;
    around.show_at_start(&args, daemon.data_dir());
    tokio::select! {
        () = stop => tracing::info!("a signal asks to stop"),
        () = around.quit.cancelled() => tracing::info!("asked to quit"),
    }
    let (handle, desktop) = around.begin_to_end();
    let notices = async {
        if let Some(notices) = handle.take_notices() {
            notices.stop().await;
        }
    };
    tokio::join!(notices, desktop, daemon.stop());
    tracing::info!("stopped");
    Ok(())
}

/// All that is around the daemon.
struct Around {
    handle: Handle,
    /// The user, or the system, wishes the end.
    quit: CancellationToken,
    /// The end has begun.
    stop: CancellationToken,
    actor: JoinHandle<()>,
}

impl Around {
    async fn start(
        daemon: &Daemon,
        handle: Handle,
        wishes: tokio::sync::mpsc::Receiver<desktop::Wish>,
        nudge: Nudge,
    ) -> Self {
        let (quit, stop) = (CancellationToken::new(), CancellationToken::new());
        repair(&handle);
        start_notices(daemon, &handle).await;
        let (engine, address) = (daemon.engine().clone(), daemon.url());
        let recorder = Recorder::at(&address, daemon.data_dir());
        let told = handle.clone();
        let tell = move |event| told.tell(event);
        let proof = canary::spawn(recorder.clone(), engine.clone(), tell, stop.clone());
        let watched = Watched {
            engine: engine.clone(),
            address: address.clone(),
            taken: daemon.taken_port().cloned(),
            autostart: handle.autostart().cloned(),
            proof,
            nudge: nudge.clone(),
        };
        #[cfg(all(unix, not(target_os = "macos")))]
        crate::logind::spawn(engine.clone(), quit.clone(), stop.clone());
        let surroundings = Surroundings {
            handle: handle.clone(),
            wishes,
            glances: watcher::spawn(watched, stop.clone()),
            nudge,
            engine,
            recorder,
            address,
            data_dir: daemon.data_dir().to_owned(),
            needs_token: daemon.settings().auth == Auth::Token,
            quit: quit.clone(),
        };
        let actor = tokio::spawn(desktop::run(surroundings, stop.clone()));
        Self { handle, quit, stop, actor }
    }

    /// The window, where it was asked for, and at the first start that can show one.
    fn show_at_start(&self, args: &Args, data_dir: &Path) {
        let marker = data_dir.join(FIRST_START);
        let first = !args.hidden && !marker.exists() && environment::has_display(&environment::own());
        if first && let Err(error) = mark(&marker) {
            tracing::warn!(%error, "the first start cannot be marked as such");
        }
        match &args.path {
            Some(path) => self.handle.show(path.clone()),
            None if first || args.show => self.handle.show(String::new()),
            None => {}
        }
    }

    /// Everything but the daemon begins to end; the future resolves when tray and window have.
    fn begin_to_end(self) -> (Handle, impl Future<Output = ()>) {
        self.stop.cancel();
        let ended = async move {
            if let Err(error) = self.actor.await {
                tracing::error!(%error, "the desktop's task failed");
            }
        };
        (self.handle, ended)
    }
}

fn mark(marker: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(marker).map(drop)
}

/// A start at login that points to where the program was before.
fn repair(handle: &Handle) {
    match handle.autostart().map(Autostart::repair) {
        Some(Ok(true)) => tracing::info!("the start at login points to this program again"),
        Some(Err(error)) => tracing::warn!(%error, "the start at login cannot be repaired"),
        Some(Ok(false)) | None => {}
    }
}

async fn start_notices(daemon: &Daemon, handle: &Handle) {
    let read = daemon.settings_reader();
    let live = daemon.engine().live();
    let start = daemon.engine().status().await.last_recovery;
    let shown = handle.clone();
    let notices = notices::spawn(Wiring {
        live,
        start,
        settings: Arc::new(move || read().notifications),
        standing: notices::engine_standing(daemon),
        open: Arc::new(move |path: String| shown.show(path)),
        allow: allow(daemon),
        bus: environment::session_bus(&environment::own()),
    });
    handle.have_notices(notices);
}

/// Puts an origin among those that may record, beside whoever asks for it.
fn allow(daemon: &Daemon) -> notices::Allow {
    let allow = daemon.origin_allower();
    Arc::new(move |origin: String| {
        let allow = allow.clone();
        tokio::task::spawn_blocking(move || match allow(&origin) {
            Ok(()) => tracing::info!("a web page was allowed to record"),
            Err(error) => tracing::warn!(%error, "a web page cannot be allowed to record"),
        });
    })
}

/// As `chasm serve`: nobody may listen to stdout; the recorder does not need it.
fn announce(url: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "listening on {url}");
    let _ = stdout.flush();
}
