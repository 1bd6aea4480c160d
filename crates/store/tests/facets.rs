//! Facets against the list that they are of, and the list's own filters.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use chasm_protocol::api::{Facet, SessionFilter, SessionPatch};
use chasm_protocol::{SessionId, State};
use chasm_store::*;
use common::*;
use serde_json::json;

const STATES: [State; 4] = [State::Recording, State::Completed, State::Interrupted, State::Recovered];

/// 60 sessions whose values come from dice, some without; words in a title, a message or a tool call.
async fn filled(store: &Store) {
    let mut dice = Dice(11);
    let mut some = |names: &[&str]| match dice.below(names.len() as u64 + 1) {
        0 => None,
        n => Some(names[n as usize - 1].to_owned()),
    };
    let mut writes = Vec::new();
    for n in 1..=60i64 {
        let mut write = session(n, &format!("s,{n}"));
        write.record.provider = some(&["anthropic", "openai"]);
        write.record.editor = some(&["vscode", "cursor", "zed"]);
        write.record.workspace = some(&["/w/a", "/w/b"]);
        write.record.model = some(&["opus", "gpt"]);
        write.record.started_at = at(n);
        write.record.last_event_at = at(n + 5);
        write.state = STATES[(n % 4) as usize];
        let word = if n % 3 == 0 { "needle" } else { "straw" };
        match n % 4 {
            0 => write.record.title = Some(word.into()),
            1 => {
                let call = call(n as u64, "run", Some(json!({"cmd": word})), None);
                write.items = ItemsWrite::Upsert { messages: vec![], tool_calls: vec![call] };
            }
            _ => {
                let messages = (0..4).map(|i| message(n as u64 * 10 + i, &format!("{i} {word}"))).collect();
                write.items = ItemsWrite::Upsert { messages, tool_calls: vec![] };
            }
        }
        writes.push(write);
    }
    store.apply(&batch(60, writes)).await.unwrap();
    for n in 1..=60 {
        let tags = (1..=3).filter(|t| n % (t + 1) == 0).map(|t| format!("tag{t}")).collect();
        let patch = SessionPatch { tags: Some(tags), starred: Some(n % 5 == 0), ..Default::default() };
        store.patch_session(&SessionId::new(format!("s,{n}")).unwrap(), &patch).await.unwrap();
    }
}

fn filters() -> Vec<SessionFilter> {
    let base = SessionFilter { limit: 1, ..SessionFilter::default() };
    let mut filters = vec![base.clone()];
    // Every pair of filters, so that each facet is counted under others and under its own.
    let set: [fn(&mut SessionFilter); 11] = [
        |f| f.state = Some(State::Interrupted),
        |f| f.provider = Some("anthropic".into()),
        |f| f.editor = Some("zed".into()),
        |f| f.workspace = Some("/w/a".into()),
        |f| f.model = Some("opus".into()),
        |f| f.tag = Some("tag1".into()),
        |f| f.starred = Some(true),
        |f| f.since = Some(at(30)),
        |f| f.until = Some(at(40)),
        |f| f.q = Some("needle ".into()),
        |f| f.ids = Some((1..=20).map(|n| SessionId::new(format!("s,{n}")).unwrap()).collect()),
    ];
    for (n, one) in set.iter().enumerate() {
        for other in &set[n..] {
            let mut filter = base.clone();
            one(&mut filter);
            other(&mut filter);
            filters.push(filter);
        }
    }
    filters
}

#[tokio::test]
async fn each_facet_counts_what_the_list_would_have() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("r.db")).await.unwrap();
    filled(&store).await;
    let set: [fn(&mut SessionFilter, String); 6] = [
        |f, value| f.state = value.parse().ok(),
        |f, value| f.provider = Some(value),
        |f, value| f.editor = Some(value),
        |f, value| f.workspace = Some(value),
        |f, value| f.model = Some(value),
        |f, value| f.tag = Some(value),
    ];
    for filter in filters() {
        let facets = store.facets(&filter).await.unwrap();
        let all =
            [facets.states, facets.providers, facets.editors, facets.workspaces, facets.models, facets.tags];
        for (found, set) in all.iter().zip(set) {
            assert!(found.is_sorted_by_key(|facet| std::cmp::Reverse(facet.count)));
            for Facet { value, count } in found {
                let mut filter = filter.clone();
                set(&mut filter, value.clone());
                assert_eq!(store.list(&filter).await.unwrap().total, *count, "{value} under {filter:?}");
            }
        }
        // Nothing that the list would have is left out.
        let missing = |facets: &[Facet], value: &str| !facets.iter().any(|facet| facet.value == value);
        for state in STATES {
            let narrowed = SessionFilter { state: Some(state), ..filter.clone() };
            let total = store.list(&narrowed).await.unwrap().total;
            assert_eq!(missing(&all[0], state.as_str()), total == 0, "{state} under {filter:?}");
        }
    }
}

#[tokio::test]
async fn words_are_found_where_search_finds_them_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("r.db")).await.unwrap();
    filled(&store).await;
    let filter = SessionFilter { q: Some("needle".into()), limit: 100, ..SessionFilter::default() };
    let search = SearchQuery { q: "needle".into(), session: None, limit: 1_000, cursor: None };
    let hits = store.search(&search).await.unwrap().hits;
    let mut searched: Vec<&str> = hits.iter().map(|hit| hit.session_id.as_str()).collect();
    searched.sort_unstable();
    searched.dedup();
    let plain = store.list(&filter).await.unwrap();
    let mut listed: Vec<&str> = plain.sessions.iter().map(|s| s.session_id.as_str()).collect();
    listed.sort_unstable();
    assert_eq!(listed, searched);
    assert_eq!(listed.len(), 20);
    assert!(plain.sessions.iter().all(|s| s.hits.is_none()));

    let with = store.list(&SessionFilter { excerpts: Some(3), ..filter }).await.unwrap();
    for session in with.sessions {
        let own: Vec<_> = hits.iter().filter(|hit| hit.session_id == session.session_id).take(3).collect();
        let shown = session.hits.unwrap();
        assert_eq!(shown.len(), own.len());
        for (shown, own) in shown.iter().zip(own) {
            assert_eq!((shown.kind, shown.position, &shown.marks), (own.kind, own.position, &own.marks));
            assert!(shown.excerpt.contains("needle"));
        }
    }
}
