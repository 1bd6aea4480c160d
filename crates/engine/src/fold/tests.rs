use super::*;
use chasm_protocol::session::{Origin, SnapshotMessage};
use chasm_protocol::{Content, Limits, Role, parse_event};
use proptest::prelude::*;
use proptest::sample::subsequence;

fn event(raw: &str, lsn: u64) -> FoldEvent {
    let parsed = parse_event(raw, &Limits::default()).unwrap();
    let at = parsed.event.timestamp.unwrap_or(Timestamp::from_micros(lsn as i64));
    let event_id = parsed.event.event_id.as_ref().map(|id| id.as_str().into()).unwrap_or_default();
    FoldEvent {
        key: chasm_protocol::session::OrderKey { at, seq: parsed.event.seq.unwrap_or(0), event_id, lsn },
        identity: parsed.identity.unwrap_or(chasm_protocol::Identity::of_lsn(lsn)),
        body: parsed.event.body,
        conflict: false,
    }
}

fn id() -> SessionId {
    SessionId::new("s").unwrap()
}

fn message(role: Role, text: &str, id: Option<&str>) -> SnapshotMessage {
    SnapshotMessage {
        role,
        content: Content::Text(text.into()),
        message_id: id.map(Into::into),
        timestamp: None,
        model: None,
        partial: None,
        rest: Default::default(),
    }
}

fn body(messages: Vec<SnapshotMessage>) -> SnapshotBody {
    SnapshotBody { messages, ..SnapshotBody::default() }
}

fn texts(folded: &Folded) -> Vec<String> {
    folded.messages.iter().map(|m| m.content.text().into_owned()).collect()
}

fn fold_texts(events: &[(&str, &str, Option<&str>)], snapshot: Vec<SnapshotMessage>) -> Folded {
    let events = events
        .iter()
        .zip(1..)
        .map(|((role, text, id), n)| {
            let data = serde_json::json!({"role": role, "content": text, "message_id": id});
            let raw = serde_json::json!({"session_id":"s","event_type":"message","seq":n,"timestamp":n,"data":data});
            event(&raw.to_string(), n)
        })
        .collect();
    let snapshots = vec![TakenSnapshot {
        taken_at: Timestamp::default(),
        body: body(snapshot),
        source: Source::Snapshot,
    }];
    fold(&id(), events, None, snapshots).unwrap()
}

#[test]
fn a_snapshot_fills_holes_in_their_place() {
    use Role::*;
    let folded = fold_texts(
        &[("user", "one", None), ("assistant", "two", None), ("user", "five", None)],
        vec![
            message(User, "zero", None),
            message(User, "one", None),
            message(Assistant, "two", None),
            message(User, "three", None),
            message(Assistant, "four", None),
            message(User, "five", None),
            message(Assistant, "six", None),
        ],
    );
    assert_eq!(texts(&folded), ["zero", "one", "two", "three", "four", "five", "six"]);
    let origins: Vec<Origin> = folded.messages.iter().map(|m| m.origin).collect();
    use Origin::{Event, Snapshot};
    assert_eq!(origins, [Snapshot, Event, Event, Snapshot, Snapshot, Event, Snapshot]);
}

#[test]
fn the_longer_continuation_wins() {
    let folded = fold_texts(
        &[("user", "hi", Some("u")), ("assistant", "The answer is", Some("a"))],
        vec![message(Role::User, "hi", Some("u")), message(Role::Assistant, "The answer is 42.", Some("a"))],
    );
    assert_eq!(texts(&folded), ["hi", "The answer is 42."]);
    assert_eq!(folded.messages[1].completed_by, Some(Origin::Snapshot));
}

#[test]
fn versions_that_differ_are_both_kept() {
    let folded = fold_texts(
        &[("assistant", "as recorded", Some("a"))],
        vec![message(Role::Assistant, "as the editor rewrote it", Some("a"))],
    );
    assert_eq!(texts(&folded), ["as recorded"]);
    assert_eq!(folded.messages[0].versions[0].content, Content::Text("as the editor rewrote it".into()));
}

