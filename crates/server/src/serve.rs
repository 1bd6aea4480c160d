//! One request, from the socket to its answer: fence, route, shape, headers, count.
//!
//! Owns the order of these. Invariant: every answer, those of the fence and of libraries included, has the shape of errors and
//! the headers of [`crate::fence::dress`].

use crate::app::{App, Seat};
use crate::error::{Failure, in_shape};
use crate::fence::{self, Access, Facts, Peer, Rules};
use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::response::{IntoResponse, Response};
use chasm_protocol::ErrorCode;
use futures_util::FutureExt;
use http::header::{HeaderValue, ORIGIN};
use http::request::Parts;
use http::{Request, StatusCode};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tower::ServiceExt;

/// Bounds that hyper answers without a word when they are broken; ours are narrower and speak.
const URI_BYTES: usize = 8 * 1024;
const HEADERS: usize = 100;
const HEADER_BYTES: usize = 32 * 1024;

/// What a connection hands to each of its requests.
#[derive(Clone)]
pub(crate) struct Caller {
    pub app: Arc<App>,
    pub router: Router,
    pub peer: Peer,
    pub seat: Arc<Seat>,
}

/// Label of the route in the metrics, put into the answer by the router.
#[derive(Clone)]
pub(crate) struct RouteLabel(pub MatchedPath);

pub(crate) async fn answer<B>(caller: Caller, request: Request<B>) -> Response
where
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let (parts, body) = request.into_parts();
    let settings = caller.app.settings.current();
    let rules = Rules {
        address: caller.app.address,
        auth: settings.auth,
        allowed_origins: &settings.allowed_origins,
    };
    let facts = Facts::of(&parts, &caller.peer, &caller.app.passes);
    let decision = check_size(&parts).and_then(|()| fence::decide(&facts, &rules));
    if let Err(failure) = &decision
        && failure.code == ErrorCode::ForbiddenOrigin
        && let Some(origin) = fence::would_record(&facts, &rules)
    {
        caller.app.asking.tell(&caller.app.engine, origin);
    }
    let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
    let origin = allowed_origin(&parts, &rules);
    let app = caller.app.clone();
    let mut response = match decision {
        Err(failure) => {
            tracing::debug!(%method, code = %failure.code, "the fence refused a request");
            failure.into_response()
        }
        Ok(Access::Preflight { methods }) => fence::preflight(methods),
        Ok(access) => route(caller, access, Request::from_parts(parts, Body::new(body))).await,
    };
    response = in_shape(response, &method, &path);
    fence::dress(response.headers_mut(), origin);
    let label = response.extensions_mut().remove::<RouteLabel>();
    let label = label.as_ref().map_or("other", |l| l.0.as_str());
    app.metrics.request(&method, label, response.status());
    response
}

async fn route(caller: Caller, access: Access, mut request: Request<Body>) -> Response {
    request.extensions_mut().insert(access);
    request.extensions_mut().insert(caller.seat);
    let answered = AssertUnwindSafe(caller.router.oneshot(request)).catch_unwind().await;
    match answered {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(_) => Failure::internal("a handler panicked").into_response(),
    }
}

/// The origin to name in the answer: one that asked and may.
fn allowed_origin(parts: &Parts, rules: &Rules<'_>) -> Option<HeaderValue> {
    let mut values = parts.headers.get_all(ORIGIN).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    let origin = value.to_str().ok().filter(|o| *o != "null")?;
    let allowed = rules.allowed_origins.iter().any(|o| o.as_str() == origin);
    (allowed || fence::is_own_origin(origin, rules.address)).then(|| value.clone())
}

fn check_size(parts: &Parts) -> Result<(), Failure> {
    let uri = parts.uri.path_and_query().map_or(0, |p| p.as_str().len());
    if uri > URI_BYTES {
        return Err(Failure::bad_request(format!("the address is longer than {URI_BYTES} bytes"))
            .with_status(StatusCode::URI_TOO_LONG));
    }
    let bytes: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if parts.headers.len() > HEADERS || bytes > HEADER_BYTES {
        let message = format!("at most {HEADERS} headers of {HEADER_BYTES} bytes in all are allowed");
        return Err(Failure::new(ErrorCode::TooLarge, message)
            .with_status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
    Ok(())
}
