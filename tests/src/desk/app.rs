//! The desktop app in a process of its own, on a desktop of its own.
//!
//! Invariant: the process is gone when the value is.

use super::Desk;
use crate::api::Api;
use crate::command::{Done, run_to_end};
use crate::process;
use rustix::process::Signal;
use serde_json::Value;
use std::fs::File;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// Longest start, recovery included, and longest clean stop.
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(20);

pub struct App {
    child: Option<Child>,
    api: Api,
    data_dir: PathBuf,
    log: PathBuf,
    args: Vec<String>,
}

impl App {
    /// In the background, as at login.
    pub fn hidden(desk: &Desk) -> Self {
        Self::start(desk, &["--hidden"])
    }

    pub fn start(desk: &Desk, args: &[&str]) -> Self {
        Self::start_in(desk, &desk.home().join("data"), args)
    }

    /// Starts it on this folder and waits until it can be reached. The port is a free one, unless `args` name one.
    pub fn start_in(desk: &Desk, data_dir: &Path, args: &[&str]) -> Self {
        let mut args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        if !args.iter().any(|arg| arg == "--port") {
            args.extend(["--port".into(), "0".into()]);
        }
        let mut app = Self {
            child: None,
            api: Api::at(SocketAddr::from(([127, 0, 0, 1], 0))),
            data_dir: data_dir.to_owned(),
            log: desk.home().join("app.log"),
            args,
        };
        app.restart(desk);
        app
    }

    /// One that is started in a way of its own, on the usual folder; it cannot be started again.
    pub fn adopt(desk: &Desk, command: &mut Command) -> Self {
        let mut app = Self {
            child: None,
            api: Api::at(SocketAddr::from(([127, 0, 0, 1], 0))),
            data_dir: desk.home().join("data"),
            log: desk.home().join("app.log"),
            args: Vec::new(),
        };
        app.launch(command);
        app
    }

    /// Starts it again on the same folder; the port may be another one.
    pub fn restart(&mut self, desk: &Desk) {
        let mut command = Self::command(desk, &self.data_dir);
        self.launch(command.args(&self.args));
    }

    fn launch(&mut self, command: &mut Command) {
        assert!(self.child.is_none(), "it still runs");
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        self.child = Some(command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
        let begun = Instant::now();
        loop {
            if let Some(address) = self.announced() {
                self.api = Api::at(address);
                return;
            }
            if !self.is_alive() || begun.elapsed() > START {
                panic!("it did not start\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The program on this folder, for what is to be run in another way.
    pub fn command(desk: &Desk, data_dir: &Path) -> Command {
        let mut command = desk.command(crate::recorder());
        command.arg("--data-dir").arg(data_dir);
        command
    }

    /// A second start of the same; answers how it ends.
    pub fn second(&self, desk: &Desk, args: &[&str]) -> Done {
        run_to_end(Self::command(desk, &self.data_dir).args(args), b"", 30)
    }

    /// Where `server.json` says that this process is.
    fn announced(&self) -> Option<SocketAddr> {
        let text = std::fs::read(self.data_dir.join("server.json")).ok()?;
        let server: Value = serde_json::from_slice(&text).ok()?;
        let address = server["address"].as_str()?.strip_prefix("http://")?.parse().ok()?;
        (server["pid"] == self.pid()).then_some(address)
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it does not run").id()
    }

    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// What it said on its streams, and in its log.
    pub fn log(&self) -> String {
        let mut text = std::fs::read_to_string(&self.log).unwrap_or_default();
        for path in crate::folder::files(&self.data_dir.join("logs")) {
            text.push_str(&std::fs::read_to_string(path).unwrap_or_default());
        }
        text
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().is_ok_and(|status| status.is_none()))
    }

    /// The end of a crash: no chance to do anything more.
    pub fn kill9(&mut self) {
        let mut child = self.child.take().expect("it does not run");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        process::signal(self.pid(), signal);
    }

    /// A clean stop by this signal, which has to end with 0.
    pub fn stop(&mut self, signal: Signal) {
        self.signal(signal);
        self.ends_well();
    }

    pub fn term(&mut self) {
        self.stop(Signal::TERM);
    }

    /// Its end, which has been asked for, has to be a good one.
    pub fn ends_well(&mut self) {
        let status = self.wait();
        assert_eq!(status.code(), Some(0), "{status}\n{}", self.log());
    }

    /// Its end, which has been asked for.
    pub fn wait(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it does not run");
        process::end(&mut child, STOP)
            .unwrap_or_else(|| panic!("it did not stop within {STOP:?}\n{}", self.log()))
    }

    /// `chasm` on this data folder.
    pub fn cli(&self, desk: &Desk, args: &[&str]) -> Done {
        let mut command = desk.command(crate::chasm());
        command.args(args).arg("--data-dir").arg(&self.data_dir).env("NO_COLOR", "1");
        run_to_end(&mut command, b"", 60)
    }

    /// One part of the desktop, as the status has it: its state and detail.
    pub async fn part(&self, name: &str) -> (String, String) {
        let status = self.status().await;
        let text = |field: &str| status["desktop"][name][field].as_str().unwrap_or_default().to_owned();
        (text("state"), text("detail"))
    }

    /// Waits until a part of the desktop has this state; answers the detail.
    pub async fn part_is(&self, name: &str, state: &str) -> String {
        crate::eventually(&format!("{name} is {state}"), 20, async || {
            let (now, detail) = self.part(name).await;
            (now == state).then_some(detail)
        })
        .await
    }
}

/// What can be asked of it is the API's matter.
impl Deref for App {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
