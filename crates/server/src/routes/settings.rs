//! `/api/settings`

use super::Shared;
use crate::app::App;
use crate::body;
use crate::error::Failure;
use crate::query::Query;
use crate::settings::{SettingView, SettingsError};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use chasm_protocol::ErrorCode;
use chasm_protocol::api::ErrorBody;
use http::HeaderMap;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;

/// All settings.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SettingsAnswer {
    settings: Vec<SettingView>,
    /// Something was changed that is not in force before a restart.
    restart_needed: bool,
}

/// The settings with their limits.
#[utoipa::path(
    get,
    path = "/api/settings",
    tag = "settings",
    operation_id = "getSettings",
    responses((status = 200, description = "all settings", body = SettingsAnswer))
)]
pub(crate) async fn show(State(app): Shared, query: Query) -> Result<Json<SettingsAnswer>, Failure> {
    query.end()?;
    blocking(app, |app| answer(&app)).await.map(Json)
}

/// Changes settings: `{"limits.nesting":32}` or `{"limits":{"nesting":32}}`; `null` goes back to the default.
#[utoipa::path(
    patch,
    path = "/api/settings",
    tag = "settings",
    operation_id = "changeSettings",
    request_body(content = serde_json::Value, description = "settings by their keys"),
    responses(
        (status = 200, description = "all settings as they are now", body = SettingsAnswer),
        (status = 422, description = "values are refused: `field` and `reason` are of the first, `fields` has all", body = ErrorBody),
    )
)]
pub(crate) async fn change(
    State(app): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<SettingsAnswer>, Failure> {
    let changes: Map<String, Value> = body::json(&app, &headers, body, false).await?;
    blocking(app, move |app| {
        app.settings.change(&changes)?;
        answer(&app)
    })
    .await
    .map(Json)
}

fn answer(app: &App) -> Result<SettingsAnswer, SettingsError> {
    let settings = app.settings.view()?;
    let restart_needed = settings.iter().any(|setting| setting.restart_needed);
    Ok(SettingsAnswer { settings, restart_needed })
}

async fn blocking<T: Send + 'static>(
    app: Arc<App>,
    work: impl FnOnce(Arc<App>) -> Result<T, SettingsError> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(move || work(app)).await {
        Ok(done) => done.map_err(Failure::from),
        Err(e) => Err(Failure::internal(e)),
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Refused { .. } | SettingsError::Unknown { .. } | SettingsError::Several(_) => {
                Self::new(ErrorCode::InvalidField, error.to_string()).with_fields(error.refused())
            }
            // the user edits the file meanwhile
            SettingsError::In { .. } | SettingsError::NotToml(_) => {
                Self::new(ErrorCode::Conflict, format!("the file has to be mended first: {error}"))
            }
            SettingsError::Io { .. } => Self::internal(error),
        }
    }
}
