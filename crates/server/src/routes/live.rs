//! `GET /api/recording/live`: what changes, as server-sent events.
//!
//! Carries the text of those chats alone that its reader asked for. Invariant: a reader that is too slow is told how much it missed.

use super::Shared;
use crate::error::Failure;
use crate::query::Query;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use chasm_engine::DeltaReader;
use chasm_protocol::SessionId;
use chasm_protocol::lifecycle::LiveEvent;
use futures_util::Stream;
use http::Uri;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// Sessions whose texts one reader may watch.
const SESSIONS_MAX: usize = 8;
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A browser that lost the stream comes back after so long.
const COME_BACK: Duration = Duration::from_secs(2);

/// Streams what changes. The name of an event is the `type` of its data.
#[utoipa::path(
    get,
    path = "/api/recording/live",
    tag = "status",
    operation_id = "live",
    params(
        ("session" = Option<String>, Query, description = "also what streams into this session, as `delta` events; up to 8 times"),
    ),
    responses(
        (status = 200, description = "server-sent events", body = LiveEvent, content_type = "text/event-stream"),
        (status = 400, description = "a parameter makes no sense", body = chasm_protocol::api::ErrorBody),
    )
)]
pub(crate) async fn stream(
    State(app): Shared,
    uri: Uri,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let sessions = sessions(uri.query().unwrap_or_default())?;
    let hello = futures_util::stream::iter([Ok(Event::default().retry(COME_BACK).comment("live"))]);
    let (live, stop) = (app.engine.live(), app.stop.gently.clone());
    let deltas = (!sessions.is_empty()).then(|| app.engine.deltas(sessions));
    let items =
        futures_util::stream::unfold((live, deltas, stop), |(mut live, mut deltas, stop)| async move {
            let item = tokio::select! {
                () = stop.cancelled() => return None,
                item = live.recv() => match item {
                    Ok(item) => event(&item),
                    Err(RecvError::Lagged(missed)) => event(&LiveEvent::Lagged { missed }),
                    Err(RecvError::Closed) => return None,
                },
                delta = next(&mut deltas) => event(&delta),
            };
            Some((Ok(item), (live, deltas, stop)))
        });
    let stream = futures_util::StreamExt::chain(hello, items);
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// The sessions whose texts are asked for.
fn sessions(query: &str) -> Result<Vec<SessionId>, Failure> {
    let (mut sessions, mut rest) = (Vec::new(), form_urlencoded::Serializer::new(String::new()));
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "session" => {
                let id = SessionId::new(value.into_owned());
                sessions.push(id.map_err(|e| Failure::bad_request(format!("`session`: {e}")))?);
            }
            _ => drop(rest.append_pair(&name, &value)),
        }
    }
    let mut rest = Query::read(&rest.finish())?;
    rest.text("session");
    rest.end()?;
    if sessions.len() > SESSIONS_MAX {
        let message =
            format!("`session` is given {} times: at most {SESSIONS_MAX} are allowed", sessions.len());
        return Err(Failure::bad_request(message));
    }
    Ok(sessions)
}

async fn next(deltas: &mut Option<DeltaReader>) -> Arc<LiveEvent> {
    match deltas {
        Some(deltas) => deltas.next().await,
        None => std::future::pending().await,
    }
}

fn event(item: &LiveEvent) -> Event {
    let name = match item {
        LiveEvent::Lifecycle { .. } => "lifecycle",
        LiveEvent::Changed { .. } => "changed",
        LiveEvent::Delta { .. } => "delta",
        LiveEvent::Progress { .. } => "progress",
        LiveEvent::Lagged { .. } => "lagged",
    };
    // serde_json escapes line breaks, which is all that SSE asks
    Event::default().event(name).data(serde_json::to_string(item).unwrap_or_default())
}
