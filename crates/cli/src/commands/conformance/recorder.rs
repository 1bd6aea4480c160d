//! The test recorder: this program, as `chasm serve`, on a folder of its own behind the proxy.
//!
//! Never ends another process than the one it started, and never reads the user's settings or editors. Invariant: the process is
//! gone when this value is.

use super::ask::Ask;
use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Quick heartbeats, so that a frozen wire can be noticed within seconds; no editor's files.
const SETTINGS: &str = "[recording]\nheartbeat_secs = 1\n\n[editors]\nfollow = false\n";

/// Another loopback address than the proxy's, so that both can have one port.
const HOST: &str = if cfg!(target_os = "linux") { "127.0.0.2" } else { "::1" };

/// Longest wait for its first line, and for its end.
const START_WAIT: Duration = Duration::from_secs(60);
const STOP_WAIT: Duration = Duration::from_secs(20);

pub struct Recorder {
    folder: PathBuf,
    pub address: SocketAddr,
    child: Option<Child>,
}

impl Recorder {
    /// On the port that the proxy has; `Err` also where somebody else has it at the other address.
    pub async fn start(folder: &Path, port: u16) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        std::fs::write(folder.join("config.toml"), SETTINGS).with_context(|| folder.display().to_string())?;
        let address = SocketAddr::new(HOST.parse()?, port);
        let mut recorder = Self { folder: folder.to_owned(), address, child: None };
        recorder.start_again().await?;
        Ok(recorder)
    }

    pub async fn start_again(&mut self) -> Result<()> {
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let mut child = Command::new(program)
            .args(["serve", "--log", "error", "--host", HOST, "--port", &self.address.port().to_string()])
            .arg("--data-dir")
            .arg(&self.folder)
            .env_remove("CHASM_SERVER")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start a test recorder")?;
        let stdout = child.stdout.take().context("the test recorder has no stdout")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = tokio::time::timeout(START_WAIT, lines.next_line());
        let line = first.await.context("the test recorder did not start within a minute")??;
        let heard = line.as_deref().and_then(|line| line.strip_prefix("listening on http://"));
        self.child = Some(child);
        match heard.and_then(|address| address.parse::<SocketAddr>().ok()) {
            Some(address) if address == self.address => Ok(()),
            Some(other) => bail!("the test recorder took another port: {other}"),
            None => bail!("the test recorder did not start: its reason stands above"),
        }
    }

    /// `kill -9`: no warning, no last words.
    pub async fn kill(&mut self) -> Result<()> {
        match self.child.take() {
            Some(mut child) => child.kill().await.context("cannot kill the test recorder"),
            None => Ok(()),
        }
    }

    /// A stop in good order; where signals are not known, a kill.
    pub async fn stop(&mut self) -> Result<()> {
        #[cfg(unix)]
        if let Some(mut child) = self.child.take() {
            use rustix::process::{Pid, Signal, kill_process};
            let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
            kill_process(pid.context("the test recorder ended by itself")?, Signal::TERM)?;
            tokio::time::timeout(STOP_WAIT, child.wait())
                .await
                .context("the test recorder did not stop")??;
        }
        self.kill().await
    }

    /// The REST calls, past the proxy.
    pub fn ask(&self) -> Result<Ask> {
        // the token is of the folder, for systems that do not tell whose a socket is
        let token = std::fs::read_to_string(self.folder.join("token")).ok();
        Ask::new(format!("http://{}", self.address), token.map(|token| token.trim().to_owned()))
    }
}
