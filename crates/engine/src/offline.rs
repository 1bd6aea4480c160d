//! Sessions as editors' files tell them, folded without a recorder.
//!
//! Owns nothing but the way from events to whole sessions: no journal, no store, no clock. Invariant: a session reads here as it
//! would after its events were imported.

use crate::editors::fold_event;
use crate::fold::{FoldEvent, Folded, fold};
use chasm_editors::EventDraft;
use chasm_protocol::session::{SessionDetail, SessionRecord, SessionSummary, StoredEvent};
use chasm_protocol::{Body, SessionId, State};
use std::collections::BTreeMap;

/// All sessions that these events tell of, by their ids. Events that come twice, as copies of one file give them, count once.
pub fn sessions(drafts: impl IntoIterator<Item = EventDraft>) -> Vec<SessionDetail> {
    let mut all: BTreeMap<String, Told> = BTreeMap::new();
    for draft in drafts {
        if !all.contains_key(&draft.session_id) {
            all.insert(draft.session_id.clone(), Told::default());
        }
        if let Some(told) = all.get_mut(&draft.session_id) {
            told.take(&draft);
        }
    }
    all.into_iter().filter_map(|(id, told)| told.session(&SessionId::new(id).ok()?)).collect()
}

/// What was told of one session.
#[derive(Default)]
struct Told {
    events: Vec<FoldEvent>,
    other: Vec<StoredEvent>,
    conflicts: Vec<StoredEvent>,
    /// Their ids, with what they say.
    seen: BTreeMap<String, u64>,
}

impl Told {
    fn take(&mut self, draft: &EventDraft) {
        let nth = self.events.len() as u64 + 1;
        let json = draft.to_accepted_json();
        let said = chasm_editors::ids::hash(&json);
        let before = self.seen.get(&draft.event_id).copied();
        if before == Some(said) {
            return;
        }
        let Some(mut event) = fold_event(draft, nth) else { return };
        event.conflict = before.is_some();
        let kept = match event.body {
            _ if event.conflict => Some(&mut self.conflicts),
            Body::Other => Some(&mut self.other),
            _ => None,
        };
        if let (Some(kept), Ok(value)) = (kept, serde_json::from_str(&json)) {
            let conflict = event.conflict;
            kept.push(StoredEvent { lsn: nth, received_at: draft.timestamp, conflict, event: value });
        }
        self.seen.entry(draft.event_id.clone()).or_insert(said);
        self.events.push(event);
    }

    fn session(self, id: &SessionId) -> Option<SessionDetail> {
        let Folded { record, messages, tool_calls } = fold(id, self.events, None, Vec::new())?;
        Some(SessionDetail {
            summary: summary(&record),
            metadata: record.metadata,
            end_reason: record.end_reason,
            expected_messages: record.expected_messages,
            messages,
            tool_calls,
            interruptions: Vec::new(),
            missing: Vec::new(),
            recoveries: Vec::new(),
            other_count: self.other.len() as u64,
            conflict_count: self.conflicts.len() as u64,
            conflicts: self.conflicts,
            other: self.other,
            purge_at: None,
            revision: 0,
            items: record.positions,
            holes: Vec::new(),
        })
    }
}

fn summary(record: &SessionRecord) -> SessionSummary {
    SessionSummary {
        session_id: record.id.to_string(),
        title: record.title.clone(),
        preview: record.preview.clone(),
        state: if record.ended_at.is_some() { State::Completed } else { State::Recording },
        provider: record.provider.clone(),
        model: record.model.clone(),
        workspace: record.workspace.clone(),
        editor: record.editor.clone(),
        started_at: record.started_at,
        last_event_at: record.last_event_at,
        ended_at: record.ended_at,
        events: record.events,
        messages: record.messages,
        tool_calls: record.tool_calls,
        interruptions: 0,
        starred: false,
        tags: Vec::new(),
        live: false,
        hits: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chasm_protocol::Timestamp;
    use serde_json::{Value, json};

    fn draft(session: &str, id: &str, kind: &str, at: i64, data: Value) -> EventDraft {
        EventDraft {
            session_id: session.into(),
            event_type: kind.into(),
            event_id: id.into(),
            timestamp: Timestamp::from_micros(at),
            data: data.as_object().cloned().unwrap(),
        }
    }

    #[test]
    fn events_become_sessions_and_copies_count_once() {
        let say = |session: &str, id: &str, text: &str| {
            draft(session, id, "message", 2, json!({"role": "user", "content": text, "message_id": id}))
        };
        let one = [
            draft("a", "s", "session_start", 1, json!({"title": "T", "provider": "p"})),
            say("a", "m1", "hi"),
            draft("a", "o", "claude_code.mode", 3, json!({"line": 1})),
            say("b", "m1", "there"),
        ];
        let end = draft("a", "e", "session_end", 4, json!({"reason": "imported"}));
        let twice = one.iter().chain(&one).cloned().chain([end, say("a", "m1", "something else")]);
        let all = sessions(twice);
        assert_eq!(all.iter().map(|s| s.summary.session_id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let a = &all[0];
        assert_eq!((a.summary.title.as_deref(), a.summary.state), (Some("T"), State::Completed));
        assert_eq!((a.messages.len(), a.messages[0].content.text().as_ref()), (1, "hi"));
        assert_eq!((a.other_count, a.conflict_count), (1, 1));
        assert_eq!(all[1].summary.state, State::Recording);
    }
}
