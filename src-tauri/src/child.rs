//! A child process and what is said with it, a line at a time.
//!
//! Owns process, pipes and their end. Never waits for a child that does not read: lines are dropped then, and the caller is told.
//! Invariant: a child is told that the recorder is gone by the end of its stdin, and is killed, by its own handle, where that
//! does not end it; none is left behind.

use crate::environment;
use crate::wire;
use chasm_protocol::api::DisplayEnvironment;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child as Process, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Lines that wait for the child to read them.
const QUEUE: usize = 64;
/// From the end of its stdin to the kill.
const LAST_WORDS: Duration = Duration::from_millis(700);
/// What is kept of its stderr.
const COMPLAINT_BYTES: usize = 2 * 1024;

/// A running child. Dropping it ends the child.
#[derive(Debug)]
pub struct Child {
    lines: mpsc::Sender<String>,
    close: CancellationToken,
}

/// What is heard from a child.
#[derive(Debug)]
pub enum Heard<T> {
    Said(T),
    /// The last thing that is heard.
    Ended(Ending),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// It ended with 0.
    pub well: bool,
    /// How it ended, and the last line of its stderr.
    pub how: String,
}

/// The program that draws the icon.
pub fn tray() -> PathBuf {
    beside("CHASM_TRAY_BIN", "chasm-recorder-tray")
}

/// The program that draws the window.
pub fn shell() -> PathBuf {
    beside("CHASM_SHELL_BIN", "chasm-recorder-shell")
}

/// What the variable names, else the program of this name beside this one.
fn beside(variable: &str, name: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
        return path.into();
    }
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    match std::env::current_exe() {
        Ok(own) => own.with_file_name(name),
        Err(error) => {
            tracing::warn!(%error, "this program does not know where it is");
            name.into()
        }
    }
}

impl Child {
    /// Starts a program that draws. `hear` is called with all it says; it must not block.
    pub fn start<T: DeserializeOwned + Send + 'static>(
        program: &Path,
        arguments: &[String],
        environment: &DisplayEnvironment,
        hear: impl Fn(Heard<T>) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for (name, value) in environment::pairs(environment) {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        // Ctrl-C in a terminal is for the recorder, which ends its children in order
        #[cfg(unix)]
        command.process_group(0);
        let process = command.kill_on_drop(true).spawn()?;
        let (lines, queue) = mpsc::channel(QUEUE);
        let close = CancellationToken::new();
        tokio::spawn(live(process, queue, close.clone(), hear));
        Ok(Self { lines, close })
    }

    /// False where the child does not read, or is gone.
    pub fn say(&self, message: &impl Serialize) -> bool {
        self.lines.try_send(wire::line(message)).is_ok()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.close.cancel();
    }
}

async fn live<T: DeserializeOwned>(
    mut process: Process,
    queue: mpsc::Receiver<String>,
    close: CancellationToken,
    hear: impl Fn(Heard<T>),
) {
    let writer = process.stdin.take().map(|stdin| tokio::spawn(write(stdin, queue, close.clone())));
    let complaint = process.stderr.take().map(|stderr| tokio::spawn(last_line(stderr)));
    let stdout = process.stdout.take();
    let reading = async {
        if let Some(stdout) = stdout {
            read(stdout, &hear).await;
        }
    };
    // the child's end ends the reading too, unless it left children of its own behind
    let status = tokio::select! {
        status = wait(&mut process, &close) => status,
        () = reading => wait(&mut process, &close).await,
    };
    if let Some(writer) = writer {
        writer.abort();
    }
    let complaint = match complaint {
        Some(task) => tokio::time::timeout(LAST_WORDS, task).await.ok().and_then(Result::ok).flatten(),
        None => None,
    };
    hear(Heard::Ended(ending(status, complaint)));
}

/// Waits for the end: the child's own, or the one it is brought to.
async fn wait(process: &mut Process, close: &CancellationToken) -> io::Result<std::process::ExitStatus> {
    if let Some(status) = close.run_until_cancelled(process.wait()).await {
        return status;
    }
    match tokio::time::timeout(LAST_WORDS, process.wait()).await {
        Ok(status) => status,
        Err(_) => {
            tracing::warn!(pid = process.id(), "a child does not end and is killed");
            process.start_kill()?;
            process.wait().await
        }
    }
}

