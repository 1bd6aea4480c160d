//! Deleted means gone: no file of the folder holds a byte of it.

// Helpers of tests are not tests to clippy.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use chasm_protocol::api::{SessionPatch, SkippedSession};
use chasm_protocol::session::{InterruptionReason, Recovery};
use chasm_protocol::*;
use chasm_store::*;
use common::*;
use serde_json::json;
use std::path::Path;

/// The file below `folder` that holds `needle`, in whatever case.
fn holds(folder: &Path, needle: &str) -> Option<String> {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap().to_ascii_lowercase();
        if String::from_utf8_lossy(&bytes).contains(needle) {
            return Some(path.display().to_string());
        }
    }
    None
}

/// What only this session says. The index keeps words without what they share with the word before, so it is their end that
/// is looked for.
fn secret(n: u64) -> String {
    format!("{:016x}", Dice(n * 7919 + 13).roll())
}

fn secrets(n: u64) -> Vec<String> {
    let kinds = ["Body", "Event", "Title", "Users", "Call", "Shot", "Meta", "Tag", "Preview", "Evidence"];
    kinds.map(|kind| format!("{kind}{}", secret(n))).to_vec()
}

fn full_session(n: u64, dice: &mut Dice) -> SessionWrite {
    let secret = secrets(n);
    let mut write = session(n as i64, &format!("id-{}", secret[0]));
    write.state = State::Interrupted;
    write.record.title = Some(secret[2].clone());
    write.record.preview = Some(secret[8].clone());
    write.record.metadata.insert("k".into(), json!(secret[6]));
    write.has_snapshots = true;
    let (mut messages, mut events) = (vec![], vec![]);
    // Short sessions leave the index word by word, long ones have it written anew.
    for i in 0..40 {
        let size = if n.is_multiple_of(4) { 0 } else { dice.below(3000) as usize };
        let text = format!("{} {} {} {i}", dice.text(size), secret[0], dice.text(10));
        events.push(EventRow {
            lsn: n * 100 + i,
            ..event(n * 100 + i, &format!(r#"{{"x":"{} {text}"}}"#, secret[1]))
        });
        messages.push(message(i + 1, &text));
    }
    write.record.messages = messages.len() as u64;
    write.record.events = events.len() as u64;
    write.record.tool_calls = 1;
    write.events = events;
    write.items = ItemsWrite::Upsert {
        messages,
        tool_calls: vec![call(77, "run", Some(json!({"cmd": secret[4]})), Some(json!(secret[4])))],
    };
    write.interruptions = vec![InterruptionRow {
        lsn: n * 100 + 50,
        reason: InterruptionReason::Disconnect,
        since: at(1),
        until: None,
        resumed_lsn: Some(n * 100 + 60),
        replayed: 0,
    }];
    let body = json!({"messages": [{"role": "user", "content": secret[5]}]});
    write.snapshots.new = vec![SnapshotRow {
        lsn: n * 100 + 55,
        taken_at: at(0),
        received_at: at(0),
        hash: ContentHash(key(n)),
        body: serde_json::from_value(body).unwrap(),
        file: None,
    }];
    write
}

fn recovery(evidence: &str) -> Recovery {
    Recovery {
        at: at(5),
        reason: None,
        from_events: 1,
        from_snapshots: 0,
        from_editor_files: 0,
        completed: 0,
        partial: 0,
        open_tool_calls: 0,
        missing: vec![],
        evidence: vec![session::Evidence {
            origin: session::Origin::EditorFile,
            source: evidence.into(),
            messages: 1,
        }],
    }
}

fn id(n: u64) -> SessionId {
    SessionId::new(format!("id-{}", secrets(n)[0])).unwrap()
}

/// What the user sets, recoveries, reports and notices.
async fn mention_everywhere(store: &Store, sessions: u64) {
    let mut entries = Vec::new();
    for n in 1..=sessions {
        let secret = secrets(n);
        let patch = SessionPatch {
            title: Some(Some(secret[3].clone())),
            starred: Some(true),
            tags: Some(vec![secret[7].clone()]),
        };
        assert!(store.patch_session(&id(n), &patch).await.unwrap());
        entries.push((SessionPk(n as i64), recovery(&secret[9])));
    }
    let all: Vec<String> = (1..=sessions).map(|n| id(n).to_string()).collect();
    let skipped = all
        .iter()
        .map(|id| SkippedSession { session_id: id.clone(), title: None, reason: "no".into() })
        .collect();
    store.mark_recovered(None, entries, at(5), skipped).await.unwrap();
    let dropped =
        LifecycleEvent::Dropped { connection: ConnectionId(1), client: None, sessions: all.clone() };
    let mut notices = vec![(at(1), dropped)];
    notices.extend(all.iter().map(|id| {
        (
            at(2),
            LifecycleEvent::Interrupted {
                session_id: id.clone(),
                reason: InterruptionReason::Timeout,
                since: at(1),
                title: None,
            },
        )
    }));
    store.add_notices(notices).await.unwrap();
}

#[tokio::test]
async fn no_byte_is_left() {
    const SESSIONS: u64 = 40;
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    let mut dice = Dice(99);
    // Several flushes, in an order that mixes the sessions' pages; then the texts grow, as when streaming.
    for chunk in (1..=SESSIONS).collect::<Vec<_>>().chunks(7) {
        let sessions = chunk.iter().map(|n| full_session(*n, &mut dice)).collect();
        store.apply(&batch(chunk[0], sessions)).await.unwrap();
    }
    for n in (1..=SESSIONS).rev() {
        let mut write = full_session(n, &mut dice);
        (write.events, write.snapshots) = (vec![], SnapshotsWrite::default());
        store.apply(&batch(SESSIONS + n, vec![write])).await.unwrap();
    }
    mention_everywhere(&store, SESSIONS).await;
    assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());

    assert!(holds(folder.path(), &secret(2)[4..]).is_some());
    for n in (1..=SESSIONS).filter(|n| n % 2 == 0) {
        let deleted = store.delete_session(&id(n)).await.unwrap().unwrap();
        let StoredSize { messages, tool_calls, events, snapshots, bytes, .. } = deleted;
        assert_eq!((messages, tool_calls, events, snapshots), (40, 1, 40, 1));
        assert!(bytes > 40 * 60, "{bytes}");
        assert_eq!(holds(folder.path(), &secret(n)[4..]), None, "session {n}");
    }
    assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
    for n in (1..=SESSIONS).filter(|n| n % 2 == 1) {
        let detail = store.detail(&id(n)).await.unwrap().unwrap();
        assert_eq!((detail.messages.len(), detail.recoveries.len()), (40, 1));
    }
    let report = &store.reports(None, 10).await.unwrap().reports[0];
    assert_eq!((report.recovered.len(), report.skipped.len()), (20, 20));
    let notices = store.notices(None, 100).await.unwrap().notices;
    assert_eq!(notices.len(), 21);
    let Some(LifecycleEvent::Dropped { sessions, .. }) = notices.last().map(|n| &n.event) else { panic!() };
    assert_eq!(sessions.len(), 20);
    assert_eq!(store.delete_session(&id(2)).await.unwrap(), None);
}

/// From the trash, and by retention, many at a time; while the sessions between them are written.
#[tokio::test]
async fn no_byte_is_left_of_what_goes_in_steps() {
    const SESSIONS: u64 = 24;
    for anew in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
        let mut dice = Dice(7);
        for n in 1..=SESSIONS {
            store.apply(&batch(n, vec![full_session(n, &mut dice)])).await.unwrap();
        }
        mention_everywhere(&store, SESSIONS).await;
        let doomed: Vec<u64> = (1..=SESSIONS).filter(|n| n % 3 != 0).collect();
        let (binned, expired): (Vec<u64>, Vec<u64>) = doomed.iter().partition(|n| *n % 2 == 0);
        store.trash(&binned.iter().map(|n| id(*n)).collect::<Vec<_>>(), at(1), at(2)).await.unwrap();
        for n in &expired {
            let mut write = full_session(*n, &mut dice);
            write.record.last_event_at = at(-100);
            write.state = State::Completed;
            (write.events, write.snapshots) = (vec![], SnapshotsWrite::default());
            store.apply(&batch(SESSIONS + n, vec![write])).await.unwrap();
        }
        let retention = Expiry { before: Some(at(-50)), keep_starred: false, max_bytes: None };
        for which in [Doomed::Due(at(3)), Doomed::Expired(retention)] {
            let begun = store.begin_purge(which, at(4)).await.unwrap();
            assert_eq!(begun.len(), 8);
            for chunk in begun.chunks(3) {
                let keys: Vec<SessionPk> = chunk.iter().map(|(pk, _)| *pk).collect();
                let mut turn = 0;
                while store.erase_some(&keys, anew).await.unwrap() {
                    turn += 1;
                    let mut other = full_session(3, &mut dice);
                    (other.events, other.snapshots) = (vec![], SnapshotsWrite::default());
                    store.apply(&batch(100 + turn, vec![other])).await.unwrap();
                }
                store.erase(&keys, anew).await.unwrap();
            }
            assert_eq!(store.half_deleted().await.unwrap().len(), 8);
            store.end_half_deleted(&store.half_deleted().await.unwrap()).await.unwrap();
            store.finish_deletions().await.unwrap();
        }
        for n in doomed {
            assert_eq!(holds(folder.path(), &secret(n)[4..]), None, "session {n}, index anew: {anew}");
        }
        assert!(holds(folder.path(), &secret(3)[4..]).is_some());
        assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
        assert_eq!(store.counts().await.unwrap().sessions, 8);
    }
}