#[test]
fn ids_of_two_kinds_align_by_content() {
    let folded = fold_texts(
        &[("user", "yes", Some("c1")), ("assistant", "done", Some("c2")), ("user", "yes", Some("c3"))],
        vec![
            message(Role::User, "yes", Some("e1")),
            message(Role::Assistant, "done", Some("e2")),
            message(Role::User, "yes", Some("e3")),
        ],
    );
    assert_eq!(texts(&folded), ["yes", "done", "yes"]);
}

#[test]
fn a_window_onto_the_end_is_found_among_repetitions() {
    let folded = fold_texts(
        &[("user", "yes", None), ("assistant", "a", None), ("user", "yes", None), ("assistant", "b", None)],
        vec![
            message(Role::User, "yes", None),
            message(Role::Assistant, "b", None),
            message(Role::User, "end", None),
        ],
    );
    assert_eq!(texts(&folded), ["yes", "a", "yes", "b", "end"]);
}

#[test]
fn deltas_lost_in_the_middle_are_completed() {
    let events = [
        r#"{"session_id":"s","event_type":"message_delta","seq":1,"timestamp":1,"data":{"message_id":"m","delta":"Hello wor"}}"#,
        r#"{"session_id":"s","event_type":"message_delta","seq":3,"timestamp":3,"data":{"message_id":"m","delta":" are you?"}}"#,
    ];
    let events = events.iter().zip(1..).map(|(raw, lsn)| event(raw, lsn)).collect();
    let full = message(Role::Assistant, "Hello world, how are you?", Some("m"));
    let snapshots = vec![TakenSnapshot {
        taken_at: Timestamp::default(),
        body: body(vec![full]),
        source: Source::Snapshot,
    }];
    let folded = fold(&id(), events, None, snapshots).unwrap();
    assert_eq!(texts(&folded), ["Hello world, how are you?"]);
}

/// Events of one session over few ids, so that they touch one another; every one with an identity of its own.
fn any_events() -> impl Strategy<Value = Vec<String>> {
    let one = (0u8..9, 0u8..4, "[a-c]{0,3}", 0i64..12).prop_map(|(kind, n, text, at)| {
        let (event_type, data) = match kind {
            0 => ("session_start", serde_json::json!({"title": text, "model": text})),
            1 | 2 => ("message", serde_json::json!({"role": "user", "content": text})),
            3 => (
                "message",
                serde_json::json!({"role":"assistant","content":text,"message_id":format!("m{n}")}),
            ),
            4 | 5 => ("message_delta", serde_json::json!({"message_id": format!("m{n}"), "delta": text})),
            6 => {
                ("tool_call", serde_json::json!({"name": text, "call_id": (n > 1).then(|| format!("c{n}"))}))
            }
            7 => (
                "tool_result",
                serde_json::json!({"output": text, "call_id": (n > 1).then(|| format!("c{n}"))}),
            ),
            _ => ("session_end", serde_json::json!({"reason": text})),
        };
        serde_json::json!({"session_id":"s","event_type":event_type,"timestamp":at,"data":data})
    });
    prop::collection::vec(one, 1..24).prop_map(|events| {
        let numbered = events.into_iter().enumerate().map(|(i, mut e)| {
            e["event_id"] = format!("e{i}").into();
            e.to_string()
        });
        numbered.collect()
    })
}

/// Few different messages, so that snapshots and events have some in common.
fn any_messages() -> impl Strategy<Value = Vec<SnapshotMessage>> {
    let one = (any::<bool>(), "[a-b]{1,3}", prop::option::of(0u8..6)).prop_map(|(user, text, id)| {
        let role = if id.map_or(user, |n| n % 2 == 0) { Role::User } else { Role::Assistant };
        message(role, &text, id.map(|n| format!("m{n}")).as_deref())
    });
    prop::collection::vec(one, 0..12)
}

fn full(events: &[String], order: &[usize]) -> Folded {
    let events = order.iter().zip(1..).map(|(i, _lsn)| event(&events[*i], 0)).collect();
    fold(&id(), events, None, Vec::new()).unwrap()
}

