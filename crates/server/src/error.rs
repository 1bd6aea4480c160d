//! The one place that maps errors to a status, a code and a sentence.
//!
//! Never shows what a chat says. Invariant: every answer of 400 and above that leaves the server is
//! `{"error":{"code":…,"message":…}}`.

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use chasm_engine::{EngineError, RecordError};
use chasm_protocol::api::{ErrorBody, ErrorDetail, RefusedField};
use chasm_protocol::{ErrorCode, Refusal, Timestamp};
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};

/// A request that was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub status: StatusCode,
    pub code: ErrorCode,
    pub message: String,
    /// Seconds after which it is worth to ask again.
    pub retry_after: Option<u64>,
    /// The fields that were refused, where there are such.
    pub fields: Vec<RefusedField>,
}

impl Failure {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            status: status_of(code),
            code,
            message: message.into(),
            retry_after: retry_after(code),
            fields: Vec::new(),
        }
    }

    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub fn with_fields(mut self, fields: Vec<RefusedField>) -> Self {
        self.fields = fields;
        self
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }

    pub fn too_large(limit: usize) -> Self {
        Self::new(
            ErrorCode::TooLarge,
            format!(
                "the body is larger than {limit} bytes: send it in smaller parts (setting limits.frame_bytes)"
            ),
        )
    }

    pub fn internal(what: impl std::fmt::Display) -> Self {
        tracing::error!(error = %what, "a request failed");
        Self::new(ErrorCode::Internal, format!("a fault of the recorder: {what}"))
    }
}

fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::BadJson | ErrorCode::UnknownFrame | ErrorCode::BadRequest => StatusCode::BAD_REQUEST,
        ErrorCode::MissingField | ErrorCode::InvalidField | ErrorCode::TooDeep => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        ErrorCode::TooLarge | ErrorCode::BatchTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        ErrorCode::Paused | ErrorCode::NotRecording | ErrorCode::ShuttingDown | ErrorCode::Overloaded => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::RevisionGone => StatusCode::GONE,
        ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorCode::ForbiddenHost | ErrorCode::ForbiddenOrigin | ErrorCode::ForbiddenSite => {
            StatusCode::FORBIDDEN
        }
        ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,
        ErrorCode::UnknownEditor => StatusCode::NOT_FOUND,
        ErrorCode::Conflict | ErrorCode::NoDesktop => StatusCode::CONFLICT,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn retry_after(code: ErrorCode) -> Option<u64> {
    match code {
        ErrorCode::Overloaded => Some(1),
        ErrorCode::ShuttingDown => Some(2),
        ErrorCode::StorageFull | ErrorCode::NotRecording | ErrorCode::Paused => Some(30),
        _ => None,
    }
}

/// Seconds until a pause ends, at most an hour, so that a client asks again should the user resume earlier.
fn until(end: Timestamp) -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let left = end.as_millis().saturating_sub(i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
    u64::try_from(left).unwrap_or_default().div_ceil(1_000).clamp(1, 3_600)
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        let mut failure = Self::new(error.code(), error.to_string());
        if let RecordError::Paused(Some(end)) = error {
            failure.retry_after = Some(until(end));
        }
        failure
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::NoSuchSession(_) | EngineError::NotInQuarantine(_) => {
                Self::new(ErrorCode::NotFound, error.to_string())
            }
            EngineError::BadRequest(message) => Self::bad_request(message),
            EngineError::RevisionGone => Self::new(ErrorCode::RevisionGone, error.to_string()),
            EngineError::HalfDeleted { .. } => Self::new(ErrorCode::Internal, error.to_string()),
            EngineError::ShuttingDown => Self::new(ErrorCode::ShuttingDown, error.to_string()),
            EngineError::Record(error) => error.into(),
            EngineError::Store(_) | EngineError::File { .. } => Self::internal(error),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code, refusal.message)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self { status, code, message, fields, .. } = self;
        let first = fields.first();
        let (field, reason) = (first.map(|f| f.field.clone()), first.map(|f| f.reason.clone()));
        let body = ErrorBody { error: ErrorDetail { code, message, field, reason, fields } };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"chasm-recorder\""));
        }
        response
    }
}

/// Gives an error answer that a library made (405, mostly) the shape of all others; its headers stay.
pub(crate) fn in_shape(response: Response, method: &Method, path: &str) -> Response {
    let status = response.status();
    let is_json =
        response.headers().get(CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"application/json"));
    if !(status.is_client_error() || status.is_server_error()) || is_json {
        return response;
    }
    let failure = match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            let allowed =
                response.headers().get(ALLOW).and_then(|v| v.to_str().ok()).unwrap_or("other methods");
            let message = format!("{method} does nothing at {}: use {allowed}", shown(path));
            Failure::new(ErrorCode::MethodNotAllowed, message)
        }
        StatusCode::NOT_FOUND => no_such_path(path),
        _ if status.is_server_error() => Failure::new(ErrorCode::Internal, "a fault of the recorder"),
        _ => Failure::bad_request("the request makes no sense"),
    };
    let (mut parts, _) = response.into_parts();
    let shaped = failure.with_status(status).into_response();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.extend(shaped.headers().clone());
    Response::from_parts(parts, Body::new(shaped.into_body()))
}

/// 404 for a path that no route has.
pub(crate) fn no_such_path(path: &str) -> Failure {
    Failure::new(ErrorCode::NotFound, format!("nothing is at {}: see /api/openapi.json", shown(path)))
}

fn shown(path: &str) -> String {
    path.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_may_try_again_says_when() {
        for code in
            [ErrorCode::Paused, ErrorCode::StorageFull, ErrorCode::ShuttingDown, ErrorCode::NotRecording]
        {
            let response = Failure::new(code, "x").into_response();
            assert!(response.headers().contains_key(RETRY_AFTER), "{code}");
            assert!(response.status().is_server_error(), "{code}");
        }
    }

    #[test]
    fn the_end_of_a_pause_is_the_time_to_ask_again() {
        let past: Failure = RecordError::Paused(Some(Timestamp::from_micros(0))).into();
        assert_eq!(past.retry_after, Some(1));
        let far: Failure = RecordError::Paused(Some(Timestamp::from_micros(i64::MAX / 2))).into();
        assert_eq!(far.retry_after, Some(3_600));
    }
}
