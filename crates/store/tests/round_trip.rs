//! What goes in comes out: every field, hostile texts, both ways of writing items.

// Helpers of tests are not tests to clippy.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use chasm_protocol::event::EventType;
use chasm_protocol::session::{FileSource, InterruptionReason, Origin, SnapshotBody, Version};
use chasm_protocol::*;
use chasm_store::*;
use common::*;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z ]{0,40}",
        Just("\0nul\0 in \0\0text\0".to_owned()),
        Just("'; DROP TABLE sessions; -- \" \\ %_ \u{FFFD}\u{FEFF}\u{202E}".to_owned()),
        Just("你好，世界。日本語テキスト 한국어 👩‍👩‍👧 e\u{301}".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn map() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(text(), value(), 0..3).prop_map(|map| map.into_iter().collect())
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        text().prop_map(Content::Text),
        prop::collection::vec(
            prop_oneof![value(), text().prop_map(|t| json!({"type": "text", "text": t}))],
            0..4
        )
        .prop_map(Content::Parts),
    ]
}

fn origin() -> impl Strategy<Value = Origin> {
    prop::sample::select(Origin::ALL)
}

fn time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_micros)
}

prop_compose! {
    fn message_of(n: u64)(
        position in 1..1_000_000u64,
        ids in prop::collection::vec(prop::option::of(text()), 3),
        role in prop::sample::select(&[Role::User, Role::Assistant, Role::System, Role::Tool][..]),
        content in content(),
        partial in any::<bool>(),
        timestamp in prop::option::of(time()),
        metadata in map(),
        origin in origin(),
        completed_by in prop::option::of(origin()),
        aliases in prop::collection::vec(text(), 0..3),
        versions in prop::collection::vec((origin(), content()), 0..2),
    ) -> Message {
        Message {
            key: ItemKey(key(n)), position, role, content, partial, timestamp, metadata, origin, completed_by, aliases,
            message_id: ids[0].clone(), model: ids[1].clone(), parent_id: ids[2].clone(),
            versions: versions.into_iter().map(|(origin, content)| Version { origin, content }).collect(),
        }
    }
}

prop_compose! {
    fn call_of(n: u64)(
        position in 1..1_000_000u64,
        ids in prop::collection::vec(prop::option::of(text()), 2),
        name in text(),
        arguments in prop::option::of(value()),
        output in prop::option::of(value()),
        flags in any::<(bool, bool)>(),
        duration_ms in prop::option::of(-1e300..1e300f64),
        times in prop::collection::vec(prop::option::of(time()), 2),
        origin in origin(),
    ) -> ToolCall {
        ToolCall {
            key: ItemKey(key(n)), position, name, arguments, output, duration_ms, origin,
            call_id: ids[0].clone(), message_id: ids[1].clone(), finished: flags.0, is_error: flags.1,
            timestamp: times[0], finished_at: times[1],
        }
    }
}

prop_compose! {
    fn event_of(n: u64)(
        raw in text(),
        event_id in prop::option::of(text()),
        at in 0..5i64,
        at_is_clients in any::<bool>(),
        seq in prop_oneof![0..4u64, Just(i64::MAX as u64)],
        received_at in time(),
        connection in any::<u64>(),
        name in "[a-z][a-z0-9_.]{0,63}",
        kind in prop::sample::select(
            &[EventRowKind::Folded, EventRowKind::Other, EventRowKind::Conflict, EventRowKind::Silent][..]
        ),
    ) -> EventRow {
        EventRow {
            lsn: n, identity: Identity(key(n)), content: ContentHash(key(n + 1)), at_is_clients, seq, received_at, kind,
            event_type: EventType::new(&name).unwrap(), at: Timestamp::from_micros(at), raw: raw.into(),
            event_id: event_id.map(Into::into), connection: ConnectionId(connection),
        }
    }
}

