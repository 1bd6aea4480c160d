//! `/recording/…`: the paths of «chasm-cli 2.0.0», for the clients that were made for it.
//!
//! What they mean is `crate::chasm2`'s matter. Invariant: an error has their shape and ours in one object, so that either kind of
//! client finds what it looks for.

use super::{Shared, ws};
use crate::app::{App, Seat};
use crate::body::{self, Text};
use crate::chasm2::{self, Refused, Scope, Source};
use crate::error::Failure;
use crate::query::Id;
use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use chasm_protocol::api::ErrorBody;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;

/// Records events of a «chasm-cli 2.0.0» client.
#[utoipa::path(
    post,
    path = "/recording/events",
    tag = "chasm-cli 2.0.0",
    operation_id = "chasm2RecordEvents",
    request_body(content = Value, content_type = "application/json", description = "{\"events\":[{\"type\":\"message_add\",…},…]}"),
    responses(
        (status = 200, description = "{\"processed\":n,\"responses\":[…]}: what was accepted is on disk", body = Value),
        (status = 400, description = "not JSON, or not this shape", body = ErrorBody),
        (status = 413, description = "too large, or too many events", body = ErrorBody),
        (status = 422, description = "`events` is missing or no list", body = ErrorBody),
        (status = 503, description = "paused, or stopping: see Retry-After", body = ErrorBody),
        (status = 507, description = "the disk is full: see Retry-After", body = ErrorBody),
    )
)]
pub(crate) async fn record(State(app): Shared, headers: HeaderMap, body: Body) -> Response {
    match record_batch(&app, &headers, body).await {
        Ok(answer) => Json(answer).into_response(),
        Err(failure) => theirs(failure),
    }
}

async fn record_batch(app: &Arc<App>, headers: &HeaderMap, body: Body) -> Result<Value, Failure> {
    let Text { text, share } = body::text(app, headers, body).await?;
    let limits = app.settings.current().protocol_limits();
    let read = move |text: &str| chasm2::read_batch(text, &limits).map_err(failure);
    let events = body::large(app, Text { text, share: None }, read).await?;
    let mut scope = Scope::default();
    let batch = chasm2::record(app, Source::Request, &mut scope, events).await?;
    drop(share);
    let sessions = batch.sessions().clone();
    let answered = batch.answered().await;
    if let (false, Some(error)) = (answered.has_recorded(), answered.failure) {
        return Err(error.into());
    }
    app.chasm2.answered(&sessions);
    Ok(json!({"processed": answered.answers.len(), "responses": answered.answers}))
}

/// Takes a session as a «chasm-cli 2.0.0» client sees it.
#[utoipa::path(
    post,
    path = "/recording/snapshot",
    tag = "chasm-cli 2.0.0",
    operation_id = "chasm2TakeSnapshot",
    request_body(content = Value, content_type = "application/json", description = "{\"type\":\"session_snapshot\",\"session_id\":…,\"provider\":…,\"messages\":[…]}"),
    responses(
        (status = 200, description = "{\"type\":\"ack\",…}: the snapshot is on disk", body = Value),
        (status = 400, description = "not JSON, or no snapshot", body = ErrorBody),
        (status = 413, description = "too large", body = ErrorBody),
        (status = 422, description = "a field is missing or wrong", body = ErrorBody),
        (status = 503, description = "paused, or stopping: see Retry-After", body = ErrorBody),
        (status = 507, description = "the disk is full: see Retry-After", body = ErrorBody),
    )
)]
pub(crate) async fn take(State(app): Shared, headers: HeaderMap, body: Body) -> Response {
    match take_snapshot(&app, &headers, body).await {
        Ok(Ok(answer)) => Json(answer).into_response(),
        Ok(Err(refused)) => {
            let code = refused.code();
            named(failure(refused), &code)
        }
        Err(failure) => theirs(failure),
    }
}

async fn take_snapshot(
    app: &Arc<App>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Result<Value, Refused>, Failure> {
    let read = body::text(app, headers, body).await?;
    let limits = app.settings.current().protocol_limits();
    match body::large(app, read, move |text| Ok(chasm2::read_snapshot(text, &limits))).await? {
        Ok(request) => Ok(Ok(chasm2::snapshot(app, request).await?)),
        Err(refused) => Ok(Err(refused)),
    }
}

/// The sessions that are recorded now, for a «chasm-cli 2.0.0» client.
#[utoipa::path(
    get,
    path = "/recording/sessions",
    tag = "chasm-cli 2.0.0",
    operation_id = "chasm2ListSessions",
    responses((status = 200, description = "{\"active_sessions\":[…],\"total\":n}", body = Value))
)]
pub(crate) async fn list(State(app): Shared) -> Response {
    shown(chasm2::listed(&app).await)
}

