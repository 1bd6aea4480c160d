//! What machines read: the OpenAPI description and the metrics.

use super::Shared;
use crate::error::Failure;
use crate::query::Query;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;

/// This interface, for machines.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "status",
    operation_id = "openapi",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value))
)]
pub(crate) async fn openapi(query: Query) -> Result<Json<utoipa::openapi::OpenApi>, Failure> {
    query.end()?;
    Ok(Json(crate::openapi::document()))
}

/// Metrics in Prometheus' text form.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "status",
    operation_id = "metrics",
    responses((status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text"))
)]
pub(crate) async fn metrics(State(app): Shared) -> Response {
    let text = app.metrics.text(&app.engine.status().await);
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}
