//! `GET /ws/recording`

use super::Shared;
use crate::app::{App, Seat};
use crate::error::Failure;
use crate::ws::{Handshake, serve};
use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use chasm_engine::Connection;
use chasm_protocol::api::ErrorBody;
use http::header::USER_AGENT;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::sync::Arc;

/// Longest name that a client is shown with before it says `hello`.
const NAME_CHARS: usize = 200;

/// The WebSocket that clients record over; the protocol says what goes over it.
#[utoipa::path(
    get,
    path = "/ws/recording",
    tag = "record",
    operation_id = "connect",
    responses(
        (status = 101, description = "a WebSocket"),
        (status = 426, description = "no WebSocket handshake", body = ErrorBody),
        (status = 503, description = "stopping: see Retry-After", body = ErrorBody),
    )
)]
pub(crate) async fn connect(
    State(app): Shared,
    Extension(seat): Extension<Arc<Seat>>,
    request: Request,
) -> Result<Response, Failure> {
    upgrade(app, seat, request, None, serve).await
}

/// Makes the request a WebSocket that `talk` serves, until it ends or the recorder does. `unnamed`: who it is where it does not say.
pub(super) async fn upgrade<T, F>(
    app: Arc<App>,
    seat: Arc<Seat>,
    mut request: Request,
    unnamed: Option<&str>,
    talk: T,
) -> Result<Response, Failure>
where
    T: FnOnce(Arc<App>, Connection, TokioIo<Upgraded>) -> F + Send + 'static,
    F: Future<Output = ()> + Send,
{
    let handshake = match Handshake::check(request.version(), request.headers()) {
        Ok(handshake) => handshake,
        Err(response) => return Ok(*response),
    };
    let agent = request.headers().get(USER_AGENT).and_then(|v| v.to_str().ok());
    let client = agent.or(unnamed).map(|name| name.chars().take(NAME_CHARS).collect());
    let connection = app.engine.connect(client).await?;
    let upgrade = hyper::upgrade::on(&mut request);
    let stop = app.stop.now.clone();
    let tasks = app.tasks.clone();
    tasks.spawn(async move {
        match upgrade.await {
            Ok(upgraded) => {
                tokio::select! {
                    () = talk(app, connection, TokioIo::new(upgraded)) => {}
                    () = stop.cancelled() => {}
                }
            }
            Err(error) => tracing::debug!(%error, "a WebSocket did not come to be"),
        }
        drop(seat);
    });
    Ok(handshake.answer().into_response())
}
