//! From one line of input to events.
//!
//! Owns what a line may be. Never changes an event but for a `session_id` that is missing and was given.

use chasm_protocol::{ErrorCode, Limits, parse_event};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

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

/// `text`, with the session where it names none.
fn with_session(text: &str, session: Option<&str>) -> String {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        session_id: Option<&'a RawValue>,
        #[serde(borrow)]
        event_type: Option<&'a RawValue>,
    }
    let named = serde_json::from_str::<Named<'_>>(text);
    let (Some(session), Ok(Named { session_id: None, event_type: Some(_) })) = (session, named) else {
        return text.to_owned();
    };
    match (text.split_once('{'), serde_json::to_string(session)) {
        (Some((before, rest)), Ok(session)) if !text.contains("\"session_id\"") => {
            format!("{before}{{\"session_id\":{session},{rest}")
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
    }
}
