//! Eight clients, and a recorder that is killed again and again while they send.
//!
//! Invariant under test: no acknowledged event is ever lost, none is twice, none is invented, and the order holds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Dice, Ended, Recorder, Ws, events, within};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const CONNECTIONS: u64 = 8;
/// `CHASM_SOAK=1` makes many more of them.
const ROUNDS: u64 = 20;
const SOAK_ROUNDS: u64 = 200;
/// Unacknowledged frames of one connection.
const WINDOW: usize = 32;
/// One session is carried by all connections.
const SHARED: &str = "shared";

/// One client, over all rounds. Numbers its events within its own session, and in its own share of the common one.
struct Client {
    id: u64,
    next: u64,
    /// Events without an ack, oldest first, each with the frames of the present connection that carry it.
    outbox: Vec<Value>,
    acked: Vec<Value>,
    dice: Dice,
}

impl Client {
    fn session(&self) -> String {
        format!("client-{}", self.id)
    }

    fn make(&mut self) -> Value {
        self.next += 1;
        // every fifth goes into the common session, numbered so that no two clients share a number
        if self.next.is_multiple_of(5) {
            events::message(SHARED, self.next * CONNECTIONS + self.id)
        } else {
            events::message(&self.session(), self.next)
        }
    }

    /// Sends until the recorder is gone or the round is over; keeps what was not acked.
    async fn round(mut self, to: SocketAddr, stop: Arc<AtomicBool>) -> Self {
        // the kill may be faster
        let Ok(mut ws) = Ws::try_open(to, &[]).await else { return self };
        let Ok(resume) = ws.try_hello(&[&self.session(), SHARED]).await else { return self };
        self.check_resume(&resume);
        // frames on the way: how many events each has
        let mut frames: Vec<Vec<Value>> = Vec::new();
        let mut again = std::mem::take(&mut self.outbox);
        again.reverse();
        let before = self.next;
        loop {
            // both of its sessions go on in every round that is not killed
            let stopping = stop.load(Ordering::Relaxed) && self.next - before >= 10;
            let can_send = (ws.sent - ws.acked) < WINDOW as u64 && (!stopping || !again.is_empty());
            if can_send {
                let batch: Vec<Value> = (0..self.dice.within(1..4))
                    .filter_map(|_| again.pop().or_else(|| (!stopping).then(|| self.make())))
                    .collect();
                frames.push(batch.clone());
                let frame = if batch.len() == 1 { batch[0].clone() } else { json!(batch) };
                ws.send(&frame).await;
            } else if stopping && ws.acked == ws.sent {
                break;
            }
            let wait = if can_send { Duration::ZERO } else { Duration::from_secs(30) };
            match ws.next_within(wait).await {
                Some(Ok(frame)) => assert_eq!(frame["type"], "ack", "{frame}"),
                Some(Err(end)) => {
                    assert!(matches!(end, Ended::Gone(_)), "{end:?}");
                    break;
                }
                None => assert!(can_send, "no ack within {wait:?}"),
            }
        }
        for (frame, batch) in (1..).zip(frames) {
            if frame <= ws.acked { self.acked.extend(batch) } else { self.outbox.extend(batch) }
        }
        again.reverse();
        self.outbox.extend(again);
        self
    }

    /// After a restart, everything that was acked is there.
    fn check_resume(&self, resume: &Value) {
        let point = &resume[&self.session()];
        let missing: Vec<(u64, u64)> = point["missing"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hole| (hole[0].as_u64().unwrap(), hole[1].as_u64().unwrap()))
            .collect();
        let own = self.acked.iter().filter(|event| event["session_id"] == self.session());
        for seq in own.map(|event| event["seq"].as_u64().unwrap()) {
            let lost = seq > point["last_seq"].as_u64().unwrap()
                || missing.iter().any(|(from, to)| (*from..=*to).contains(&seq));
            assert!(!lost, "{}: acked event {seq} is lost: {point}", self.session());
        }
    }
}

