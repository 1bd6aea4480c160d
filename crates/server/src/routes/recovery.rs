//! `/api/recording/recovery`

use super::Shared;
use crate::body;
use crate::error::Failure;
use crate::query::Query;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use chasm_protocol::api::{ErrorBody, RecoveryOverview, RecoveryReport, RecoveryRequest, ReportPage};
use http::HeaderMap;

/// What needs recovery, with what is at hand, and the reports of past ones. Changes nothing.
#[utoipa::path(
    get,
    path = "/api/recording/recovery",
    tag = "recover",
    operation_id = "recoveryOverview",
    params(("preview" = Option<bool>, Query, description = "false leaves editors' files unread; default true")),
    responses(
        (status = 200, description = "interrupted sessions and past reports", body = RecoveryOverview),
        (status = 400, description = "a parameter makes no sense", body = ErrorBody),
    )
)]
pub(crate) async fn overview(
    State(app): Shared,
    mut query: Query,
) -> Result<Json<RecoveryOverview>, Failure> {
    let preview = query.choice("preview", &[("true", true), ("false", false)])?.unwrap_or(true);
    query.end()?;
    let roots = preview.then(|| app.editor_roots());
    Ok(Json(app.engine.recovery(roots.as_ref()).await?))
}

/// Reports of past recoveries, the latest first.
#[utoipa::path(
    get,
    path = "/api/recording/recovery/reports",
    tag = "recover",
    operation_id = "listRecoveryReports",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses(
        (status = 200, description = "a page of reports", body = ReportPage),
        (status = 400, description = "a parameter makes no sense", body = ErrorBody),
    )
)]
pub(crate) async fn reports(State(app): Shared, mut query: Query) -> Result<Json<ReportPage>, Failure> {
    let (limit, cursor) = (query.limit()?, query.text("cursor"));
    query.end()?;
    Ok(Json(app.engine.recovery_reports(cursor.as_deref(), limit).await?))
}

/// Puts interrupted sessions together again, from events, snapshots and editors' files: the ones named, or all.
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
    Ok(Json(app.engine.recover(request, &app.editor_roots()).await?))
}