prop_compose! {
    fn write_of(pk: i64, first: u64)(
        texts in prop::collection::vec(prop::option::of(text()), 7),
        metadata in map(),
        times in prop::collection::vec(time(), 4),
        ended_at in prop::option::of(time()),
        numbers in prop::collection::vec(0..u64::MAX, 8),
        expected_messages in prop::option::of(any::<u64>()),
        state in prop::sample::select(State::ALL),
        has_snapshots in any::<bool>(),
        events in (first..first + 3).map(event_of).collect::<Vec<_>>(),
        messages in (first..first + 3).map(message_of).collect::<Vec<_>>(),
        tool_calls in (first..first + 2).map(call_of).collect::<Vec<_>>(),
        reason in prop::sample::select(InterruptionReason::ALL),
        until in prop::option::of(time()),
        resumed_lsn in prop::option::of(any::<u64>()),
    ) -> SessionWrite {
        let mut write = session(pk, &format!("session/{pk} 会话"));
        let mut texts = texts.into_iter();
        let mut text = || texts.next().flatten();
        let record = &mut write.record;
        (record.title, record.provider, record.model) = (text(), text(), text());
        (record.workspace, record.editor, record.end_reason, record.preview) = (text(), text(), text(), text());
        (record.metadata, record.ended_at, record.expected_messages) = (metadata, ended_at, expected_messages);
        (record.started_at, record.last_event_at, record.last_key.at) = (times[0], times[1], times[2]);
        (record.events, record.messages, record.tool_calls) = (numbers[0], numbers[1], numbers[2]);
        (record.conflicts, record.positions) = (numbers[3], numbers[4]);
        (record.last_key.seq, record.last_key.lsn) = (numbers[5], numbers[6]);
        record.last_key.event_id = record.preview.clone().unwrap_or_default().into();
        (write.state, write.has_snapshots, write.last_received_at) = (state, has_snapshots, times[3]);
        write.events = events;
        write.items = ItemsWrite::Upsert { messages, tool_calls };
        write.interruptions = vec![InterruptionRow {
            lsn: first, reason, since: times[0], until, resumed_lsn, replayed: numbers[7],
        }];
        write
    }
}

