//! A second start on the same data folder: the first one is asked to show its window, and this one ends.
//!
//! Never touches the data folder but to read. Invariant: it says who has the folder, and what to do, where it cannot be asked.

use crate::ask::Recorder;
use crate::environment;
use chasm_protocol::api::OpenApp;
use chasm_server::{ServerFile, read_server_file};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// A first one may be busy with its recovery: so long it is waited for.
const START: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the window of the first one is not shown.
#[derive(Debug, thiserror::Error)]
pub enum SecondError {
    #[error(
        "another recorder{} uses the data folder {} and does not say where it listens: wait, or end it",
        pid.map(|p| format!(" (pid {p})")).unwrap_or_default(),
        data_dir.display()
    )]
    Silent { pid: Option<u32>, data_dir: PathBuf },
    #[error("the recorder at {address} (pid {pid}) uses the data folder {} and cannot be asked: {why}", data_dir.display())]
    Unreachable { address: String, pid: u32, data_dir: PathBuf, why: String },
    #[error("{} is in use: {why}", data_dir.display())]
    Refused { data_dir: PathBuf, why: String },
}

/// Asks the recorder of this data folder to show its window; a hidden start only hands its display over.
pub async fn hand_over(
    data_dir: &Path,
    pid: Option<u32>,
    path: Option<String>,
    hidden: bool,
) -> Result<(), SecondError> {
    let owned = || data_dir.to_owned();
    let server =
        running(data_dir, pid).await.ok_or_else(|| SecondError::Silent { pid, data_dir: owned() })?;
    let wish = OpenApp { hidden: hidden && path.is_none(), path, environment: Some(environment::own()) };
    let body = serde_json::to_string(&wish).unwrap_or_else(|_| String::from("{}"));
    let asked = Recorder::at(&server.address, data_dir).post("/api/app/open", &body, PATIENCE).await;
    match asked {
        Ok(answer) if answer.is_success() => Ok(()),
        Ok(answer) => Err(SecondError::Refused { data_dir: owned(), why: answer.message() }),
        Err(error) => Err(SecondError::Unreachable {
            address: server.address,
            pid: server.pid,
            data_dir: owned(),
            why: error.to_string(),
        }),
    }
}

/// `server.json` of the one that has the lock; an older one is left over from a crash.
async fn running(data_dir: &Path, pid: Option<u32>) -> Option<ServerFile> {
    let begun = Instant::now();
    while begun.elapsed() < START {
        let named = read_server_file(data_dir).filter(|server| pid.is_none_or(|pid| server.pid == pid));
        if named.is_some() {
            return named;
        }
        tokio::time::sleep(LOOK).await;
    }
    None
}
