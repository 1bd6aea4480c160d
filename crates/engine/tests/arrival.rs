//! Promise 3 through the real engine: however events arrive, in whatever order, batches, repetitions and restarts, the
//! session is the fold of the set of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use chasm_engine::{Engine, EngineConfig, SystemClock};
use chasm_protocol::session::SessionDetail;
use chasm_protocol::{Limits, Parsed, SessionId, parse_event};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

async fn start(folder: &Path) -> Engine {
    let config = EngineConfig { flush_interval: Duration::from_millis(1), ..EngineConfig::new(folder) };
    Engine::start(config, Arc::new(SystemClock), "test").await.unwrap()
}

fn any_events() -> impl Strategy<Value = Vec<String>> {
    let one = (0u8..8, 0u8..3, "[a-c]{0,3}", 0i64..12).prop_map(|(kind, n, text, at)| {
        let (event_type, data) = match kind {
            0 => ("session_start", serde_json::json!({"title": text, "model": text})),
            1 | 2 => ("message", serde_json::json!({"role": "user", "content": text})),
            3 => (
                "message",
                serde_json::json!({"role":"assistant","content":text,"message_id":format!("m{n}")}),
            ),
            4 | 5 => ("message_delta", serde_json::json!({"message_id": format!("m{n}"), "delta": text})),
            6 => {
                ("tool_call", serde_json::json!({"name": text, "call_id": (n > 0).then(|| format!("c{n}"))}))
            }
            _ => (
                "tool_result",
                serde_json::json!({"output": text, "call_id": (n > 0).then(|| format!("c{n}"))}),
            ),
        };
        serde_json::json!({"session_id":"s","event_type":event_type,"timestamp":at,"data":data})
    });
    prop::collection::vec(one, 1..16).prop_map(|events| {
        let numbered = events.into_iter().enumerate().map(|(i, mut e)| {
            e["event_id"] = format!("e{i:02}").into();
            e.to_string()
        });
        numbered.collect()
    })
}

fn parsed(raw: &str) -> Parsed {
    parse_event(raw, &Limits::default()).unwrap()
}

/// What has to be the same: everything but times of receipt, the marks of restarts, and how many writes it took.
fn essence(mut detail: SessionDetail) -> serde_json::Value {
    detail.interruptions.clear();
    detail.recoveries.clear();
    detail.summary.interruptions = 0;
    detail.revision = 0;
    detail.summary.state = chasm_protocol::State::Recording;
    serde_json::to_value(detail).unwrap()
}

async fn arrive(events: &[String], arrivals: &[(usize, u8)]) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = start(folder.path()).await;
    let id = SessionId::new("s").unwrap();
    for (index, after) in arrivals {
        engine.record(vec![parsed(&events[*index])]).await.unwrap();
        match after {
            // A read in between has the session flushed and folded on its way.
            0 => drop(engine.session(&id).await.unwrap()),
            1 => {
                engine.shutdown().await;
                engine = start(folder.path()).await;
            }
            _ => {}
        }
    }
    let detail = engine.session(&id).await.unwrap();
    engine.shutdown().await;
    essence(detail)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_way_of_arrival_does_not_matter(
        (events, arrivals) in any_events().prop_flat_map(|events| {
            let n = events.len();
            let order = Just((0..n).chain(0..n / 2).collect::<Vec<_>>()).prop_shuffle();
            let then = prop::collection::vec(prop_oneof![2 => Just(0u8), 1 => Just(1), 6 => Just(2)], n + n / 2);
            (Just(events), (order, then).prop_map(|(order, then)| order.into_iter().zip(then).collect::<Vec<_>>()))
        })
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let straight: Vec<(usize, u8)> = (0..events.len()).map(|i| (i, 2)).collect();
        let (a, b) = runtime.block_on(async { (arrive(&events, &straight).await, arrive(&events, &arrivals).await) });
        prop_assert_eq!(a, b);
    }
}