async fn assert_equal(store: &Store, write: &SessionWrite) {
    let stored = store.load_sessions(std::slice::from_ref(&write.record.id)).await.unwrap();
    let expected = StoredSession {
        pk: write.pk,
        record: write.record.clone(),
        state: write.state,
        last_received_at: write.last_received_at,
        has_snapshots: write.has_snapshots,
        last_interruption: write.interruptions.last().cloned(),
    };
    assert_eq!(stored, [expected]);
    assert_eq!(store.interruptions(write.pk).await.unwrap(), write.interruptions);

    let mut events = write.events.clone();
    events.sort_by_key(EventRow::order_key);
    assert_eq!(store.events(write.pk).await.unwrap(), events);
    let mut seqs: Vec<u64> = events.iter().map(|e| e.seq).filter(|seq| *seq > 0).collect();
    seqs.sort_unstable();
    seqs.dedup();
    assert_eq!(store.seqs(write.pk).await.unwrap(), seqs);

    let (ItemsWrite::Upsert { messages, tool_calls } | ItemsWrite::Replace { messages, tool_calls }) =
        &write.items;
    let (mut messages, mut calls) = (messages.clone(), tool_calls.clone());
    messages.sort_by_key(|m| m.position);
    calls.sort_by_key(|c| c.position);
    let (got_messages, got_calls) = store.items(write.pk).await.unwrap();
    assert_eq!(got_messages, messages);
    assert_eq!(got_calls, calls);
    calls.retain(|call| !call.finished);
    assert_eq!(store.open_calls(write.pk).await.unwrap(), calls);

    let detail = store.detail(&write.record.id).await.unwrap().unwrap();
    assert_eq!(detail.missing, missing(&seqs).1);
    assert_eq!(detail.messages, got_messages);
    assert_eq!(
        (detail.metadata, detail.end_reason),
        (write.record.metadata.clone(), write.record.end_reason.clone())
    );
    let of = |kind| events.iter().filter(|e| e.kind == kind).map(|e| e.lsn).collect::<Vec<_>>();
    assert_eq!(detail.other.iter().map(|e| e.lsn).collect::<Vec<_>>(), of(EventRowKind::Other));
    assert_eq!(detail.conflicts.iter().map(|e| e.lsn).collect::<Vec<_>>(), of(EventRowKind::Conflict));
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_field(first in write_of(1, 10), second in write_of(2, 20), then in write_of(1, 10), replace in any::<bool>()) {
        run(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("recordings.db");
            let (store, _) = Store::open(&path).await.unwrap();
            store.apply(&batch(7, vec![first, second])).await.unwrap();
            // The same session again, with everything changed, under the same keys.
            let mut then = then;
            let events = std::mem::take(&mut then.events);
            if replace && let ItemsWrite::Upsert { messages, tool_calls } = then.items {
                then.items = ItemsWrite::Replace { messages: messages[1..].to_vec(), tool_calls: tool_calls[1..].to_vec() };
            }
            let mut new = Vec::new();
            for mut event in events {
                event.lsn += 100;
                event.identity = Identity(key(event.lsn));
                new.push(event);
            }
            let before = store.events(SessionPk(1)).await.unwrap();
            then.events = new.clone();
            let written = [then];
            store.apply(&FlushBatch { applied_lsn: 9, notices: vec![], sessions: written.into_iter().collect() }).await.unwrap();

            // Read back by another process' eyes: closed and opened again.
            store.close().await.unwrap();
            let (store, report) = Store::open(&path).await.unwrap();
            prop_assert_eq!((report.applied_lsn, report.max_pk, report.created), (9, 2, false));
            prop_assert_eq!(report.quick_check, Vec::<String>::new());
            let after = store.events(SessionPk(1)).await.unwrap();
            prop_assert_eq!(after.len(), before.len() + new.len());
            for problem in store.integrity().await.unwrap() {
                // Counts are arbitrary here.
                prop_assert!(problem.contains(" says "), "{}", problem);
            }
            Ok(())
        })?;
    }

    #[test]
    fn reads_give_what_was_written(first in write_of(1, 10), second in write_of(2, 20)) {
        run(async {
            let folder = tempfile::tempdir().unwrap();
            let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
            let batch = batch(7, vec![first, second]);
            store.apply(&batch).await.unwrap();
            for write in &batch.sessions {
                assert_equal(&store, write).await;
            }
        });
    }

    /// Any sequence of upserts and replacements reads as a map by key would.
    #[test]
    fn items_as_a_map(steps in prop::collection::vec(
        (any::<bool>(), prop::collection::btree_map(1..12u64, (1..20u64, "[ab ]{0,6}"), 0..8)), 1..6)
    ) {
        run(async {
            let folder = tempfile::tempdir().unwrap();
            let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
            let mut model = std::collections::BTreeMap::new();
            for (lsn, (replace, items)) in steps.into_iter().enumerate() {
                let item = |(n, (position, text)): (&u64, &(u64, String))| Message { position: *position, ..message(*n, text) };
                let messages: Vec<_> = items.iter().map(item).collect();
                let tool_calls: Vec<_> = items.iter().map(|(n, (_, text))| call(*n, text, None, None)).collect();
                if replace {
                    model.clear();
                }
                model.extend(items);
                let mut write = session(1, "s");
                (write.record.messages, write.record.tool_calls) = (model.len() as u64, model.len() as u64);
                write.items = match replace {
                    true => ItemsWrite::Replace { messages, tool_calls },
                    false => ItemsWrite::Upsert { messages, tool_calls },
                };
                store.apply(&batch(lsn as u64, vec![write])).await.unwrap();
                let (got, calls) = store.items(SessionPk(1)).await.unwrap();
                let mut got: Vec<_> = got.iter().map(|m| (m.key, m.position, m.content.clone())).collect();
                got.sort_by_key(|m| m.0);
                let mut expected: Vec<_> =
                    model.iter().map(|(n, (p, t))| (ItemKey(key(*n)), *p, Content::Text(t.clone()))).collect();
                expected.sort_by_key(|m| m.0);
                prop_assert_eq!(got, expected);
                prop_assert_eq!(calls.len(), model.len());
                prop_assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn snapshots_base_and_removal() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    let body = |n: u64| -> SnapshotBody {
        serde_json::from_value(json!({
            "title": format!("t{n}"), "vendor": {"x": [1.5, null]},
            "messages": [{"role": "user", "content": "a\u{0}b", "extra": n}],
        }))
        .unwrap()
    };
    let row = |lsn| SnapshotRow {
        lsn,
        taken_at: at(lsn as i64),
        received_at: at(9),
        hash: ContentHash(key(lsn)),
        body: body(lsn),
        file: (lsn == 7).then(|| FileSource { editor: "claude-code".into(), path: "/a b".into() }),
    };
    let mut write = session(1, "s");
    write.snapshots.new = vec![row(5), row(6)];
    store.apply(&batch(6, vec![write])).await.unwrap();
    assert_eq!(store.snapshots(SessionPk(1)).await.unwrap(), (None, vec![row(5), row(6)]));
    assert_eq!(store.last_snapshot_hash(SessionPk(1)).await.unwrap(), Some(ContentHash(key(6))));

    let (mut write, mut other) = (session(1, "s"), session(2, "other"));
    write.snapshots = SnapshotsWrite { new: vec![row(8)], base: Some(body(100)), removed: vec![5, 6] };
    other.snapshots.new = vec![row(7)];
    store.apply(&batch(8, vec![write, other])).await.unwrap();
    assert_eq!(store.snapshots(SessionPk(1)).await.unwrap(), (Some(body(100)), vec![row(8)]));
    assert_eq!(store.snapshots(SessionPk(2)).await.unwrap(), (None, vec![row(7)]));

    let mut write = session(1, "s");
    write.snapshots = SnapshotsWrite { new: vec![], base: Some(body(101)), removed: vec![8] };
    store.apply(&batch(9, vec![write])).await.unwrap();
    assert_eq!(store.snapshots(SessionPk(1)).await.unwrap(), (Some(body(101)), vec![]));
    assert_eq!(store.last_snapshot_hash(SessionPk(1)).await.unwrap(), None);
}

#[tokio::test]
async fn lookups_by_identity_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    let mut sessions = Vec::new();
    for pk in 1..=2 {
        let mut write = session(pk, &format!("s{pk}"));
        write.events = (0..300).map(|n| event(n * 2 + pk as u64, "{}")).collect();
        write.items = ItemsWrite::Upsert {
            messages: (0..300).map(|n| message(n, "x")).collect(),
            tool_calls: vec![call(900, "run", None, None), call(901, "run", None, Some(json!(null)))],
        };
        sessions.push(write);
    }
    store.apply(&batch(700, sessions)).await.unwrap();
    let one = SessionPk(1);
    assert_eq!(store.identities(one).await.unwrap().len(), 300);
    let wanted = [Identity(key(1)), Identity(key(2)), Identity(key(3)), Identity(key(9999))];
    let mut known: Vec<_> = store.known(one, &wanted).await.unwrap().into_iter().map(|k| k.0).collect();
    known.sort();
    let mut expected = vec![wanted[0], wanted[2]];
    expected.sort();
    assert_eq!(known, expected);
    let pairs =
        [(one, wanted[0]), (SessionPk(2), wanted[1]), (SessionPk(2), wanted[0]), (SessionPk(9), wanted[0])];
    let known = store.known_in(&pairs).await.unwrap();
    assert_eq!(known.len(), 2);
    assert!(known.contains(&(one, wanted[0], ContentHash(key(1 ^ 0xFFFF)))));
    let keys: Vec<_> = [5, 900, 12345].iter().map(|n| (SessionPk(2), ItemKey(key(*n)))).collect();
    let items = store.load_items(&keys).await.unwrap();
    assert_eq!(items.len(), 2);
    assert!(items.contains(&(SessionPk(2), Item::Message(message(5, "x")))));
    assert!(items.contains(&(SessionPk(2), Item::ToolCall(call(900, "run", None, None)))));
    assert_eq!(store.open_calls(one).await.unwrap(), [call(900, "run", None, None)]);
    assert!(store.known_in(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_shift_of_positions_does_not_touch_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recordings.db");
    let (store, _) = Store::open(&path).await.unwrap();
    let write = |shift: u64| {
        let mut write = session(1, "s");
        write.record.messages = 200;
        write.items = ItemsWrite::Replace {
            messages: (1..=200)
                .map(|n| Message { position: n + shift, ..message(n, "some words 你好") })
                .collect(),
            tool_calls: vec![],
        };
        write
    };
    store.apply(&batch(1, vec![write(0)])).await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).read_only(true);
    let mut side = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let sql = "SELECT id, block FROM item_index_data ORDER BY id";
    let before: Vec<(i64, Vec<u8>)> = sqlx::query_as(sql).fetch_all(&mut side).await.unwrap();
    store.apply(&batch(2, vec![write(1)])).await.unwrap();
    let after: Vec<(i64, Vec<u8>)> = sqlx::query_as(sql).fetch_all(&mut side).await.unwrap();
    assert_eq!(store.items(SessionPk(1)).await.unwrap().0[0].position, 2);
    assert!(before == after, "the index was written");
    assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
}
