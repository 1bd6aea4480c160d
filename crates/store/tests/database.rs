//! The file: opening, damage, setting aside, notices, recoveries, meta, closing.

// Helpers of tests are not tests to clippy.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use chasm_protocol::api::SkippedSession;
use chasm_protocol::session::{InterruptionReason, Recovery};
use chasm_protocol::*;
use chasm_store::*;
use common::*;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::path::Path;

async fn with_rows(path: &Path) {
    let (store, report) = Store::open(path).await.unwrap();
    assert!(report.created);
    let mut write = session(1, "s");
    write.items = ItemsWrite::Upsert {
        messages: (1..500).map(|n| message(n, "some text")).collect(),
        tool_calls: vec![],
    };
    write.events = (1..500).map(|n| event(n, "{\"some\":\"event\"}")).collect();
    (write.record.messages, write.record.events) = (499, 499);
    store.apply(&batch(500, vec![write])).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn opens_private_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recordings.db");
    with_rows(&path).await;
    let (store, report) = Store::open(&path).await.unwrap();
    assert_eq!(
        report,
        OpenReport { created: false, quick_check: vec![], checked: true, applied_lsn: 500, max_pk: 1 }
    );
    assert!(store.size() > 50_000);
    #[cfg(unix)]
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        use std::os::unix::fs::PermissionsExt as _;
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
    let id = SessionId::new("s").unwrap();
    assert!(store.delete_session(&id).await.unwrap().is_some());
    store.close().await.unwrap();
    assert!(matches!(store.list(&Default::default()).await, Err(StoreError::Closed)));
    assert!(matches!(store.put_meta("a", None).await, Err(StoreError::Closed)));
    let (_, report) = Store::open(&path).await.unwrap();
    assert_eq!(report.max_pk, 1, "a key is never given twice");
}

#[tokio::test]
async fn damage_is_said_and_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recordings.db");
    for bad in [&b"this is no database, and it is long enough to be read as a header of one"[..], &[0; 4096]]
    {
        std::fs::write(&path, bad.repeat(40)).unwrap();
        assert!(matches!(Store::open(&path).await, Err(OpenError::Corrupt { .. })));
        std::fs::remove_file(&path).unwrap();
    }
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut foreign = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::query("CREATE TABLE a (b); CREATE TABLE c (d); CREATE TABLE e (f)")
        .execute(&mut foreign)
        .await
        .unwrap();
    sqlx::Connection::close(foreign).await.unwrap();
    assert!(matches!(Store::open(&path).await, Err(OpenError::Corrupt { .. })), "another program's");
    std::fs::remove_file(&path).unwrap();
    let _ = std::fs::remove_file(folder.path().join("recordings.db-wal"));

    with_rows(&path).await;
    let good = std::fs::read(&path).unwrap();
    let (mut refused, mut noticed) = (0, 0);
    // Every third page of the file in turn, overwritten.
    for page in (0..good.len() / 8192).step_by(3) {
        let mut bytes = good.clone();
        bytes[page * 8192..(page + 1) * 8192].fill(0xA5);
        std::fs::write(&path, bytes).unwrap();
        match Store::open(&path).await {
            Err(OpenError::Corrupt { .. }) => refused += 1,
            Err(other) => panic!("page {page}: {other}"),
            Ok((store, report)) => {
                assert!(!report.quick_check.is_empty(), "page {page} was not noticed");
                noticed += 1;
                store.close().await.unwrap();
            }
        }
    }
    assert!(refused > 0 && noticed > 0, "{refused} {noticed}");
    std::fs::write(folder.path().join("recordings.db-wal"), "x").unwrap();
    let quarantine = folder.path().join("quarantine");
    let first = Store::set_aside(&path, &quarantine, at(0)).unwrap();
    std::fs::write(&path, "again").unwrap();
    let second = Store::set_aside(&path, &quarantine, at(0)).unwrap();
    assert!(first.exists() && second.exists() && first != second && !path.exists());
    assert!(!folder.path().join("recordings.db-wal").exists());
    let (store, report) = Store::open(&path).await.unwrap();
    assert!(report.created);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recordings.db");
    with_rows(&path).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut side = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::query("INSERT INTO _sqlx_migrations SELECT 9999, description, installed_on, success, checksum, execution_time FROM _sqlx_migrations LIMIT 1")
        .execute(&mut side)
        .await
        .unwrap();
    sqlx::Connection::close(side).await.unwrap();
    assert!(matches!(Store::open(&path).await, Err(OpenError::Newer { version: 9999, .. })));
}