/// As the flush does it: in batches, each on top of what is stored, which keeps only what was written.
fn incremental(events: &[FoldEvent], cuts: &[usize]) -> Folded {
    let mut stored: Option<Folded> = None;
    let mut start = 0;
    for end in cuts.iter().copied().chain([events.len()]) {
        let batch = &events[start..end.max(start)];
        start = end.max(start);
        if batch.is_empty() {
            continue;
        }
        let mut workset = match &stored {
            None => Workset::new(id()),
            Some(folded) => {
                let mut workset = Workset::resume(folded.record.clone());
                if batch.iter().any(FoldEvent::needs_open_calls) {
                    let open = folded.tool_calls.iter().filter(|c| !c.finished);
                    open.for_each(|c| workset.load(Item::ToolCall(c.clone())));
                }
                let touched: Vec<_> = batch.iter().filter_map(FoldEvent::touches).collect();
                let items = Items::new(folded.messages.clone(), folded.tool_calls.clone());
                items.0.into_iter().filter(|i| touched.contains(&i.key())).for_each(|i| workset.load(i));
                workset
            }
        };
        batch.iter().for_each(|e| workset.apply(e.clone()));
        let (record, changes) = workset.into_changes();
        let old = stored.map(|f| Items::new(f.messages, f.tool_calls)).unwrap_or_default();
        let changed: Vec<_> = changes.0.iter().map(Item::key).collect();
        let mut items: Vec<Item> = old.0.into_iter().filter(|i| !changed.contains(&i.key())).collect();
        items.extend(changes.0);
        items.sort_by_key(Item::position);
        let (mut messages, mut tool_calls) = (Vec::new(), Vec::new());
        items.into_iter().for_each(|item| match item {
            Item::Message(m) => messages.push(m),
            Item::ToolCall(c) => tool_calls.push(c),
        });
        stored = Some(Folded { record: record.unwrap(), messages, tool_calls });
    }
    stored.unwrap()
}

fn taken(at: i64, messages: &[SnapshotMessage]) -> TakenSnapshot {
    TakenSnapshot {
        taken_at: Timestamp::from_micros(at),
        body: body(messages.to_vec()),
        source: Source::Snapshot,
    }
}

