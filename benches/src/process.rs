//! A real `chasm serve` as a process of its own.

use crate::report::Report;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

pub struct Recorder {
    child: Child,
    pub address: String,
    /// From exec to the line that says it listens.
    pub started_in: Duration,
}

impl Recorder {
    /// With a home folder of its own, in which no editor has anything.
    pub async fn start(chasm: &Path, folder: &Path) -> Result<Self> {
        Self::start_at_home(chasm, folder, folder).await
    }

    pub async fn start_at_home(chasm: &Path, folder: &Path, home: &Path) -> Result<Self> {
        let begun = Instant::now();
        let mut child = Command::new(chasm)
            .args(["serve", "--port", "0", "--data-dir"])
            .arg(folder)
            .env("HOME", home)
            .env_remove("CLAUDE_CONFIG_DIR")
            .env_remove("XDG_CONFIG_HOME")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("no stdout")?;
        let line = BufReader::new(stdout).lines().next_line().await?.context("chasm serve did not start")?;
        let address = line.strip_prefix("listening on ").context("not an address")?.to_owned();
        Ok(Self { child, address, started_in: begun.elapsed() })
    }

    pub fn ws(&self) -> String {
        format!("{}/ws/recording", self.address.replacen("http", "ws", 1))
    }

    /// Resident memory now and at its peak, in bytes.
    pub fn memory(&self) -> Result<(u64, u64)> {
        let pid = self.child.id().context("the recorder has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let field = |name: &str| -> Result<u64> {
            let line = status.lines().find(|l| l.starts_with(name)).context("no such field")?;
            let kib: u64 = line.split_whitespace().nth(1).context("no value")?.parse()?;
            Ok(kib * 1024)
        };
        Ok((field("VmRSS:")?, field("VmHWM:")?))
    }

    /// Bytes handed to the disk so far.
    pub fn written(&self) -> Result<u64> {
        let pid = self.child.id().context("the recorder has ended")?;
        let io = std::fs::read_to_string(format!("/proc/{pid}/io"))?;
        let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).context("no such field")?;
        Ok(line.trim().parse()?)
    }

    /// Time that processors have worked for it.
    pub fn processor(&self) -> Result<Duration> {
        let pid = self.child.id().context("the recorder has ended")?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let fields: Vec<&str> =
            stat.rsplit_once(") ").context("no such field")?.1.split_whitespace().collect();
        let ticks = |nth: usize| -> Result<u64> { Ok(fields.get(nth).context("no such field")?.parse()?) };
        // fields 14 and 15 of proc(5), in hundredths of a second
        Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
    }

    pub async fn get(&self, path: &str) -> Result<serde_json::Value> {
        Ok(reqwest::get(format!("{}{path}", self.address)).await?.error_for_status()?.json().await?)
    }

    /// Waits until the database has every event; says how far behind it was.
    pub async fn wait_for_flush(&self, report: &mut Report, events: u64) -> Result<()> {
        let begun = Instant::now();
        self.get("/api/recording/sessions?state=all&limit=1").await?;
        let behind = begun.elapsed();
        let status = self.get("/api/recording/status").await?;
        let recorded = status.get("events_recorded").and_then(serde_json::Value::as_u64).unwrap_or(0);
        anyhow::ensure!(recorded == events, "{recorded} events recorded of {events} acknowledged");
        report.figure("database behind the last ack by", behind.as_secs_f64() * 1e3, "ms");
        Ok(())
    }

    /// Asks it to stop and waits for a clean end.
    pub async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().context("the recorder has ended")?;
        Command::new("kill").args(["-TERM", &pid.to_string()]).status().await?;
        let status = tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await??;
        anyhow::ensure!(status.success(), "the recorder ended with {status}");
        Ok(())
    }
}
