//! `/api/recording/trash` and what is below it.

use super::Shared;
use crate::body;
use crate::error::Failure;
use crate::query::Query;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use chasm_protocol::ErrorCode;
use chasm_protocol::api::{
    ErrorBody, PurgeReceipt, PurgeRequest, RestoreAnswer, SessionIds, TRASH_MAX, TrashAnswer, TrashPage,
};
use http::HeaderMap;
use std::time::Duration;

/// Puts sessions into the trash: out of every list, and deleted for good after `trash.keep_secs`.
#[utoipa::path(
    post,
    path = "/api/recording/trash",
    tag = "read",
    operation_id = "trashSessions",
    request_body = SessionIds,
    responses(
        (status = 200, description = "what is in the trash now", body = TrashAnswer),
        (status = 422, description = "a field is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn put(
    State(app): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<TrashAnswer>, Failure> {
    let asked: SessionIds = body::json(&app, &headers, body, false).await?;
    check(&asked)?;
    let keep = Duration::from_secs(app.settings.current().trash.keep_secs);
    Ok(Json(app.engine.trash(asked.session_ids, keep).await?))
}

/// Takes sessions out of the trash, with all that they had.
#[utoipa::path(
    post,
    path = "/api/recording/trash/restore",
    tag = "read",
    operation_id = "restoreSessions",
    request_body = SessionIds,
    responses(
        (status = 200, description = "what was restored", body = RestoreAnswer),
        (status = 422, description = "a field is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn restore(
    State(app): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<RestoreAnswer>, Failure> {
    let asked: SessionIds = body::json(&app, &headers, body, false).await?;
    check(&asked)?;
    Ok(Json(app.engine.restore(asked.session_ids).await?))
}

/// What is in the trash, the latest first.
#[utoipa::path(
    get,
    path = "/api/recording/trash",
    tag = "read",
    operation_id = "listTrash",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses(
        (status = 200, description = "a page of the trash", body = TrashPage),
        (status = 400, description = "a parameter makes no sense", body = ErrorBody),
    )
)]
pub(crate) async fn list(State(app): Shared, mut query: Query) -> Result<Json<TrashPage>, Failure> {
    let (limit, cursor) = (query.limit()?, query.text("cursor"));
    query.end()?;
    Ok(Json(app.engine.trashed(cursor.as_deref(), limit).await?))
}

/// Deletes sessions of the trash for good, now: the ones named, or all.
#[utoipa::path(
    post,
    path = "/api/recording/trash/purge",
    tag = "read",
    operation_id = "purgeTrash",
    request_body = PurgeRequest,
    responses(
        (status = 200, description = "what was deleted for good", body = PurgeReceipt),
        (status = 422, description = "a field is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn purge(
    State(app): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PurgeReceipt>, Failure> {
    let asked: PurgeRequest = body::json(&app, &headers, body, true).await?;
    Ok(Json(app.engine.purge_trash(asked.session_ids).await?))
}

fn check(asked: &SessionIds) -> Result<(), Failure> {
    let count = asked.session_ids.len();
    if (1..=TRASH_MAX).contains(&count) {
        return Ok(());
    }
    let message = format!("`session_ids` has {count} ids: 1 to {TRASH_MAX} are allowed");
    Err(Failure::new(ErrorCode::InvalidField, message))
}
