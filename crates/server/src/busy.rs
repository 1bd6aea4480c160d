//! Who has the port that we wanted, in words.
//!
//! Only ever asks and looks; what cannot be found out is left out. Invariant: it takes no longer than two seconds.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(1);

/// What is known of the one who has the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub pid: Option<u32>,
    pub name: Option<String>,
    /// It is a Chasm Recorder.
    pub is_recorder: bool,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let process = match (&self.name, self.pid) {
            (Some(name), Some(pid)) => Some(format!("{name}, pid {pid}")),
            (None, Some(pid)) => Some(format!("pid {pid}")),
            _ => None,
        };
        match (self.is_recorder, process) {
            (true, Some(process)) => {
                write!(f, "another chasm recorder ({process}) has it: stop that one, or use --port")
            }
            (true, None) => write!(f, "another chasm recorder has it: stop that one, or use --port"),
            (false, Some(process)) => write!(f, "{process} has it: use --port, or port = … in config.toml"),
            (false, None) => write!(f, "another program has it: use --port, or port = … in config.toml"),
        }
    }
}

/// Finds out who listens at this address. Blocks.
pub(crate) fn holder(address: SocketAddr) -> Holder {
    let process = process(address.port());
    Holder {
        pid: process.as_ref().map(|(pid, _)| *pid),
        name: process.and_then(|(_, name)| name),
        is_recorder: is_recorder(address),
    }
}

/// Asks for the status; a recorder of another user refuses, but says what it is.
fn is_recorder(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<Vec<u8>> {
        let begin = Instant::now();
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        write!(stream, "GET /api/recording/status HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let (mut answer, mut chunk) = (Vec::new(), [0u8; 1024]);
        while answer.len() < 4096 && begin.elapsed() < PATIENCE {
            match stream.read(&mut chunk)? {
                0 => break,
                n => answer.extend_from_slice(chunk.get(..n).unwrap_or_default()),
            }
        }
        Ok(answer)
    };
    let answer = ask().unwrap_or_default();
    String::from_utf8_lossy(&answer).to_ascii_lowercase().contains("\r\nserver: chasm-recorder\r\n")
}

#[cfg(target_os = "linux")]
fn process(port: u16) -> Option<(u32, Option<String>)> {
    let inode = listening_inode(port)?;
    let wanted = format!("socket:[{inode}]");
    let processes = std::fs::read_dir("/proc").ok()?;
    for entry in processes.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // other users' processes do not show their files
        let Ok(files) = std::fs::read_dir(entry.path().join("fd")) else { continue };
        if files
            .flatten()
            .any(|f| std::fs::read_link(f.path()).is_ok_and(|to| to.as_os_str() == wanted.as_str()))
        {
            let name = std::fs::read_to_string(entry.path().join("comm")).ok();
            return Some((pid, name.map(|n| n.trim().to_owned())));
        }
    }
    None
}

#[cfg(target_os = "linux")]
fn listening_inode(port: u16) -> Option<u64> {
    use crate::fence::tables::{LISTEN, Row, TABLES};
    TABLES.iter().find_map(|table| {
        let text = std::fs::read_to_string(table).ok()?;
        let mut rows = text.lines().skip(1).filter_map(Row::parse);
        rows.find(|row| row.local.port() == port && row.state == LISTEN).map(|row| row.inode)
    })
}

#[cfg(not(target_os = "linux"))]
fn process(_port: u16) -> Option<(u32, Option<String>)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_holder_of_a_port_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = holder(listener.local_addr().unwrap());
        assert_eq!(holder.pid, Some(std::process::id()));
        assert!(!holder.is_recorder);
        let text = holder.to_string();
        assert!(text.contains(&format!("pid {} has it", std::process::id())), "{text}");
    }
}
