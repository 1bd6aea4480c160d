//! A recorder in a process of its own, on a folder of its own.
//!
//! Invariant: the process is gone when the value is.

use crate::api::Api;
use crate::command::{Done, run_to_end};
use crate::process;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

/// Longest start, recovery included, and longest clean stop.
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(20);

/// Variables that would lead to the user's own recorder, editors or screen.
const FOREIGN: [&str; 10] = [
    "CHASM_SERVER",
    "CHASM_DATA_DIR",
    "CHASM_LOG",
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "CONTINUE_GLOBAL_DIR",
    "VSCODE_PORTABLE",
    "XDG_CONFIG_HOME",
    "DISPLAY",
    "WAYLAND_DISPLAY",
];

/// How a recorder is started.
#[derive(Debug, Default, Clone)]
pub struct Opts {
    /// Text of `config.toml`.
    pub config: String,
    /// Arguments behind `serve --port 0`.
    pub args: Vec<String>,
    /// A folder that is there already; else a new one.
    pub data_dir: Option<PathBuf>,
}

impl Opts {
    pub fn config(text: &str) -> Self {
        Self { config: text.to_owned(), ..Self::default() }
    }
}

pub struct Recorder {
    child: Option<Child>,
    api: Api,
    opts: Opts,
    /// Holds the data folder, the log and a home.
    root: TempDir,
}

impl Recorder {
    /// Starts it and waits until it says where it listens.
    pub fn start(opts: Opts) -> Self {
        let root = tempfile::Builder::new().prefix("chasm-bb-").tempdir().unwrap();
        let api = Api::at(SocketAddr::from(([127, 0, 0, 1], 0)));
        let mut recorder = Self { child: None, api, opts, root };
        std::fs::create_dir_all(recorder.data_dir()).unwrap();
        if !recorder.opts.config.is_empty() {
            std::fs::write(recorder.data_dir().join("config.toml"), &recorder.opts.config).unwrap();
        }
        recorder.launch();
        recorder
    }

    /// With the default settings.
    pub fn plain() -> Self {
        Self::start(Opts::default())
    }

    /// Starts again on the same folder; it has a new port.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "it still runs");
        self.launch();
    }

    fn launch(&mut self) {
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        let mut command = Command::new(crate::chasm());
        command.args(["serve", "--port", "0", "--data-dir"]).arg(self.data_dir()).args(&self.opts.args);
        self.clean(&mut command).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        self.child = Some(child);
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            // read to the end, so that the recorder is never held up
            BufReader::new(stdout).lines().map_while(Result::ok).for_each(|line| drop(send.send(line)));
        });
        let line = lines.recv_timeout(START);
        let url = line.as_deref().ok().and_then(|line| line.strip_prefix("listening on http://"));
        let address = url.and_then(|url| url.parse().ok());
        let address = address.unwrap_or_else(|| panic!("it did not start: {line:?}\n{}", self.log()));
        self.api = Api::at(address);
    }

    /// Nothing of the user's own settings may reach it.
    fn clean<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for name in FOREIGN {
            command.env_remove(name);
        }
        command
            .env("HOME", self.root.path())
            .env("XDG_DATA_HOME", self.root.path().join("xdg"))
            .env("NO_COLOR", "1")
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it does not run").id()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.opts.data_dir.clone().unwrap_or_else(|| self.root.path().join("data"))
    }

    /// A folder beside the data folder, for the test's own files.
    pub fn scratch(&self) -> &Path {
        self.root.path()
    }

    fn log_path(&self) -> PathBuf {
        self.root.path().join("recorder.log")
    }

    /// What it said on stderr, in all its runs.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// The end of a power cut or a crash: no chance to do anything more.
    pub fn kill9(&mut self) {
        let mut child = self.child.take().expect("it does not run");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Only the signal: for those who want to see how it ends.
    pub fn signal_term(&self) {
        kill_process(Pid::from_raw(self.pid().cast_signed()).unwrap(), Signal::TERM).unwrap();
    }

    /// A clean stop, which has to end with 0.
    pub fn term(&mut self) {
        self.signal_term();
        let status = self.wait();
        assert_eq!(status.code(), Some(0), "{status}\n{}", self.log());
    }

    /// Its end, which has been asked for.
    pub fn wait(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it does not run");
        process::end(&mut child, STOP)
            .unwrap_or_else(|| panic!("it did not stop within {STOP:?}\n{}", self.log()))
    }

    /// Whether the process is there.
    pub fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().is_ok_and(|status| status.is_none()))
    }

    /// `chasm` with these arguments on this data folder.
    pub fn cli(&self, args: &[&str]) -> Done {
        self.cli_with(args, b"")
    }

    pub fn cli_with(&self, args: &[&str], input: &[u8]) -> Done {
        let mut command = Command::new(crate::chasm());
        self.clean(&mut command).args(args).arg("--data-dir").arg(self.data_dir());
        run_to_end(&mut command, input, 60)
    }
}

/// What can be asked of it is the API's matter.
impl Deref for Recorder {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().rev().take(20).collect();
            println!("the recorder's last words:");
            lines.iter().rev().for_each(|line| println!("  {line}"));
        }
    }
}
