use super::*;
use crate::editors::ReadFile;
use chasm_protocol::session::{FileSource, SnapshotBody};
use chasm_protocol::{ConnectionId, Identity, Limits, Timestamp, parse_event};
use chasm_store::{EventRow, EventRowKind};
use proptest::prelude::*;
use serde_json::{Value, json};

fn id() -> SessionId {
    SessionId::new("s").unwrap()
}

fn row(lsn: u64, event: &Value) -> EventRow {
    let raw = event.to_string();
    let parsed = parse_event(&raw, &Limits::default()).unwrap();
    EventRow {
        lsn,
        identity: parsed.identity.unwrap_or(Identity::of_lsn(lsn)),
        content: parsed.content,
        event_type: parsed.event.event_type,
        at: parsed.event.timestamp.unwrap(),
        at_is_clients: true,
        seq: 0,
        event_id: None,
        received_at: Timestamp::from_micros(lsn as i64),
        connection: ConnectionId(1),
        kind: EventRowKind::Folded,
        raw: raw.into(),
    }
}

/// One turn of a chat: who, what, cut off or not.
type Turn = (bool, u8, bool);

fn text(n: usize, (user, word, _): Turn) -> String {
    format!("{} says {word} and goes on for a while {}", if user { "user" } else { "model" }, n % 3)
}

fn message(n: usize, turn: Turn, cut: bool, ids: bool) -> Value {
    let text = text(n, turn);
    let shown = if cut { &text[..text.len() / 2] } else { &text };
    let mut data =
        json!({"role": if turn.0 { "user" } else { "assistant" }, "content": shown, "partial": cut});
    if ids {
        data["message_id"] = json!(format!("m{n}"));
    }
    data
}

fn recorded(turns: &[Turn], kept: &[bool], ids: bool) -> Whole {
    let events = turns.iter().zip(kept).enumerate().filter(|(_, (_, kept))| **kept).map(|(n, (turn, _))| {
        let data = message(n, *turn, turn.2, ids);
        row(
            n as u64 + 1,
            &json!({"session_id":"s","event_type":"message","timestamp":n * 1000 + 1,"data":data}),
        )
    });
    Whole { events: events.collect(), ..Whole::default() }
}

fn file(path: &str, at: i64, turns: &[Turn], from: usize, ids: bool) -> ReadFile {
    let messages: Vec<Value> = turns
        .iter()
        .enumerate()
        .skip(from)
        .map(|(n, turn)| {
            let mut message = message(n, *turn, false, ids);
            message["timestamp"] = json!(Timestamp::from_millis(n as i64 * 1000 + 5).unwrap().to_string());
            message
        })
        .collect();
    let body: SnapshotBody = serde_json::from_value(json!({ "messages": messages })).unwrap();
    let source = FileSource { editor: "claude-code".into(), path: path.into() };
    let row = SnapshotRow {
        lsn: i64::MAX.cast_unsigned(),
        taken_at: Timestamp::from_micros(at),
        received_at: Timestamp::default(),
        hash: body.hash(),
        body: body.clone(),
        file: Some(source.clone()),
    };
    let json = serde_json::to_string(&body).unwrap();
    ReadFile { source, modified: Some(row.taken_at), said: Ok((row, json)), damage: None }
}

fn items(whole: &Whole) -> Items {
    let folded = with_files(&id(), whole.clone(), &[]);
    (folded.messages, folded.tool_calls)
}

/// What the flusher does with the records of a recovery: one by one, each onto what is stored by then.
fn applied(mut whole: Whole, records: Vec<FileRecord>) -> Whole {
    for (record, n) in records.into_iter().zip(1_000u64..) {
        let body: SnapshotBody = serde_json::from_str(&record.body).unwrap();
        let row = SnapshotRow {
            lsn: n + whole.snapshots.len() as u64,
            taken_at: record.taken_at,
            received_at: Timestamp::default(),
            hash: body.hash(),
            body,
            file: serde_json::from_str(&record.source).unwrap(),
        };
        let (_, _, write) = fold_anew(&id(), Some(whole.clone()), Vec::new(), &[row]);
        whole.snapshots.retain(|row| !write.removed.contains(&row.lsn));
        whole.snapshots.extend(write.new);
    }
    whole
}

fn texts(items: &Items) -> Vec<String> {
    items.0.iter().map(|m| m.content.text().into_owned()).collect()
}

