//! Lists and pages.

// Helpers of tests are not tests to clippy.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use chasm_protocol::api::{SessionFilter, SessionPatch, SessionSort};
use chasm_protocol::*;
use chasm_store::*;
use common::*;

const SORTS: [SessionSort; 5] = [
    SessionSort::Recent,
    SessionSort::Oldest,
    SessionSort::Started,
    SessionSort::Title,
    SessionSort::Messages,
];

fn write(pk: i64) -> SessionWrite {
    let mut write = session(pk, &format!("s{pk:03}"));
    let record = &mut write.record;
    // Many equal sort keys.
    record.started_at = at(pk % 3);
    record.last_event_at = at(100 + pk % 4);
    record.messages = (pk % 2) as u64;
    record.title = (pk % 5 != 0).then(|| ["Alpha", "beta", "äther", "ALPHA"][(pk % 4) as usize].to_owned());
    record.provider = Some(if pk % 2 == 0 { "copilot" } else { "claude" }.into());
    record.workspace = Some(format!("/w/{}", pk % 2));
    write.state = State::ALL[(pk % 4) as usize];
    write
}

async fn filled(sessions: i64) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    store.apply(&batch(1, (1..=sessions).map(write).collect())).await.unwrap();
    (folder, store)
}

#[tokio::test]
async fn pages_over_equal_keys_lose_and_repeat_nothing_while_rows_come() {
    for sort in SORTS {
        for limit in [1, 3, 7, 50] {
            let (_folder, store) = filled(40).await;
            let mut filter = SessionFilter { sort, limit, ..SessionFilter::default() };
            let (mut seen, mut next) = (Vec::new(), 1000);
            loop {
                let page = store.list(&filter).await.unwrap();
                seen.extend(page.sessions.into_iter().map(|s| s.session_id));
                filter.cursor = page.next_cursor;
                if filter.cursor.is_none() || seen.len() > 400 {
                    break;
                }
                // New ones with the same sort values come between two pages.
                if next < 1010 {
                    next += 1;
                    store.apply(&batch(next as u64, vec![write(next)])).await.unwrap();
                }
            }
            let mut old: Vec<_> = seen.iter().filter(|id| id.as_str() < "s1000").cloned().collect();
            let all = seen.len();
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), all, "{sort:?} {limit}: repeated");
            old.sort();
            old.dedup();
            assert_eq!(old.len(), 40, "{sort:?} {limit}: lost");
        }
    }
}

