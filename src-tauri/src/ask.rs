//! One question to a recorder over HTTP, the way every client asks it: the canary's, and a second start's.
//!
//! Never keeps a connection. Invariant: an answer is bounded, and so is the wait for it.

use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest answer.
const ANSWER_BYTES: u64 = 256 * 1024;

/// A recorder that can be asked.
#[derive(Debug, Clone)]
pub struct Recorder {
    /// `127.0.0.1:8787`
    authority: String,
    token: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Recorder {
    /// The one at `http://127.0.0.1:8787`, with the token of its data folder.
    pub fn at(url: &str, data_dir: &Path) -> Self {
        let authority = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { authority, token: chasm_server::read_token(data_dir).ok() }
    }

    pub async fn post(&self, path: &str, body: &str, patience: Duration) -> io::Result<Answer> {
        let asked = tokio::time::timeout(patience, self.send(path, body)).await;
        asked.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "it does not answer")))
    }

    async fn send(&self, path: &str, body: &str) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(&self.authority).await?;
        let authorization = self
            .token
            .as_ref()
            .map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n{authorization}\r\n{body}",
            self.authority,
            body.len(),
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES).read_to_end(&mut answer).await?;
        read(&answer).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "what answers is no recorder"))
    }
}

impl Answer {
    /// The sentence of an error, else the status.
    pub fn message(&self) -> String {
        let said = serde_json::from_str::<chasm_protocol::api::ErrorBody>(&self.body);
        said.map_or_else(|_| format!("it answers with status {}", self.status), |body| body.error.message)
    }

    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

fn read(answer: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut first = head.lines().next()?.split(' ');
    first.next().filter(|version| version.starts_with("HTTP/1."))?;
    Some(Answer { status: first.next()?.parse().ok()?, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_other_things_are_not() {
        let answer = read(b"HTTP/1.1 409 Conflict\r\nX: y\r\n\r\n{\"error\":{\"code\":\"no_desktop\",\"message\":\"no window\"}}").unwrap();
        assert_eq!(
            (answer.status, answer.message().as_str(), answer.is_success()),
            (409, "no window", false)
        );
        let answer = read(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        assert!(answer.is_success());
        for odd in [&b""[..], b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200", b"HTTP/1.1 x y\r\n\r\n"] {
            assert_eq!(read(odd), None);
        }
    }

    #[tokio::test]
    async fn nobody_there_and_nobody_who_answers_are_errors() {
        let home = tempfile::tempdir().unwrap();
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let recorder = Recorder::at(&format!("http://{}", silent.local_addr().unwrap()), home.path());
        let error = recorder.post("/", "{}", Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(silent);
        assert!(recorder.post("/", "{}", Duration::from_secs(5)).await.is_err());
    }
}
