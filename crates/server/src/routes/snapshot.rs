//! `POST /api/recording/snapshot`
//!
//! Invariant: the answer is sent after the snapshot is on disk.

use super::Shared;
use crate::body;
use crate::error::Failure;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use chasm_protocol::api::{ErrorBody, SnapshotAnswer, SnapshotRequest};
use http::HeaderMap;

/// Takes a session as the client sees it, to fill what events did not bring.
#[utoipa::path(
    post,
    path = "/api/recording/snapshot",
    tag = "record",
    operation_id = "takeSnapshot",
    request_body = SnapshotRequest,
    responses(
        (status = 200, description = "the snapshot is on disk", body = SnapshotAnswer),
        (status = 400, description = "not JSON", body = ErrorBody),
        (status = 422, description = "a field is missing or wrong", body = ErrorBody),
        (status = 503, description = "paused, or stopping: see Retry-After", body = ErrorBody),
    )
)]
pub(crate) async fn take(
    State(app): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<SnapshotAnswer>, Failure> {
    let request: SnapshotRequest = body::json(&app, &headers, body, false).await?;
    Ok(Json(app.engine.snapshot(request).await?))
}
