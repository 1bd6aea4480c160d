//! `/api/recording/sessions` and what is below it, but for the export.

use super::Shared;
use crate::body;
use crate::error::Failure;
use crate::query::{Id, Query};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chasm_protocol::api::PurgeReceipt;
use chasm_protocol::api::{ErrorBody, EventPage, SessionFilter, SessionPage, SessionPatch, SessionSort};
use chasm_protocol::limits::{QUERY_BYTES, TAGS_MAX, TITLE_BYTES};
use chasm_protocol::session::SessionDetail;
use chasm_protocol::{ErrorCode, State as SessionState};
use http::{HeaderMap, StatusCode};

const STATES: &[(&str, Option<SessionState>)] = &[
    ("active", Some(SessionState::Recording)),
    ("all", None),
    ("recording", Some(SessionState::Recording)),
    ("interrupted", Some(SessionState::Interrupted)),
    ("completed", Some(SessionState::Completed)),
    ("recovered", Some(SessionState::Recovered)),
];

const SORTS: &[(&str, SessionSort)] = &[
    ("recent", SessionSort::Recent),
    ("oldest", SessionSort::Oldest),
    ("started", SessionSort::Started),
    ("title", SessionSort::Title),
    ("messages", SessionSort::Messages),
];

/// Lists sessions: by default those that are recorded now.
#[utoipa::path(
    get,
    path = "/api/recording/sessions",
    tag = "read",
    operation_id = "listSessions",
    params(
        ("state" = Option<String>, Query, description = "active (default: recording), all, recording, interrupted, completed, recovered"),
        ("q" = Option<String>, Query, description = "words that title, preview or messages must have"),
        ("provider" = Option<String>, Query, description = "such as anthropic"),
        ("workspace" = Option<String>, Query, description = "folder or project"),
        ("starred" = Option<bool>, Query, description = "only these, or only the others"),
        ("tag" = Option<String>, Query, description = "a tag"),
        ("since" = Option<String>, Query, description = "last event at or after: RFC 3339, or milliseconds"),
        ("until" = Option<String>, Query, description = "first event before: RFC 3339, or milliseconds"),
        ("sort" = Option<String>, Query, description = "recent (default), oldest, started, title, messages"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses(
        (status = 200, description = "a page of sessions", body = SessionPage),
        (status = 400, description = "a parameter makes no sense", body = ErrorBody),
    )
)]
pub(crate) async fn list(State(app): Shared, mut query: Query) -> Result<Json<SessionPage>, Failure> {
    let filter = SessionFilter {
        state: query.choice("state", STATES)?.unwrap_or(Some(SessionState::Recording)),
        q: query.short("q", QUERY_BYTES)?,
        provider: query.text("provider"),
        workspace: query.text("workspace"),
        starred: query.choice("starred", &[("true", true), ("false", false)])?,
        tag: query.text("tag"),
        since: query.time("since")?,
        until: query.time("until")?,
        sort: query.choice("sort", SORTS)?.unwrap_or_default(),
        limit: query.limit()?,
        cursor: query.text("cursor"),
    };
    query.end()?;
    Ok(Json(app.engine.sessions(filter).await?))
}

/// A session with its messages, tool calls, interruptions, holes and recoveries.
#[utoipa::path(
    get,
    path = "/api/recording/sessions/{id}",
    tag = "read",
    operation_id = "getSession",
    params(("id" = String, Path, description = "the session's id, percent-encoded")),
    responses(
        (status = 200, description = "the session", body = SessionDetail),
        (status = 404, description = "no such session", body = ErrorBody),
    )
)]
pub(crate) async fn show(
    State(app): Shared,
    Id(id): Id,
    query: Query,
) -> Result<Json<SessionDetail>, Failure> {
    query.end()?;
    Ok(Json(app.engine.session(&id).await?))
}