#[tokio::test]
async fn a_reader_does_not_keep_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recordings.db");
    let (store, _) = Store::open(&path).await.unwrap();
    store.apply(&batch(1, vec![full_session(1, &mut Dice(1))])).await.unwrap();
    // Another view of the database, held for a while.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).read_only(true);
    let mut side = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::query("BEGIN").execute(&mut side).await.unwrap();
    let _: i64 = sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(&mut side).await.unwrap();
    let id = id(1);
    let (deleted, ()) = tokio::join!(store.delete_session(&id), async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        sqlx::query("COMMIT").execute(&mut side).await.unwrap();
    });
    assert!(deleted.unwrap().is_some());
    assert_eq!(holds(folder.path(), &secret(1)), None);
}

/// A crash between a deletion's commit and its end leaves a mark in `meta`; opening goes on from there.
#[tokio::test]
async fn opening_ends_what_a_crash_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recordings.db");
    let (store, _) = Store::open(&path).await.unwrap();
    let sessions = (1..=8).map(|n| full_session(n, &mut Dice(n))).collect();
    store.apply(&batch(1, sessions)).await.unwrap();
    store.close().await.unwrap();
    // As the deletion leaves it: rows gone, words still in the index.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).pragma("secure_delete", "ON");
    let mut side = sqlx::ConnectOptions::connect(&options).await.unwrap();
    for sql in [
        "INSERT INTO item_index (item_index, rank) VALUES ('secure-delete', 0)",
        "DELETE FROM messages WHERE session = 3",
        "DELETE FROM tool_calls WHERE session = 3",
        "INSERT INTO item_index (item_index, rank) VALUES ('secure-delete', 1)",
        "INSERT INTO meta VALUES ('index_purge', '1'), ('scrub', '1')",
        "DELETE FROM events WHERE session = 3",
        "DELETE FROM interruptions WHERE session = 3",
        "DELETE FROM snapshots WHERE session = 3",
        "DELETE FROM sessions WHERE pk = 3",
    ] {
        sqlx::query(sql).execute(&mut side).await.unwrap();
    }
    sqlx::Connection::close(side).await.unwrap();
    assert!(holds(folder.path(), &secret(3)[4..]).is_some(), "the test tests nothing");
    let (store, report) = Store::open(&path).await.unwrap();
    assert_eq!(report.quick_check, Vec::<String>::new());
    assert_eq!(holds(folder.path(), &secret(3)[4..]), None);
    assert_eq!(store.get_meta("index_purge").await.unwrap(), None);
    assert_eq!(store.get_meta("scrub").await.unwrap(), None);
    assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
}
