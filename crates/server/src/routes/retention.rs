//! `/api/recording/retention`: what the settings do not keep.

use super::Shared;
use crate::body;
use crate::error::Failure;
use crate::settings::{MAX_DAYS, MAX_GIB};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use chasm_engine::Retention;
use chasm_protocol::ErrorCode;
use chasm_protocol::api::{ErrorBody, Nothing, PurgeReceipt, RetentionPreview, RetentionRequest};
use http::HeaderMap;

/// What retention would delete for good now, as set or as asked. Changes nothing.
#[utoipa::path(
    post,
    path = "/api/recording/retention/preview",
    tag = "read",
    operation_id = "previewRetention",
    request_body = RetentionRequest,
    responses(
        (status = 200, description = "what would go", body = RetentionPreview),
        (status = 422, description = "a value is not allowed", body = ErrorBody),
    )
)]
pub(crate) async fn preview(
    State(app): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<RetentionPreview>, Failure> {
    let asked: RetentionRequest = body::json(&app, &headers, body, true).await?;
    let set = app.settings.current().retention;
    let retention = Retention {
        days: within("days", asked.days.unwrap_or(set.days), MAX_DAYS)?,
        keep_starred: asked.keep_starred.unwrap_or(set.keep_starred),
        max_gib: within("max_gib", asked.max_gib.unwrap_or(set.max_gib), MAX_GIB)?,
    };
    Ok(Json(app.engine.retention_preview(retention).await?))
}

/// Deletes for good what the settings do not keep, now instead of within the hour.
#[utoipa::path(
    post,
    path = "/api/recording/retention/run",
    tag = "read",
    operation_id = "runRetention",
    request_body = Nothing,
    responses((status = 200, description = "what was deleted for good", body = PurgeReceipt))
)]
pub(crate) async fn run(
    State(app): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PurgeReceipt>, Failure> {
    let _: Nothing = body::json(&app, &headers, body, true).await?;
    Ok(Json(app.engine.retain(app.settings.current().retention).await?))
}

fn within(name: &str, value: u64, most: u64) -> Result<u64, Failure> {
    if value <= most {
        return Ok(value);
    }
    let message = format!("`{name}` = {value}: a whole number from 0 to {most} is needed");
    Err(Failure::new(ErrorCode::InvalidField, message))
}
