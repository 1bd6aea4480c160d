//! `/api/editors`: which editors' files can be read, and importing them.
//!
//! Owns no folder: settings and the start of the program say where they are.

use super::Shared;
use crate::body;
use crate::error::Failure;
use crate::query::Query;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use chasm_protocol::ErrorCode;
use chasm_protocol::api::{EditorView, ErrorBody, ImportAnswer, ImportRequest};
use http::HeaderMap;

/// The editors whose files can be read, with how many of their sessions are recorded. Reads names of files, and no chat.
#[utoipa::path(
    get,
    path = "/api/editors",
    tag = "editors",
    operation_id = "listEditors",
    responses((status = 200, description = "all editors that are known", body = Vec<EditorView>))
)]
pub(crate) async fn list(State(app): Shared, query: Query) -> Result<Json<Vec<EditorView>>, Failure> {
    query.end()?;
    let follow = app.settings.current().editors.follow;
    Ok(Json(app.engine.editors(&app.editor_roots(), follow).await?))
}

/// Imports every session that an editor has. What is recorded already is known again, so it can be repeated.
#[utoipa::path(
    post,
    path = "/api/editors/{id}/import",
    tag = "editors",
    operation_id = "importEditor",
    params(("id" = String, Path, description = "id of an editor, such as claude-code")),
    request_body = ImportRequest,
    responses(
        (status = 200, description = "what was imported, and what could not be read", body = ImportAnswer),
        (status = 400, description = "the editor's files cannot be found", body = ErrorBody),
        (status = 404, description = "there is no such editor (unknown_editor)", body = ErrorBody),
        (status = 422, description = "a field is wrong", body = ErrorBody),
        (status = 503, description = "paused, or stopping: see Retry-After", body = ErrorBody),
    )
)]
pub(crate) async fn import(
    State(app): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ImportAnswer>, Failure> {
    let ImportRequest {} = body::json(&app, &headers, body, true).await?;
    let limits = app.settings.current().protocol_limits();
    let done = app.engine.import(&id, &app.editor_roots(), limits).await?;
    let unknown = || {
        let shown: String = id.chars().take(80).collect();
        Failure::new(ErrorCode::UnknownEditor, format!("there is no editor {shown:?}: see GET /api/editors"))
    };
    done.map(Json).ok_or_else(unknown)
}