/// Whether `text` is still there: shown, continued, or kept as another version.
fn kept(folded: &Folded, role: Role, text: &str) -> bool {
    folded.messages.iter().filter(|m| m.role == role).any(|m| {
        m.content.text().starts_with(text) || m.versions.iter().any(|v| v.content.text().starts_with(text))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn order_and_repetition_of_arrival_do_not_matter(events in any_events(), seed in any::<prop::sample::Index>()) {
        let straight: Vec<usize> = (0..events.len()).collect();
        let mut turned = straight.clone();
        turned.rotate_left(seed.index(events.len()));
        turned.reverse();
        prop_assert_eq!(full(&events, &straight), full(&events, &turned));
    }

    #[test]
    fn any_permutation_is_the_same(
        (events, order) in any_events().prop_flat_map(|e| { let n = e.len(); (Just(e), Just((0..n).collect::<Vec<_>>()).prop_shuffle()) })
    ) {
        let straight: Vec<usize> = (0..events.len()).collect();
        prop_assert_eq!(full(&events, &straight), full(&events, &order));
    }

    #[test]
    fn folding_on_equals_folding_anew(
        (events, cuts) in any_events().prop_flat_map(|e| { let n = e.len(); (Just(e), subsequence((0..n).collect::<Vec<_>>(), 0..n)) })
    ) {
        let mut folded_events: Vec<FoldEvent> = events.iter().map(|raw| event(raw, 0)).collect();
        folded_events.sort_by(|a, b| a.key.cmp(&b.key));
        let all = fold(&id(), folded_events.clone(), None, Vec::new()).unwrap();
        prop_assert_eq!(incremental(&folded_events, &cuts), all);
    }

    #[test]
    fn a_merge_keeps_both_sides(events in any_events(), first in any_messages(), second in any_messages()) {
        let events: Vec<FoldEvent> = events.iter().map(|raw| event(raw, 0)).collect();
        let plain = fold(&id(), events.clone(), None, Vec::new()).unwrap();
        let once = fold(&id(), events, None, vec![taken(1, &first), taken(2, &second)]).unwrap();
        for m in first.iter().chain(&second) {
            let found = once.messages.iter().any(|have| m.message_id.is_some() && have.message_id == m.message_id)
                || kept(&once, m.role, &m.content.text());
            prop_assert!(found, "lost from a snapshot: {:?}\n{:#?}", m, once.messages);
        }
        let keys: Vec<_> = once.messages.iter().map(|m| m.key).collect();
        let order: Vec<usize> = plain.messages.iter().map(|m| keys.iter().position(|k| *k == m.key).expect("an event's message is gone")).collect();
        prop_assert!(order.is_sorted(), "the order of recorded messages changed");
        for m in &plain.messages {
            prop_assert!(kept(&once, m.role, &m.content.text()) || m.partial, "text of {:?} is gone", m);
        }
        let unique: std::collections::HashSet<_> = keys.iter().collect();
        prop_assert_eq!(unique.len(), keys.len());
    }

    /// Events are part of one true conversation, snapshots are windows onto it: their merge is the union, in order.
    #[test]
    fn parts_of_one_conversation_make_their_union(
        named in any::<bool>(),
        (recorded, first, second) in (1usize..14).prop_flat_map(|n| {
            let window = || (0..n, 0..=n).prop_map(|(a, b)| (a.min(b)..a.max(b)).collect::<Vec<_>>());
            (subsequence((0..n).collect::<Vec<_>>(), 0..=n), window(), window())
        })
    ) {
        // With ids, texts may repeat; without them only the text can tell messages apart. A window that has no id in
        // common with the events is taken for one with names of its own, where again only the text can tell.
        let common = |part: &[usize]| part.is_empty() || part.iter().any(|n| recorded.contains(n));
        prop_assume!(!named || (common(&first) && common(&second)));
        let text = |n: usize| if named { format!("text {}", n % 3) } else { format!("text {n};") };
        let name = |n: usize| named.then(|| format!("m{n}"));
        let role = |n: usize| if n.is_multiple_of(2) { Role::User } else { Role::Assistant };
        let view = |part: &[usize]| part.iter().map(|n| SnapshotMessage {
            timestamp: Timestamp::from_millis(*n as i64).ok(),
            ..message(role(*n), &text(*n), name(*n).as_deref())
        }).collect::<Vec<_>>();
        let events: Vec<FoldEvent> = recorded.iter().map(|n| {
            let data = serde_json::json!({"role": role(*n), "content": text(*n), "message_id": name(*n)});
            event(&serde_json::json!({"session_id":"s","event_type":"message","timestamp":n,"data":data}).to_string(), 0)
        }).collect();
        let snapshots = vec![taken(1, &view(&first)), taken(2, &view(&second))];
        let again = [snapshots.clone(), vec![taken(3, &view(&second)), taken(4, &view(&first))]].concat();
        let once = fold(&id(), events.clone(), None, snapshots).unwrap();
        let twice = fold(&id(), events, None, again).unwrap();
        prop_assert_eq!(&once.messages, &twice.messages);
        let label = |m: &chasm_protocol::Message| m.message_id.clone().unwrap_or_else(|| m.content.text().into_owned());
        let have: Vec<String> = once.messages.iter().map(label).collect();
        let union: std::collections::BTreeSet<usize> = [recorded.clone(), first.clone(), second.clone()].concat().into_iter().collect();
        prop_assert_eq!(have.len(), union.len(), "{:?}", have);
        for part in [&recorded, &first, &second] {
            let places: Vec<_> = part.iter().map(|n| {
                let wanted = name(*n).unwrap_or_else(|| text(*n));
                have.iter().position(|h| *h == wanted)
            }).collect();
            prop_assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{:?} in {:?}", part, have);
        }
    }

    #[test]
    fn dropping_into_the_base_loses_nothing(first in any_messages(), second in any_messages()) {
        let base = merge_bodies(Some(body(first.clone())), body(second.clone()), Source::Snapshot);
        let folded = fold(&id(), Vec::new(), Some(&base), Vec::new()).unwrap();
        for m in first.iter().chain(&second) {
            let found = folded.messages.iter().any(|have| m.message_id.is_some() && have.message_id == m.message_id)
                || kept(&folded, m.role, &m.content.text());
            prop_assert!(found, "lost: {:?}", m);
        }
    }
}
