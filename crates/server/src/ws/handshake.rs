//! The WebSocket handshake: what a request must have, and the answer to it.
//!
//! Never answers with the token where the client offers anything else. Source: RFC 6455, 4.2.

use crate::error::Failure;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{
    CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, StatusCode, Version};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The subprotocol that we speak.
const PROTOCOL: &str = "chasm.v1";

/// A request that may become a WebSocket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Handshake {
    accept: String,
    protocol: Option<HeaderValue>,
}

impl Handshake {
    pub fn check(version: Version, headers: &HeaderMap) -> Result<Self, Box<Response>> {
        if version != Version::HTTP_11
            || !has_word(headers, &UPGRADE, "websocket")
            || !has_word(headers, &CONNECTION, "upgrade")
        {
            return Err(refused("this address speaks WebSocket: connect to it with a WebSocket client"));
        }
        if one(headers, &SEC_WEBSOCKET_VERSION) != Some("13") {
            return Err(refused("WebSocket version 13 is needed"));
        }
        match one(headers, &SEC_WEBSOCKET_KEY).filter(|key| is_key(key)) {
            Some(key) => Ok(Self { accept: derive_accept_key(key.as_bytes()), protocol: protocol(headers) }),
            None => Err(Box::new(
                Failure::bad_request("exactly one Sec-WebSocket-Key of 16 bytes in base64 is needed")
                    .into_response(),
            )),
        }
    }

    pub fn answer(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        if let Ok(accept) = HeaderValue::from_str(&self.accept) {
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        }
        if let Some(protocol) = self.protocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        response
    }
}

fn refused(message: &str) -> Box<Response> {
    let mut response =
        Failure::bad_request(message).with_status(StatusCode::UPGRADE_REQUIRED).into_response();
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    Box::new(response)
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value.trim())
}

fn has_word(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|line| line.split(',')).any(|item| item.trim().eq_ignore_ascii_case(word))
}

/// 16 bytes in base64: 22 digits and two signs of padding.
fn is_key(key: &str) -> bool {
    key.strip_suffix("==").is_some_and(|digits| {
        digits.len() == 22 && digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
    })
}

/// A browser that offers subprotocols needs one of them in the answer: ours, else the first, so the token only where it is all
/// there is (the client that gets it back has just sent it).
fn protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|v| v.to_str().ok());
    let offers: Vec<&str> = values.flat_map(|line| line.split(',')).map(str::trim).collect();
    let ours = offers.iter().find(|offer| **offer == PROTOCOL);
    let token = crate::fence::token_protocol(headers).and_then(|_| offers.first());
    HeaderValue::from_str(ours.or(token)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 4] = [
        ("upgrade", "WebSocket"),
        ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    fn check(changes: &[(&'static str, &str)]) -> Result<Handshake, StatusCode> {
        let mut headers = HeaderMap::new();
        for (name, value) in GOOD {
            if !changes.iter().any(|(changed, _)| *changed == name) {
                headers.append(name, value.parse().unwrap());
            }
        }
        for (name, value) in changes.iter().filter(|(_, value)| !value.is_empty()) {
            headers.append(*name, value.parse().unwrap());
        }
        Handshake::check(Version::HTTP_11, &headers).map_err(|response| response.status())
    }

    #[test]
    fn the_example_of_the_rfc() {
        let answer = check(&[]).unwrap().answer();
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(answer.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(!answer.headers().contains_key("sec-websocket-protocol"));
    }

    #[test]
    fn what_is_no_websocket_is_told_so() {
        for missing in ["upgrade", "connection", "sec-websocket-version"] {
            assert_eq!(check(&[(missing, "")]), Err(StatusCode::UPGRADE_REQUIRED), "{missing}");
        }
        assert_eq!(check(&[("sec-websocket-version", "8")]), Err(StatusCode::UPGRADE_REQUIRED));
        for key in ["", "short", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZ!=="] {
            assert_eq!(check(&[("sec-websocket-key", key)]), Err(StatusCode::BAD_REQUEST), "{key}");
        }
        let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(check(&[key, key]), Err(StatusCode::BAD_REQUEST));
    }

    #[test]
    fn the_token_comes_back_only_where_nothing_else_was_offered() {
        let chosen = |offer| check(&[("sec-websocket-protocol", offer)]).unwrap().protocol;
        assert_eq!(chosen("chasm.token.abc, chasm.v1").unwrap(), "chasm.v1");
        assert_eq!(chosen("x, chasm.token.abc").unwrap(), "x");
        assert_eq!(chosen("chasm.token.abc").unwrap(), "chasm.token.abc");
        assert_eq!(chosen("x, y"), None);
    }
}
