//! HTTP over a bare socket: nothing is added that a test did not ask for.

use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest time until an answer is complete.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub struct Answer {
    /// 0 where the connection ended without an answer.
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// The body, where the status had to be this.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The code of an error in the shape that all errors have.
    #[track_caller]
    pub fn error(&self, status: u16) -> String {
        let body = self.expect(status);
        assert!(body["error"]["message"].as_str().is_some_and(|m| !m.is_empty()), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        body["error"]["code"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

/// A request with these headers and no others but `Host` (unless given), `Content-Length` and `Connection: close`.
pub async fn ask(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head.push_str(&format!("Host: {to}\r\n"));
    }
    if !body.is_empty() || method == "POST" {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    raw(to, &[head.as_bytes(), b"\r\n", body].concat()).await
}

/// These bytes, and what comes back until the server closes.
pub async fn raw(to: SocketAddr, bytes: &[u8]) -> Answer {
    let stream = TcpStream::connect(to).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let bytes = bytes.to_vec();
    // a server that has heard enough may not take all of it
    let writing = tokio::spawn(async move {
        let _ = write.write_all(&bytes).await;
        write
    });
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, read.read_to_end(&mut answer)).await;
    writing.abort();
    assert!(
        ended.is_ok(),
        "no end of the answer within {PATIENCE:?}: {:?}",
        String::from_utf8_lossy(&answer)
    );
    parse(&answer)
}

fn parse(bytes: &[u8]) -> Answer {
    let split = crate::folder::position(bytes, b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
    let rest = bytes.get(split + 4..).unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunked(rest) } else { rest.to_vec() };
    Answer { status, head, body: String::from_utf8_lossy(&body).into_owned() }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line) = crate::folder::position(rest, b"\r\n") {
        let size =
            std::str::from_utf8(&rest[..line]).ok().and_then(|s| usize::from_str_radix(s.trim(), 16).ok());
        let Some(size) = size.filter(|n| *n > 0) else { break };
        let end = (line + 2 + size).min(rest.len());
        body.extend_from_slice(&rest[line + 2..end]);
        rest = rest.get(end + 2..).unwrap_or_default();
    }
    body
}

/// Paths of every kind: API, page, metrics, nothing, the upgrade.
pub const ROUTES: [&str; 6] =
    ["/api/recording/status", "/api/recording/sessions", "/", "/metrics", "/no/such/path", "/ws/recording"];

/// GET of all routes with these headers, as a handshake too: each has to be refused, and no page may read why.
pub async fn refused_everywhere(to: SocketAddr, headers: &[(&str, &str)], status: u16, code: &str) {
    const UPGRADE: [(&str, &str); 4] = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for path in ROUTES {
        for upgrade in [&[][..], &UPGRADE[..]] {
            let headers = [headers, upgrade].concat();
            let answer = ask(to, "GET", path, &headers, b"").await;
            assert_eq!(answer.error(status), code, "{path} {headers:?}");
            assert_eq!(answer.header("access-control-allow-origin"), None, "{path} {headers:?}");
        }
    }
}

/// Percent-encodes a path segment or a query value.
pub fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