#[tokio::test]
async fn orders_filters_and_totals() {
    let (_folder, store) = filled(40).await;
    let list = async |filter: SessionFilter| {
        let page = store.list(&SessionFilter { limit: 100, ..filter }).await.unwrap();
        assert_eq!(page.total, page.sessions.len() as u64);
        page.sessions
    };
    let all = SessionFilter::default;
    let titles = list(SessionFilter { sort: SessionSort::Title, ..all() }).await;
    let titles: Vec<_> = titles.iter().map(|s| s.title.clone().map(|t| t.to_ascii_lowercase())).collect();
    let named = titles.iter().take_while(|t| t.is_some()).count();
    assert!(titles[named..].iter().all(Option::is_none), "those without a title come last");
    assert!(titles[..named].is_sorted());
    let recent = list(all()).await;
    assert!(recent.is_sorted_by_key(|s| std::cmp::Reverse(s.last_event_at)));

    assert_eq!(list(SessionFilter { state: Some(State::Interrupted), ..all() }).await.len(), 10);
    let one = SessionFilter { provider: Some("claude".into()), state: Some(State::Completed), ..all() };
    assert_eq!(list(one).await.len(), 10);
    assert_eq!(list(SessionFilter { workspace: Some("/w/0".into()), ..all() }).await.len(), 20);
    assert_eq!(list(SessionFilter { since: Some(at(103)), ..all() }).await.len(), 10);
    assert_eq!(list(SessionFilter { until: Some(at(1)), ..all() }).await.len(), 13);

    let id = SessionId::new("s007").unwrap();
    let patch =
        SessionPatch { title: None, starred: Some(true), tags: Some(vec!["a\"b".into(), "日本".into()]) };
    assert!(store.patch_session(&id, &patch).await.unwrap());
    assert!(!store.patch_session(&SessionId::new("none").unwrap(), &patch).await.unwrap());
    assert_eq!(list(SessionFilter { starred: Some(true), ..all() }).await.len(), 1);
    assert_eq!(list(SessionFilter { starred: Some(false), ..all() }).await.len(), 39);
    let tagged = list(SessionFilter { tag: Some("日本".into()), ..all() }).await;
    assert_eq!((tagged.len(), &tagged[0].tags), (1, patch.tags.as_ref().unwrap()));
    assert_eq!(list(SessionFilter { tag: Some("a".into()), ..all() }).await.len(), 0);
    // A flush leaves alone what the user set.
    store.apply(&batch(9, vec![write(7)])).await.unwrap();
    assert_eq!(list(SessionFilter { starred: Some(true), ..all() }).await.len(), 1);

    let first = store.list(&SessionFilter { limit: 1, ..all() }).await.unwrap();
    let other = SessionFilter { sort: SessionSort::Title, cursor: first.next_cursor, limit: 1, ..all() };
    assert!(matches!(store.list(&other).await, Err(StoreError::BadCursor)));
    for bad in ["", "r", "r_1", "r_1_2_3", "x_1_2", "r_é_1"] {
        let filter = SessionFilter { cursor: Some(bad.into()), limit: 1, ..all() };
        assert!(matches!(store.list(&filter).await, Err(StoreError::BadCursor)), "{bad}");
    }
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.sessions, counts.recording, counts.interrupted), (40, 10, 10));
    assert_eq!(store.unfinished().await.unwrap().len(), 10);
}

#[tokio::test]
async fn event_pages_follow_the_order_key() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    let mut write = session(1, "s");
    for lsn in 1..=60u64 {
        let mut row = event(lsn, &format!(r#"{{"n":{lsn}}}"#));
        row.at = at((lsn % 2) as i64);
        row.seq = lsn % 3;
        row.event_id = (lsn % 4 != 0).then(|| ["b", "a", "é"][(lsn % 3) as usize].into());
        row.kind = match lsn % 10 {
            0 => EventRowKind::Silent,
            1 => EventRowKind::Conflict,
            _ => EventRowKind::Folded,
        };
        write.events.push(row);
    }
    let mut expected: Vec<_> =
        write.events.iter().filter(|e| e.kind != EventRowKind::Silent).cloned().collect();
    expected.sort_by_key(EventRow::order_key);
    let expected: Vec<_> = expected.iter().map(|e| (e.lsn, e.kind == EventRowKind::Conflict)).collect();
    store.apply(&batch(60, vec![write])).await.unwrap();
    let id = SessionId::new("s").unwrap();
    for limit in [1, 2, 7, 54, 100] {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = store.events_page(&id, cursor.as_deref(), limit).await.unwrap().unwrap();
            seen.extend(page.events.iter().map(|e| (e.lsn, e.conflict)));
            assert!(page.events.iter().all(|e| e.event["n"] == e.lsn));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "limit {limit}");
    }
    assert!(store.events_page(&SessionId::new("none").unwrap(), None, 5).await.unwrap().is_none());
    assert!(matches!(store.events_page(&id, Some("r_1_2"), 5).await, Err(StoreError::BadCursor)));
}

#[tokio::test]
async fn raw_events_that_are_no_json_are_shown_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    let mut write = session(1, "s");
    write.events = vec![event(1, r#"{"half":"\ud83d"}"#), event(2, "{broken")];
    store.apply(&batch(2, vec![write])).await.unwrap();
    let page = store.events_page(&SessionId::new("s").unwrap(), None, 5).await.unwrap().unwrap();
    assert_eq!(page.events[0].event["half"], "\u{FFFD}");
    assert_eq!(page.events[1].event, "{broken");
}
