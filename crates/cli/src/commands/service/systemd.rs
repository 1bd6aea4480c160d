//! The user's systemd, asked through `systemctl --user`.
//!
//! Never waits for it without end. Invariant: what it refuses is told in its own words.

use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

const PROGRAM: &str = "systemctl";
/// A start waits for the recorder's recovery.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug, thiserror::Error)]
pub enum SystemdError {
    #[error("systemctl --user {0} has not ended within {seconds} s", seconds = PATIENCE.as_secs())]
    Slow(String),
    #[error("systemctl --user {what}: {why}")]
    Failed { what: String, why: String },
}

/// A systemd that answers.
#[derive(Debug)]
pub struct Systemd(());

/// What systemd says about a unit.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Unit {
    /// `active`, `inactive`, `failed`, `activating`, …
    pub active: String,
    /// `enabled`, `disabled`, …
    pub enabled: String,
    /// Its main process, where it runs.
    pub pid: Option<u32>,
}

impl Systemd {
    /// The one that runs for this user; else why none can be reached.
    pub async fn reach() -> Result<Self, SystemdError> {
        run(&["show", "--property=Version", "--value"]).await.map(|_| Self(()))
    }

    pub async fn tell(&self, words: &[&str]) -> Result<(), SystemdError> {
        run(words).await.map(drop)
    }

    pub async fn look(&self, name: &str) -> Result<Unit, SystemdError> {
        run(&["show", "--property=ActiveState,UnitFileState,MainPID", name]).await.map(|text| read(&text))
    }
}

/// Its standard output.
async fn run(words: &[&str]) -> Result<String, SystemdError> {
    let what = words.join(" ");
    let failed = |why: String| SystemdError::Failed { what: what.clone(), why };
    let mut command = Command::new(PROGRAM);
    command.arg("--user").args(words).env("LC_ALL", "C.UTF-8").env("SYSTEMD_COLORS", "0");
    let child = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let done = tokio::time::timeout(PATIENCE, child)
        .await
        .map_err(|_| SystemdError::Slow(what.clone()))?
        .map_err(|error| failed(format!("cannot run {PROGRAM}: {error}")))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Err(failed(if said.is_empty() { done.status.to_string() } else { said.join("; ") }))
}

/// `Key=value` lines.
fn read(text: &str) -> Unit {
    let mut unit = Unit::default();
    for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
        match key {
            "ActiveState" => unit.active = value.to_owned(),
            "UnitFileState" => unit.enabled = value.to_owned(),
            "MainPID" => unit.pid = value.parse().ok().filter(|pid| *pid != 0),
            _ => {}
        }
    }
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systemctl_shows() {
        let unit = read("ActiveState=active\nUnitFileState=enabled\nMainPID=42\n");
        assert_eq!(unit, Unit { active: "active".into(), enabled: "enabled".into(), pid: Some(42) });
        assert_eq!(read("MainPID=0\nUnitFileState=\n").pid, None);
        assert_eq!(read(""), Unit::default());
    }
}
