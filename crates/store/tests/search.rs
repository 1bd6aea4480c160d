//! Search: any text is a query, every script is found, pages are whole.

// Helpers of tests are not tests to clippy.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use chasm_protocol::api::{HitKind, SearchHit, SessionFilter};
use chasm_protocol::*;
use chasm_store::*;
use common::*;
use proptest::prelude::*;
use serde_json::json;

async fn filled() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    let mut one = session(1, "one");
    one.record.title = Some("Fixing the Gärten parser".into());
    one.items = ItemsWrite::Upsert {
        messages: vec![
            message(1, "The quick brown fox jumps over the lazy dog"),
            message(2, "我们今天讨论数据库的设计，然后写测试。"),
            message(3, "東京タワーへ行きました。ラーメンを食べた"),
            message(4, "한국어 데이터베이스를 고쳤다"),
            message(5, "NUL \0inside a message"),
            Message {
                content: Content::Parts(vec![
                    json!({"type": "text", "text": "structured needle"}),
                    json!({"type": "image", "url": "hidden"}),
                ]),
                ..message(6, "")
            },
        ],
        tool_calls: vec![
            call(
                1,
                "run_shell",
                Some(json!({"command": "cargo test\nneedle --all"})),
                Some(json!("ok 完成了")),
            ),
            call(2, "read_file", Some(json!("src/main.rs")), None),
        ],
    };
    let mut two = session(2, "two");
    two.record.title = Some("会议记录".into());
    two.items =
        ItemsWrite::Upsert { messages: vec![message(1, "another fox, quick as brown")], tool_calls: vec![] };
    store.apply(&batch(1, vec![one, two])).await.unwrap();
    (folder, store)
}

async fn hits(store: &Store, q: &str) -> Vec<SearchHit> {
    let search = SearchQuery { q: q.into(), limit: 50, ..SearchQuery::default() };
    store.search(&search).await.unwrap().hits
}

async fn places(store: &Store, q: &str) -> Vec<(String, HitKind, Option<u64>)> {
    hits(store, q).await.into_iter().map(|hit| (hit.session_id, hit.kind, hit.position)).collect()
}

#[tokio::test]
async fn finds_words_phrases_prefixes_and_every_script() {
    let (_folder, store) = filled().await;
    let message = |session: &str, n| (session.to_owned(), HitKind::Message, Some(n));
    let call = |n| ("one".to_owned(), HitKind::ToolCall, Some(n));
    let title = |session: &str| (session.to_owned(), HitKind::Title, None);
    assert_eq!(places(&store, "fox quick ").await, [message("two", 1), message("one", 1)]);
    assert_eq!(places(&store, "\"quick brown\"").await, [message("one", 1)]);
    assert_eq!(places(&store, "QUI bro").await, [], "only the last word is a prefix");
    assert_eq!(places(&store, "quick bro").await, [message("two", 1), message("one", 1)]);
    assert_eq!(places(&store, "garten").await, [title("one")]);
    assert_eq!(places(&store, "数据库").await, [message("one", 2)]);
    assert_eq!(places(&store, "据库的").await, [message("one", 2)]);
    assert_eq!(places(&store, "库据").await, []);
    assert_eq!(places(&store, "ラーメン").await, [message("one", 3)]);
    assert_eq!(places(&store, "東京 食べ").await, [message("one", 3)]);
    assert_eq!(places(&store, "데이터").await, [message("one", 4)]);
    assert_eq!(places(&store, "会议").await, [title("two")]);
    assert_eq!(places(&store, "完成").await, [call(1)]);
    assert_eq!(places(&store, "inside").await, [message("one", 5)]);
    assert_eq!(places(&store, "needle ").await, [call(1), message("one", 6)]);
    assert_eq!(places(&store, "src/main.rs").await, [call(2)]);
    assert_eq!(places(&store, "hidden").await, [], "only text parts are text");
    for nothing in ["", "   ", "\"\"", "***", "\0", "🦀", "()"] {
        assert_eq!(places(&store, nothing).await, [], "{nothing:?}");
    }
    let hit = &hits(&store, "数据库").await[0];
    let (from, to) = hit.marks[0];
    assert_eq!((&hit.excerpt[from..to], hit.role, hit.state), ("数据库", Some(Role::User), State::Recording));
    assert_eq!(hit.session_title.as_deref(), Some("Fixing the Gärten parser"));

    let within = |id: &str| SearchQuery {
        q: "fox".into(),
        session: Some(SessionId::new(id).unwrap()),
        limit: 10,
        cursor: None,
    };
    let one = store.search(&within("one")).await.unwrap();
    assert_eq!(one.hits.len(), 1);
    assert_eq!(one.hits[0].session_id, "one");
    assert!(store.search(&within("unknown")).await.unwrap().hits.is_empty());
}

