//! `/api/app`: the desktop around this server. Answers 409 where there is none.

use super::Shared;
use crate::app::App;
use crate::body;
use crate::desktop::{Desktop, check_wish};
use crate::error::Failure;
use crate::query::Query;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use chasm_protocol::ErrorCode;
use chasm_protocol::api::{AppPatch, AppView, ErrorBody, OpenApp, TestNotification};
use http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// What the desktop app is set to.
#[utoipa::path(
    get,
    path = "/api/app",
    tag = "app",
    operation_id = "getApp",
    responses(
        (status = 200, description = "what the desktop app is set to", body = AppView),
        (status = 409, description = "this recorder runs without a desktop", body = ErrorBody),
    )
)]
pub(crate) async fn show(State(app): Shared, query: Query) -> Result<Json<AppView>, Failure> {
    query.end()?;
    view(desktop(&app)?).await
}

/// Changes what the desktop app is set to.
#[utoipa::path(
    patch,
    path = "/api/app",
    tag = "app",
    operation_id = "changeApp",
    request_body = AppPatch,
    responses(
        (status = 200, description = "what the desktop app is set to now", body = AppView),
        (status = 409, description = "this recorder runs without a desktop", body = ErrorBody),
    )
)]
pub(crate) async fn change(
    State(app): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<AppView>, Failure> {
    let desktop = desktop(&app)?;
    let patch: AppPatch = body::json(&app, &headers, body, true).await?;
    if let Some(on) = patch.start_at_login {
        let desktop = desktop.clone();
        blocking(move || desktop.start_at_login(on)).await?.map_err(Failure::internal)?;
    }
    view(desktop).await
}

/// Shows the window.
#[utoipa::path(
    post,
    path = "/api/app/open",
    tag = "app",
    operation_id = "openApp",
    request_body = OpenApp,
    responses(
        (status = 204, description = "the window is there, or comes"),
        (status = 409, description = "there is no desktop, or something that a window needs is missing", body = ErrorBody),
        (status = 422, description = "a field is wrong", body = ErrorBody),
    )
)]
pub(crate) async fn open(State(app): Shared, headers: HeaderMap, body: Body) -> Result<StatusCode, Failure> {
    let desktop = desktop(&app)?;
    let wish: OpenApp = body::json(&app, &headers, body, true).await?;
    check_wish(&wish).map_err(|why| Failure::new(ErrorCode::InvalidField, why))?;
    desktop.open(wish).await.map_err(|why| Failure::new(ErrorCode::NoDesktop, why))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows a notification, so that its reader sees that they can be shown.
#[utoipa::path(
    post,
    path = "/api/app/notify",
    tag = "app",
    operation_id = "testNotification",
    request_body = TestNotification,
    responses(
        (status = 204, description = "it is on its way to the screen"),
        (status = 409, description = "there is no desktop, or nothing that shows notifications", body = ErrorBody),
    )
)]
pub(crate) async fn notify(
    State(app): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Failure> {
    let desktop = desktop(&app)?;
    let TestNotification {} = body::json(&app, &headers, body, true).await?;
    desktop.test_notification().map_err(|why| Failure::new(ErrorCode::NoDesktop, why))?;
    Ok(StatusCode::NO_CONTENT)
}

fn desktop(app: &App) -> Result<Arc<dyn Desktop>, Failure> {
    app.desktop.clone().ok_or_else(|| {
        let message = format!(
            "this recorder runs without a desktop (`chasm serve`, pid {}): `chasm open` shows its page in a browser; \
             stop it to start the desktop app",
            std::process::id()
        );
        Failure::new(ErrorCode::NoDesktop, message)
    })
}

async fn view(desktop: Arc<dyn Desktop>) -> Result<Json<AppView>, Failure> {
    let start_at_login = blocking(move || desktop.starts_at_login()).await?;
    Ok(Json(AppView { start_at_login, available: true }))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(Failure::internal)
}
