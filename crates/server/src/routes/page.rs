//! `GET /`: the page for a person, and the place where a ticket becomes a cookie.
//!
//! Never runs a script. Invariant: a ticket never stays in the address.

use super::Shared;
use crate::error::Failure;
use crate::fence::Access;
use axum::extract::{Extension, State};
use axum::response::{Html, IntoResponse, Response};
use chasm_protocol::ErrorCode;
use http::header::{CONTENT_SECURITY_POLICY, HeaderValue, LOCATION, SET_COOKIE};
use http::{StatusCode, Uri};

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const PAGE: &str = include_str!("page.html");

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
    let mut response = Html(PAGE.replace("{version}", env!("CARGO_PKG_VERSION"))).into_response();
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
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
