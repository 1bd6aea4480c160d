//! Sessions in parts, and what changed since a revision, on a real file.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use chasm_protocol::api::{ItemsPage, ItemsQuery, ItemsWindow, SessionItem, SessionPatch};
use chasm_protocol::{Message, SessionId, State};
use chasm_store::*;
use common::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn id() -> SessionId {
    SessionId::new("s").unwrap()
}

async fn page(store: &Store, window: ItemsWindow, limit: u32) -> Result<ItemsPage, StoreError> {
    Ok(store.items_page(&id(), &ItemsQuery { window, limit }).await?.unwrap())
}

/// All that these windows have, part by part.
async fn all(store: &Store, limit: u32, window: impl Fn(u64) -> ItemsWindow) -> Vec<ItemsPage> {
    let mut pages = vec![page(store, window(0), limit).await.unwrap()];
    while let Some(from) = pages.last().unwrap().next_from {
        pages.push(page(store, window(from), limit).await.unwrap());
        assert!(pages.len() < 1_000, "the parts never end");
    }
    pages
}

fn items(pages: Vec<ItemsPage>) -> Vec<SessionItem> {
    pages.into_iter().flat_map(|page| page.items).collect()
}

/// A session of these messages (by their number, in this order) that replaces what was there.
fn replaced(lsn: u64, order: &[u64], text: &str) -> SessionWrite {
    let mut write = session(1, "s");
    let messages: Vec<Message> =
        order.iter().zip(1..).map(|(n, position)| placed(*n, position, text)).collect();
    write.record.positions = messages.len() as u64;
    write.items = ItemsWrite::Replace { messages, tool_calls: vec![] };
    write.events.push(event(lsn, "{}"));
    write
}

fn placed(n: u64, position: u64, text: &str) -> Message {
    Message { position, ..message(n, &format!("{text}{n}")) }
}

fn other(lsn: u64, seconds: i64) -> EventRow {
    let raw = format!(r#"{{"event_type":"x","n":{lsn}}}"#);
    EventRow { kind: EventRowKind::Other, at: at(seconds), ..event(lsn, &raw) }
}

/// What a reader that follows changes holds: items by position, events of unknown types by their number.
#[derive(Default, Debug, PartialEq)]
struct Reader {
    revision: u64,
    items: BTreeMap<u64, SessionItem>,
    others: BTreeMap<u64, SessionItem>,
}

impl Reader {
    fn take(&mut self, pages: Vec<ItemsPage>) {
        self.revision = pages[0].revision;
        for page in pages {
            for position in page.removed.unwrap_or_default() {
                self.items.remove(&position);
            }
            for item in page.items {
                match &item {
                    SessionItem::Other(other) => self.others.insert(other.event.lsn, item),
                    _ => self.items.insert(item.position(), item),
                };
            }
        }
    }

    async fn catch_up(&mut self, store: &Store, limit: u32) {
        let revision = self.revision;
        self.take(all(store, limit, |from| ItemsWindow::ChangedSince { revision, from }).await);
    }

    async fn afresh(store: &Store) -> Self {
        let mut reader = Self::default();
        reader.take(all(store, 1_000, ItemsWindow::From).await);
        reader
    }
}

/// One flush of a random history.
#[derive(Debug, Clone)]
enum Step {
    /// New messages at the end.
    Append(u8),
    /// One that is there gets another text.
    Change(u8),
    /// The session is folded anew: these leave, one comes at this place.
    Anew { leave: Vec<u8>, at: u8 },
    /// An event of an unknown type, at this time.
    Other(u8),
    /// The user's title.
    Title,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1u8..4).prop_map(Step::Append),
        3 => any::<u8>().prop_map(Step::Change),
        2 => (prop::collection::vec(any::<u8>(), 0..3), any::<u8>()).prop_map(|(leave, at)| Step::Anew { leave, at }),
        2 => any::<u8>().prop_map(Step::Other),
        1 => Just(Step::Title),
    ];
    prop::collection::vec(step, 1..25)
}

