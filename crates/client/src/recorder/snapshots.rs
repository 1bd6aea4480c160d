//! Sends snapshots of sessions that changed, now and then and at their end.
//!
//! Owns the rhythm. Never keeps a snapshot: what does not get through is made anew. Invariant: no events wait for a snapshot.

use super::desk::Desk;
use super::session::Inner;
use crate::{ClientError, Rest};
use chasm_protocol::api::SnapshotRequest;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for the answer to one.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

pub async fn take(desk: Arc<Desk>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(desk.settings.snapshot_every) => {}
            () = desk.snapshot_due.notified() => {}
        }
        take_all(&desk).await;
    }
}

/// Of all sessions that changed; while nobody is there they wait.
pub async fn take_all(desk: &Desk) {
    let state = desk.state();
    for session in desk.for_snapshots() {
        let sent =
            if state.is_connected() && !state.paused { send(desk, &session).await } else { Sent::Later };
        if sent == Sent::Later && session.has_ended() {
            desk.snapshot_later(&session);
        }
    }
}

#[derive(PartialEq)]
enum Sent {
    Done,
    Later,
}

async fn send(desk: &Desk, session: &Arc<Inner>) -> Sent {
    let Some(snapshot) = session.in_picture(|picture| picture.take_changed()) else { return Sent::Done };
    let taken_at = Some(crate::stream::precise_now());
    let request = SnapshotRequest { session_id: session.id.clone(), taken_at, snapshot };
    match post(desk, &request).await {
        Ok(()) => Sent::Done,
        Err(ClientError::Refused { status: 400..=499, code, message }) => {
            let session = session.id.as_str();
            tracing::warn!(session, code, message, "the recorder refuses the snapshot");
            Sent::Done
        }
        Err(error) => {
            tracing::debug!(%error, "the snapshot did not get through");
            session.in_picture(|picture| picture.untold());
            Sent::Later
        }
    }
}

async fn post(desk: &Desk, request: &SnapshotRequest) -> Result<(), ClientError> {
    let endpoint = desk.settings.endpoint()?;
    let url = endpoint.url.clone();
    let rest = Rest::new(endpoint)?;
    match tokio::time::timeout(ANSWER_WAIT, rest.snapshot(request)).await {
        Ok(answer) => answer.map(drop),
        Err(_) => Err(ClientError::Unreachable { url, why: "no answer in time".into() }),
    }
}