#[tokio::test]
async fn a_stored_value_that_makes_no_sense_names_table_and_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recordings.db");
    with_rows(&path).await;
    let (store, _) = Store::open(&path).await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut side = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::query("UPDATE messages SET role = 99 WHERE position = 7").execute(&mut side).await.unwrap();
    let error = store.items(SessionPk(1)).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { table: "messages", .. }), "{error}");
    assert_eq!(error.to_string(), "table messages, row 14: column 4: unknown number 99");
    sqlx::query("UPDATE sessions SET messages = 3").execute(&mut side).await.unwrap();
    sqlx::query("UPDATE messages SET text = 'other' WHERE position = 8").execute(&mut side).await.unwrap();
    sqlx::query("DROP TRIGGER messages_reindexed").execute(&mut side).await.unwrap();
    sqlx::query("UPDATE messages SET text = 'other' WHERE position = 9").execute(&mut side).await.unwrap();
    let problems = store.integrity().await.unwrap();
    assert!(problems.iter().any(|p| p.contains("item_index")), "{problems:?}");
    assert!(
        problems.contains(&"table sessions, row 1: messages says 3, there are 499".to_owned()),
        "{problems:?}"
    );
}

#[tokio::test]
async fn notices_meta_and_states() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    let notice = |n: i64| {
        (
            at(n),
            LifecycleEvent::Interrupted {
                session_id: format!("s{n}"),
                reason: InterruptionReason::Timeout,
                since: at(n),
                title: None,
            },
        )
    };
    store.add_notices((1..=5).map(notice).collect()).await.unwrap();
    store.apply(&FlushBatch { applied_lsn: 1, sessions: vec![], notices: vec![notice(6)] }).await.unwrap();
    let (mut seen, mut cursor) = (vec![], None);
    loop {
        let page = store.notices(cursor.as_deref(), 4).await.unwrap();
        seen.extend(page.notices.into_iter().map(|n| (n.id, n.at, n.event)));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.iter().map(|n| n.0).collect::<Vec<_>>(), [6, 5, 4, 3, 2, 1]);
    assert_eq!((seen[0].1, seen[0].2.clone()), notice(6));
    assert!(matches!(store.notices(Some("zz"), 4).await, Err(StoreError::BadCursor)));

    store.put_meta("clean_stop", Some("yes")).await.unwrap();
    assert_eq!(store.get_meta("clean_stop").await.unwrap().as_deref(), Some("yes"));
    store.put_meta("clean_stop", None).await.unwrap();
    assert_eq!(store.get_meta("clean_stop").await.unwrap(), None);
    assert_eq!(store.get_meta("applied_lsn").await.unwrap().as_deref(), Some("1"));

    store.apply(&batch(2, vec![session(1, "s")])).await.unwrap();
    assert!(store.set_state(SessionPk(1), State::Interrupted).await.unwrap());
    assert!(!store.set_state(SessionPk(2), State::Interrupted).await.unwrap());
    assert_eq!(store.counts().await.unwrap().interrupted, 1);
}

#[tokio::test]
async fn recoveries_and_candidates() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    let sessions = (1..=3).map(|pk| {
        let mut write = session(pk, &format!("s{pk}"));
        write.state = if pk == 3 { State::Completed } else { State::Interrupted };
        write.record.last_event_at = at(pk);
        write.record.messages = 2;
        write.events =
            [1, 2, 5].iter().map(|n| EventRow { seq: *n, ..event(pk as u64 * 10 + n, "{}") }).collect();
        write.items = ItemsWrite::Upsert {
            messages: vec![message(1, "a"), Message { partial: true, ..message(2, "b") }],
            tool_calls: vec![call(3, "open", None, None)],
        };
        write.interruptions = (1..=2)
            .map(|n| InterruptionRow {
                lsn: pk as u64 * 10 + n,
                reason: InterruptionReason::Disconnect,
                since: at(n as i64),
                until: None,
                resumed_lsn: None,
                replayed: 0,
            })
            .collect();
        write
    });
    store.apply(&batch(40, sessions.collect())).await.unwrap();
    let candidates = store.recovery_candidates().await.unwrap();
    assert_eq!(candidates.iter().map(|c| c.session.pk.0).collect::<Vec<_>>(), [2, 1]);
    let first = &candidates[0];
    assert_eq!((first.partial_messages, first.open_tool_calls, first.snapshots), (1, 1, 0));
    assert_eq!((&first.missing[..], first.summary.interruptions), (&[(3, 4)][..], 2));
    assert_eq!(first.session.last_interruption.as_ref().unwrap().lsn, 22);

    let recovery = Recovery {
        at: at(9),
        reason: Some(InterruptionReason::Disconnect),
        from_events: 2,
        from_snapshots: 0,
        from_editor_files: 0,
        completed: 0,
        partial: 1,
        open_tool_calls: 1,
        missing: vec![(3, 4)],
        evidence: vec![],
    };
    let entries = [1, 3, 9].map(|pk| (SessionPk(pk), recovery.clone())).to_vec();
    let skipped =
        vec![SkippedSession { session_id: "unknown".into(), title: None, reason: "no such session".into() }];
    let report = store.mark_recovered(None, entries, at(9), skipped).await.unwrap();
    assert_eq!(report.recovered.len(), 1);
    assert_eq!((report.recovered[0].session_id.as_str(), report.recovered[0].messages), ("s1", 2));
    assert_eq!(report.skipped.len(), 2);
    assert_eq!(report.skipped[1].reason, "it is completed");
    assert_eq!(store.reports(None, 5).await.unwrap().reports, [report]);
    assert_eq!(store.recovery_candidates().await.unwrap().len(), 1);
    let detail = store.detail(&SessionId::new("s1").unwrap()).await.unwrap().unwrap();
    assert_eq!((detail.recoveries, detail.summary.state), (vec![recovery], State::Recovered));
}