#[test]
fn no_acked_event_is_lost_in_twenty_kills() {
    let soak = std::env::var("CHASM_SOAK").is_ok_and(|value| value == "1");
    let rounds = if soak { SOAK_ROUNDS } else { ROUNDS };
    within(if soak { 1_800 } else { 240 }, async move {
        let begun = Instant::now();
        let mut dice = Dice::seeded("kill rounds");
        let mut recorder = Recorder::plain();
        let mut clients: Vec<Client> = (1..=CONNECTIONS)
            .map(|id| Client { id, next: 0, outbox: Vec::new(), acked: Vec::new(), dice: dice.split() })
            .collect();
        for round in 1..=rounds {
            let last = round == rounds;
            let stop = Arc::new(AtomicBool::new(false));
            let address = recorder.address();
            let tasks: Vec<_> = clients
                .drain(..)
                .map(|client| tokio::spawn(Box::pin(client.round(address, stop.clone()))))
                .collect();
            // a random moment is what is asked for here
            tokio::time::sleep(Duration::from_millis(dice.within(20..400))).await;
            if last {
                stop.store(true, Ordering::Relaxed);
            } else {
                recorder.kill9();
            }
            for task in tasks {
                clients.push(task.await.unwrap());
            }
            if !last {
                recorder.restart();
            }
        }
        let total: usize = clients.iter().map(|client| client.acked.len()).sum();
        println!("{rounds} rounds, {total} events acked, {:.1} s", begun.elapsed().as_secs_f64());
        assert!(clients.iter().all(|client| client.outbox.is_empty()));
        check(&recorder, &clients).await;
        println!("checked after {:.1} s", begun.elapsed().as_secs_f64());
        let interruptions = interruptions(&recorder).await;
        recorder.term();
        let doctor = recorder.cli(&["doctor", "--json"]).ok().json();
        assert_eq!(doctor["problems"], json!([]), "{doctor}");
        assert_eq!(doctor["events"], json!(total), "{doctor}");
        check_interruptions(&interruptions);
    });
}

/// Everything that was sent, once, in order, and nothing else.
async fn check(recorder: &Recorder, clients: &[Client]) {
    let mut sent: BTreeMap<&str, BTreeMap<u64, &Value>> = BTreeMap::new();
    for event in clients.iter().flat_map(|client| &client.acked) {
        let session = event["session_id"].as_str().unwrap();
        let twice = sent.entry(session).or_default().insert(event["seq"].as_u64().unwrap(), event);
        assert!(twice.is_none(), "the test made an event twice: {event}");
    }
    let listed = recorder.walk("/api/recording/sessions?state=all&limit=3", "sessions").await;
    let mut names: Vec<&str> = listed.iter().map(|session| session["session_id"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, sent.keys().copied().collect::<Vec<_>>(), "a session is lost, or invented");
    for (session, wanted) in &sent {
        let stored = recorder.events(session).await;
        // timestamps grow with seq, so the order is that of seq
        let got: Vec<&Value> = stored.iter().map(|row| &row["event"]).collect();
        let wanted: Vec<&Value> = wanted.values().copied().collect();
        assert_eq!(got.len(), wanted.len(), "{session}: lost, twice or invented");
        assert!(got == wanted, "{session}: other events, or another order");
        let detail = recorder.session(session).await;
        let contents: Vec<&Value> =
            detail["messages"].as_array().unwrap().iter().map(|message| &message["content"]).collect();
        let wanted: Vec<&Value> = wanted.iter().map(|event| &event["data"]["content"]).collect();
        assert!(contents == wanted, "{session}: the messages differ from the events");
    }
}

async fn interruptions(recorder: &Recorder) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for session in (1..=CONNECTIONS).map(|id| format!("client-{id}")).chain([SHARED.into()]) {
        let interruptions = recorder.session(&session).await["interruptions"].clone();
        all.push((session, interruptions));
    }
    all
}

/// Kills are on record in the sessions that they hit, each with its end: all of them went on. When the last round is over the
/// clients leave; where reading takes longer than the grace, that is on record too, once and open.
fn check_interruptions(sessions: &[(String, Value)]) {
    for (session, interruptions) in sessions {
        let mut kills = interruptions.as_array().unwrap().as_slice();
        if let Some((left, before)) = kills.split_last()
            && left["reason"] == "disconnect"
        {
            assert!(left["until"].is_null(), "{session}: {left}");
            kills = before;
        }
        assert!(!kills.is_empty(), "{session}");
        for kill in kills {
            assert_eq!(kill["reason"], "server_crash", "{session}");
            assert!(kill["until"].is_string(), "{session} went on after it: {kill}");
        }
    }
}
