//! Gives an event an identity before it is sent for the first time.
//!
//! Invariant: an event that can be told from others already (`event_id`, `timestamp` or `seq`) is sent byte for byte as it
//! came: adding to it would make a second sending a new event. Without any of them a resend after a lost ack would double
//! it, so it gets an `event_id` and the present time.

use chasm_protocol::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Identity<'a> {
    #[serde(borrow)]
    event_id: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    seq: Option<&'a RawValue>,
}

/// `raw`, with `event_id` and `timestamp` where it has no identity. What is no JSON object goes as it is: the recorder says
/// what is wrong with it.
pub fn identified(raw: String, event_id: impl FnOnce() -> String, now: Timestamp) -> String {
    let Ok(identity) = serde_json::from_str::<Identity<'_>>(&raw) else { return raw };
    if [identity.event_id, identity.timestamp, identity.seq].iter().any(|field| is_there(*field)) {
        return raw;
    }
    let fields = format!("\"event_id\":\"{}\",\"timestamp\":\"{now}\"", event_id());
    match raw.split_once('{') {
        Some((before, rest)) if !names_identity(&raw) => {
            let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
            format!("{before}{{{fields}{comma}{rest}")
        }
        _ => rebuilt(&raw, &fields).unwrap_or(raw),
    }
}

/// `null` is as good as absent.
fn is_there(field: Option<&RawValue>) -> bool {
    field.is_some_and(|raw| raw.get() != "null")
}

/// Whether the fields stand there all the same, as `null`: a second one of that name would be refused.
fn names_identity(raw: &str) -> bool {
    serde_json::from_str::<BTreeMap<String, &RawValue>>(raw)
        .is_ok_and(|fields| ["event_id", "timestamp"].iter().any(|name| fields.contains_key(*name)))
}

fn rebuilt(raw: &str, identity: &str) -> Option<String> {
    let mut fields: BTreeMap<String, &RawValue> = serde_json::from_str(raw).ok()?;
    fields.remove("event_id");
    fields.remove("timestamp");
    let rest = serde_json::to_string(&fields).ok()?;
    Some(format!("{{{identity},{}", rest.strip_prefix('{')?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chasm_protocol::{Limits, parse_event};

    fn with_identity(raw: &str) -> String {
        identified(raw.to_owned(), || "E".into(), Timestamp::from_micros(0))
    }

    #[test]
    fn what_has_an_identity_stays_as_it_is() {
        for raw in [
            r#"{ "session_id":"s","event_type":"x","event_id":"e" }"#,
            r#"{"session_id":"s","event_type":"x","seq":1}"#,
            r#"{"session_id":"s","event_type":"x","timestamp":5}"#,
            "not json",
            "[1]",
            "",
        ] {
            assert_eq!(with_identity(raw), raw);
        }
    }

    #[test]
    fn what_has_none_gets_one_and_keeps_the_rest_verbatim() {
        let got = with_identity(r#" {"session_id":"s", "event_type":"x","data":{"t":"\ud83d"}}"#);
        assert!(got.ends_with(r#"Z","session_id":"s", "event_type":"x","data":{"t":"\ud83d"}}"#), "{got}");
        for raw in [
            r#"{"session_id":"s","event_type":"x"}"#,
            r#"{"session_id":"s","event_type":"x","event_id":null,"seq":null,"timestamp":null}"#,
        ] {
            let parsed = parse_event(&with_identity(raw), &Limits::default()).unwrap();
            assert_eq!(parsed.event.event_id.unwrap().as_str(), "E");
            assert!(parsed.event.timestamp.is_some());
        }
        assert_eq!(with_identity("{}"), r#"{"event_id":"E","timestamp":"1970-01-01T00:00:00.000Z"}"#);
    }
}