/// A session's raw events, as received, in order.
#[utoipa::path(
    get,
    path = "/api/recording/sessions/{id}/events",
    tag = "read",
    operation_id = "listEvents",
    params(
        ("id" = String, Path, description = "the session's id, percent-encoded"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses(
        (status = 200, description = "a page of events", body = EventPage),
        (status = 404, description = "no such session", body = ErrorBody),
    )
)]
pub(crate) async fn events(
    State(app): Shared,
    Id(id): Id,
    mut query: Query,
) -> Result<Json<EventPage>, Failure> {
    let (limit, cursor) = (query.limit()?, query.text("cursor"));
    query.end()?;
    Ok(Json(app.engine.events(&id, cursor.as_deref(), limit).await?))
}

/// Changes what the user sets: title, star, tags.
#[utoipa::path(
    patch,
    path = "/api/recording/sessions/{id}",
    tag = "read",
    operation_id = "changeSession",
    params(("id" = String, Path, description = "the session's id, percent-encoded")),
    request_body = SessionPatch,
    responses(
        (status = 200, description = "the session as it is now", body = SessionDetail),
        (status = 404, description = "no such session", body = ErrorBody),
        (status = 422, description = "a value is not allowed", body = ErrorBody),
    )
)]
pub(crate) async fn change(
    State(app): Shared,
    Id(id): Id,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<SessionDetail>, Failure> {
    let patch: SessionPatch = body::json(&app, &headers, body, false).await?;
    check(&patch)?;
    Ok(Json(app.engine.patch(&id, patch).await?))
}

/// Deletes a session for good: gone from database, index, snapshots and journal. `Prefer: return=representation` asks for
/// a receipt.
#[utoipa::path(
    delete,
    path = "/api/recording/sessions/{id}",
    tag = "read",
    operation_id = "deleteSession",
    params(
        ("id" = String, Path, description = "the session's id, percent-encoded"),
        ("prefer" = Option<String>, Header, description = "`return=representation`: answer with a receipt"),
    ),
    responses(
        (status = 200, description = "it is gone, with this in it", body = PurgeReceipt),
        (status = 204, description = "it is gone"),
        (status = 404, description = "no such session", body = ErrorBody),
    )
)]
pub(crate) async fn delete(State(app): Shared, Id(id): Id, headers: HeaderMap) -> Result<Response, Failure> {
    let receipt = app.engine.delete(&id).await?;
    if !wants_receipt(&headers) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let applied = [("preference-applied", "return=representation")];
    Ok((applied, Json(receipt)).into_response())
}

/// `Prefer: return=representation` (RFC 7240), alone or among others.
fn wants_receipt(headers: &HeaderMap) -> bool {
    let lines = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut wishes = lines.flat_map(|line| line.split([',', ';'])).filter_map(|wish| wish.split_once('='));
    wishes.any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("return") && value.trim().trim_matches('"') == "representation"
    })
}

fn check(patch: &SessionPatch) -> Result<(), Failure> {
    let refused = |message: String| Err(Failure::new(ErrorCode::InvalidField, message));
    if let Some(Some(title)) = &patch.title
        && title.len() > TITLE_BYTES
    {
        return refused(format!("`title` has {} bytes: at most {TITLE_BYTES} are allowed", title.len()));
    }
    let tags = patch.tags.as_deref().unwrap_or_default();
    if tags.len() > TAGS_MAX {
        return refused(format!("{} tags: at most {TAGS_MAX} are allowed", tags.len()));
    }
    if tags.iter().any(|tag| tag.trim().is_empty() || tag.len() > TITLE_BYTES) {
        return refused(format!("a tag has 1 to {TITLE_BYTES} bytes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_and_tags_have_limits() {
        let patch = |title: usize, tags: Vec<String>| SessionPatch {
            title: Some(Some("x".repeat(title))),
            starred: None,
            tags: Some(tags),
        };
        assert!(check(&patch(1_000, vec![String::from("a"); 64])).is_ok());
        assert!(check(&patch(1_001, vec![])).is_err());
        assert!(check(&patch(0, vec![String::from("a"); 65])).is_err());
        assert!(check(&patch(0, vec![String::from(" ")])).is_err());
    }
}
