//! Makes rows for tests and examples.

#![allow(dead_code, clippy::unwrap_used, clippy::indexing_slicing)]

use chasm_protocol::event::EventType;
use chasm_protocol::session::{OrderKey, Origin};
use chasm_protocol::{
    ConnectionId, Content, ContentHash, Identity, ItemKey, Message, Role, SessionId, SessionRecord, State,
    Timestamp, ToolCall,
};
use chasm_store::*;
use serde_json::{Map, Value};

pub const NOW: i64 = 1_767_225_600_000_000;

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(NOW + seconds * 1_000_000)
}

pub fn key(n: u64) -> [u8; 16] {
    // Spread over the whole range, as hashes are.
    let mut out = [0; 16];
    out[..8].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    out[8..].copy_from_slice(&n.to_be_bytes());
    out
}

pub fn record(id: &str) -> SessionRecord {
    SessionRecord {
        id: SessionId::new(id).unwrap(),
        title: None,
        provider: None,
        model: None,
        workspace: None,
        editor: None,
        metadata: Map::new(),
        started_at: at(0),
        last_event_at: at(0),
        ended_at: None,
        end_reason: None,
        expected_messages: None,
        events: 0,
        messages: 0,
        tool_calls: 0,
        conflicts: 0,
        preview: None,
        last_key: OrderKey { at: at(0), seq: 0, event_id: "".into(), lsn: 0 },
        positions: 0,
    }
}

pub fn session(pk: i64, id: &str) -> SessionWrite {
    SessionWrite {
        pk: SessionPk(pk),
        record: record(id),
        state: State::Recording,
        last_received_at: at(0),
        has_snapshots: false,
        events: vec![],
        items: ItemsWrite::Upsert { messages: vec![], tool_calls: vec![] },
        interruptions: vec![],
        snapshots: SnapshotsWrite::default(),
    }
}

pub fn batch(applied_lsn: u64, sessions: Vec<SessionWrite>) -> FlushBatch {
    FlushBatch { applied_lsn, sessions, notices: vec![] }
}

pub fn event(lsn: u64, raw: &str) -> EventRow {
    EventRow {
        lsn,
        identity: Identity(key(lsn)),
        content: ContentHash(key(lsn ^ 0xFFFF)),
        event_type: EventType::new("message").unwrap(),
        at: at(lsn as i64),
        at_is_clients: true,
        seq: lsn,
        event_id: None,
        received_at: at(lsn as i64),
        connection: ConnectionId(3),
        kind: EventRowKind::Folded,
        raw: raw.into(),
    }
}

pub fn message(n: u64, text: &str) -> Message {
    Message {
        key: ItemKey(key(n)),
        position: n,
        message_id: None,
        role: Role::User,
        content: Content::Text(text.into()),
        model: None,
        parent_id: None,
        partial: false,
        timestamp: Some(at(n as i64)),
        metadata: Map::new(),
        origin: Origin::Event,
        completed_by: None,
        aliases: vec![],
        versions: vec![],
    }
}

pub fn call(n: u64, name: &str, arguments: Option<Value>, output: Option<Value>) -> ToolCall {
    ToolCall {
        key: ItemKey(key(n)),
        position: n,
        call_id: None,
        message_id: None,
        name: name.into(),
        finished: output.is_some(),
        arguments,
        output,
        is_error: false,
        duration_ms: None,
        timestamp: None,
        finished_at: None,
        origin: Origin::Event,
    }
}

/// Pseudo-random numbers, the same in every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, n: u64) -> u64 {
        (self.roll() >> 11) % n
    }

    /// A text of words whose frequencies fall as in natural language.
    pub fn text(&mut self, bytes: usize) -> String {
        const SYLLABLES: [&str; 16] = [
            "ka", "lo", "mi", "ner", "ta", "vos", "re", "shi", "un", "po", "del", "ga", "fin", "os", "bra",
            "te",
        ];
        let mut out = String::with_capacity(bytes + 16);
        while out.len() < bytes {
            // Zipf, roughly: the n-th word with a chance of 1/n.
            let mut word = (20_000f64.powf(self.below(1 << 20) as f64 / (1u64 << 20) as f64)) as u64;
            while word > 0 {
                out.push_str(SYLLABLES[(word % 16) as usize]);
                word /= 16;
            }
            out.push(' ');
        }
        out
    }
}
