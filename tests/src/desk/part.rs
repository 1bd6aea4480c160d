//! One program of the desktop: found, started, heard, ended.
//!
//! Invariant: the process is gone when the value is.

use crate::process;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Time to say its first word, and time to end before it is killed.
const FIRST_WORD: Duration = Duration::from_secs(20);
const GRACE: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub struct Part {
    child: Child,
}

impl Part {
    /// Starts it; what it says goes to a log in its home. A test without it has to fail: `package` is where it comes from.
    pub fn start(name: &str, package: &str, command: &mut Command) -> Self {
        let log = log_of(name, command);
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).spawn();
        Self { child: child.unwrap_or_else(|error| missing(command, package, &error)) }
    }

    /// The same, for a program that says on its first line where it can be reached.
    pub fn start_and_hear(name: &str, package: &str, command: &mut Command) -> (Self, String) {
        let log = log_of(name, command);
        let child = command.stdout(Stdio::piped()).stderr(log).spawn();
        let mut child = child.unwrap_or_else(|error| missing(command, package, &error));
        let stdout = child.stdout.take().unwrap();
        let part = Self { child };
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            // read to the end, so that it is never held up
            BufReader::new(stdout).lines().map_while(Result::ok).for_each(|line| drop(send.send(line)));
        });
        let line = lines.recv_timeout(FIRST_WORD);
        (part, line.unwrap_or_else(|error| panic!("{name} said nothing: {error}")))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_none())
    }

    /// At once, as a crash.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        process::terminate(self.child.id(), &mut || self.child.try_wait().is_ok_and(|s| s.is_some()), GRACE);
        self.kill();
    }
}

/// A shell script that can be run.
pub fn script(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
}

fn missing(command: &Command, package: &str, error: &std::io::Error) -> ! {
    let program = command.get_program().display();
    panic!(
        "{program}: {error}: this test needs Debian's package {package}: scripts/setup.sh test installs it"
    )
}

fn log_of(name: &str, command: &Command) -> std::fs::File {
    let folder = command.get_current_dir().unwrap_or_else(|| Path::new("."));
    std::fs::File::options().create(true).append(true).open(folder.join(format!("{name}.log"))).unwrap()
}

/// The ends of all logs of a home, for a test that failed.
pub fn print_logs(home: &Path) {
    for path in crate::folder::files(home) {
        if path.extension().is_some_and(|ext| ext == "log")
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            println!("---- {}", path.strip_prefix(home).unwrap_or(&path).display());
            let lines: Vec<&str> = text.lines().rev().take(25).collect();
            lines.iter().rev().for_each(|line| println!("  {line}"));
        }
    }
}

/// Asks again and again, and gives up after a time; for what needs no runtime.
pub fn wait_for<T>(what: &str, time: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(begun.elapsed() < time, "not within {time:?}: {what}");
        std::thread::sleep(Duration::from_millis(25));
    }
}
