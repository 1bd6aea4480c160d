//! `/api/recording/recovery`

use super::Shared;
use crate::body;
use crate::error::Failure;
use crate::query::Query;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use chasm_protocol::api::{ErrorBody, RecoveryOverview, RecoveryReport, RecoveryRequest};
use http::HeaderMap;

/// What needs recovery, with what is at hand, and the reports of past ones. Changes nothing.
#[utoipa::path(
    get,
    path = "/api/recording/recovery",
    tag = "recover",
    operation_id = "recoveryOverview",
    responses((status = 200, description = "interrupted sessions and past reports", body = RecoveryOverview))
)]
pub(crate) async fn overview(State(app): Shared, query: Query) -> Result<Json<RecoveryOverview>, Failure> {
    query.end()?;
    Ok(Json(app.engine.recovery().await?))
}

/// Puts interrupted sessions together again: the ones named, or all.
#[utoipa::path(
    post,
    path = "/api/recording/recovery",
    tag = "recover",
    operation_id = "recover",
    request_body = RecoveryRequest,
    responses(
        (status = 200, description = "what was done", body = RecoveryReport),
        (status = 422, description = "a field is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn recover(
    State(app): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<RecoveryReport>, Failure> {
    let request: RecoveryRequest = body::json(&app, &headers, body, true).await?;
    Ok(Json(app.engine.recover(request).await?))
}
