//! Holds what the recorder shows against what was sent.
//!
//! Pure but for the questions to the recorder. Invariant: a finding is a sentence; no finding means that every message is
//! there, word for word, and no event twice.

use super::stream::Numbered;
use anyhow::Result;
use chasm_client::Rest;
use chasm_protocol::session::{Interruption, InterruptionReason, SessionDetail};
use chasm_protocol::{SessionId, State};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Events of one page.
const PAGE: u32 = 1_000;

/// What was found.
#[derive(Debug, Default, serde::Serialize)]
pub struct Findings {
    pub sessions: u64,
    pub messages: u64,
    pub tool_calls: u64,
    pub events: u64,
    pub interruptions: Vec<Interruption>,
    /// What is wrong; empty where the promise was kept.
    pub wrong: Vec<String>,
}

/// What a session has to be.
#[derive(Debug, Default, PartialEq)]
pub struct Expected {
    /// Content by message id: of two events for one message the later one stands.
    messages: BTreeMap<String, Value>,
    calls: BTreeSet<String>,
    event_ids: BTreeSet<String>,
    /// Its first event was acknowledged before the kill.
    interrupted: bool,
}

/// `acked`: so many events, in their order, were acknowledged before the kill.
pub fn expected(events: &[Numbered], acked: usize) -> BTreeMap<String, Expected> {
    let mut sessions: BTreeMap<String, Expected> = BTreeMap::new();
    for (event, nth) in events.iter().zip(1..) {
        let session = sessions.entry(event.session_id.clone()).or_default();
        session.interrupted |= nth <= acked;
        session.event_ids.insert(event.draft.event_id.clone());
        let text = |key: &str| event.draft.data.get(key).and_then(Value::as_str).map(str::to_owned);
        match (event.draft.event_type.as_str(), text("message_id"), text("call_id")) {
            ("message", Some(id), _) => {
                let content = event.draft.data.get("content").cloned().unwrap_or_default();
                session.messages.insert(id, content);
            }
            ("tool_call", _, Some(id)) => drop(session.calls.insert(id)),
            _ => {}
        }
    }
    sessions
}

pub async fn check(rest: &Rest, expected: &BTreeMap<String, Expected>) -> Result<Findings> {
    let mut findings = Findings::default();
    for (id, expected) in expected {
        let id = SessionId::new(id.as_str())?;
        let detail = rest.session(&id).await?;
        findings.sessions += 1;
        findings.messages += detail.messages.len() as u64;
        findings.tool_calls += detail.tool_calls.len() as u64;
        findings.interruptions.extend(detail.interruptions.iter().cloned());
        findings.wrong.extend(wrong(&detail, expected)?);
        let stored = event_ids(rest, &id).await?;
        findings.events += stored.len() as u64;
        findings.wrong.extend(wrong_events(&stored, expected));
    }
    Ok(findings)
}

fn wrong(detail: &SessionDetail, expected: &Expected) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for message in &detail.messages {
        let Some(id) = message.message_id.as_deref() else {
            wrong.push(format!("message {} has no id", message.position));
            continue;
        };
        if !seen.insert(id) {
            wrong.push(format!("message {id} is there twice"));
        }
        let content = serde_json::to_value(&message.content)?;
        match expected.messages.get(id) {
            None => wrong.push(format!("message {id} was never sent")),
            Some(sent) if *sent != content => wrong.push(format!("message {id} reads otherwise than sent")),
            Some(_) => {}
        }
    }
    wrong.extend(
        expected
            .messages
            .keys()
            .filter(|id| !seen.contains(id.as_str()))
            .map(|id| format!("message {id} is missing")),
    );
    let calls: BTreeSet<&str> = detail.tool_calls.iter().filter_map(|call| call.call_id.as_deref()).collect();
    wrong.extend(
        expected
            .calls
            .iter()
            .filter(|id| !calls.contains(id.as_str()))
            .map(|id| format!("tool call {id} is missing")),
    );
    if !detail.missing.is_empty() {
        wrong.push(format!("events {:?} are missing", detail.missing));
    }
    if detail.summary.state != State::Completed {
        wrong.push(format!("the session is {}, not completed", detail.summary.state));
    }
    let crash = |cut: &&Interruption| cut.reason == InterruptionReason::ServerCrash && cut.until.is_some();
    if expected.interrupted && detail.interruptions.iter().find(crash).is_none() {
        wrong.push(String::from("the interruption by the kill is not recorded"));
    }
    Ok(wrong)
}

fn wrong_events(stored: &[String], expected: &Expected) -> Vec<String> {
    let unique: BTreeSet<&str> = stored.iter().map(String::as_str).collect();
    let mut wrong = Vec::new();
    if unique.len() < stored.len() {
        wrong.push(format!("{} events are there twice", stored.len() - unique.len()));
    }
    let missing = expected.event_ids.iter().filter(|id| !unique.contains(id.as_str())).count();
    if missing > 0 {
        wrong.push(format!("{missing} events are missing"));
    }
    wrong
}

async fn event_ids(rest: &Rest, id: &SessionId) -> Result<Vec<String>> {
    let (mut ids, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = rest.events(id, cursor.as_deref(), PAGE).await?;
        let of = |event: &Value| event.get("event_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        ids.extend(page.events.iter().map(|stored| of(&stored.event)));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(ids);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::stream::numbered;
    use crate::show::samples;
    use chasm_editors::EventDraft;
    use serde_json::json;

    fn draft(event_type: &str, id: &str, data: Value) -> EventDraft {
        EventDraft {
            session_id: "s".into(),
            event_type: event_type.into(),
            event_id: id.into(),
            timestamp: chasm_protocol::Timestamp::default(),
            data: data.as_object().unwrap().clone(),
        }
    }

    #[test]
    fn every_lack_is_found() {
        let events = numbered(vec![
            draft("message", "e1", json!({"message_id": "m1", "content": "a"})),
            draft("message", "e2", json!({"message_id": "m1", "content": "ab"})),
            draft("tool_call", "e3", json!({"call_id": "c1", "name": "Bash"})),
        ]);
        let expected = &expected(&events, 1)["s"];
        let mut detail = samples::detail();
        detail.messages.truncate(1);
        detail.messages[0].message_id = Some("m1".into());
        detail.messages[0].content = chasm_protocol::Content::Text("a".into());
        let said = wrong(&detail, expected).unwrap().join("; ");
        for part in ["m1 reads otherwise", "c1 is missing", "not completed", "by the kill"] {
            assert!(said.contains(part), "{said}");
        }
        let said = wrong_events(&["e1".into(), "e1".into(), "e2".into()], expected).join("; ");
        assert_eq!(said, "1 events are there twice; 1 events are missing");
    }
}