/// A session with its messages, for a «chasm-cli 2.0.0» client.
#[utoipa::path(
    get,
    path = "/recording/sessions/{id}",
    tag = "chasm-cli 2.0.0",
    operation_id = "chasm2GetSession",
    params(("id" = String, Path, description = "the session's id, percent-encoded")),
    responses(
        (status = 200, description = "the session", body = Value),
        (status = 404, description = "no such session", body = ErrorBody),
    )
)]
pub(crate) async fn session(State(app): Shared, Id(id): Id) -> Response {
    shown(chasm2::session(&app, &id).await)
}

/// The same, under the path that 2.0.0 has for it.
#[utoipa::path(
    get,
    path = "/recording/session/{id}",
    tag = "chasm-cli 2.0.0",
    operation_id = "chasm2GetOneSession",
    params(("id" = String, Path, description = "the session's id, percent-encoded")),
    responses(
        (status = 200, description = "the session", body = Value),
        (status = 404, description = "no such session", body = ErrorBody),
    )
)]
pub(crate) async fn one(State(app): Shared, Id(id): Id) -> Response {
    shown(chasm2::session(&app, &id).await)
}

/// How far a session is recorded, for a «chasm-cli 2.0.0» client.
#[utoipa::path(
    get,
    path = "/recording/session/{id}/recovery",
    tag = "chasm-cli 2.0.0",
    operation_id = "chasm2Recovery",
    params(("id" = String, Path, description = "the session's id, percent-encoded")),
    responses(
        (status = 200, description = "{\"type\":\"recovery\",\"last_message_id\":…,\"message_count\":n}", body = Value),
        (status = 404, description = "no such session", body = ErrorBody),
    )
)]
pub(crate) async fn recovery(State(app): Shared, Id(id): Id) -> Response {
    shown(chasm2::recovery(&app, &id).await)
}

/// The recorder's health, for a «chasm-cli 2.0.0» client.
#[utoipa::path(
    get,
    path = "/recording/status",
    tag = "chasm-cli 2.0.0",
    operation_id = "chasm2Status",
    responses((status = 200, description = "{\"status\":\"running\",…}", body = Value))
)]
pub(crate) async fn status(State(app): Shared) -> Response {
    shown(Ok(chasm2::status(&app).await))
}

/// The WebSocket that «chasm-cli 2.0.0» clients record over.
#[utoipa::path(
    get,
    path = "/recording/ws",
    tag = "chasm-cli 2.0.0",
    operation_id = "chasm2Connect",
    responses(
        (status = 101, description = "a WebSocket"),
        (status = 426, description = "no WebSocket handshake", body = ErrorBody),
        (status = 503, description = "stopping: see Retry-After", body = ErrorBody),
    )
)]
pub(crate) async fn connect(
    State(app): Shared,
    Extension(seat): Extension<Arc<Seat>>,
    request: Request,
) -> Result<Response, Failure> {
    ws::upgrade(app, seat, request, Some("chasm-cli 2.0.0 client"), chasm2::serve).await
}

fn shown(answer: Result<Value, Failure>) -> Response {
    match answer {
        Ok(value) => Json(value).into_response(),
        Err(failure) => theirs(failure),
    }
}

fn failure(refused: Refused) -> Failure {
    Failure::new(refused.error, refused.message)
}

/// An error in both shapes.
fn theirs(failure: Failure) -> Response {
    let code = match failure.status {
        StatusCode::NOT_FOUND => String::from("session_not_found"),
        _ => failure.code.as_str(),
    };
    named(failure, &code)
}

/// The same, with the code that 2.0.0 has for it.
fn named(failure: Failure, code: &str) -> Response {
    let mut both = chasm2::error(code, &failure.message);
    if let Some(fields) = both.as_object_mut() {
        fields.insert(String::from("error"), json!({"code": failure.code, "message": failure.message}));
    }
    let (parts, _) = failure.into_response().into_parts();
    let mut response = Json(both).into_response();
    *response.status_mut() = parts.status;
    if let Some(after) = parts.headers.get(RETRY_AFTER) {
        response.headers_mut().insert(RETRY_AFTER, after.clone());
    }
    response
}
