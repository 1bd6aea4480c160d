//! Where holes, interruptions and replays stand among the items.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use chasm_protocol::SessionId;
use chasm_protocol::session::{Hole, InterruptionReason};
use chasm_store::*;
use common::*;

async fn detail(store: &Store) -> chasm_protocol::session::SessionDetail {
    let id = SessionId::new("s").unwrap();
    let (whole, head) =
        (store.detail(&id).await.unwrap().unwrap(), store.detail_without_items(&id).await.unwrap().unwrap());
    assert_eq!((&whole.holes, &whole.interruptions), (&head.holes, &head.interruptions));
    whole
}

/// Ten messages, a second apart, `seq` 1 to 10 but for some.
fn written(missing: &[u64]) -> SessionWrite {
    let mut write = session(1, "s");
    let there: Vec<u64> = (1..=10).filter(|n| !missing.contains(n)).collect();
    write.events = there.iter().map(|n| event(*n, "{}")).collect();
    let messages = there.iter().zip(1..).map(|(n, position)| {
        let mut message = message(*n, "text");
        message.position = position;
        message
    });
    write.items = ItemsWrite::Upsert { messages: messages.collect(), tool_calls: vec![] };
    write
}

#[tokio::test]
async fn holes_have_the_times_around_them_and_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("r.db")).await.unwrap();
    store.apply(&batch(10, vec![written(&[1, 4, 5, 8])])).await.unwrap();
    let hole = |from, to, after: Option<i64>, before, position| Hole {
        from,
        to,
        after: after.map(at),
        before: Some(at(before)),
        before_position: Some(position),
    };
    let found = detail(&store).await;
    // Positions are 1: 2, 2: 3, 3: 6, 4: 7, 5: 9, 6: 10.
    assert_eq!(found.holes, [hole(1, 1, None, 2, 1), hole(4, 5, Some(3), 6, 3), hole(8, 8, Some(7), 9, 5)]);
    assert_eq!(found.missing, [(1, 1), (4, 5), (8, 8)]);
}

#[tokio::test]
async fn an_interruption_stands_before_what_came_after_it_and_knows_what_was_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&folder.path().join("r.db")).await.unwrap();
    let mut write = written(&[]);
    // Sent after the interruption at 5, and after it ended at 9: the messages of 6, 7 and 10; that of 8 has no time of its own.
    for row in &mut write.events {
        row.lsn = if row.seq > 5 { row.lsn + 20 } else { row.lsn };
        row.at_is_clients = row.seq != 8;
    }
    let interruption = |lsn, since, until: Option<i64>| InterruptionRow {
        lsn,
        reason: InterruptionReason::Disconnect,
        since: at(since),
        until: until.map(at),
        resumed_lsn: until.map(|_| lsn + 1),
        replayed: if until.is_some() { 3 } else { 0 },
    };
    write.interruptions = vec![interruption(15, 5, Some(10)), interruption(40, 12, None)];
    store.apply(&batch(50, vec![write])).await.unwrap();
    let found = detail(&store).await.interruptions;
    assert_eq!((found[0].before_position, &*found[0].replayed_positions), (Some(6), &[(6, 7), (9, 9)][..]));
    assert_eq!((found[1].before_position, &*found[1].replayed_positions), (None, &[][..]));
}
