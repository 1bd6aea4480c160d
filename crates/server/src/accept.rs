//! The accept loop and the connections it makes.
//!
//! Owns how many there may be, how long a head may take, and how each ends. Invariant: a connection holds a seat from accept to
//! its end, the time as a WebSocket included.

use crate::app::App;
use crate::error::Failure;
use crate::fence::{Peer, PeerUsers};
use crate::serve::{Caller, answer};
use axum::Router;
use axum::response::IntoResponse;
use chasm_protocol::ErrorCode;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Wider than what `serve` allows, so that it can answer in words.
const MAX_HEADERS: usize = 256;
const MAX_HEAD_BYTES: usize = 128 * 1024;
/// Refusals that are written at one time; beyond, connections are just closed.
const MAX_REFUSALS: usize = 64;

/// Takes connections until the stop.
pub(crate) async fn accept(listener: TcpListener, app: Arc<App>, router: Router, users: Arc<PeerUsers>) {
    let refusals = Arc::new(tokio::sync::Semaphore::new(MAX_REFUSALS));
    let mut stopping = pin!(app.stop.gently.clone().cancelled_owned());
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stopping => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(connection) => connection,
            Err(error) => {
                // no file handles left, mostly: some will come free
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        match app.seat() {
            Some(seat) => {
                let caller = (app.clone(), router.clone(), Arc::new(seat));
                app.tasks.spawn(connection(stream, peer, caller, users.clone()));
            }
            None => {
                app.metrics.refused_connections.inc();
                if let Ok(turn) = refusals.clone().try_acquire_owned() {
                    app.tasks.spawn(async move {
                        let _ = tokio::time::timeout(Duration::from_secs(1), refuse(stream)).await;
                        drop(turn);
                    });
                }
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    (app, router, seat): (Arc<App>, Router, Arc<crate::app::Seat>),
    users: Arc<PeerUsers>,
) {
    let local = stream.local_addr().ok();
    let is_same_user = match local {
        Some(local) => users.is_same_user(address, local).await,
        None => false,
    };
    let stop = app.stop.clone();
    let caller = Caller { app, router, peer: Peer { is_same_user, local }, seat };
    let service = service_fn(move |request: Request<Incoming>| {
        let caller = caller.clone();
        async move { Ok::<_, Infallible>(answer(caller, request).await) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut serving = pin!(serving);
    let result = tokio::select! {
        result = serving.as_mut() => result,
        () = stop.gently.cancelled() => {
            serving.as_mut().graceful_shutdown();
            tokio::select! {
                result = serving.as_mut() => result,
                () = stop.now.cancelled() => Ok(()),
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Says that there are too many connections. Reads what was asked first: closing a socket with unread bytes would take the
/// answer from the peer.
async fn refuse(mut stream: TcpStream) {
    let message = "too many connections are open: close some, or raise the setting limits.connections";
    let failure = Failure::new(ErrorCode::Overloaded, message);
    let retry = failure.retry_after.unwrap_or(1);
    let response = failure.into_response();
    let Ok(body) = axum::body::to_bytes(response.into_body(), 4096).await else { return };
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\nRetry-After: {retry}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let sent = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.shutdown().await
    };
    if sent.await.is_ok() {
        let mut sink = [0u8; 1024];
        while matches!(stream.read(&mut sink).await, Ok(n) if n > 0) {}
    }
}
