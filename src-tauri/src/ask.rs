//! One question to a recorder over HTTP, the way every client asks it: the canary's, and a second start's.
//!
//! Never keeps a connection. Invariant: an answer is bounded, and so is the wait for it.

use reqwest::redirect::Policy;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest answer.
const ANSWER_BYTES: usize = 256 * 1024;

/// A recorder that can be asked.
#[derive(Debug, Clone)]
pub struct Recorder {
    /// `http://127.0.0.1:8787`
    url: String,
    /// Where its token is. Read at each question, for it may be changed.
    data_dir: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Recorder {
    /// The one at `http://127.0.0.1:8787`, with the token of its data folder.
    pub fn at(url: &str, data_dir: &Path) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), data_dir: data_dir.to_owned() }
    }

    pub async fn post(&self, path: &str, body: &str, patience: Duration) -> io::Result<Answer> {
        let asked = tokio::time::timeout(patience, self.send(path, body)).await;
        match asked {
            Ok(answer) => answer.map_err(|error| io::Error::other(innermost(&error))),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "it does not answer")),
        }
    }

    async fn send(&self, path: &str, body: &str) -> reqwest::Result<Answer> {
        // the recorder is on this machine: no proxy, nowhere else, and nothing kept open
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build()?;
        let mut request = client
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/json")
            .body(body.to_owned());
        if let Ok(token) = chasm_server::read_token(&self.data_dir) {
            request = request.bearer_auth(token);
        }
        let mut response = request.send().await?;
        let mut read = Vec::new();
        while let Some(piece) = response.chunk().await? {
            let room = ANSWER_BYTES - read.len();
            read.extend(piece.iter().take(room));
            if piece.len() >= room {
                break;
            }
        }
        Ok(Answer { status: response.status().as_u16(), body: String::from_utf8_lossy(&read).into_owned() })
    }
}

/// What it came from: a library's own sentence around it says nothing to a person.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers this, whatever is asked, and gives back the question.
    async fn told(answer: &'static [u8]) -> (io::Result<Answer>, String) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("token"), "ab".repeat(32)).unwrap();
        let there = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let recorder = Recorder::at(&format!("http://{}/", there.local_addr().unwrap()), home.path());
        let answering = async {
            let (mut stream, _) = there.accept().await.unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"{\"a\":1}") {
                assert!(
                    stream.read_buf(&mut asked).await.unwrap() > 0,
                    "{}",
                    String::from_utf8_lossy(&asked)
                );
            }
            stream.write_all(answer).await.unwrap();
            String::from_utf8(asked).unwrap()
        };
        tokio::join!(recorder.post("/api/x", "{\"a\":1}", Duration::from_secs(20)), answering)
    }

    #[tokio::test]
    async fn answers_are_read_and_other_things_are_not() {
        let refusal = b"HTTP/1.1 409 Conflict\r\nConnection: close\r\n\r\n{\"error\":{\"code\":\"no_desktop\",\"message\":\"no window\"}}";
        let (answer, asked) = told(refusal).await;
        let answer = answer.unwrap();
        assert_eq!(
            (answer.status, answer.message().as_str(), answer.is_success()),
            (409, "no window", false)
        );
        assert!(asked.starts_with("POST /api/x HTTP/1.1\r\n"), "{asked}");
        let asked = asked.to_ascii_lowercase();
        let bearer = format!("authorization: bearer {}\r\n", "ab".repeat(32));
        for header in [bearer.as_str(), "content-type: application/json\r\n"] {
            assert!(asked.contains(header), "{asked}");
        }
        let (answer, _) = told(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        assert!(answer.unwrap().is_success());
        // nobody is led elsewhere
        let (answer, _) =
            told(b"HTTP/1.1 302 Found\r\nLocation: http://example.invalid/\r\nContent-Length: 0\r\n\r\n")
                .await;
        assert_eq!(answer.unwrap().status, 302);
        let (answer, _) = told(b"SSH-2.0-OpenSSH\r\n\r\n").await;
        assert!(answer.is_err());
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
