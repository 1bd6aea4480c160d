//! Request bodies: read within limits, then as JSON.
//!
//! Never keeps more than the limit in memory, declared length or not. Invariant: a body above 64 KiB has its share of the common
//! budget before it is read, and keeps it until the request is answered.

use crate::app::App;
use crate::budget::{SMALL, Share};
use crate::error::Failure;
use axum::body::Body;
use chasm_protocol::{ErrorCode, json};
use http::header::{CONTENT_LENGTH, EXPECT};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A body may take so long, and a second more for every [`RATE`] bytes of it: it holds its share of the budget meanwhile.
const STALL: Duration = Duration::from_secs(30);
const RATE: u64 = 16 * 1024;
/// What is thrown away of a body that is too large, so that the client is there to read the answer.
const DRAIN_BYTES: u64 = 256 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// A request's body as text.
pub(crate) struct Text {
    pub text: String,
    /// Held as long as the text is.
    pub share: Option<Share>,
}

/// Reads a body of at most `limits.frame_bytes`.
pub(crate) async fn text(app: &Arc<App>, headers: &HeaderMap, mut body: Body) -> Result<Text, Failure> {
    let limit = app.settings.current().limits.frame_bytes;
    let declared =
        headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    if declared.is_some_and(|bytes| bytes > limit as u64) {
        // a client that asks first has sent nothing yet
        if !headers.contains_key(EXPECT) {
            drain(body).await;
        }
        return Err(Failure::too_large(limit));
    }
    let mut share = take(app, declared.unwrap_or_default()).await?;
    let mut bytes = Vec::with_capacity(usize::try_from(declared.unwrap_or_default()).unwrap_or_default());
    let begun = Instant::now();
    while let Some(frame) = next(&mut body, begun + patience(bytes.len() as u64)).await? {
        if bytes.len() + frame.len() > limit {
            drop((bytes, share));
            drain(body).await;
            return Err(Failure::too_large(limit));
        }
        if share.is_none() && (bytes.len() + frame.len()) as u64 > SMALL {
            share = take(app, limit as u64).await?;
        }
        bytes.extend_from_slice(&frame);
    }
    let text = String::from_utf8(bytes)
        .map_err(|e| Failure::new(ErrorCode::BadJson, format!("not JSON: {}", e.utf8_error())))?;
    Ok(Text { text, share })
}

/// Reads a body as JSON of this shape. An empty one is `{}` where `may_be_empty`.
pub(crate) async fn json<T: DeserializeOwned + Send + 'static>(
    app: &Arc<App>,
    headers: &HeaderMap,
    body: Body,
    may_be_empty: bool,
) -> Result<T, Failure> {
    let mut read = text(app, headers, body).await?;
    if may_be_empty && read.text.trim().is_empty() {
        read.text = String::from("{}");
    }
    let nesting = app.settings.current().limits.nesting;
    large(app, read, move |text| parse(text, nesting)).await
}

/// Does something with a text, away from other requests where it is large.
pub(crate) async fn large<T: Send + 'static>(
    app: &Arc<App>,
    read: Text,
    work: impl FnOnce(&str) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    if read.text.len() as u64 <= SMALL {
        return work(&read.text);
    }
    let _turn = app.budget.parse().await;
    tokio::task::spawn_blocking(move || work(&read.text)).await.unwrap_or_else(|e| Err(Failure::internal(e)))
}

fn parse<T: DeserializeOwned>(text: &str, nesting: usize) -> Result<T, Failure> {
    let depth = json::depth(text);
    if depth > nesting {
        let message = format!("the body is nested {depth} deep: at most {nesting} are allowed");
        return Err(Failure::new(ErrorCode::TooDeep, message));
    }
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(error) => match json::replace_lone_surrogates(text) {
            Some(fixed) => serde_json::from_str(&fixed).map_err(|e| not_this(&e)),
            None => Err(not_this(&error)),
        },
    }
}

fn not_this(error: &serde_json::Error) -> Failure {
    let text = error.to_string();
    match error.classify() {
        serde_json::error::Category::Data if text.starts_with("missing field") => {
            Failure::new(ErrorCode::MissingField, text)
        }
        serde_json::error::Category::Data => Failure::new(ErrorCode::InvalidField, text),
        _ => Failure::new(ErrorCode::BadJson, format!("not JSON: {text}")),
    }
}

async fn take(app: &Arc<App>, bytes: u64) -> Result<Option<Share>, Failure> {
    tokio::time::timeout(STALL, app.budget.take(bytes))
        .await
        .map_err(|_| Failure::new(ErrorCode::Overloaded, "too many large requests at a time: send it again"))
}

fn patience(bytes: u64) -> Duration {
    STALL + Duration::from_secs(bytes / RATE)
}

async fn next(body: &mut Body, deadline: Instant) -> Result<Option<bytes::Bytes>, Failure> {
    loop {
        match tokio::time::timeout_at(deadline, body.frame()).await {
            Ok(None) => return Ok(None),
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Ok(Some(Err(e))) => return Err(Failure::bad_request(format!("the body broke off: {e}"))),
            Err(_) => {
                return Err(
                    Failure::bad_request("the body does not go on").with_status(StatusCode::REQUEST_TIMEOUT)
                );
            }
        }
    }
}

async fn drain(mut body: Body) {
    let deadline = Instant::now() + DRAIN_TIME;
    let mut seen = 0;
    while let Ok(Some(data)) = next(&mut body, deadline).await {
        seen += data.len() as u64;
        if seen > DRAIN_BYTES {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_told_from_what_is_wrong_json() {
        #[derive(Debug, serde::Deserialize)]
        struct Shape {
            #[allow(dead_code)]
            a: String,
        }
        let code = |text: &str| parse::<Shape>(text, 8).map_err(|f| f.code).unwrap_err();
        assert_eq!(code("{"), ErrorCode::BadJson);
        assert_eq!(code("nope"), ErrorCode::BadJson);
        assert_eq!(code("{}"), ErrorCode::MissingField);
        assert_eq!(code(r#"{"a":1}"#), ErrorCode::InvalidField);
        assert_eq!(code(&"[".repeat(9)), ErrorCode::TooDeep);
        assert_eq!(parse::<Shape>(r#"{"a":"x\ud83d"}"#, 8).unwrap().a, "x\u{fffd}");
    }
}
