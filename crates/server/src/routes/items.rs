//! `GET /api/recording/sessions/{id}/items`: a long session in parts.

use super::Shared;
use crate::error::Failure;
use crate::query::{Id, Query};
use axum::Json;
use axum::extract::State;
use chasm_protocol::api::{ErrorBody, ItemsPage, ItemsQuery, ItemsWindow};

/// A part of a session: messages, tool calls and events of unknown types, by position.
#[utoipa::path(
    get,
    path = "/api/recording/sessions/{id}/items",
    tag = "read",
    operation_id = "listItems",
    params(
        ("id" = String, Path, description = "the session's id, percent-encoded"),
        ("from" = Option<u64>, Query, description = "from this position on; default 1"),
        ("before" = Option<u64>, Query, description = "the last ones before this position; beside neither from nor changed_since"),
        ("changed_since" = Option<u64>, Query, description = "only what changed after this revision; 0: everything"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 50; a part with much text ends earlier"),
    ),
    responses(
        (status = 200, description = "a part of the session; who reads several keeps the revision of the first", body = ItemsPage),
        (status = 400, description = "a parameter makes no sense", body = ErrorBody),
        (status = 404, description = "no such session", body = ErrorBody),
        (status = 410, description = "what changed is not known any more: read all of it again", body = ErrorBody),
    )
)]
pub(crate) async fn list(
    State(app): Shared,
    Id(id): Id,
    mut query: Query,
) -> Result<Json<ItemsPage>, Failure> {
    let (from, before) = (query.whole("from")?, query.whole("before")?);
    let changed_since = query.whole("changed_since")?;
    let limit = query.limit()?;
    query.end()?;
    let window = match (from, before, changed_since) {
        (None, Some(before), None) => ItemsWindow::Before(before),
        (_, Some(_), _) => {
            return Err(Failure::bad_request("`before` goes with neither `from` nor `changed_since`"));
        }
        (from, None, Some(revision)) => ItemsWindow::ChangedSince { revision, from: from.unwrap_or(0) },
        (from, None, None) => ItemsWindow::From(from.unwrap_or(0)),
    };
    Ok(Json(app.engine.items(&id, ItemsQuery { window, limit }).await?))
}
