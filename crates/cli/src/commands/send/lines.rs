//! From one line of input to events.
//!
//! Owns what a line may be. Never changes an event but for a `session_id` that is missing and was given.

use chasm_protocol::{ErrorCode, Limits, parse_event};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What is wrong with a line, or with an event of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineError {
    pub line: u64,
    pub code: String,
    pub message: String,
}

/// The events of a line, each checked; an empty line has none.
pub fn events(line: &[u8], session: Option<&str>) -> Vec<Result<String, LineError>> {
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii();
    if line.is_empty() {
        return Vec::new();
    }
    let Ok(text) = std::str::from_utf8(line) else {
        return vec![Err(error(ErrorCode::BadJson, "not UTF-8"))];
    };
    if !text.starts_with('[') {
        return vec![event(text, session)];
    }
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(events) => events.into_iter().map(|raw| event(raw.get(), session)).collect(),
        Err(e) => vec![Err(error(ErrorCode::BadJson, &format!("not JSON: {e}")))],
    }
}

fn event(text: &str, session: Option<&str>) -> Result<String, LineError> {
    let text = with_session(text, session);
    // The size is the recorder's to judge: its limit is a setting.
    match parse_event(&text, &Limits { nesting: usize::MAX, ..Limits::default() }) {
        Ok(_) => Ok(text),
        Err(refusal) => Err(error(refusal.code, &refusal.message)),
    }
}

/// `text`, with the session where it is an event, whole or not, that names none. A control frame stays what it is.
fn with_session(text: &str, session: Option<&str>) -> String {
    let (Some(session), Ok(fields)) = (session, serde_json::from_str::<BTreeMap<String, &RawValue>>(text))
    else {
        return text.to_owned();
    };
    let is_control = fields.contains_key("type") && !fields.contains_key("event_type");
    if is_control || fields.contains_key("session_id") {
        return text.to_owned();
    }
    match (text.split_once('{'), serde_json::to_string(session)) {
        (Some((before, rest)), Ok(session)) => {
            let comma = if fields.is_empty() { "" } else { "," };
            format!("{before}{{\"session_id\":{session}{comma}{rest}")
        }
        _ => text.to_owned(),
    }
}

fn error(code: ErrorCode, message: &str) -> LineError {
    LineError { line: 0, code: code.as_str(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_event_a_batch_or_nothing() {
        let one = r#"{"session_id":"s","event_type":"x"}"#;
        assert_eq!(events(format!("\u{feff} {one}\r").as_bytes(), None), [Ok(one.to_owned())]);
        assert_eq!(events(format!("[{one},{one}]").as_bytes(), None).len(), 2);
        assert!(events(b"  \r", None).is_empty());
        let codes: Vec<_> = [&b"nonsense"[..], b"[1]", b"\xff", b"{}", br#"{"type":"ping"}"#]
            .map(|line| events(line, None).remove(0).unwrap_err().code)
            .into();
        assert_eq!(codes, ["bad_json", "bad_json", "bad_json", "missing_field", "missing_field"]);
    }

    #[test]
    fn the_given_session_fills_a_gap_and_replaces_nothing() {
        let got = events(br#"{"event_type":"x","data":{}}"#, Some("a \"b\"")).remove(0).unwrap();
        assert_eq!(got, r#"{"session_id":"a \"b\"","event_type":"x","data":{}}"#);
        let named = r#"{"session_id":"s","event_type":"x"}"#;
        assert_eq!(events(named.as_bytes(), Some("t")), [Ok(named.to_owned())]);
        let inside = br#"{"event_type":"x","data":{"session_id":"other"}}"#;
        let got = events(inside, Some("t")).remove(0).unwrap();
        assert_eq!(got, r#"{"session_id":"t","event_type":"x","data":{"session_id":"other"}}"#);
    }

    #[test]
    fn what_else_is_missing_is_named_where_the_session_is_given() {
        let lacks = |line: &str| events(line.as_bytes(), Some("s")).remove(0).unwrap_err().message;
        for line in [r#"{"role":"user","content":"hi"}"#, "{}", " { }"] {
            assert!(lacks(line).starts_with("`event_type` is missing"), "{line}: {}", lacks(line));
        }
        assert!(lacks(r#"{"type":"ping"}"#).starts_with("`session_id` is missing"));
    }
}
