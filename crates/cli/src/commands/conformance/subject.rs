//! The client under test: a program of its author's, fed line by line.
//!
//! Owns its process. Never looks into what it prints on stdout. Invariant: the process is gone when
//! this value is.

use anyhow::{Context, Result};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// Lines of its stderr that are kept for the report.
const WORDS: usize = 20;

pub struct Subject {
    child: Child,
    stdin: Option<ChildStdin>,
    last_words: Arc<Mutex<VecDeque<String>>>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With this code, or by a signal.
    Exited(Option<i32>),
    /// It had to be ended.
    TooLate,
}

impl Subject {
    /// It finds the recorder at this address, and a folder for what it keeps.
    pub fn start(command: &[String], server: SocketAddr, folder: &Path) -> Result<Self> {
        let (program, arguments) = command.split_first().context("--client names no program")?;
        let mut child = Command::new(program)
            .args(arguments)
            .env("CHASM_SERVER", format!("http://{server}"))
            .env("CHASM_DATA_DIR", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start the client {program:?}"))?;
        let last_words = Arc::<Mutex<VecDeque<String>>>::default();
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        if let Some(stderr) = stderr {
            let words = last_words.clone();
            tokio::spawn(async move {
                let mut lines = BufReader::new(stderr).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
                    if words.len() == WORDS {
                        words.pop_front();
                    }
                    words.push_back(line);
                }
            });
        }
        Ok(Self { child, stdin, last_words })
    }

    /// Writes a line to its stdin; false where it reads no more.
    pub async fn feed(&mut self, line: &str, patience: Duration) -> bool {
        let Some(stdin) = &mut self.stdin else { return false };
        let writing = async {
            stdin.write_all(line.as_bytes()).await?;
            stdin.flush().await
        };
        matches!(tokio::time::timeout(patience, writing).await, Ok(Ok(())))
    }

    /// Whether it ended before it was told to.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Says that nothing more comes.
    pub async fn finish(&mut self, patience: Duration) {
        self.feed("{\"kind\":\"end\"}\n", patience).await;
        self.stdin = None;
    }

    /// Waits for its end.
    pub async fn end(&mut self, patience: Duration) -> Result<End> {
        match tokio::time::timeout(patience, self.child.wait()).await {
            Ok(status) => Ok(End::Exited(status?.code())),
            Err(_) => {
                self.child.kill().await.context("cannot end the client")?;
                Ok(End::TooLate)
            }
        }
    }

    /// What it said last on stderr.
    pub fn last_words(&self) -> Vec<String> {
        self.last_words.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
