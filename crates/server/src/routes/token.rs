//! `/api/token`: the token of the data folder, shown and changed. For the owner alone, as the fence decides.
//!
//! Never logs one. Invariant: once a new token is answered, the old one, all cookies and all open tickets are of no use.

use super::Shared;
use crate::app::App;
use crate::body;
use crate::error::Failure;
use crate::fence::cookie_of;
use crate::folder::{new_token, read_token, write_token};
use crate::query::Query;
use crate::settings::Auth;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chasm_protocol::ErrorCode;
use chasm_protocol::api::{ErrorBody, Nothing};
use http::HeaderMap;
use http::header::{HeaderValue, SET_COOKIE};
use serde::Serialize;
use std::sync::Arc;

#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Token {
    /// 64 hexadecimal digits.
    token: String,
    /// The file that has it.
    path: String,
    /// Callers need it (`auth = "token"`).
    in_use: bool,
}

/// The token that clients show where `auth = "token"`.
#[utoipa::path(
    get,
    path = "/api/token",
    tag = "settings",
    operation_id = "getToken",
    responses(
        (status = 200, description = "the token", body = Token),
        (status = 409, description = "the file has another token than the one in force", body = ErrorBody),
    )
)]
pub(crate) async fn show(State(app): Shared, query: Query) -> Result<Json<Token>, Failure> {
    query.end()?;
    blocking(app, |app| {
        let token = read_token(&app.data_dir).map_err(Failure::internal)?;
        if !app.passes.is_token(&token) {
            let message =
                "the file `token` was changed and is not in force: restart the recorder, or make a new token";
            return Err(Failure::new(ErrorCode::Conflict, message));
        }
        Ok(Json(answer(app, token)))
    })
    .await
}

/// Makes a new token. The old one, all cookies and all tickets end; open WebSockets stay; the caller's own cookie is renewed.
#[utoipa::path(
    post,
    path = "/api/token/rotate",
    tag = "settings",
    operation_id = "rotateToken",
    request_body = Nothing,
    responses((status = 200, description = "the new token", body = Token))
)]
pub(crate) async fn rotate(State(app): Shared, headers: HeaderMap, body: Body) -> Result<Response, Failure> {
    let _: Nothing = body::json(&app, &headers, body, true).await?;
    let had_cookie = cookie_of(&headers, &app.passes);
    blocking(app, move |app| {
        let token = new_token().ok_or_else(|| Failure::internal("the system gives no random numbers"))?;
        let cookie = app
            .passes
            .rotate(&token, had_cookie, || write_token(&app.data_dir, &token))
            .map_err(Failure::internal)?;
        let mut response = Json(answer(app, token)).into_response();
        if let Some(cookie) = cookie {
            let value =
                HeaderValue::from_str(&cookie).map_err(|_| Failure::internal("a cookie is no header"))?;
            response.headers_mut().insert(SET_COOKIE, value);
        }
        tracing::info!("the token is a new one");
        Ok(response)
    })
    .await
}

fn answer(app: &App, token: String) -> Token {
    let path = app.data_dir.join("token").display().to_string();
    Token { token, path, in_use: app.settings.current().auth == Auth::Token }
}

async fn blocking<T: Send + 'static>(
    app: Arc<App>,
    work: impl FnOnce(&App) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(move || work(&app)).await;
    done.unwrap_or_else(|e| Err(Failure::internal(e)))
}
