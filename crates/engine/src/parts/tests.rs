#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use super::*;
use serde_json::json;

/// Six items, of which the second is a call without a time, and events of unknown types before, between and behind them.
fn session() -> SessionDetail {
    let at = |n: i64| Timestamp::from_micros((1_760_000_000 + n) * 1_000_000);
    let message = |n: i64| json!({"position": n, "role": "user", "content": "x", "timestamp": at(n), "origin": "event"});
    let other =
        |lsn: u64, n: i64| json!({"lsn": lsn, "received_at": at(n + 50), "event": {"timestamp": at(n)}});
    serde_json::from_value(json!({
        "session_id": "s", "title": null, "preview": null, "state": "recording", "provider": null, "model": null,
        "workspace": null, "editor": null, "started_at": at(0), "last_event_at": at(9), "ended_at": null, "event_count": 9,
        "message_count": 5, "tool_call_count": 1, "interruption_count": 0, "starred": false, "tags": [], "live": false,
        "metadata": {}, "end_reason": null, "expected_messages": null, "interruptions": [], "missing": [], "recoveries": [],
        "conflicts": [], "revision": 7, "items": 6,
        "messages": [message(1), message(3), message(4), message(5), message(6)],
        "tool_calls": [{"position": 2, "name": "run", "finished": false, "origin": "event"}],
        "other": [other(20, 0), other(21, 1), other(22, 5), other(23, 40)],
    }))
    .unwrap()
}

fn page(window: ItemsWindow, limit: u32) -> ItemsPage {
    part_of(session(), ItemsQuery { window, limit }).unwrap()
}

#[test]
fn what_is_unwritten_comes_in_the_same_parts() {
    let whole = page(ItemsWindow::From(0), 100);
    assert_eq!((whole.items.len(), whole.next_from, whole.total, whole.revision), (10, None, 6, 7));
    let befores: Vec<u64> = whole
        .items
        .iter()
        .filter_map(|item| if let SessionItem::Other(other) = item { Some(other.before) } else { None })
        .collect();
    assert_eq!(befores, [1, 3, 6, 7]);
    for limit in 1..8 {
        let (mut forth, mut from) = (Vec::new(), Some(0));
        while let Some(at) = from {
            let page = page(ItemsWindow::From(at), limit);
            from = page.next_from;
            forth.extend(page.items);
        }
        assert_eq!(forth, whole.items, "{limit}");
        let (mut back, mut before) = (Vec::new(), 7);
        while before > 1 {
            let page = page(ItemsWindow::Before(before), limit);
            assert_eq!(page.next_from, Some(before).filter(|b| *b <= 6));
            let own = page.items.iter().find(|item| !matches!(item, SessionItem::Other(_)));
            before = own.map_or(1, SessionItem::position);
            back.splice(0..0, page.items);
        }
        assert_eq!(back, whole.items, "{limit}");
    }
}

#[test]
fn what_changed_is_not_known_of_what_is_unwritten() {
    let since = |revision| {
        let window = ItemsWindow::ChangedSince { revision, from: 0 };
        part_of(session(), ItemsQuery { window, limit: 100 })
    };
    assert!(matches!(since(7), Err(EngineError::RevisionGone)));
    assert_eq!(since(0).unwrap().items.len(), 10);
    assert_eq!(since(0).unwrap().removed, Some(vec![]));
}
