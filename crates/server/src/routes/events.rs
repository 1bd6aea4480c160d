//! `POST /api/recording/events`
//!
//! Invariant: the answer is sent after the events are on disk.

use super::Shared;
use crate::body::{self, Text};
use crate::error::Failure;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chasm_engine::Outcome;
use chasm_protocol::api::{ErrorBody, EventResult, EventStatus, EventsAnswer};
use chasm_protocol::parse::parse_events_body;
use chasm_protocol::{Parsed, Refusal, WarningCode};
use http::{HeaderMap, StatusCode};

/// Records events: one event, an array of events, or `{"events":[…]}`.
#[utoipa::path(
    post,
    path = "/api/recording/events",
    tag = "record",
    operation_id = "recordEvents",
    request_body(content = serde_json::Value, content_type = "application/json", description = "one event, an array of events, or {\"events\":[…]}"),
    responses(
        (status = 200, description = "all accepted events are on disk", body = EventsAnswer),
        (status = 400, description = "not JSON", body = ErrorBody),
        (status = 413, description = "too large, or too many events", body = ErrorBody),
        (status = 422, description = "every event was refused", body = EventsAnswer),
        (status = 503, description = "paused, or stopping: see Retry-After", body = ErrorBody),
        (status = 507, description = "the disk is full: see Retry-After", body = ErrorBody),
    )
)]
pub(crate) async fn record(State(app): Shared, headers: HeaderMap, body: Body) -> Result<Response, Failure> {
    let Text { text, share } = body::text(&app, &headers, body).await?;
    let limits = app.settings.current().protocol_limits();
    let read = move |text: &str| parse_events_body(text, &limits).map_err(Failure::from);
    let parsed = body::large(&app, Text { text, share: None }, read).await?;
    let mut accepted = Vec::with_capacity(parsed.len());
    let results: Vec<Place> = parsed.into_iter().map(|event| place(event, &mut accepted)).collect();
    app.engine.count_rejected((results.len() - accepted.len()) as u64);
    let outcomes = if accepted.is_empty() { Vec::new() } else { app.engine.record(accepted).await? };
    drop(share);
    let answer = answer(results, outcomes);
    let all_refused = answer.rejected > 0 && answer.recorded + answer.duplicates == 0;
    let status = if all_refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, Json(answer)).into_response())
}

/// What is known of an event before the engine has it.
struct Place {
    result: EventResult,
    accepted: bool,
}

fn place(event: Result<Parsed, Refusal>, accepted: &mut Vec<Parsed>) -> Place {
    match event {
        Ok(parsed) => {
            let result = EventResult {
                event_id: parsed.event.event_id.as_ref().map(|id| id.as_str().to_owned()),
                session_id: Some(parsed.event.session_id.as_str().to_owned()),
                status: EventStatus::Recorded,
                code: None,
                message: None,
                warning: parsed.warning,
            };
            accepted.push(parsed);
            Place { result, accepted: true }
        }
        Err(refusal) => {
            let result = EventResult {
                event_id: refusal.event_id,
                session_id: refusal.session_id,
                status: EventStatus::Rejected,
                code: Some(refusal.code),
                message: Some(refusal.message),
                warning: None,
            };
            Place { result, accepted: false }
        }
    }
}

fn answer(places: Vec<Place>, outcomes: Vec<Outcome>) -> EventsAnswer {
    let mut outcomes = outcomes.into_iter();
    let mut answer = EventsAnswer::default();
    for Place { mut result, accepted } in places {
        match accepted.then(|| outcomes.next()).flatten() {
            None => answer.rejected += 1,
            Some(Outcome::Recorded) => answer.recorded += 1,
            Some(Outcome::Conflict) => {
                answer.recorded += 1;
                result.warning = Some(WarningCode::Conflict);
            }
            Some(Outcome::Duplicate) => {
                answer.duplicates += 1;
                result.status = EventStatus::Duplicate;
                result.warning = None;
            }
        }
        answer.results.push(result);
    }
    answer
}
