//! `GET /api/recording/sessions/{id}/export`
//!
//! Invariant: JSON lines are sent page by page, so that a session of any length costs little memory.

use super::Shared;
use crate::app::App;
use crate::error::Failure;
use crate::export::{self, Format};
use crate::query::{Id, Query};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chasm_protocol::SessionId;
use chasm_protocol::api::{ErrorBody, EventPage};
use chasm_protocol::limits::PAGE_MAX;
use chasm_protocol::session::SessionDetail;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use std::io;
use std::sync::Arc;

/// A session as a file.
#[utoipa::path(
    get,
    path = "/api/recording/sessions/{id}/export",
    tag = "read",
    operation_id = "exportSession",
    params(
        ("id" = String, Path, description = "the session's id, percent-encoded"),
        ("format" = Option<String>, Query, description = "markdown (default), json, jsonl (raw events), html"),
    ),
    responses(
        (status = 200, description = "a download", content(
            (String = "text/markdown"),
            (SessionDetail = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/html"),
        )),
        (status = 400, description = "unknown format", body = ErrorBody),
        (status = 404, description = "no such session", body = ErrorBody),
    )
)]
pub(crate) async fn download(State(app): Shared, Id(id): Id, mut query: Query) -> Result<Response, Failure> {
    let format = query.choice("format", Format::ALL)?.unwrap_or(Format::Markdown);
    query.end()?;
    let session = app.engine.session(&id).await?;
    let disposition = export::disposition(export::title(&session), format);
    let body = match format {
        Format::Jsonl => lines(&app, id).await?,
        // a long session takes some time to write down
        _ => tokio::task::spawn_blocking(move || whole(&session, format))
            .await
            .map_err(Failure::internal)?
            .into(),
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(Failure::internal)?);
    Ok(response)
}

/// The session written down, but for JSON lines, which are not made of it.
pub(super) fn whole(session: &SessionDetail, format: Format) -> Vec<u8> {
    match format {
        Format::Html => export::html(session).into_bytes(),
        Format::Json => serde_json::to_vec_pretty(session).unwrap_or_default(),
        Format::Markdown | Format::Jsonl => export::markdown(session).into_bytes(),
    }
}

/// Raw events, one a line. The first page is read before the head is sent, so that a failure is an answer of its own.
async fn lines(app: &Arc<App>, id: SessionId) -> Result<Body, Failure> {
    let first = app.engine.events(&id, None, PAGE_MAX).await?;
    let state = (app.clone(), id, Some(Ok(first)));
    let pages = futures_util::stream::unfold(state, |(app, id, page)| async move {
        let page: EventPage = match page? {
            Ok(page) => page,
            // the connection breaks off, so that the client does not take a part for the whole
            Err(error) => return Some((Err(io::Error::other(error)), (app, id, None))),
        };
        let next = match &page.next_cursor {
            Some(cursor) => {
                Some(app.engine.events(&id, Some(cursor), PAGE_MAX).await.map_err(|e| e.to_string()))
            }
            None => None,
        };
        Some((Ok(text(&page)), (app, id, next)))
    });
    Ok(Body::from_stream(pages))
}

pub(super) fn text(page: &EventPage) -> Bytes {
    let mut text = Vec::new();
    for stored in &page.events {
        // a value that was JSON is JSON
        if serde_json::to_writer(&mut text, &stored.event).is_ok() {
            text.push(b'\n');
        }
    }
    text.into()
}
