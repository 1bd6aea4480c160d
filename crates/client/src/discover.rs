//! Where the recorder is: its data folder, its address, its token.
//!
//! Owns the order in which places are asked. Never connects. Invariant: the token of the data folder is sent to this machine
//! only, or to the address that the data folder itself names.

use crate::ClientError;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The address where nothing else is said.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8787";
/// Names of the files in the data folder that a client reads.
pub const SERVER_FILE: &str = "server.json";
pub const TOKEN_FILE: &str = "token";

/// A recorder to talk to.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `http://host:port`, without a slash at the end.
    pub url: String,
    /// Sent as `Authorization: Bearer …`; not needed where the recorder sees the caller's uid.
    pub token: Option<String>,
    pub found: Found,
}

/// How an address was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It was given.
    Given,
    /// The data folder names a running recorder.
    Running(RunningServer),
    /// Nothing names one.
    Default,
}

/// `server.json` in the data folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RunningServer {
    /// With or without `http://`.
    pub address: String,
    pub pid: u32,
    #[serde(default)]
    pub version: Option<String>,
}

/// The folder of everything that is recorded: the given one, else `CHASM_DATA_DIR`, else the platform's own
/// (Linux: `$XDG_DATA_HOME/chasm-recorder`).
pub fn data_dir(given: Option<&Path>) -> Result<PathBuf, ClientError> {
    if let Some(folder) = given {
        return Ok(folder.to_owned());
    }
    if let Some(folder) = std::env::var_os("CHASM_DATA_DIR").filter(|folder| !folder.is_empty()) {
        return Ok(folder.into());
    }
    let dirs = directories::ProjectDirs::from("", "", "chasm-recorder").ok_or(ClientError::NoHome)?;
    Ok(dirs.data_dir().to_owned())
}

impl Endpoint {
    /// The given address, else the one in the data folder's `server.json`, else the default.
    pub fn discover(given: Option<&str>, data_dir: &Path) -> Result<Self, ClientError> {
        let (url, found) = match (given, running_server(data_dir)) {
            (Some(url), _) => (base_url(url)?, Found::Given),
            (None, Some(server)) => (base_url(&server.address)?, Found::Running(server)),
            (None, None) => (DEFAULT_URL.to_owned(), Found::Default),
        };
        let trusted = found != Found::Given || is_loopback(&url);
        let token = if trusted { read_token(data_dir) } else { None };
        Ok(Self { url, token, found })
    }

    /// The same, without a data folder and token.
    pub fn at(url: &str) -> Result<Self, ClientError> {
        Ok(Self { url: base_url(url)?, token: None, found: Found::Given })
    }

    pub(crate) fn websocket(&self) -> String {
        format!("ws{}/ws/recording", self.url.strip_prefix("http").unwrap_or(&self.url))
    }
}

/// The token is not for logs.
impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let token = self.token.as_ref().map(|_| "…");
        f.debug_struct("Endpoint")
            .field("url", &self.url)
            .field("token", &token)
            .field("found", &self.found)
            .finish()
    }
}

/// What the data folder says of a running recorder; a file that cannot be read is as good as none.
pub fn running_server(data_dir: &Path) -> Option<RunningServer> {
    let text = std::fs::read(data_dir.join(SERVER_FILE)).ok()?;
    serde_json::from_slice(&text).ok()
}

fn read_token(data_dir: &Path) -> Option<String> {
    let text = std::fs::read_to_string(data_dir.join(TOKEN_FILE)).ok()?;
    Some(text.trim().to_owned()).filter(|token| !token.is_empty())
}

/// `http://host:port` from what people write.
fn base_url(text: &str) -> Result<String, ClientError> {
    let bad = |why: &str| ClientError::BadUrl { url: text.to_owned(), why: why.to_owned() };
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = reqwest::Url::parse(&full).map_err(|e| bad(&e.to_string()))?;
    match url.scheme() {
        "http" => {}
        "https" => return Err(bad("only http is spoken here; put a tunnel in between")),
        _ => return Err(bad("it begins with http://")),
    }
    let host = url.host_str().ok_or_else(|| bad("it has no host"))?;
    if url.path() != "/" || url.query().is_some() || !url.username().is_empty() {
        return Err(bad("only host and port belong there"));
    }
    Ok(match url.port() {
        Some(port) => format!("http://{host}:{port}"),
        None => format!("http://{host}"),
    })
}

fn is_loopback(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_given_then_running_then_default() {
        let folder = tempfile::tempdir().unwrap();
        let find = |given| Endpoint::discover(given, folder.path()).unwrap();
        assert_eq!(find(None).url, DEFAULT_URL);
        std::fs::write(folder.path().join(SERVER_FILE), r#"{"address":"127.0.0.1:4242","pid":7,"x":1}"#)
            .unwrap();
        std::fs::write(folder.path().join(TOKEN_FILE), "secret\n").unwrap();
        let running = find(None);
        assert_eq!(
            (running.url.as_str(), running.token.as_deref()),
            ("http://127.0.0.1:4242", Some("secret"))
        );
        assert!(matches!(running.found, Found::Running(RunningServer { pid: 7, .. })));
        assert_eq!(running.websocket(), "ws://127.0.0.1:4242/ws/recording");
        assert_eq!(find(Some("http://localhost:1/")).url, "http://localhost:1");
        assert!(!format!("{running:?}").contains("secret"));
        std::fs::write(folder.path().join(SERVER_FILE), "{torn").unwrap();
        assert_eq!(find(None).found, Found::Default);
    }

    #[test]
    fn the_token_stays_on_this_machine() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(TOKEN_FILE), "secret").unwrap();
        let token = |url| Endpoint::discover(Some(url), folder.path()).unwrap().token;
        assert!(token("http://[::1]:8787").is_some());
        assert!(token("127.0.0.1:8787").is_some());
        assert!(token("http://example.org:8787").is_none());
        assert!(token("http://127.0.0.1.example.org").is_none());
    }

    #[test]
    fn odd_addresses_are_refused_with_a_reason() {
        for bad in ["https://localhost", "ftp://x", "http://", "http://h/path", "http://u@h", "::"] {
            assert!(Endpoint::at(bad).is_err(), "{bad}");
        }
        assert_eq!(Endpoint::at("localhost:9").unwrap().url, "http://localhost:9");
    }
}
