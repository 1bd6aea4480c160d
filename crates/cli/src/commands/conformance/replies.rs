//! What the client says on stdout: a reply to each line of its stdin, in the order of the lines.
//!
//! Owns the reading of it. Never waits for one, and takes no notice of anything else that is printed. Invariant: a reply counts
//! when it was written before the client's end, however late it is read here.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::watch;

/// The reply to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The event survives a kill of the client from here on.
    Kept,
    /// The client has no use for lines of this kind.
    Skipped,
}

/// How many of each, over all processes of a round.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    pub kept: usize,
    pub skipped: usize,
}

impl Said {
    pub fn add(&mut self, replies: &[Reply]) {
        let kept = replies.iter().filter(|reply| **reply == Reply::Kept).count();
        self.kept += kept;
        self.skipped += replies.len() - kept;
    }
}

/// Until its end.
pub async fn listen(stdout: impl AsyncRead + Unpin, replies: watch::Sender<Vec<Reply>>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    while stdout.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
        if let Some(reply) = read(&line) {
            replies.send_modify(|replies| replies.push(reply));
        }
        line.clear();
    }
}

/// A line without its end may be one that was cut off by the kill.
fn read(line: &[u8]) -> Option<Reply> {
    let value: Value = serde_json::from_slice(line.strip_suffix(b"\n")?).ok()?;
    match value.get("kind").and_then(Value::as_str)? {
        "kept" => Some(Reply::Kept),
        "skipped" => Some(Reply::Skipped),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn replies_are_read_and_all_else_is_let_by() {
        let printed = b"starting\n{\"kind\":\"kept\"}\r\n\xff\n[1]\n{\"kind\":\"other\"}\n{\"kind\":\"skipped\"}\n{\"kind\":\"kept\"}\n{\"kind\":\"kept\"}";
        let (sender, receiver) = watch::channel(Vec::new());
        listen(&printed[..], sender).await;
        assert_eq!(*receiver.borrow(), [Reply::Kept, Reply::Skipped, Reply::Kept]);
        let mut said = Said::default();
        said.add(&receiver.borrow());
        said.add(&[Reply::Kept]);
        assert_eq!(said, Said { kept: 3, skipped: 1 });
    }
}
