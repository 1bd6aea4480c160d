//! A recorder of the demo's own: this program, as `chasm serve` on a folder and port of its own.
//!
//! Never ends another process than the one it started. Invariant: the process is gone when this value is.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Longest wait for the first line.
const START_WAIT: Duration = Duration::from_secs(60);

pub struct Server {
    child: Child,
    pub pid: u32,
    pub url: String,
}

impl Server {
    pub async fn start(data_dir: &Path) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let mut child = Command::new(program)
            .args(["serve", "--port", "0", "--log", "error", "--data-dir"])
            .arg(data_dir)
            .env_remove("CHASM_SERVER")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start a recorder")?;
        let pid = child.id().context("the recorder ended at once")?;
        let stdout = child.stdout.take().context("the recorder has no stdout")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = tokio::time::timeout(START_WAIT, lines.next_line());
        let line = first.await.context("the recorder did not start within a minute")??;
        match line.as_deref().and_then(|line| line.strip_prefix("listening on ")) {
            Some(url) => Ok(Self { child, pid, url: url.to_owned() }),
            None => bail!("the recorder did not start: its reason stands above"),
        }
    }

    /// `kill -9`: no warning, no last words.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("cannot kill the demo's recorder")
    }
}