proptest! {
    /// What was shown before is what comes, nothing recorded is lost, and doing it again adds nothing.
    #[test]
    fn the_preview_is_the_result(
        turns in prop::collection::vec((any::<bool>(), 0u8..4, any::<bool>()), 1..12),
        kept in prop::collection::vec(any::<bool>(), 12),
        ids in any::<(bool, bool)>(),
        grown in 0usize..12,
        second in any::<bool>(),
    ) {
        let whole = recorded(&turns, &kept, ids.0);
        let before = if whole.events.is_empty() { (Vec::new(), Vec::new()) } else { items(&whole) };
        let read = || {
            let mut read = vec![file("/a", 5, &turns, 0, ids.1)];
            if second {
                read.push(file("/b", 7, &turns, grown.min(turns.len()), ids.1));
            }
            read
        };
        let (files, records, shown) = compare(&id(), &whole, &before, read());
        prop_assert_eq!(files.len(), 1 + usize::from(second));
        let later = applied(whole, records);
        let result = items(&later);
        let shown = shown.unwrap_or(After {
            messages: before.0.len() as u64,
            partial: before.0.iter().filter(|m| m.partial).count() as u64,
            ..After::default()
        });
        let folded = with_files(&id(), later.clone(), &[]);
        prop_assert_eq!(after(&before.0, &folded), shown);
        prop_assert_eq!(result.0.len() as u64, before.0.len() as u64 + shown.added);
        for message in &before.0 {
            let text = message.content.text();
            let there = result.0.iter().any(|m| {
                m.key == message.key && (m.content.text().starts_with(text.as_ref()) || m.versions.iter().any(|v| v.content.text() == text))
            });
            prop_assert!(there, "lost: {text}");
        }
        let (_, again, nothing) = compare(&id(), &later, &result, read());
        prop_assert!(again.is_empty() && nothing.is_none(), "{nothing:?}");
    }
}

#[test]
fn a_file_completes_what_was_cut_and_adds_what_was_not_seen() {
    let turns: Vec<Turn> = vec![(true, 1, false), (false, 2, true), (true, 3, false), (false, 0, false)];
    let whole = recorded(&turns, &[true, true, false, false], true);
    let before = items(&whole);
    let (files, records, shown) = compare(&id(), &whole, &before, vec![file("/a", 5, &turns, 0, true)]);
    let expected = After { messages: 4, added: 2, completed: 1, partial: 0, open_tool_calls: 0 };
    assert_eq!(shown, Some(expected));
    assert_eq!((files[0].messages, files[0].only_there, files[0].readable), (4, 2, true));
    let later = applied(whole, records);
    let result = items(&later);
    assert_eq!(texts(&result), (0..4).map(|n| text(n, turns[n])).collect::<Vec<_>>());
    let origins: Vec<Origin> = result.0.iter().map(|m| m.origin).collect();
    assert_eq!(origins, [Origin::Event, Origin::Event, Origin::EditorFile, Origin::EditorFile]);
    assert_eq!(result.0[1].completed_by, Some(Origin::EditorFile));
    assert!(!result.0[1].partial);
}

/// A file that is cut after a recovery takes nothing away, and one that grew is one row still.
#[test]
fn a_file_has_one_row_that_only_grows() {
    let turns: Vec<Turn> = (0..6).map(|n| (n % 2 == 0, n, false)).collect();
    let whole = recorded(&turns[..1], &[true], false);
    let before = items(&whole);
    let mut state = whole;
    for part in [&turns[..3], &turns[..5], &turns[..2], &turns[..6]] {
        let now = items(&state);
        let (_, records, _) = compare(&id(), &state, &now, vec![file("/a", 5, part, 0, false)]);
        state = applied(state, records);
        assert_eq!(state.snapshots.len(), 1);
        assert!(items(&state).0.len() >= now.0.len());
    }
    assert_eq!((before.0.len(), items(&state).0.len()), (1, 6));
}

#[test]
fn what_cannot_be_read_is_named() {
    let turns: Vec<Turn> = vec![(true, 1, false)];
    let whole = recorded(&turns, &[true], false);
    let before = items(&whole);
    let source = FileSource { editor: "claude-code".into(), path: "/a".into() };
    let bad = ReadFile { source, modified: None, said: Err("no".into()), damage: None };
    let (files, records, after) = compare(&id(), &whole, &before, vec![bad]);
    assert_eq!((files[0].readable, files[0].problem.as_deref()), (false, Some("no")));
    assert!(records.is_empty() && after.is_none());
    let look = Look { files, ..Look::default() };
    assert_eq!(look.evidence()[0].source, "/a: no");
}