/// The session as it should be, and the writes that make it so.
#[derive(Default)]
struct History {
    order: Vec<(u64, u32)>,
    last: u64,
    lsn: u64,
}

impl History {
    fn messages(&self) -> Vec<Message> {
        let placed =
            |(at, (n, version)): (usize, &(u64, u32))| placed(*n, at as u64 + 1, &format!("v{version} "));
        self.order.iter().enumerate().map(placed).collect()
    }

    fn write(&mut self, step: &Step) -> Option<SessionWrite> {
        self.lsn += 1;
        let mut write = session(1, "s");
        let some = |n: u8, len: usize| if len == 0 { None } else { Some(usize::from(n) % len) };
        let before = self.messages();
        match step {
            Step::Append(n) => {
                for _ in 0..*n {
                    self.last += 1;
                    self.order.push((self.last, 0));
                }
            }
            Step::Change(n) => {
                let at = some(*n, self.order.len())?;
                self.order[at].1 += 1;
            }
            Step::Anew { leave, at } => {
                for n in leave {
                    if let Some(gone) = some(*n, self.order.len()) {
                        self.order.remove(gone);
                    }
                }
                self.last += 1;
                let place = usize::from(*at) % (self.order.len() + 1);
                self.order.insert(place, (self.last, 0));
            }
            Step::Other(seconds) => {
                // In order where it is behind all that is there, else the session is folded anew.
                write.events.push(other(self.lsn, i64::from(*seconds)));
            }
            Step::Title => return None,
        }
        let messages = self.messages();
        write.record.positions = messages.len() as u64;
        write.items = match step {
            Step::Append(_) | Step::Change(_) => ItemsWrite::Upsert {
                messages: messages.into_iter().filter(|m| !before.contains(m)).collect(),
                tool_calls: vec![],
            },
            _ => ItemsWrite::Replace { messages, tool_calls: vec![] },
        };
        Some(write)
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Who applies what changed, again and again, has what one has who reads all.
    #[test]
    fn changes_lead_where_the_session_is(steps in steps(), limit in 1u32..5, every in 1usize..4) {
        block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let (store, _) = Store::open(&folder.path().join("r.db")).await.unwrap();
            store.apply(&batch(0, vec![session(1, "s")])).await.unwrap();
            let (mut history, mut reader) = (History::default(), Reader::default());
            for (n, step) in steps.iter().enumerate() {
                match history.write(step) {
                    Some(write) => store.apply(&batch(history.lsn, vec![write])).await.unwrap(),
                    None => drop(store.patch_session(&id(), &SessionPatch { starred: Some(n % 2 == 0), ..Default::default() }).await.unwrap()),
                }
                if n % every == 0 {
                    reader.catch_up(&store, limit).await;
                    prop_assert_eq!(&reader, &Reader::afresh(&store).await);
                }
            }
            reader.catch_up(&store, limit).await;
            prop_assert_eq!(&reader, &Reader::afresh(&store).await);
            let texts: Vec<Message> = reader.items.into_values().map(|item| match item {
                SessionItem::Message(message) => message,
                item => panic!("{item:?}"),
            }).collect();
            prop_assert_eq!(texts, history.messages());
            Ok(())
        })?;
    }

    /// A reader whose parts are overtaken by writes loses nothing, for it keeps the revision of the first part.
    #[test]
    fn writes_between_two_parts_are_not_lost(steps in steps(), limit in 1u32..4) {
        block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let (store, _) = Store::open(&folder.path().join("r.db")).await.unwrap();
            let mut history = History::default();
            store.apply(&batch(0, vec![session(1, "s")])).await.unwrap();
            let first = history.write(&Step::Append(20)).unwrap();
            store.apply(&batch(1, vec![first])).await.unwrap();
            let (mut pages, mut from) = (Vec::new(), Some(0));
            for step in &steps {
                if let Some(at) = from {
                    pages.push(page(&store, ItemsWindow::From(at), limit).await.unwrap());
                    from = pages.last().unwrap().next_from;
                }
                if let Some(write) = history.write(step) {
                    store.apply(&batch(history.lsn, vec![write])).await.unwrap();
                }
            }
            let mut reader = Reader::default();
            reader.take(pages);
            while let Some(at) = from {
                let rest = page(&store, ItemsWindow::From(at), limit).await.unwrap();
                from = rest.next_from;
                let revision = reader.revision;
                reader.take(vec![rest]);
                reader.revision = revision;
            }
            reader.catch_up(&store, limit).await;
            prop_assert_eq!(reader, Reader::afresh(&store).await);
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn parts_have_everything_once_from_either_end() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("r.db")).await.unwrap();
    let mut write = session(1, "s");
    let calls = (1..=20).filter(|n| n % 3 == 0).map(|n| call(n, "run", None, None)).collect();
    let messages = (1..=20).filter(|n| n % 3 != 0).map(|n| message(n, "text")).collect();
    write.record.positions = 20;
    write.items = ItemsWrite::Upsert { messages, tool_calls: calls };
    // Before the first, between two, two of them at once, behind the last.
    write.events = [(31, -5), (32, 4), (33, 10), (34, 10), (35, 99)].map(|(lsn, at)| other(lsn, at)).to_vec();
    store.apply(&batch(40, vec![write])).await.unwrap();

    let whole = items(all(&store, 1_000, ItemsWindow::From).await);
    assert_eq!(whole.len(), 25);
    let befores: Vec<u64> = whole
        .iter()
        .filter_map(|item| if let SessionItem::Other(other) = item { Some(other.before) } else { None })
        .collect();
    // The call at 3 has no time: what happened at 4 stands behind the message at 4.
    assert_eq!(befores, [1, 5, 11, 11, 21]);
    for limit in 1..=21 {
        assert_eq!(items(all(&store, limit, ItemsWindow::From).await), whole, "{limit}");
        let (mut back, mut before) = (Vec::new(), 21);
        while before > 1 {
            let page = page(&store, ItemsWindow::Before(before), limit).await.unwrap();
            let own = |item: &&SessionItem| !matches!(item, SessionItem::Other(_));
            assert!(page.items.iter().filter(own).count() <= limit as usize);
            assert_eq!(page.next_from, Some(before).filter(|b| *b <= 20));
            before = page.items.iter().find(own).map_or(1, SessionItem::position);
            back.splice(0..0, page.items);
        }
        assert_eq!(back, whole, "{limit}");
    }
    let behind = page(&store, ItemsWindow::From(50), 5).await.unwrap();
    assert_eq!((behind.items.len(), behind.next_from, behind.total), (0, None, 20));
    assert!(
        store
            .items_page(&SessionId::new("x").unwrap(), &ItemsQuery { window: ItemsWindow::From(0), limit: 1 })
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_part_is_cut_before_it_is_too_large_to_hold() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("r.db")).await.unwrap();
    let mut write = session(1, "s");
    let text = "x".repeat(5 << 20);
    write.record.positions = 4;
    write.items =
        ItemsWrite::Upsert { messages: (1..=4).map(|n| message(n, &text)).collect(), tool_calls: vec![] };
    store.apply(&batch(1, vec![write])).await.unwrap();
    let pages = all(&store, 100, ItemsWindow::From).await;
    assert_eq!(pages.iter().map(|page| page.items.len()).collect::<Vec<_>>(), [1, 1, 1, 1]);
}

