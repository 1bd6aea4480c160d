//! `GET /api/recording/notices`

use super::Shared;
use crate::error::Failure;
use crate::query::Query;
use axum::Json;
use axum::extract::State;
use chasm_protocol::api::{ErrorBody, NoticeFilter, NoticePage};
use chasm_protocol::lifecycle::KINDS;
use chasm_protocol::limits::{QUERY_BYTES, SESSION_ID_BYTES};

/// What happened: drops, reconnects, recoveries, damage, disk. Newest first.
#[utoipa::path(
    get,
    path = "/api/recording/notices",
    tag = "status",
    operation_id = "listNotices",
    params(
        ("q" = Option<String>, Query, description = "words that stand in the client's name, in ids or titles of sessions, in `what` or `message`"),
        ("kind" = Option<String>, Query, description = "any of these kinds, with commas between"),
        ("session_id" = Option<String>, Query, description = "those that name this session"),
        ("since" = Option<String>, Query, description = "at or after this time"),
        ("until" = Option<String>, Query, description = "before this time"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses(
        (status = 200, description = "a page of notices", body = NoticePage),
        (status = 400, description = "a parameter makes no sense", body = ErrorBody),
    )
)]
pub(crate) async fn list(State(app): Shared, mut query: Query) -> Result<Json<NoticePage>, Failure> {
    let filter = NoticeFilter {
        q: query.short("q", QUERY_BYTES)?,
        kinds: query.words("kind", KINDS)?,
        session: query.short("session_id", SESSION_ID_BYTES)?,
        since: query.time("since")?,
        until: query.time("until")?,
        limit: query.limit()?,
        cursor: query.text("cursor"),
    };
    query.end()?;
    Ok(Json(app.engine.find_notices(&filter).await?))
}
