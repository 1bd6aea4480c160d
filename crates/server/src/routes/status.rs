//! Status, pause, resume.

use super::Shared;
use crate::app::App;
use crate::body;
use crate::error::Failure;
use crate::query::Query;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use chasm_protocol::ErrorCode;
use chasm_protocol::api::{ErrorBody, PauseRequest, ProbeAnswer};
use chasm_protocol::status::Status;
use http::HeaderMap;
use std::time::Instant;

/// Longest pause with an end: a week.
const PAUSE_MINUTES: u32 = 7 * 24 * 60;

/// The recorder's health.
#[utoipa::path(
    get,
    path = "/api/recording/status",
    tag = "status",
    operation_id = "status",
    responses((status = 200, description = "health, connections, buffer, journal, database", body = Status))
)]
pub(crate) async fn show(State(app): Shared, query: Query) -> Result<Json<Status>, Failure> {
    query.end()?;
    Ok(Json(with_desktop(&app, app.engine.status().await)))
}

/// Tries out the way of an event: this port, the journal, the disk. Records nothing.
#[utoipa::path(
    post,
    path = "/api/recording/probe",
    tag = "status",
    operation_id = "probe",
    responses(
        (status = 200, description = "a record that says nothing is on disk", body = ProbeAnswer),
        (status = 503, description = "nothing can be recorded", body = ErrorBody),
        (status = 507, description = "the disk is full", body = ErrorBody),
    )
)]
pub(crate) async fn probe(State(app): Shared, query: Query) -> Result<Json<ProbeAnswer>, Failure> {
    query.end()?;
    let begun = Instant::now();
    let durable_lsn = app.engine.probe().await?;
    Ok(Json(ProbeAnswer { durable_lsn, took_ms: begun.elapsed().as_secs_f64() * 1e3 }))
}

/// Stops taking events until it is resumed, or for some minutes.
#[utoipa::path(
    post,
    path = "/api/recording/pause",
    tag = "status",
    operation_id = "pause",
    request_body = PauseRequest,
    responses(
        (status = 200, description = "the status", body = Status),
        (status = 422, description = "a field is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn pause(
    State(app): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Status>, Failure> {
    let request: PauseRequest = body::json(&app, &headers, body, true).await?;
    if request.minutes.is_some_and(|m| !(1..=PAUSE_MINUTES).contains(&m)) {
        let message =
            format!("`minutes` has to be from 1 to {PAUSE_MINUTES}; leave it out for a pause without end");
        return Err(Failure::new(ErrorCode::InvalidField, message));
    }
    Ok(Json(with_desktop(&app, app.engine.pause(request.minutes).await?)))
}

/// Ends a pause.
#[utoipa::path(
    post,
    path = "/api/recording/resume",
    tag = "status",
    operation_id = "resume",
    responses((status = 200, description = "the status", body = Status))
)]
pub(crate) async fn resume(State(app): Shared) -> Result<Json<Status>, Failure> {
    Ok(Json(with_desktop(&app, app.engine.resume().await?)))
}

/// The engine knows nothing of a desktop.
fn with_desktop(app: &App, status: Status) -> Status {
    Status { desktop: app.desktop.as_ref().map(|desktop| desktop.status()), ..status }
}