/// Every future can be spawned, and a dropped one leaves no transaction behind.
#[tokio::test]
async fn futures_can_be_spawned_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("recordings.db")).await.unwrap();
    let write = |n: u64| {
        let mut write = session(1, "s");
        write.events = (n * 1000..n * 1000 + 900).map(|lsn| event(lsn, "{}")).collect();
        batch(n, vec![write])
    };
    for n in 1..12 {
        let (store, batch) = (store.clone(), write(n));
        let task = tokio::spawn(async move { store.apply(&batch).await });
        tokio::time::sleep(std::time::Duration::from_millis(n)).await;
        task.abort();
        let _ = task.await;
    }
    store.apply(&write(50)).await.unwrap();
    let events = store.events(SessionPk(1)).await.unwrap().len();
    assert_eq!(events % 900, 0, "a part of a flush is there");
    let spawned = store.clone();
    let id = SessionId::new("s").unwrap();
    tokio::spawn(async move {
        spawned.list(&Default::default()).await.unwrap();
        spawned.search(&SearchQuery { q: "x".into(), limit: 1, ..Default::default() }).await.unwrap();
        spawned.detail(&id).await.unwrap();
        spawned.recovery_candidates().await.unwrap();
        spawned.integrity().await.unwrap();
        spawned.mark_recovered(None, vec![], at(0), vec![]).await.unwrap();
        spawned.delete_session(&id).await.unwrap();
    })
    .await
    .unwrap();
}

/// Opens and closes it; whether its structure was looked at.
async fn is_checked(path: &Path, checked: Option<&str>, stopped: Option<&str>) -> bool {
    let (store, _) = Store::open(path).await.unwrap();
    store.put_meta(CHECKED, checked).await.unwrap();
    store.put_meta(CLEAN_STOP, stopped).await.unwrap();
    store.close().await.unwrap();
    let (store, report) = Store::open(path).await.unwrap();
    assert_eq!(report.quick_check, Vec::<String>::new());
    store.close().await.unwrap();
    report.checked
}

#[tokio::test]
async fn a_large_database_that_was_stopped_cleanly_is_looked_at_once_a_week() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recordings.db");
    let (day, later, week) = ("2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-09T00:00:00Z");
    assert!(is_checked(&path, Some(day), Some(later)).await, "a small one always");
    let mut conn = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let fill = "CREATE TABLE ballast (b BLOB); INSERT INTO ballast VALUES (zeroblob(80 * 1024 * 1024))";
    sqlx::raw_sql(fill).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    assert!(!is_checked(&path, Some(day), Some(later)).await);
    assert!(is_checked(&path, Some(day), None).await, "after a crash");
    assert!(is_checked(&path, Some(day), Some(week)).await);
    assert!(is_checked(&path, Some(later), Some(day)).await, "a clock that was set back");
    assert!(is_checked(&path, None, Some(later)).await);
}

/// Beside the writer: no commit of this test is large enough to do it, and a reader is at work.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_is_moved_into_the_database_beside_the_writer() {
    const LONG: u64 = 16 << 20;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recordings.db");
    let size = |suffix: &str| {
        std::fs::metadata(folder.path().join(format!("recordings.db{suffix}"))).map_or(0, |file| file.len())
    };
    let (store, _) = Store::open(&path).await.unwrap();
    let text = "recorded ".repeat(1 << 17);
    let mut lsn = 0;
    let mut flush = async || {
        lsn += 1;
        let mut write = session(1, "s");
        write.events = vec![event(lsn, &text)];
        write.record.events = lsn;
        store.apply(&batch(lsn, vec![write])).await.unwrap();
    };
    flush().await;
    let mut reader = SqliteConnectOptions::new().filename(&path).read_only(true).connect().await.unwrap();
    sqlx::query("BEGIN").execute(&mut reader).await.unwrap();
    let mut counted = async || {
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM events").fetch_one(&mut reader).await.unwrap()
    };
    let before = counted().await;
    while size("-wal") < LONG {
        flush().await;
    }
    assert!(size("") < LONG, "{} bytes: who moved them?", size(""));
    assert_eq!(counted().await, before, "a reader keeps its view");
    reader.close().await.unwrap();
    // what the reader held back goes with the next flushes; then the log begins again and its file is cut
    tokio::time::timeout(std::time::Duration::from_secs(60), async {
        while size("-wal") >= LONG {
            flush().await;
        }
    })
    .await
    .expect("the log only grows");
    store.close().await.unwrap();
    assert_eq!(size("-wal"), 0);
    assert!(size("") > LONG);
    let (store, _) = Store::open(&path).await.unwrap();
    assert_eq!(store.applied_lsn().await.unwrap(), lsn);
    assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
}
