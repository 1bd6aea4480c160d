//! `GET /`: the page for a person, with its files, and the place where a ticket becomes a cookie.
//!
//! Invariant: a ticket never stays in the address, and the page runs its own scripts only.

use super::Shared;
use crate::bundle;
use crate::error::Failure;
use crate::fence::Access;
use axum::extract::{Extension, Path, State};
use axum::response::{Html, IntoResponse, Response};
use chasm_protocol::ErrorCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, SET_COOKIE};
use http::{StatusCode, Uri};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Where no page was built in.
const PLAIN: &str = include_str!("page.html");
const PLAIN_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The names of these files say what is in them.
const FOR_GOOD: &str = "private, max-age=31536000, immutable";

/// What runs here, for people.
#[utoipa::path(
    get,
    path = "/",
    tag = "page",
    operation_id = "page",
    params(("ticket" = Option<String>, Query, description = "a one-time ticket")),
    responses(
        (status = 200, description = "a page", body = String, content_type = "text/html"),
        (status = 303, description = "the ticket became a cookie"),
        (status = 401, description = "the ticket is used or too old", body = chasm_protocol::api::ErrorBody),
    )
)]
pub(crate) async fn show(
    State(app): Shared,
    Extension(access): Extension<Access>,
    uri: Uri,
) -> Result<Response, Failure> {
    if let Some(ticket) = ticket(&uri) {
        return match app.passes.redeem(&ticket) {
            Some(cookie) => to_the_page(Some(&cookie)),
            // who may come in anyway needs no ticket
            None if access == Access::Owner => to_the_page(None),
            None => Err(Failure::new(
                ErrorCode::Unauthorized,
                "this link was used or is older than a minute: open the page anew with `chasm open`",
            )),
        };
    }
    let (mut response, policy) = match bundle::file("index.html") {
        Some(page) => (of_bundle(page), POLICY),
        None => (Html(PLAIN.replace("{version}", env!("CARGO_PKG_VERSION"))).into_response(), PLAIN_POLICY),
    };
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    Ok(response)
}

/// A file of the page.
#[utoipa::path(
    get,
    path = "/assets/{file}",
    tag = "page",
    operation_id = "asset",
    params(("file" = String, Path, description = "its name")),
    responses(
        (status = 200, description = "the file"),
        (status = 404, description = "the page has no such file", body = chasm_protocol::api::ErrorBody),
    )
)]
pub(crate) async fn asset(Path(file): Path<String>) -> Result<Response, Failure> {
    let name = format!("assets/{file}");
    let found = bundle::file(&name).ok_or_else(|| no_such_file(&file))?;
    let mut response = of_bundle(found);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(FOR_GOOD));
    Ok(response)
}

/// The page's icon.
#[utoipa::path(
    get,
    path = "/icon.svg",
    tag = "page",
    operation_id = "icon",
    responses(
        (status = 200, description = "a picture", content_type = "image/svg+xml"),
        (status = 404, description = "no page was built in", body = chasm_protocol::api::ErrorBody),
    )
)]
pub(crate) async fn icon() -> Result<Response, Failure> {
    bundle::file("icon.svg").map(of_bundle).ok_or_else(|| no_such_file("icon.svg"))
}

fn no_such_file(name: &str) -> Failure {
    let name: String = name.chars().take(100).collect();
    Failure::new(ErrorCode::NotFound, format!("the page has no file {name}: load it anew"))
}

fn of_bundle((media_type, content): (&'static str, &'static [u8])) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(media_type))], content).into_response()
}

fn ticket(uri: &Uri) -> Option<String> {
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.find(|(name, _)| name == "ticket").map(|(_, value)| value.into_owned())
}

fn to_the_page(cookie: Option<&str>) -> Result<Response, Failure> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/"));
    if let Some(cookie) = cookie {
        let value = HeaderValue::from_str(cookie).map_err(Failure::internal)?;
        response.headers_mut().insert(SET_COOKIE, value);
    }
    Ok(response)
}
