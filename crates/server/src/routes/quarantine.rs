//! `/api/recording/quarantine`: files of damaged bytes that were set aside.

use super::Shared;
use crate::error::Failure;
use crate::query::Query;
use axum::extract::{Path, State};
use chasm_protocol::api::ErrorBody;
use http::StatusCode;

/// Deletes a file of the quarantine for good.
#[utoipa::path(
    delete,
    path = "/api/recording/quarantine/{name}",
    tag = "recovery",
    operation_id = "deleteQuarantined",
    params(("name" = String, Path, description = "`quarantined_as` of one that `GET /api/recording/recovery` lists")),
    responses(
        (status = 204, description = "it is gone"),
        (status = 404, description = "no such file lies there", body = ErrorBody),
    )
)]
pub(crate) async fn delete(
    State(app): Shared,
    Path(name): Path<String>,
    query: Query,
) -> Result<StatusCode, Failure> {
    query.end()?;
    let deleted = tokio::task::spawn_blocking(move || app.engine.delete_quarantined(&name)).await;
    deleted.map_err(Failure::internal)??;
    Ok(StatusCode::NO_CONTENT)
}
