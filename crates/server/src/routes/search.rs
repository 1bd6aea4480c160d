//! `GET /api/recording/search`

use super::Shared;
use crate::error::Failure;
use crate::query::Query;
use axum::Json;
use axum::extract::State;
use chasm_protocol::SessionId;
use chasm_protocol::api::{ErrorBody, SearchAnswer};
use chasm_protocol::limits::QUERY_BYTES;

/// Full text over titles, messages and tool calls.
#[utoipa::path(
    get,
    path = "/api/recording/search",
    tag = "read",
    operation_id = "search",
    params(
        ("q" = String, Query, description = "what to look for"),
        ("session" = Option<String>, Query, description = "only in this session"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses(
        (status = 200, description = "hits with a marked excerpt", body = SearchAnswer),
        (status = 400, description = "a parameter makes no sense", body = ErrorBody),
    )
)]
pub(crate) async fn search(State(app): Shared, mut query: Query) -> Result<Json<SearchAnswer>, Failure> {
    let q = query.short("q", QUERY_BYTES)?;
    let session = query.text("session").map(SessionId::new).transpose();
    let session = session.map_err(|e| Failure::bad_request(format!("`session`: {e}")))?;
    let (limit, cursor) = (query.limit()?, query.text("cursor"));
    query.end()?;
    let q = q.filter(|q| !q.trim().is_empty());
    let q = q.ok_or_else(|| Failure::bad_request("`q` is missing: say what to look for, as ?q=words"))?;
    Ok(Json(app.engine.search(&q, session, limit, cursor.as_deref()).await?))
}