#[tokio::test]
async fn a_flood_of_unknown_events_is_counted_where_it_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("r.db")).await.unwrap();
    let mut write = session(1, "s");
    write.record.positions = 1;
    write.items = ItemsWrite::Upsert { messages: vec![message(1, "a")], tool_calls: vec![] };
    write.events = (10..1_310).map(|lsn| other(lsn, 50)).collect();
    store.apply(&batch(1_310, vec![write])).await.unwrap();
    let page = page(&store, ItemsWindow::From(0), 10).await.unwrap();
    assert_eq!((page.items.len(), page.others_left_out), (1_001, 300));
    let head = store.detail_without_items(&id()).await.unwrap().unwrap();
    assert_eq!((head.other_count, head.items, head.other.len(), head.messages.len()), (1_300, 1, 0, 0));
}

#[tokio::test]
async fn revisions_that_a_session_never_had_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("r.db")).await.unwrap();
    store.apply(&batch(1, vec![replaced(1, &[1, 2, 3], "")])).await.unwrap();
    let old = page(&store, ItemsWindow::From(0), 10).await.unwrap().revision;
    let since = |revision| ItemsWindow::ChangedSince { revision, from: 0 };
    let is_gone = |answer: Result<ItemsPage, StoreError>| matches!(answer, Err(StoreError::RevisionGone));
    assert!(is_gone(page(&store, since(old + 1), 10).await));
    assert_eq!(page(&store, since(old), 10).await.unwrap().items, []);
    assert_eq!(page(&store, since(0), 10).await.unwrap().items.len(), 3);
    // Deleted and recorded again under its name: nothing that was known of the old one holds.
    store.delete_session(&id()).await.unwrap();
    let mut again = replaced(2, &[1], "");
    again.pk = SessionPk(2);
    store.apply(&batch(2, vec![again])).await.unwrap();
    assert!(is_gone(page(&store, since(old), 10).await));
}

