//! The demo's client: numbers its events, streams them until the recorder is killed, and sends the rest after `hello`.
//!
//! Invariant: an event is sent again only where the recorder did not say that it has it.

use crate::app::client_name;
use anyhow::{Result, bail};
use chasm_client::stream::ResumePoint;
use chasm_client::{Endpoint, Options, Report, Stream};
use chasm_editors::EventDraft;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// Unacknowledged events on the way: enough that the kill finds some.
const WINDOW: usize = 64;
/// Longest wait for acks.
const ACK_WAIT: Duration = Duration::from_secs(30);

/// An event with its place in its session.
pub struct Numbered {
    pub session_id: String,
    pub seq: u64,
    pub draft: EventDraft,
}

/// Gives every event the client's own counter, from 1 in each session.
pub fn numbered(events: Vec<EventDraft>) -> Vec<Numbered> {
    let mut next: BTreeMap<String, u64> = BTreeMap::new();
    let number = |draft: EventDraft| {
        let seq = next.entry(draft.session_id.clone()).and_modify(|n| *n += 1).or_insert(1);
        Numbered { session_id: draft.session_id.clone(), seq: *seq, draft }
    };
    events.into_iter().map(number).collect()
}

/// The sessions, and how many events each has.
pub fn sessions(events: &[Numbered]) -> BTreeMap<String, u64> {
    events.iter().map(|event| (event.session_id.clone(), event.seq)).collect()
}

/// How far the first stream came.
pub struct Cut {
    pub sent: usize,
    pub acked: usize,
    recorder: Stream,
}

impl Cut {
    /// What is known to be acknowledged when the recorder is dead: the last acks may still have been on their way.
    pub fn ended(mut self) -> Self {
        self.acked = usize::try_from(self.recorder.progress().acked).unwrap_or(self.acked);
        self
    }
}

/// Streams until half is acknowledged, and stops with events on the way. The last quarter is never sent.
pub async fn first_half(endpoint: Endpoint, events: &[Numbered]) -> Result<Cut> {
    let mut recorder = connect(endpoint, events).await?;
    let (half, most) = (events.len() / 2, events.len() * 3 / 4);
    let mut sent = 0;
    for event in events.iter().take(most) {
        recorder.send(raw(event)).await?;
        sent += 1;
        let acked = usize::try_from(recorder.progress().acked).unwrap_or_default();
        if acked >= half {
            break;
        }
    }
    let mut progress = recorder.watch();
    let enough = progress.wait_for(|now| now.acked >= half as u64);
    if tokio::time::timeout(ACK_WAIT, enough).await.is_err() {
        bail!("no acks within {} s: {:?}", ACK_WAIT.as_secs(), recorder.progress());
    }
    let acked = usize::try_from(recorder.progress().acked).unwrap_or_default();
    Ok(Cut { sent, acked, recorder })
}

/// What the recorder had, what was sent again, and what became of it.
pub struct Rest {
    pub had: BTreeMap<String, ResumePoint>,
    pub sent: usize,
    pub report: Report,
}

/// Asks what is on disk and sends the rest.
pub async fn the_rest(endpoint: Endpoint, events: &[Numbered]) -> Result<Rest> {
    let mut recorder = connect(endpoint, events).await?;
    let had = recorder.resume_points().clone();
    let mut sent = 0;
    for event in events.iter().filter(|event| !is_there(event, &had)) {
        recorder.send(raw(event)).await?;
        sent += 1;
    }
    let report = recorder.finish().await?;
    Ok(Rest { had, sent, report })
}

async fn connect(endpoint: Endpoint, events: &[Numbered]) -> Result<Stream> {
    let sessions = sessions(events).into_keys().collect();
    let options = Options { client: client_name(), sessions, window: WINDOW, ..Options::default() };
    Ok(Stream::connect(endpoint, options).await?)
}

fn is_there(event: &Numbered, had: &BTreeMap<String, ResumePoint>) -> bool {
    let Some(point) = had.get(&event.session_id) else { return false };
    let missing = point.missing.iter().any(|(from, to)| (*from..=*to).contains(&event.seq));
    event.seq <= point.last_seq && !missing
}

fn raw(event: &Numbered) -> String {
    let mut fields = serde_json::to_value(&event.draft).unwrap_or_default();
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("seq".into(), json!(event.seq));
    }
    fields.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_there_goes_again() {
        let draft = |session: &str| EventDraft {
            session_id: session.into(),
            event_type: "x".into(),
            event_id: "e".into(),
            timestamp: chasm_protocol::Timestamp::default(),
            data: serde_json::Map::new(),
        };
        let events = numbered(["a", "a", "b", "a", "a"].map(draft).into());
        assert_eq!(sessions(&events), BTreeMap::from([("a".into(), 4), ("b".into(), 1)]));
        let had =
            BTreeMap::from([("a".into(), ResumePoint { last_seq: 3, events: 2, missing: vec![(2, 2)] })]);
        let again: Vec<_> =
            events.iter().filter(|e| !is_there(e, &had)).map(|e| (e.session_id.as_str(), e.seq)).collect();
        assert_eq!(again, [("a", 2), ("b", 1), ("a", 4)]);
    }
}
