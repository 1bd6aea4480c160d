//! The facts of a request that the fence decides by.
//!
//! Reads, never judges. Invariant: a header that is no ASCII text counts as present and matches nothing.

use super::{Passes, Peer};
use http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, HeaderName,
    ORIGIN, TRANSFER_ENCODING,
};
use http::request::Parts;
use http::{HeaderMap, Method};
use std::net::SocketAddr;

#[derive(Debug, Clone)]
pub(crate) struct Facts<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    pub hosts: Vec<&'a str>,
    /// Host and port of an absolute request target.
    pub authority: Option<&'a str>,
    pub origins: Vec<&'a str>,
    /// `Sec-Fetch-Site`
    pub site: Option<&'a str>,
    /// The method that a preflight asks for.
    pub preflight_for: Option<&'a str>,
    pub content_types: Vec<&'a str>,
    pub has_body: bool,
    /// A browser's headers are on it.
    pub from_browser: bool,
    pub has_ticket: bool,
    /// The peer socket is the same user's.
    pub same_user: bool,
    /// It carries the token or a valid cookie.
    pub has_pass: bool,
    /// Our end of the connection.
    pub local: Option<SocketAddr>,
}

impl<'a> Facts<'a> {
    pub fn of(parts: &'a Parts, peer: &Peer, passes: &Passes) -> Self {
        let headers = &parts.headers;
        let origins = all(headers, &ORIGIN);
        let sec_fetch = |name: &'static str| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
        let preflight_for = match parts.method {
            Method::OPTIONS if !origins.is_empty() => {
                headers.get(ACCESS_CONTROL_REQUEST_METHOD).and_then(|v| v.to_str().ok())
            }
            _ => None,
        };
        Self {
            method: &parts.method,
            path: parts.uri.path(),
            hosts: all(headers, &HOST),
            authority: parts.uri.authority().map(http::uri::Authority::as_str),
            from_browser: !origins.is_empty()
                || ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"]
                    .iter()
                    .any(|n| sec_fetch(n).is_some()),
            site: site(headers),
            origins,
            preflight_for,
            content_types: all(headers, &CONTENT_TYPE),
            has_body: has_body(headers),
            has_ticket: parts.uri.query().is_some_and(|q| q.split('&').any(|p| p.starts_with("ticket="))),
            same_user: peer.is_same_user,
            has_pass: has_pass(headers, passes),
            local: peer.local,
        }
    }
}

fn all<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    headers.get_all(name).iter().map(|v| v.to_str().unwrap_or("?")).collect()
}

/// Several values are as bad as a foreign one.
fn site(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all("sec-fetch-site").iter();
    let first = values.next()?.to_str().unwrap_or("?");
    Some(if values.next().is_some() { "?" } else { first })
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING)
        || headers.get(CONTENT_LENGTH).is_some_and(|v| v.as_bytes() != b"0")
}

fn has_pass(headers: &HeaderMap, passes: &Passes) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(authorization) = text(&AUTHORIZATION) {
        let (scheme, token) = authorization.split_once(' ').unwrap_or_default();
        return scheme.eq_ignore_ascii_case("bearer") && passes.is_token(token.trim());
    }
    super::token_protocol(headers).is_some_and(|token| passes.is_token(token)) || cookie_of(headers, passes)
}

/// Whether it carries a cookie of ours that is good.
pub(crate) fn cookie_of(headers: &HeaderMap, passes: &Passes) -> bool {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok());
    cookies.flat_map(|line| line.split(';')).any(|cookie| passes.is_cookie(cookie.trim()))
}
