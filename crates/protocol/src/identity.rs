//! Canonical identity: which two events are the same one.
//!
//! Invariant: identity depends on what an event says, never on how its JSON was spelled (white space, order of keys,
//! escapes, `1.0` for `1`, the form of its timestamp). Hashes are BLAKE3 cut to 128 bits, stored and never redefined.

use crate::{Event, EventId, Timestamp};
use serde_json::{Number, Value};

/// The dedupe key of an event within its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity(pub [u8; 16]);

/// Hash of (`event_type`, `timestamp`, `seq`, canonical `data`): tells a conflict from a repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 16]);

/// Names a message or tool call within its session, for ever: derived from its id, or from where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ItemKey(pub [u8; 16]);

impl Identity {
    /// From the client's `event_id`.
    pub fn of_event_id(id: &EventId) -> Self {
        Self(digest(b"id\0", &[id.as_str().as_bytes()]))
    }

    /// From the content, for an event without `event_id` but with `timestamp` or `seq`.
    pub const fn of_content(hash: ContentHash) -> Self {
        Self(hash.0)
    }

    /// An event without any identity: every one is new, so its log sequence number names it.
    pub fn of_lsn(lsn: u64) -> Self {
        Self(digest(b"lsn\0", &[&lsn.to_le_bytes()]))
    }

    /// The other version of an event whose `event_id` was taken.
    pub fn of_conflict(id: &EventId, content: ContentHash) -> Self {
        Self(digest(b"conflict\0", &[id.as_str().as_bytes(), b"\0", &content.0]))
    }
}

impl ItemKey {
    pub fn of_message_id(id: &str) -> Self {
        Self(digest(b"message\0", &[id.as_bytes()]))
    }

    pub fn of_call_id(id: &str) -> Self {
        Self(digest(b"call\0", &[id.as_bytes()]))
    }

    /// An item without an id of its own that an event brought.
    pub const fn of_event(identity: Identity) -> Self {
        Self(identity.0)
    }

    /// The `nth` item (from 0) with this text that only snapshots have and that has no id.
    pub fn of_snapshot(kind: &str, text: &str, nth: u32) -> Self {
        Self(digest(b"snapshot\0", &[kind.as_bytes(), b"\0", &nth.to_le_bytes(), text.as_bytes()]))
    }
}

/// The content hash of an event's fields; `data` is `Value::Null` where absent.
pub fn content_hash(
    event_type: &str,
    timestamp: Option<Timestamp>,
    seq: Option<u64>,
    data: &Value,
) -> ContentHash {
    let mut hasher = blake3::Hasher::new();
    let mut head = Vec::with_capacity(96);
    head.extend_from_slice(b"content\0");
    head.extend_from_slice(event_type.as_bytes());
    head.push(0);
    match timestamp {
        Some(t) => head.extend_from_slice(&t.as_micros().to_le_bytes()),
        None => head.push(b'-'),
    }
    match seq {
        Some(n) => head.extend_from_slice(&n.to_le_bytes()),
        None => head.push(b'-'),
    }
    write_canonical(data, &mut head);
    hasher.update(&head);
    ContentHash(cut(&hasher))
}

/// Identity of an event, and whether it has one of its own (`None`: every such event is a new one).
pub fn identity(event: &Event, content: ContentHash) -> Option<Identity> {
    match &event.event_id {
        Some(id) => Some(Identity::of_event_id(id)),
        None if event.timestamp.is_some() || event.seq.is_some() => Some(Identity::of_content(content)),
        None => None,
    }
}

fn digest(domain: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(domain);
    for part in parts {
        hasher.update(part);
    }
    cut(&hasher)
}

fn cut(hasher: &blake3::Hasher) -> [u8; 16] {
    let mut out = [0; 16];
    hasher.finalize_xof().fill(&mut out);
    out
}

/// A prefix-free binary form of a JSON value: type tag, length, content; object keys in byte order.
fn write_canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(b'n'),
        Value::Bool(b) => out.push(if *b { b't' } else { b'f' }),
        Value::Number(n) => write_number(n, out),
        Value::String(s) => write_text(s, out),
        Value::Array(items) => {
            out.push(b'[');
            out.extend_from_slice(&(items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| write_canonical(item, out));
        }
        Value::Object(fields) => {
            out.push(b'{');
            out.extend_from_slice(&(fields.len() as u64).to_le_bytes());
            // serde_json's map is sorted by key as long as its `preserve_order` is off; a test holds that.
            for (key, item) in fields {
                write_text(key, out);
                write_canonical(item, out);
            }
        }
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b's');
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// Equal numbers are written equally: `1`, `1.0` and `1e0` are one number.
fn write_number(n: &Number, out: &mut Vec<u8>) {
    if let Some(i) = n.as_i64() {
        out.push(b'i');
        out.extend_from_slice(&i.to_le_bytes());
    } else if let Some(u) = n.as_u64() {
        out.push(b'u');
        out.extend_from_slice(&u.to_le_bytes());
    } else if let Some(f) = n.as_f64() {
        if f.fract() == 0.0 && f.abs() < 9e15 {
            out.push(b'i');
            out.extend_from_slice(&(f as i64).to_le_bytes());
        } else {
            out.push(b'd');
            out.extend_from_slice(&f.to_bits().to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash(json: &str) -> ContentHash {
        content_hash("message", None, Some(1), &serde_json::from_str(json).unwrap())
    }

    #[test]
    fn spelling_does_not_matter() {
        assert_eq!(hash(r#"{"a":1,"b":"é"}"#), hash(r#" { "b" : "\u00e9", "a" : 1.0 } "#));
        assert_ne!(hash(r#"{"a":1}"#), hash(r#"{"a":"1"}"#));
        assert_ne!(hash(r#"{"a":[1,2]}"#), hash(r#"{"a":[2,1]}"#));
        assert_ne!(hash(r#"["ab","c"]"#), hash(r#"["a","bc"]"#));
        assert_ne!(hash("[[],[]]"), hash("[[[]]]"));
    }

    #[test]
    fn head_fields_matter() {
        let at = |t, s| content_hash("message", t, s, &Value::Null);
        let t = Some(Timestamp::from_micros(1));
        assert_ne!(at(t, None), at(None, None));
        assert_ne!(at(None, Some(1)), at(None, None));
        assert_ne!(at(t, Some(1)), at(t, Some(2)));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,3}", inner, 0..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_form_is_injective(a in any_json(), b in any_json()) {
            let (mut x, mut y) = (Vec::new(), Vec::new());
            write_canonical(&a, &mut x);
            write_canonical(&b, &mut y);
            prop_assert_eq!(a == b, x == y);
        }

        #[test]
        fn pretty_printing_keeps_identity(a in any_json()) {
            let pretty: Value = serde_json::from_str(&serde_json::to_string_pretty(&a).unwrap()).unwrap();
            prop_assert_eq!(content_hash("x", None, None, &a), content_hash("x", None, None, &pretty));
        }
    }
}
