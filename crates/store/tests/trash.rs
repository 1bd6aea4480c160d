//! The trash, retention and deleting in steps, on a real database file.

// Helpers of tests are not tests to clippy.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use chasm_protocol::api::{SessionFilter, SessionPatch, SessionSort};
use chasm_protocol::{SessionId, State};
use chasm_store::*;
use common::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn id(n: i64) -> SessionId {
    SessionId::new(format!("s{n}")).unwrap()
}

/// A session with `n` messages, silent since `n` seconds.
fn written(n: i64, state: State) -> SessionWrite {
    let mut write = session(n, id(n).as_str());
    write.state = state;
    write.record.title = Some(format!("wombat title {n}"));
    write.record.last_event_at = at(n);
    let texts: Vec<String> = (1..=n as u64).map(|i| format!("wombat {n} {i}")).collect();
    write.events = texts
        .iter()
        .enumerate()
        .map(|(i, text)| event(n as u64 * 100 + i as u64, &format!(r#"{{"text":"{text}"}}"#)))
        .collect();
    let messages: Vec<_> = texts.iter().enumerate().map(|(i, text)| message(i as u64 + 1, text)).collect();
    (write.record.messages, write.record.events) = (messages.len() as u64, write.events.len() as u64);
    write.record.tool_calls = 1;
    let call = call(99, "wombat", None, None);
    write.items = ItemsWrite::Upsert { messages, tool_calls: vec![call] };
    write
}

async fn filled(states: &[State]) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    let sessions = states.iter().zip(1..).map(|(state, n)| written(n, *state)).collect();
    store.apply(&batch(1, sessions)).await.unwrap();
    (folder, store)
}

async fn listed(store: &Store, filter: SessionFilter) -> (Vec<String>, u64) {
    // what the list can be narrowed to leaves out the same sessions
    let of_any_state = SessionFilter { state: None, ..filter.clone() };
    let states = store.facets(&of_any_state).await.unwrap().states;
    let in_all = store.list(&SessionFilter { limit: 1, ..of_any_state }).await.unwrap().total;
    assert_eq!(states.iter().map(|facet| facet.count).sum::<u64>(), in_all);
    let page = store.list(&SessionFilter { limit: 1000, ..filter }).await.unwrap();
    (page.sessions.into_iter().map(|s| s.session_id).collect(), page.total)
}

async fn found(store: &Store, session: Option<SessionId>) -> Vec<String> {
    let search = SearchQuery { q: "wombat ".into(), session, limit: 1000, cursor: None };
    let hits = store.search(&search).await.unwrap().hits;
    let mut ids: Vec<String> = hits.into_iter().map(|hit| hit.session_id).collect();
    ids.dedup();
    ids.sort();
    ids.dedup();
    ids
}

#[tokio::test]
async fn the_trash_is_out_of_every_list_count_search_and_recovery() {
    use State::{Completed, Interrupted, Recording};
    let (_folder, store) = filled(&[Recording, Interrupted, Interrupted, Completed]).await;
    let before = store.detail(&id(2)).await.unwrap();
    let put = store.trash(&[id(2), id(9), id(1)], at(10), at(40)).await.unwrap();
    assert_eq!(put.iter().map(|t| (t.id.as_str(), t.new)).collect::<Vec<_>>(), [("s2", true), ("s1", true)]);
    assert_eq!(listed(&store, SessionFilter::default()).await, (vec!["s4".into(), "s3".into()], 2));
    for sort in [SessionSort::Oldest, SessionSort::Started, SessionSort::Title, SessionSort::Messages] {
        assert_eq!(listed(&store, SessionFilter { sort, ..Default::default() }).await.0.len(), 2, "{sort:?}");
    }
    let interrupted = SessionFilter { state: Some(Interrupted), ..Default::default() };
    assert_eq!(listed(&store, interrupted).await, (vec!["s3".into()], 1));
    let q = SessionFilter { q: Some("wombat".into()), ..Default::default() };
    assert_eq!(listed(&store, q).await.1, 2);
    assert_eq!(found(&store, None).await, ["s3", "s4"]);
    assert_eq!(found(&store, Some(id(2))).await, Vec::<String>::new());
    assert_eq!(found(&store, Some(id(3))).await, ["s3"]);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.sessions, counts.recording, counts.interrupted), (2, 0, 1));
    let candidates = store.recovery_candidates().await.unwrap();
    assert_eq!(candidates.iter().map(|c| c.summary.session_id.as_str()).collect::<Vec<_>>(), ["s3"]);
    // It goes on being recorded, and can be read.
    assert_eq!(store.unfinished().await.unwrap().len(), 1);
    assert_eq!(store.detail(&id(2)).await.unwrap().unwrap().purge_at, Some(at(40)));
    // What is in it keeps its time.
    let again = store.trash(&[id(2)], at(20), at(50)).await.unwrap();
    assert_eq!(again, [InTrash { id: id(2), purge_at: at(40), new: false }]);
    assert_eq!(store.next_purge().await.unwrap(), Some(at(40)));
    assert_eq!(store.restore(&[id(2), id(3), id(9)]).await.unwrap(), [id(2)]);
    assert_eq!(store.detail(&id(2)).await.unwrap(), before);
    assert_eq!(found(&store, None).await, ["s2", "s3", "s4"]);
    assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn the_trash_is_paged_latest_first_and_survives_a_restart() {
    let (folder, store) = filled(&[State::Completed; 7]).await;
    for n in 1..=6 {
        store.trash(&[id(n)], at(n / 2), at(100 + n)).await.unwrap();
    }
    store.close().await.unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.trashed(cursor.as_deref(), 2).await.unwrap();
        assert_eq!((page.total, page.sessions.len() <= 2), (6, true));
        ids.extend(page.sessions.into_iter().map(|t| t.session.session_id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(ids, ["s6", "s5", "s4", "s3", "s2", "s1"]);
    assert!(matches!(store.trashed(Some("r_1_2"), 2).await, Err(StoreError::BadCursor)));
}

#[tokio::test]
async fn what_has_begun_to_be_deleted_is_finished_later_and_never_restored() {
    let (folder, store) = filled(&[State::Completed; 3]).await;
    store.trash(&[id(3)], at(10), at(1000)).await.unwrap();
    let begun = store.begin_purge(Doomed::Trash(None), at(20)).await.unwrap();
    assert_eq!(begun, [(SessionPk(3), id(3))]);
    assert!(store.erase_some(&[SessionPk(3)], false).await.unwrap());
    // As after a crash: some rows are gone, the session is not.
    store.close().await.unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    assert_eq!(store.detail(&id(3)).await.unwrap().unwrap().messages.len(), 0, "the test tests nothing");
    assert_eq!(store.restore(&[id(3)]).await.unwrap(), []);
    assert_eq!(store.trashed(None, 10).await.unwrap().total, 0);
    assert_eq!(listed(&store, SessionFilter::default()).await.1, 2);
    assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new(), "doctor has nothing to say of it");
    assert_eq!(store.session_ids().await.unwrap(), [id(1), id(2)]);
    let due = store.begin_purge(Doomed::Due(at(20)), at(21)).await.unwrap();
    assert_eq!(due, begun, "its time has come, whatever it was");
    while store.erase_some(&[SessionPk(3)], false).await.unwrap() {}
    assert_eq!(store.erase(&[SessionPk(3)], false).await.unwrap(), [id(3)]);
    assert_eq!(store.erase(&[SessionPk(3)], false).await.unwrap(), []);
    assert_eq!(store.half_deleted().await.unwrap(), [id(3)]);
    store.close().await.unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    assert_eq!(store.half_deleted().await.unwrap(), [id(3)]);
    store.end_half_deleted(&[id(3)]).await.unwrap();
    store.finish_deletions().await.unwrap();
    assert_eq!((store.half_deleted().await.unwrap(), store.next_purge().await.unwrap()), (vec![], None));
    assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_session_that_goes_on_while_it_is_deleted_goes_whole() {
    let (_folder, store) = filled(&[State::Completed; 3]).await;
    let begun = store.begin_purge(Doomed::These(&[id(3)]), at(20)).await.unwrap();
    let keys: Vec<SessionPk> = begun.iter().map(|(pk, _)| *pk).collect();
    while store.erase_some(&keys, true).await.unwrap() {}
    // A flush that had loaded it before.
    let mut late = written(3, State::Recording);
    late.events = vec![event(900, r#"{"text":"wombat late"}"#)];
    store.apply(&batch(2, vec![late])).await.unwrap();
    assert_eq!(store.erase(&keys, true).await.unwrap(), [id(3)]);
    store.end_half_deleted(&[id(3)]).await.unwrap();
    store.finish_deletions().await.unwrap();
    assert_eq!(found(&store, None).await, ["s1", "s2"]);
    assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
}

fn expiry(before: Option<i64>, keep_starred: bool, max_bytes: Option<u64>) -> Expiry {
    Expiry { before: before.map(at), keep_starred, max_bytes }
}

fn keys(expired: &Expired) -> Vec<i64> {
    expired.sessions.iter().map(|pk| pk.0).collect()
}

#[tokio::test]
async fn retention_chooses_the_old_ones_and_never_what_records() {
    use State::{Completed, Interrupted, Recording, Recovered};
    let (_folder, store) =
        filled(&[Recording, Interrupted, Completed, Recovered, Completed, Completed]).await;
    store.patch_session(&id(3), &SessionPatch { starred: Some(true), ..Default::default() }).await.unwrap();
    store.trash(&[id(4)], at(0), at(1)).await.unwrap();
    let expired = store.expired(&expiry(Some(6), true, None), 20).await.unwrap();
    assert_eq!(keys(&expired), [2, 5]);
    assert_eq!((expired.messages, expired.interrupted), (7, 1));
    assert_eq!((expired.oldest, expired.newest), (Some(at(2)), Some(at(5))));
    assert_eq!(expired.sample.iter().map(|s| s.session_id.as_str()).collect::<Vec<_>>(), ["s2", "s5"]);
    assert_eq!(keys(&store.expired(&expiry(Some(6), false, None), 0).await.unwrap()), [2, 3, 5]);
    assert_eq!(keys(&store.expired(&expiry(None, false, None), 9).await.unwrap()), Vec::<i64>::new());
    let used = store.used_bytes().await.unwrap();
    assert_eq!(keys(&store.expired(&expiry(None, false, Some(used)), 9).await.unwrap()), Vec::<i64>::new());
    // Nothing fits into nothing.
    assert_eq!(keys(&store.expired(&expiry(None, true, Some(1)), 9).await.unwrap()), [2, 5, 6]);
    assert_eq!(keys(&store.expired(&expiry(Some(3), true, Some(1)), 9).await.unwrap()), [2, 5, 6]);
}

#[tokio::test]
async fn the_oldest_go_until_the_database_fits() {
    let (_folder, store) = filled(&[State::Completed; 60]).await;
    let before = store.used_bytes().await.unwrap();
    let half = expiry(None, true, Some(before * 3 / 4));
    let expired = store.expired(&half, 3).await.unwrap();
    assert!((5..55).contains(&expired.sessions.len()), "{}", expired.sessions.len());
    assert_eq!(keys(&expired), (1..=expired.sessions.len() as i64).collect::<Vec<_>>(), "the oldest first");
    let mut rounds = 0;
    loop {
        let begun = store.begin_purge(Doomed::Expired(half), at(99)).await.unwrap();
        if begun.is_empty() {
            break;
        }
        if rounds == 0 {
            assert_eq!(
                begun.iter().map(|(pk, _)| pk.0).collect::<Vec<_>>(),
                keys(&expired),
                "as the dry run"
            );
        }
        rounds += 1;
        let keys: Vec<SessionPk> = begun.iter().map(|(pk, _)| *pk).collect();
        while store.erase_some(&keys, true).await.unwrap() {}
        let ids = store.erase(&keys, true).await.unwrap();
        store.end_half_deleted(&ids).await.unwrap();
        store.finish_deletions().await.unwrap();
    }
    let after = store.used_bytes().await.unwrap();
    assert!(after <= before * 3 / 4, "{after} of {before} in {rounds} rounds");
    assert!(listed(&store, SessionFilter::default()).await.1 > 0, "not more than needed");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is put in and taken out, lists, counts and searches agree on the rest.
    #[test]
    fn in_sight_is_what_is_not_in_the_trash(acts in prop::collection::vec((any::<bool>(), 1..8i64), 1..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, store) = filled(&[State::Interrupted; 7]).await;
            let mut hidden: BTreeMap<i64, i64> = BTreeMap::new();
            for (step, (put, n)) in (0..).zip(acts) {
                if put {
                    store.trash(&[id(n)], at(step), at(step + 30)).await.unwrap();
                    hidden.entry(n).or_insert(step + 30);
                } else {
                    let back = store.restore(&[id(n)]).await.unwrap();
                    prop_assert_eq!(back.len(), usize::from(hidden.remove(&n).is_some()));
                }
                let seen: Vec<String> =
                    (1..8).filter(|n| !hidden.contains_key(n)).map(|n| id(n).to_string()).collect();
                let (mut ids, total) = listed(&store, SessionFilter::default()).await;
                ids.sort();
                prop_assert_eq!((&ids, total), (&seen, seen.len() as u64));
                prop_assert_eq!(&found(&store, None).await, &seen);
                prop_assert_eq!(store.counts().await.unwrap().interrupted, seen.len() as u64);
                prop_assert_eq!(store.next_purge().await.unwrap(), hidden.values().min().map(|s| at(*s)));
            }
            Ok(())
        })?;
    }
}
