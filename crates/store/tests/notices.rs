//! Notices are found by words, kind, session and time, and carry the titles that sessions have now.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod common;

use chasm_protocol::api::{NoticeFilter, SessionPatch};
use chasm_protocol::lifecycle::{Notice, StopReason};
use chasm_protocol::session::InterruptionReason;
use chasm_protocol::{ConnectionId, LifecycleEvent, SessionId, Timestamp};
use chasm_store::{NOTICES_KEPT, Store, StoreError};
use common::{at, batch, session};
use proptest::prelude::*;

fn dropped(client: &str, sessions: &[&str]) -> LifecycleEvent {
    let sessions = sessions.iter().map(ToString::to_string).collect();
    LifecycleEvent::Dropped { connection: ConnectionId(1), client: Some(client.to_owned()), sessions }
}

fn interrupted(session: &str) -> LifecycleEvent {
    LifecycleEvent::Interrupted {
        session_id: session.to_owned(),
        reason: InterruptionReason::Timeout,
        since: at(0),
        title: Some(String::from("what it was called then")),
    }
}

fn damage(what: &str) -> LifecycleEvent {
    LifecycleEvent::DamageFound { what: what.to_owned(), quarantined_as: None }
}

fn stopped(message: &str) -> LifecycleEvent {
    LifecycleEvent::RecordingStopped { reason: StopReason::DiskFull, message: message.to_owned() }
}

/// A store with one notice a second, from the first on.
async fn with(folder: &tempfile::TempDir, events: Vec<LifecycleEvent>) -> Store {
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    let mut titled = session(1, "s1");
    titled.record.title = Some(String::from("Straße nach Überlingen"));
    store.apply(&batch(1, vec![titled, session(2, "s2"), session(3, "s%_3")])).await.unwrap();
    let patch = SessionPatch { title: Some(Some(String::from("My own"))), ..SessionPatch::default() };
    store.patch_session(&SessionId::new("s%_3").unwrap(), &patch).await.unwrap();
    store.add_notices(events.into_iter().zip(1..).map(|(event, n)| (at(n), event)).collect()).await.unwrap();
    store
}

async fn found(store: &Store, filter: NoticeFilter) -> Vec<u64> {
    let filter = NoticeFilter { limit: 100, ..filter };
    store.find_notices(&filter).await.unwrap().notices.iter().map(|n| n.id).collect()
}

async fn with_words(store: &Store, q: &str) -> Vec<u64> {
    found(store, NoticeFilter { q: Some(q.to_owned()), ..NoticeFilter::default() }).await
}

#[tokio::test]
async fn words_are_looked_for_wherever_a_person_would() {
    let folder = tempfile::tempdir().unwrap();
    let events = vec![
        dropped("VS Code", &["s1", "s2"]),
        interrupted("s%_3"),
        damage("segment 12: bad checksum at byte 4096"),
        stopped("Die Platte ist voll: Größe 0"),
        LifecycleEvent::Resumed,
    ];
    let store = with(&folder, events).await;
    for (q, ids) in [
        ("vs code", vec![1]),
        ("CODE vs", vec![1]),
        ("S2", vec![1]),
        ("überlingen", vec![1]),
        ("UBERLINGEN", vec![1]),
        ("straße code", vec![1]),
        ("my OWN", vec![2]),
        ("s%_3", vec![2]),
        ("%", vec![2]),
        ("CHECKSUM", vec![3]),
        ("grösse", vec![]),
        ("GRÖ", vec![4]),
        ("4096", vec![3]),
        ("code checksum", vec![]),
        // names of fields and kinds are no words of a notice
        ("resumed", vec![]),
        ("session_id", vec![]),
        ("   ", vec![5, 4, 3, 2, 1]),
    ] {
        assert_eq!(with_words(&store, q).await, ids, "{q:?}");
    }
}

