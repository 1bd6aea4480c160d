//! The origin of a web page: `scheme://host[:port]`.
//!
//! Invariant: an [`Origin`] is spelled as browsers spell it (lower case, no default port, no path), so that comparing is
//! comparing text.

use serde::Serialize;
use std::fmt;

/// Schemes of pages: of the web, of editors and of browsers' extensions.
const SCHEMES: [&str; 8] = [
    "http",
    "https",
    "vscode-webview",
    "vscode-file",
    "tauri",
    "chrome-extension",
    "moz-extension",
    "safari-web-extension",
];

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim().to_ascii_lowercase();
        if text == "null" {
            return Err(String::from("\"null\" is what every sandboxed page sends: it cannot be allowed"));
        }
        if text == "*" {
            return Err(String::from("every page of the web is not an origin: name the ones to allow"));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(shape)?;
        let mut letters = scheme.chars();
        let good_scheme = letters.next().is_some_and(|c| c.is_ascii_lowercase())
            && letters.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if good_scheme && !SCHEMES.contains(&scheme) {
            let shown: String = scheme.chars().take(40).collect();
            return Err(format!(
                "`{shown}` is no scheme of a page that could record: allowed are {}",
                SCHEMES.join(", ")
            ));
        }
        let (host, port) = split_port(rest)?;
        let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let good_host = match inner {
            Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)),
        };
        if !good_scheme || !good_host {
            return Err(shape());
        }
        let port = port.filter(|p| !matches!((scheme, p), ("http", 80) | ("https", 443)));
        let port = port.map(|p| format!(":{p}")).unwrap_or_default();
        Ok(Self(format!("{scheme}://{host}{port}")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn split_port(rest: &str) -> Result<(&str, Option<u16>), String> {
    let after_v6 = rest.find(']').map_or(0, |at| at + 1);
    match rest.get(after_v6..).and_then(|tail| tail.find(':')) {
        None => Ok((rest, None)),
        Some(at) => {
            let (host, port) = rest.split_at(after_v6 + at);
            let port = port.trim_start_matches(':').parse::<u16>().map_err(|_| shape())?;
            Ok((host, Some(port)))
        }
    }
}

fn shape() -> String {
    String::from("an origin is scheme://host[:port], such as https://chat.example.org")
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_browsers_send() {
        for (text, want) in [
            ("https://Chat.Example.org", "https://chat.example.org"),
            ("https://chat.example.org:443", "https://chat.example.org"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
            ("vscode-webview://1A2b-c3", "vscode-webview://1a2b-c3"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().as_str(), want);
        }
    }

    #[test]
    fn a_scheme_that_no_page_has_is_named() {
        for scheme in ["file", "ws", "wss", "ftp", "javascript", "data", "about"] {
            let why = Origin::parse(&format!("{scheme}://a")).unwrap_err();
            assert!(why.contains(&format!("`{scheme}`")) && why.contains("https"), "{why}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for bad in [
            "null",
            "*",
            "",
            "chat.example.org",
            "https://",
            "https://a/",
            "https://a/b",
            "https://a:b",
            "https://u@a",
            "https://a:70000",
            "https://*.a",
            "://a",
            "https://a b",
            "http://[::1",
            "https://ü",
        ] {
            assert!(Origin::parse(bad).is_err(), "{bad}");
        }
    }
}
