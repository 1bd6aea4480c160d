//! `GET /api/recording/live`: what changes, as server-sent events.
//!
//! Never carries the text of a chat. Invariant: a reader that is too slow is told how much it missed.

use super::Shared;
use crate::error::Failure;
use crate::query::Query;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use chasm_protocol::lifecycle::LiveEvent;
use futures_util::Stream;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A browser that lost the stream comes back after so long.
const COME_BACK: Duration = Duration::from_secs(2);

/// Streams what changes. The name of an event is the `type` of its data.
#[utoipa::path(
    get,
    path = "/api/recording/live",
    tag = "status",
    operation_id = "live",
    responses((status = 200, description = "server-sent events", body = LiveEvent, content_type = "text/event-stream"))
)]
pub(crate) async fn stream(
    State(app): Shared,
    query: Query,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    query.end()?;
    let hello = futures_util::stream::iter([Ok(Event::default().retry(COME_BACK).comment("live"))]);
    let (live, stop) = (app.engine.live(), app.stop.gently.clone());
    let items = futures_util::stream::unfold((live, stop), |(mut live, stop)| async move {
        let item = tokio::select! {
            () = stop.cancelled() => return None,
            item = live.recv() => item,
        };
        let item = match item {
            Ok(item) => item,
            Err(RecvError::Lagged(missed)) => LiveEvent::Lagged { missed },
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(event(&item)), (live, stop)))
    });
    let stream = futures_util::StreamExt::chain(hello, items);
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn event(item: &LiveEvent) -> Event {
    let name = match item {
        LiveEvent::Lifecycle { .. } => "lifecycle",
        LiveEvent::Changed { .. } => "changed",
        LiveEvent::Lagged { .. } => "lagged",
    };
    // serde_json escapes line breaks, which is all that SSE asks
    Event::default().event(name).data(serde_json::to_string(item).unwrap_or_default())
}
