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
use chasm_protocol::{ErrorCode, SessionId, State as SessionState};
use http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode_str;

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

/// Sessions that a list may be asked for by id.
const IDS_MAX: usize = 100;
/// Sessions of a page with excerpts.
const EXCERPTED_MAX: u32 = 200;

/// `items=none`: the session without its lists, which `/items` has in parts.
const ITEMS: &[(&str, bool)] = &[("none", false), ("all", true)];

/// Lists sessions: by default those that are recorded now.
#[utoipa::path(
    get,
    path = "/api/recording/sessions",
    tag = "read",
    operation_id = "listSessions",
    params(
        ("state" = Option<String>, Query, description = "active (default: recording), all, recording, interrupted, completed, recovered"),
        ("q" = Option<String>, Query, description = "words that title, a message or a tool call must have"),
        ("provider" = Option<String>, Query, description = "such as anthropic"),
        ("workspace" = Option<String>, Query, description = "folder or project"),
        ("editor" = Option<String>, Query, description = "such as vscode"),
        ("model" = Option<String>, Query, description = "such as claude-opus-4"),
        ("ids" = Option<String>, Query, description = "these sessions: at most 100 ids with commas between, each percent-encoded"),
        ("starred" = Option<bool>, Query, description = "only these, or only the others"),
        ("tag" = Option<String>, Query, description = "a tag"),
        ("since" = Option<String>, Query, description = "last event at or after: RFC 3339, or milliseconds"),
        ("until" = Option<String>, Query, description = "first event before: RFC 3339, or milliseconds"),
        ("sort" = Option<String>, Query, description = "recent (default), oldest, started, title, messages"),
        ("excerpts" = Option<u32>, Query, description = "with q: 1 to 10 hits of each session; then limit is at most 200"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses(
        (status = 200, description = "a page of sessions", body = SessionPage),
        (status = 400, description = "a parameter makes no sense", body = ErrorBody),
    )
)]
pub(crate) async fn list(State(app): Shared, mut query: Query) -> Result<Json<SessionPage>, Failure> {
    let mut filter = narrowed(&mut query)?;
    filter.sort = query.choice("sort", SORTS)?.unwrap_or_default();
    filter.limit = query.limit()?;
    filter.cursor = query.text("cursor");
    filter.excerpts = excerpts(&mut query, &filter)?;
    query.end()?;
    Ok(Json(app.engine.sessions(filter).await?))
}

/// What a list is narrowed to.
pub(super) fn narrowed(query: &mut Query) -> Result<SessionFilter, Failure> {
    Ok(SessionFilter {
        state: query.choice("state", STATES)?.unwrap_or(Some(SessionState::Recording)),
        q: query.short("q", QUERY_BYTES)?,
        provider: query.text("provider"),
        workspace: query.text("workspace"),
        editor: query.text("editor"),
        model: query.text("model"),
        ids: query.text("ids").map(|ids| listed(&ids)).transpose()?,
        starred: query.choice("starred", &[("true", true), ("false", false)])?,
        tag: query.text("tag"),
        since: query.time("since")?,
        until: query.time("until")?,
        ..SessionFilter::default()
    })
}

/// Ids with commas between; each of them encoded, for an id may have a comma itself.
fn listed(ids: &str) -> Result<Vec<SessionId>, Failure> {
    let one = |id: &str| {
        let id = percent_decode_str(id)
            .decode_utf8()
            .map_err(|_| Failure::bad_request("an id of `ids` is not percent-encoded UTF-8"))?;
        SessionId::new(id).map_err(|e| Failure::bad_request(format!("`ids`: {e}")))
    };
    let ids = ids.split(',').map(one).collect::<Result<Vec<_>, _>>()?;
    match ids.len() {
        n if n > IDS_MAX => Err(Failure::bad_request(format!("{n} `ids`: at most {IDS_MAX} are allowed"))),
        _ => Ok(ids),
    }
}

/// Hits of each session: each costs a search of its own, so there are few of them.
fn excerpts(query: &mut Query, filter: &SessionFilter) -> Result<Option<u32>, Failure> {
    match query.whole("excerpts")? {
        None => Ok(None),
        Some(n @ 1..=10) if filter.limit <= EXCERPTED_MAX => Ok(u32::try_from(n).ok()),
        Some(1..=10) => {
            Err(Failure::bad_request(format!("with `excerpts`, `limit` is at most {EXCERPTED_MAX}")))
        }
        Some(n) => Err(Failure::bad_request(format!("`excerpts` = {n}: it has to be 1 to 10"))),
    }
}

/// A session with its messages, tool calls, interruptions, holes and recoveries.
#[utoipa::path(
    get,
    path = "/api/recording/sessions/{id}",
    tag = "read",
    operation_id = "getSession",
    params(
        ("id" = String, Path, description = "the session's id, percent-encoded"),
        ("items" = Option<String>, Query, description = "all (default), or none: with empty lists, for /items has them in parts"),
    ),
    responses(
        (status = 200, description = "the session", body = SessionDetail),
        (status = 404, description = "no such session", body = ErrorBody),
    )
)]
pub(crate) async fn show(
    State(app): Shared,
    Id(id): Id,
    mut query: Query,
) -> Result<Json<SessionDetail>, Failure> {
    let whole = query.choice("items", ITEMS)?.unwrap_or(true);
    query.end()?;
    let detail = if whole { app.engine.session(&id).await? } else { app.engine.session_head(&id).await? };
    Ok(Json(detail))
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
    params(
        ("id" = String, Path, description = "the session's id, percent-encoded"),
        ("items" = Option<String>, Query, description = "all (default), or none: the answer has empty lists"),
    ),
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
    mut query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<SessionDetail>, Failure> {
    let whole = query.choice("items", ITEMS)?.unwrap_or(true);
    query.end()?;
    let patch: SessionPatch = body::json(&app, &headers, body, false).await?;
    check(&patch)?;
    let detail = match whole {
        true => app.engine.patch(&id, patch).await?,
        false => app.engine.patch_head(&id, patch).await?,
    };
    Ok(Json(detail))
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