#[tokio::test]
async fn follows_changes_of_text_and_title() {
    let (_folder, store) = filled().await;
    let mut one = session(1, "one");
    one.record.title = Some("Renamed".into());
    one.items = ItemsWrite::Upsert {
        messages: vec![message(1, "entirely other words")],
        tool_calls: vec![call(2, "read_file", Some(json!("src/main.rs")), Some(json!("contents")))],
    };
    store.apply(&batch(2, vec![one])).await.unwrap();
    assert_eq!(places(&store, "jumps").await, []);
    assert_eq!(places(&store, "entirely").await.len(), 1);
    assert_eq!(places(&store, "contents").await.len(), 1);
    assert_eq!(places(&store, "garten").await, []);
    let patch = |title: Option<&str>| api::SessionPatch {
        title: Some(title.map(Into::into)),
        ..api::SessionPatch::default()
    };
    let id = SessionId::new("one").unwrap();
    store.patch_session(&id, &patch(Some("用户的标题"))).await.unwrap();
    assert_eq!(hits(&store, "标题").await[0].session_title.as_deref(), Some("用户的标题"));
    assert_eq!(hits(&store, "renamed").await[0].excerpt, "Renamed", "the client's own title is still found");
    store.patch_session(&id, &patch(None)).await.unwrap();
    assert_eq!(places(&store, "标题").await, []);
    let filter = |q: &str| SessionFilter { q: Some(q.into()), limit: 10, ..SessionFilter::default() };
    assert_eq!(store.list(&filter("renamed")).await.unwrap().total, 1);
    assert_eq!(store.list(&filter("fox")).await.unwrap().total, 1);
    assert_eq!(
        store.list(&filter("main")).await.unwrap().total,
        1,
        "a tool call is found, as search finds it"
    );
    assert_eq!(store.list(&filter("*")).await.unwrap().total, 0);
    assert_eq!(store.integrity().await.unwrap().iter().filter(|p| p.contains("index")).count(), 0);
}

#[tokio::test]
async fn pages_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    let sessions = (1..=9).map(|pk| {
        let mut write = session(pk, &format!("s{pk}"));
        write.record.title = Some(format!("common title {pk}"));
        write.items = ItemsWrite::Upsert {
            messages: (1..=5).map(|n| message(n, "a common word")).collect(),
            tool_calls: vec![call(50, "common", None, None)],
        };
        write
    });
    store.apply(&batch(1, sessions.collect())).await.unwrap();
    for limit in [1, 2, 4, 9, 10, 53, 1000] {
        let mut search = SearchQuery { q: "common".into(), limit, ..SearchQuery::default() };
        let mut seen = Vec::new();
        loop {
            let answer = store.search(&search).await.unwrap();
            assert!(answer.hits.len() <= limit as usize);
            seen.extend(answer.hits.iter().map(|h| (h.session_id.clone(), h.kind as u8, h.position)));
            search.cursor = answer.next_cursor;
            if search.cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 9 + 9 * 6, "limit {limit}");
        assert!(seen[..9].iter().all(|hit| hit.1 == HitKind::Title as u8));
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 9 + 9 * 6);
    }
    for bad in ["", "x_1", "t", "t_1_2", "i_a"] {
        let search = SearchQuery { q: "common".into(), limit: 1, session: None, cursor: Some(bad.into()) };
        assert!(matches!(store.search(&search).await, Err(StoreError::BadCursor)), "{bad}");
    }
}

#[test]
fn no_text_is_an_error() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_folder, store) = runtime.block_on(filled());
    let nasty = [
        "\"",
        "\"\"\"",
        "fox\"",
        "\"fox",
        "NEAR(fox dog, 5)",
        "fox AND",
        "OR",
        "NOT fox",
        "fox*",
        "* fox",
        "^fox",
        "words:fox",
        "{words} : fox",
        "fox + dog",
        "-fox",
        "((fox)",
        "a\0b",
        "\u{1F980}",
        "\u{FFFF}",
        "\u{E000}",
        "\u{10400}\u{16B00}",
        "\u{1E900}",
        "'",
        ";",
        "--",
        "%",
        "_",
        "\\",
        "fox\u{301}",
        "\u{301}",
        "ﬁ",
        "İ",
        "ß",
    ];
    let check = |q: &str| {
        runtime.block_on(async {
            hits(&store, q).await;
            let filter = SessionFilter { q: Some(q.into()), limit: 5, ..SessionFilter::default() };
            store.list(&filter).await.unwrap();
        });
    };
    nasty.iter().for_each(|q| check(q));
    check(&"word ".repeat(200));
    check(&"(\"".repeat(500));
    proptest!(ProptestConfig::with_cases(400), |(q in any::<String>())| check(&q));
    proptest!(ProptestConfig::with_cases(400), |(q in "[\"*()^:+a-c{} NEARDOT\\-\u{4e00}-\u{4e05}\0]{0,30}")| check(&q));
}
