//! `GET /api/recording/notices`

use super::Shared;
use crate::error::Failure;
use crate::query::Query;
use axum::Json;
use axum::extract::State;
use chasm_protocol::api::{ErrorBody, NoticePage};

/// What happened: drops, reconnects, recoveries, damage, disk. Newest first.
#[utoipa::path(
    get,
    path = "/api/recording/notices",
    tag = "status",
    operation_id = "listNotices",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses(
        (status = 200, description = "a page of notices", body = NoticePage),
        (status = 400, description = "a parameter makes no sense", body = ErrorBody),
    )
)]
pub(crate) async fn list(State(app): Shared, mut query: Query) -> Result<Json<NoticePage>, Failure> {
    let (limit, cursor) = (query.limit()?, query.text("cursor"));
    query.end()?;
    Ok(Json(app.engine.notices(cursor.as_deref(), limit).await?))
}