#[tokio::test]
async fn what_changes_the_head_alone_is_a_revision() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("r.db")).await.unwrap();
    store.apply(&batch(1, vec![replaced(1, &[1], "")])).await.unwrap();
    let revision = async || store.detail_without_items(&id()).await.unwrap().unwrap().revision;
    let mut last = revision().await;
    store.patch_session(&id(), &SessionPatch { starred: Some(true), ..Default::default() }).await.unwrap();
    assert!(std::mem::replace(&mut last, revision().await) < last);
    store.set_state(SessionPk(1), State::Interrupted).await.unwrap();
    assert!(std::mem::replace(&mut last, revision().await) < last);
    store.apply(&batch(2, vec![replaced(2, &[1], "")])).await.unwrap();
    assert!(std::mem::replace(&mut last, revision().await) < last);
    let changed = page(&store, ItemsWindow::ChangedSince { revision: last, from: 0 }, 10).await.unwrap();
    assert_eq!(changed.items, []);
}

#[tokio::test]
async fn a_database_of_before_has_revision_one() {
    static ALL: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut conn = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let old: Vec<_> = ALL.migrations.iter().filter(|m| m.version < 3).cloned().collect();
    let old = sqlx::migrate::Migrator { migrations: old.into(), ..sqlx::migrate::Migrator::DEFAULT };
    old.run(&mut conn).await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO sessions (pk, id, state, has_snapshots, started_at, last_event_at, last_received_at, events, messages,
            tool_calls, conflicts, positions, key_at, key_seq, key_lsn, key_event_id)
         VALUES (1, 's', 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, '');
         INSERT INTO messages (pk, session, position, role, partial, origin, key, text)
         VALUES (2, 1, 1, 1, 0, 1, zeroblob(16), 'hello');
         INSERT INTO item_index (rowid, words) VALUES (2, 'hello')",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    sqlx::Connection::close(conn).await.unwrap();
    let (store, _) = Store::open(&path).await.unwrap();
    let first = page(&store, ItemsWindow::From(0), 10).await.unwrap();
    assert_eq!((first.revision, first.items.len()), (1, 1));
    store.apply(&batch(5, vec![replaced(5, &[7, 8], "")])).await.unwrap();
    let changed = page(&store, ItemsWindow::ChangedSince { revision: 1, from: 0 }, 10).await.unwrap();
    assert_eq!((changed.items.len(), changed.removed), (2, Some(vec![])));
}