async fn write(mut stdin: ChildStdin, mut queue: mpsc::Receiver<String>, close: CancellationToken) {
    let work = async {
        while let Some(line) = queue.recv().await {
            if stdin.write_all(line.as_bytes()).await.is_err() {
                return;
            }
        }
    };
    // with the end of this task the child's stdin ends
    close.run_until_cancelled(work).await;
}

async fn read<T: DeserializeOwned>(stdout: impl AsyncRead + Unpin, hear: &impl Fn(Heard<T>)) {
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        let most = wire::LINE_BYTES as u64;
        match (&mut reader).take(most).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => match std::str::from_utf8(&line).ok().and_then(|text| serde_json::from_str(text).ok()) {
                Some(message) => hear(Heard::Said(message)),
                None => tracing::debug!(bytes = line.len(), "a child said something unheard of"),
            },
        }
    }
}

/// The last line that says something; GTK and WebKit say much before it.
async fn last_line(mut stderr: impl AsyncRead + Unpin) -> Option<String> {
    let (mut kept, mut chunk) = (Vec::new(), [0u8; 1024]);
    while let Ok(n @ 1..) = stderr.read(&mut chunk).await {
        kept.extend_from_slice(chunk.get(..n).unwrap_or_default());
        let too_much = kept.len().saturating_sub(COMPLAINT_BYTES);
        kept.drain(..too_much);
    }
    let text = String::from_utf8_lossy(&kept);
    let says = |line: &&str| {
        // these come from whatever is loaded, and end nobody
        !line.is_empty()
            && !line.contains("dbind-WARNING")
            && !line.starts_with("note: run with `RUST_BACKTRACE")
    };
    text.lines().map(str::trim).rfind(says).map(str::to_owned)
}

fn ending(status: io::Result<std::process::ExitStatus>, complaint: Option<String>) -> Ending {
    let (well, how) = match status {
        Ok(status) => (status.success(), status.to_string()),
        Err(error) => (false, error.to_string()),
    };
    Ending { well, how: complaint.map_or(how.clone(), |line| format!("{how}: {line}")) }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::wire::{FromTray, ToWindow};

    /// A child made of a shell script, and what is heard of it.
    fn start(script: &str) -> (Child, mpsc::UnboundedReceiver<Heard<FromTray>>) {
        let (told, heard) = mpsc::unbounded_channel();
        let arguments = [String::from("-c"), script.to_owned()];
        let child = Child::start(Path::new("/bin/sh"), &arguments, &environment::own(), move |h| {
            let _ = told.send(h);
        });
        (child.unwrap(), heard)
    }

    async fn ended(heard: &mut mpsc::UnboundedReceiver<Heard<FromTray>>) -> Ending {
        loop {
            if let Heard::Ended(ending) = heard.recv().await.unwrap() {
                return ending;
            }
        }
    }

    #[tokio::test]
    async fn lines_go_both_ways_and_the_end_of_stdin_ends_it() {
        let (child, mut heard) = start(r#"read line; echo noise; echo '{"chosen":"quit"}'; cat >/dev/null"#);
        assert!(child.say(&ToWindow::Go("/".into())));
        let Heard::Said(FromTray::Chosen(id)) = heard.recv().await.unwrap() else { panic!("something else") };
        assert_eq!(id, "quit");
        drop(child);
        assert!(ended(&mut heard).await.well);
    }

    #[tokio::test]
    async fn a_crash_is_told_with_its_last_words() {
        let (_child, mut heard) = start("echo first >&2; echo cannot open display >&2; exit 3");
        let ending = ended(&mut heard).await;
        assert!(
            !ending.well && ending.how.contains("3") && ending.how.ends_with("cannot open display"),
            "{ending:?}"
        );
    }

    #[tokio::test]
    async fn one_that_does_not_end_is_killed() {
        let (child, mut heard) = start("trap '' TERM HUP; exec sleep 600");
        drop(child);
        assert!(!ended(&mut heard).await.well);
    }

    #[tokio::test]
    async fn one_that_does_not_read_holds_nobody_up() {
        let (child, mut heard) = start("exec sleep 600");
        let long = ToWindow::Go("x".repeat(8 * 1024));
        let taken = (0..1_000).filter(|_| child.say(&long)).count();
        assert!(taken < 1_000);
        drop(child);
        ended(&mut heard).await;
    }
}
