//! What the kernel says of a process.

use std::fs;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// Memory in KiB: now, and at most so far. (0, 0) where there is no `/proc`.
pub fn memory_kib(pid: u32) -> (u64, u64) {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_ascii_whitespace().nth(1)?.parse().ok()
    };
    (field("VmRSS:").unwrap_or(0), field("VmHWM:").unwrap_or(0))
}

/// Lets this process open so many files, as far as it may.
pub fn allow_files(wanted: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(wanted).min(wanted);
    if limit.current.is_some_and(|now| now < most) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: limit.maximum }).unwrap();
    }
}

/// A process of somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    /// Its program's file name.
    pub name: String,
}

/// The processes with this in their environment, zombies not counted.
pub fn with_environment(name: &str, value: &str) -> Vec<Process> {
    let wanted = format!("{name}={value}");
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        if environment.split(|b| *b == 0).any(|pair| pair == wanted.as_bytes()) {
            let program = fs::read_link(entry.path().join("exe")).unwrap_or_default();
            let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.push(Process { pid, name });
        }
    }
    found
}

/// Proportional memory in KiB: what is shared is counted in parts. 0 where the process is gone.
pub fn pss_kib(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Processor time so far, children that ended not counted.
pub fn cpu_seconds(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // behind the name, which may have spaces: state is field 3, user and system time are 14 and 15
    let Some((_, fields)) = text.rsplit_once(')') else { return 0.0 };
    let ticks = |n: usize| fields.split_ascii_whitespace().nth(n).and_then(|t| t.parse::<f64>().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}

/// The end of a child that was asked to stop. One that takes longer is killed, and `None` said.
pub fn end(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if begun.elapsed() > patience {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Ends it at once, by its pid.
pub fn kill(pid: u32) {
    signal(pid, rustix::process::Signal::KILL);
}

pub fn signal(pid: u32, signal: rustix::process::Signal) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid.cast_signed()) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Asks it to end, and waits until `gone` says so, for a time at most.
pub fn terminate(pid: u32, gone: &mut dyn FnMut() -> bool, time: Duration) {
    let begun = Instant::now();
    if gone() {
        return;
    }
    signal(pid, rustix::process::Signal::TERM);
    while !gone() && begun.elapsed() < time {
        std::thread::sleep(Duration::from_millis(10));
    }
}
