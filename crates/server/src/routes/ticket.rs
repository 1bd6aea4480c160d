//! `POST /api/ticket`: a way into the UI for a browser, which cannot show a token.

use super::Shared;
use crate::error::Failure;
use crate::fence::TICKET_SECS;
use axum::Json;
use axum::extract::State;
use serde::Serialize;

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Ticket {
    /// Opens the UI, once.
    url: String,
    expires_in_secs: u64,
}

/// Makes a one-time ticket: opening its address gives the browser a cookie.
#[utoipa::path(
    post,
    path = "/api/ticket",
    tag = "settings",
    operation_id = "makeTicket",
    responses((status = 200, description = "an address that works once, for a minute", body = Ticket))
)]
pub(crate) async fn make(State(app): Shared) -> Result<Json<Ticket>, Failure> {
    let url = app.ticket_url().ok_or_else(|| Failure::internal("the system gives no random numbers"))?;
    Ok(Json(Ticket { url, expires_in_secs: TICKET_SECS }))
}
