//! The client under test: a program of its author's, fed line by line.
//!
//! Owns its process, and the one that comes after a kill. Never believes what it prints: `judge` holds that against what is on
//! disk. Invariant: the process is gone when this value is.

use super::replies::{self, Reply, Said};
use anyhow::{Context, Result};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Lines of its stderr that are kept for the report.
const WORDS: usize = 20;
/// Longest wait for the end of its stdout, and of its stderr, which a process of its own may hold open behind its end.
const STDOUT_WAIT: Duration = Duration::from_secs(2);

type LastWords = Arc<Mutex<VecDeque<String>>>;

pub struct Subject {
    command: Vec<String>,
    server: SocketAddr,
    folder: PathBuf,
    process: Process,
    last_words: LastWords,
    /// What earlier processes said.
    said: Said,
}

struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    replies: watch::Receiver<Vec<Reply>>,
    listening: JoinHandle<()>,
    remembering: Option<JoinHandle<()>>,
    /// Lines that were written to its stdin.
    told: usize,
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
        let last_words = LastWords::default();
        let process = Process::start(command, server, folder, last_words.clone())?;
        Ok(Self {
            command: command.to_vec(),
            server,
            folder: folder.to_owned(),
            process,
            last_words,
            said: Said::default(),
        })
    }

    /// Writes a line to its stdin; false where it reads no more.
    pub async fn feed(&mut self, line: &str, patience: Duration) -> bool {
        let fed = self.process.write(line, patience).await;
        self.process.told += usize::from(fed);
        fed
    }

    /// Lines that this process was told.
    pub fn told(&self) -> usize {
        self.process.told
    }

    /// Waits until it has replied to so many lines, or says nothing for so long.
    pub async fn replied(&self, lines: usize, silence: Duration) {
        let mut replies = self.process.replies.clone();
        while replies.borrow_and_update().len() < lines {
            if !matches!(tokio::time::timeout(silence, replies.changed()).await, Ok(Ok(()))) {
                return;
            }
        }
    }

    /// Whether it ended before it was told to.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.process.child.try_wait(), Ok(None))
    }

    /// Waits for its end, whoever brings it about.
    pub async fn gone(&mut self) {
        let _ = self.process.child.wait().await;
    }

    /// `kill -9`; what it had replied to each line by then.
    pub async fn kill(&mut self) -> Result<Vec<Reply>> {
        self.process.kill_all_of_it();
        self.process.child.kill().await.context("cannot kill the client")?;
        self.process.stdin = None;
        let replies = self.process.heard().await;
        self.said.add(&replies);
        Ok(replies)
    }

    /// A new process with the same folder, after a kill.
    pub fn start_again(&mut self) -> Result<()> {
        self.process = Process::start(&self.command, self.server, &self.folder, self.last_words.clone())?;
        Ok(())
    }

    /// Says that nothing more comes.
    pub async fn finish(&mut self, patience: Duration) {
        self.process.write("{\"kind\":\"end\"}\n", patience).await;
        self.process.stdin = None;
    }

    /// Waits for its end.
    pub async fn end(&mut self, patience: Duration) -> Result<End> {
        let end = match tokio::time::timeout(patience, self.process.child.wait()).await {
            Ok(status) => End::Exited(status?.code()),
            Err(_) => {
                self.process.kill_all_of_it();
                self.process.child.kill().await.context("cannot end the client")?;
                End::TooLate
            }
        };
        let replies = self.process.heard().await;
        self.said.add(&replies);
        Ok(end)
    }

    /// What it said in all; whole only after its end.
    pub fn said(&self) -> Said {
        self.said
    }

    /// What it said last on stderr.
    pub fn last_words(&self) -> Vec<String> {
        self.last_words.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Process {
    fn start(command: &[String], server: SocketAddr, folder: &Path, words: LastWords) -> Result<Self> {
        let (program, arguments) = command.split_first().context("--client names no program")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("CHASM_SERVER", format!("http://{server}"))
            .env("CHASM_DATA_DIR", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // a client behind a wrapper (`npx`, `sh -c`) has to go with it
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().with_context(|| format!("cannot start the client {program:?}"))?;
        let stdin = child.stdin.take();
        let remembering = child.stderr.take().map(|stderr| tokio::spawn(remember(stderr, words)));
        let stdout = child.stdout.take().context("the client has no stdout")?;
        let (sender, replies) = watch::channel(Vec::new());
        let listening = tokio::spawn(replies::listen(stdout, sender));
        Ok(Self { child, stdin, replies, listening, remembering, told: 0 })
    }

    async fn write(&mut self, line: &str, patience: Duration) -> bool {
        let Some(stdin) = &mut self.stdin else { return false };
        let writing = async {
            stdin.write_all(line.as_bytes()).await?;
            stdin.flush().await
        };
        matches!(tokio::time::timeout(patience, writing).await, Ok(Ok(())))
    }

    /// All replies, after its end; by then its stderr is read as well.
    async fn heard(&mut self) -> Vec<Reply> {
        let _ = tokio::time::timeout(STDOUT_WAIT, &mut self.listening).await;
        if let Some(remembering) = self.remembering.take() {
            let _ = tokio::time::timeout(STDOUT_WAIT, remembering).await;
        }
        self.replies.borrow().clone()
    }

    /// The processes that it started as well, as far as they did not leave its group.
    fn kill_all_of_it(&self) {
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process_group};
            // an id is there only until its end was seen: so it is nobody else's
            let pid = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
            let _ = pid.map(|pid| kill_process_group(pid, Signal::KILL));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_all_of_it();
        self.listening.abort();
    }
}

async fn remember(stderr: ChildStderr, words: LastWords) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() == WORDS {
            words.pop_front();
        }
        words.push_back(line);
    }
}
