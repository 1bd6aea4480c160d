//! `GET /api/recording/sessions/facets`: what the list of sessions can be narrowed to.

use super::{Shared, sessions};
use crate::error::Failure;
use crate::query::Query;
use axum::Json;
use axum::extract::State;
use chasm_protocol::api::{ErrorBody, Facets};

/// The values of each facet of the list and how many sessions have them, each under the filters of the others.
#[utoipa::path(
    get,
    path = "/api/recording/sessions/facets",
    tag = "read",
    operation_id = "listFacets",
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
    ),
    responses(
        (status = 200, description = "the most frequent values of each facet", body = Facets),
        (status = 400, description = "a parameter makes no sense", body = ErrorBody),
    )
)]
pub(crate) async fn show(State(app): Shared, mut query: Query) -> Result<Json<Facets>, Failure> {
    let filter = sessions::narrowed(&mut query)?;
    query.end()?;
    Ok(Json(app.engine.facets(&filter).await?))
}
