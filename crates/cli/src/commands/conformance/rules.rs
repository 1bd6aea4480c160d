//! The rules that a client is held against, and what to do where one is broken.
//!
//! Owns the one table of them; `docs/clients.md` explains each. Invariant: an id never changes its meaning, scripts read it.

use serde::Serialize;

/// One rule of the protocol, from a client's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    pub id: &'static str,
    pub title: &'static str,
    /// Without it something is lost, doubled or wrong; the others are advice.
    pub must: bool,
    /// What to do.
    #[serde(skip)]
    pub advice: &'static str,
}

/// Whether a client keeps to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Kept,
    Broken,
    /// Nothing happened that shows it.
    NotSeen,
}

const fn must(id: &'static str, title: &'static str, advice: &'static str) -> Rule {
    Rule { id, title, must: true, advice }
}

const fn should(id: &'static str, title: &'static str, advice: &'static str) -> Rule {
    Rule { id, title, must: false, advice }
}

pub const KEEP: Rule = must(
    "keep",
    "keeps an event until it is acknowledged",
    "write each event to an outbox before you send it; take it out only when an ack covers its frame (or the POST answers 200); \
     send all that is left in it after every reconnect",
);
pub const SAME: Rule = must(
    "same",
    "sends the same event again, not a new one",
    "make event_id, seq and timestamp once, when the event happens, and keep the whole event as text: what is sent again is \
     byte for byte what was sent before",
);
pub const ORDER: Rule = must(
    "order",
    "keeps the order",
    "number events as they happen, send them in that order over one connection, and give events of one millisecond a seq: \
     the recorder sorts by timestamp, then seq",
);
pub const STREAM: Rule = must(
    "stream",
    "records answers while they stream",
    "send each piece as message_delta with the answer's message_id when it comes, and at its end the whole as message with the \
     same message_id; a program that never has pieces answers a line of kind delta with {\"kind\":\"skipped\"}",
);
pub const WELL_FORMED: Rule = must(
    "well-formed",
    "sends what the recorder can read",
    "read the refusal: it names the field; send JSON text frames with a mask, and POST with Content-Type: application/json",
);
pub const PAUSE: Rule = must(
    "pause",
    "waits while recording is paused",
    "after {\"type\":\"paused\"}, or a welcome with \"paused\":true, send no event until {\"type\":\"resumed\"}; keep them in \
     the outbox",
);
pub const HALF_OPEN: Rule = must(
    "half-open",
    "leaves a connection that is dead",
    "where nothing was heard for three heartbeats (welcome says heartbeat_secs), drop the connection and open a new one; give \
     every request a time limit",
);
pub const CLOSE: Rule = must(
    "close",
    "comes back after the recorder stopped",
    "a close with 1001 is no end: keep the outbox, wait, connect again, send what was not acknowledged",
);
pub const REFUSAL: Rule = must(
    "refusal",
    "tries again after 503",
    "503 means later: keep the events, wait for Retry-After, send them again unchanged; only 400, 413 and 422 mean never",
);
pub const KILLED: Rule = must(
    "killed",
    "keeps what it called kept when it is killed",
    "print {\"kind\":\"kept\"} only when the event is in a file, with fsync, or acknowledged; at the start send all that is left in \
     that file, unchanged",
);
pub const FINISH: Rule = must(
    "finish",
    "ends when all is acknowledged, and only then",
    "at the end wait for the ack of the last frame, reconnecting where needed; then exit 0; exit with another code where \
     something is left",
);
pub const PONG: Rule = must(
    "pong",
    "answers pings",
    "answer every WebSocket ping with a pong of the same payload, while you wait for something else too: who is silent for three \
     heartbeats is dropped",
);
pub const IDS: Rule = should(
    "ids",
    "gives each event an id",
    "set event_id, a UUID say, when the event happens: it is what makes sending twice harmless",
);
pub const SEQ: Rule = should(
    "seq",
    "numbers the events of a session",
    "set seq to 1, 2, 3… within each session, without a hole, and keep the counter across restarts: a hole shows what was lost",
);
pub const TIMESTAMP: Rule = should(
    "timestamp",
    "says when each event happened",
    "set timestamp (RFC 3339, or milliseconds since the epoch) when the event happens, not when it is sent",
);
pub const HELLO: Rule = should(
    "hello",
    "says hello before the first event",
    "send {\"type\":\"hello\",\"client\":…,\"sessions\":[…]} first on every connection: the answer says what is on disk, and the \
     recorder knows whom to miss",
);
pub const BACKOFF: Rule = should(
    "backoff",
    "waits longer from try to try",
    "wait 250 ms after the first failure, twice as long after each further one, at most 30 s, with jitter; heed Retry-After",
);

pub const SAYS_KEPT: Rule = should(
    "says-kept",
    "says what it has kept",
    "print {\"kind\":\"kept\"} on stdout, and flush it, for each line of stdin whose event would survive a kill of your program: \
     only then can it be held to that",
);

#[cfg(test)]
pub const ALL: [Rule; 18] = [
    KEEP,
    SAME,
    ORDER,
    STREAM,
    WELL_FORMED,
    PAUSE,
    HALF_OPEN,
    CLOSE,
    REFUSAL,
    KILLED,
    FINISH,
    PONG,
    IDS,
    SEQ,
    TIMESTAMP,
    HELLO,
    BACKOFF,
    SAYS_KEPT,
];