#[tokio::test]
async fn kind_session_and_time_narrow_together() {
    let folder = tempfile::tempdir().unwrap();
    let events = vec![
        dropped("a", &["s1"]),
        interrupted("s1"),
        dropped("Zed", &["s2", "s1"]),
        damage("\"s1\" is only mentioned"),
        interrupted("s11"),
    ];
    let store = with(&folder, events).await;
    let any = NoticeFilter::default;
    let kinds = |kinds: &[&str]| kinds.iter().map(ToString::to_string).collect::<Vec<_>>();
    let of = |session: &str| NoticeFilter { session: Some(session.to_owned()), ..any() };
    assert_eq!(found(&store, of("s1")).await, [3, 2, 1]);
    assert_eq!(found(&store, of("s")).await, [0_u64; 0]);
    assert_eq!(found(&store, NoticeFilter { kinds: kinds(&["dropped"]), ..of("s1") }).await, [3, 1]);
    let both = kinds(&["interrupted", "damage_found"]);
    assert_eq!(found(&store, NoticeFilter { kinds: both, ..any() }).await, [5, 4, 2]);
    let between = NoticeFilter { since: Some(at(2)), until: Some(at(4)), ..any() };
    assert_eq!(found(&store, between.clone()).await, [3, 2]);
    assert_eq!(found(&store, NoticeFilter { q: Some("zED".into()), ..between }).await, [3]);
}

#[tokio::test]
async fn titles_are_those_of_now_and_go_with_their_session() {
    let folder = tempfile::tempdir().unwrap();
    let store = with(&folder, vec![dropped("a", &["s1", "s2", "s%_3", "unknown"]), interrupted("s1")]).await;
    let page = async || store.notices(None, 10).await.unwrap().notices;
    let titles = |notice: &Notice| serde_json::json!(notice.titles).to_string();
    let now = page().await;
    assert_eq!(titles(&now[1]), r#"{"s%_3":"My own","s1":"Straße nach Überlingen"}"#);
    assert_eq!(titles(&now[0]), r#"{"s1":"Straße nach Überlingen"}"#);
    store.delete_session(&SessionId::new("s1").unwrap()).await.unwrap();
    let then = page().await;
    assert_eq!((then.len(), titles(&then[0]).as_str()), (1, r#"{"s%_3":"My own"}"#));
    assert_eq!(with_words(&store, "überlingen").await, [0_u64; 0]);
}

#[tokio::test]
async fn as_many_as_are_kept_are_looked_through() {
    let folder = tempfile::tempdir().unwrap();
    let mut events = vec![damage("the needle"); 2];
    events.extend((0..NOTICES_KEPT - 2).map(|n| dropped(&format!("client {n}"), &["s1", "s2"])));
    let store = with(&folder, events).await;
    assert_eq!(with_words(&store, "needle").await, [2, 1]);
    let one = NoticeFilter { q: Some("needle".into()), limit: 1, ..NoticeFilter::default() };
    let first = store.find_notices(&one).await.unwrap();
    assert_eq!((first.notices.len(), first.notices[0].id), (1, 2));
    let second = NoticeFilter { cursor: first.next_cursor, ..one.clone() };
    let second = store.find_notices(&second).await.unwrap();
    assert_eq!((second.notices[0].id, second.next_cursor), (1, None));
    let odd = NoticeFilter { cursor: Some("x_1".into()), ..one };
    assert!(matches!(store.find_notices(&odd).await, Err(StoreError::BadCursor)));
}

fn any_event() -> impl Strategy<Value = LifecycleEvent> {
    let text = "[aäÄ ß%_\"s1-3]{0,6}";
    prop_oneof![
        (text, prop::collection::vec("s[1-3]", 0..3)).prop_map(|(client, sessions)| {
            dropped(&client, &sessions.iter().map(String::as_str).collect::<Vec<_>>())
        }),
        "s[1-3]".prop_map(|session| interrupted(&session)),
        text.prop_map(|what| damage(&what)),
        Just(LifecycleEvent::Resumed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Pages of any size, one behind the other, are what one large page is.
    #[test]
    fn pages_lose_and_repeat_nothing(
        events in prop::collection::vec(any_event(), 0..40),
        q in prop::option::of("[aÄs1 ]{1,3}"),
        since in 0_i64..20,
        limit in 1_u32..7,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let store = with(&folder, events).await;
            let since: Option<Timestamp> = Some(at(since));
            let mut filter = NoticeFilter { q, since, limit, ..NoticeFilter::default() };
            let whole = found(&store, filter.clone()).await;
            let mut paged = Vec::new();
            loop {
                let page = store.find_notices(&filter).await.unwrap();
                assert!(page.notices.len() <= limit as usize);
                paged.extend(page.notices.iter().map(|n| n.id));
                filter.cursor = page.next_cursor;
                if filter.cursor.is_none() {
                    break;
                }
            }
            assert_eq!(paged, whole);
        });
    }
}
