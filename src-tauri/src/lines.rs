//! The lines that come from the recorder, and those that go to it: the child's side of `wire`.
//!
//! Never draws. Invariant: a recorder that is gone is noticed by the end of stdin, and a closed pipe is no error.

use crate::wire;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{BufRead, BufReader, Read, Write};

/// Reads on a thread of its own; `None` is the end.
pub fn hear<T: DeserializeOwned>(mut told: impl FnMut(Option<T>) + Send + 'static) -> std::io::Result<()> {
    let read = move || {
        let mut reader = BufReader::new(std::io::stdin());
        let mut line = Vec::new();
        loop {
            line.clear();
            match reader.by_ref().take(wire::LINE_BYTES as u64).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return told(None),
                Ok(_) => {
                    if let Ok(message) = serde_json::from_slice(&line) {
                        told(Some(message));
                    }
                }
            }
        }
    };
    std::thread::Builder::new().name(String::from("stdin")).spawn(read).map(drop)
}

/// Says something to the recorder.
pub fn say(message: &impl Serialize) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(wire::line(message).as_bytes());
    let _ = stdout.flush();
}

/// The last line of stderr is what the recorder shows as the reason.
pub fn complain(why: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{why}");
}
