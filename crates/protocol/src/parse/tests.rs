use super::*;
use crate::event::Content;
use proptest::prelude::*;

fn event(raw: &str) -> Result<Parsed, Refusal> {
    parse_event(raw, &Limits::default())
}

fn refused(raw: &str) -> (ErrorCode, String) {
    let refusal = event(raw).unwrap_err();
    (refusal.code, refusal.message)
}

#[test]
fn the_seed_calls_parse() {
    let start = event(
        r#"{"session_id":"my-session","event_type":"session_start","data":{"title":"My conversation"}}"#,
    );
    let Body::SessionStart(body) = start.unwrap().event.body else { panic!("not a start") };
    assert_eq!(body.title.as_deref(), Some("My conversation"));
    let hello = event(
        r#"{"session_id":"my-session","event_type":"message","data":{"role":"user","content":"Hello!"}}"#,
    );
    let Body::Message(body) = hello.unwrap().event.body else { panic!("not a message") };
    assert_eq!(body.content, Content::Text("Hello!".into()));
}

#[test]
fn refusals_name_the_field_and_the_rule() {
    use ErrorCode::*;
    let cases = [
        (r#"{"event_type":"message"}"#, MissingField, "session_id"),
        (r#"{"session_id":"s"}"#, MissingField, "event_type"),
        (r#"{"session_id":7,"event_type":"x"}"#, InvalidField, "session_id"),
        (r#"{"session_id":"","event_type":"x"}"#, InvalidField, "session_id"),
        (r#"{"session_id":"a\u0000b","event_type":"x"}"#, InvalidField, "U+0000"),
        (r#"{"session_id":"s","event_type":"No"}"#, InvalidField, "event_type"),
        (r#"{"session_id":"s","event_type":"message"}"#, MissingField, "data"),
        (r#"{"session_id":"s","event_type":"message","data":{"content":"x"}}"#, MissingField, "role"),
        (
            r#"{"session_id":"s","event_type":"message","data":{"role":"robot","content":"x"}}"#,
            InvalidField,
            "robot",
        ),
        (
            r#"{"session_id":"s","event_type":"message","data":{"role":"user","content":5}}"#,
            InvalidField,
            "data",
        ),
        (r#"{"session_id":"s","event_type":"x","data":[]}"#, InvalidField, "an array"),
        (r#"{"session_id":"s","event_type":"x","seq":0}"#, InvalidField, "seq"),
        (r#"{"session_id":"s","event_type":"x","seq":1.5}"#, InvalidField, "seq"),
        (r#"{"session_id":"s","event_type":"x","seq":9223372036854775808}"#, InvalidField, "seq"),
        (r#"{"session_id":"s","event_type":"x","timestamp":"now"}"#, InvalidField, "RFC 3339"),
        (r#"{"session_id":"s","event_type":"x","timestamp":1.5}"#, InvalidField, "timestamp"),
        (r#"{"session_id":"s","event_type":"x""#, BadJson, "EOF"),
        (r#"{"session_id":"s","session_id":"t","event_type":"x"}"#, BadJson, "duplicate field"),
        ("[]", BadJson, "an event is a JSON object"),
        ("nul", BadJson, "not JSON"),
    ];
    for (raw, code, part) in cases {
        let (got, message) = refused(raw);
        assert_eq!(got, code, "{raw}: {message}");
        assert!(message.contains(part), "{raw}: {message}");
    }
}

#[test]
fn a_refusal_names_its_event() {
    let refusal = event(r#"{"session_id":"s","event_id":"e-1","event_type":"message"}"#).unwrap_err();
    assert_eq!(refusal.event_id.as_deref(), Some("e-1"));
    assert_eq!(refusal.session_id.as_deref(), Some("s"));
}

#[test]
fn null_is_as_good_as_absent() {
    let raw = r#"{"session_id":"s","event_type":"session_end","data":null,"event_id":null,"timestamp":null,"seq":null}"#;
    let parsed = event(raw).unwrap();
    assert_eq!(parsed.identity, None);
    assert_eq!(&*parsed.event.raw, raw);
}

#[test]
fn unknown_types_are_kept_with_a_warning() {
    let parsed =
        event(r#"{"session_id":"s","event_type":"editor.selection","data":{"deep":[1]},"extra":true}"#)
            .unwrap();
    assert_eq!(parsed.warning, Some(WarningCode::UnknownEventType));
    assert!(parsed.event.raw.contains("\"extra\":true"));
}

#[test]
fn lone_surrogates_are_taken() {
    let raw = r#"{"session_id":"s","event_type":"message","data":{"role":"user","content":"half \ud83d"}}"#;
    let parsed = event(raw).unwrap();
    assert_eq!(parsed.warning, Some(WarningCode::ReplacedSurrogate));
    assert_eq!(&*parsed.event.raw, raw);
    let Body::Message(body) = parsed.event.body else { panic!("not a message") };
    assert_eq!(body.content.text(), "half \u{FFFD}");
}

#[test]
fn depth_counts_the_event_itself() {
    let nested = |n: usize| {
        format!(r#"{{"session_id":"s","event_type":"x","data":{{"a":{}{}}}}}"#, "[".repeat(n), "]".repeat(n))
    };
    assert!(event(&nested(62)).is_ok());
    assert_eq!(refused(&nested(63)).0, ErrorCode::TooDeep);
    assert_eq!(refused(&nested(1_000_000)).0, ErrorCode::TooDeep);
}

#[test]
fn identity_follows_the_table() {
    let id = |raw: &str| event(raw).unwrap().identity;
    let base = r#"{"session_id":"s","event_type":"x""#;
    assert_eq!(id(&format!("{base}}}")), None);
    assert!(id(&format!(r#"{base},"seq":1}}"#)).is_some());
    let iso = id(&format!(r#"{base},"timestamp":"2026-01-01T00:00:00Z"}}"#));
    assert_eq!(iso, id(&format!(r#"{base},"timestamp":1767225600000}}"#)));
    let named = id(&format!(r#"{base},"event_id":"e","seq":1}}"#));
    assert_eq!(named, id(&format!(r#"{base},"event_id":"e","seq":2}}"#)));
}

#[test]
fn frames_are_events_batches_or_control() {
    let limits = Limits { batch_events: 2, ..Limits::default() };
    let frame = |text: &str| parse_frame(text, &limits);
    assert_eq!(frame(r#"{"type":"ping"}"#).unwrap(), ClientFrame::Control(Control::Ping));
    let Ok(ClientFrame::Control(Control::Hello(hello))) =
        frame(r#"{"type":"hello","client":"a/1","sessions":["s"]}"#)
    else {
        panic!("not a hello")
    };
    assert_eq!(hello.sessions, [SessionId::new("s").unwrap()]);
    let Ok(ClientFrame::RefusedControl(refusal)) = frame(r#"{"type":"nonsense"}"#) else {
        panic!("not control")
    };
    assert_eq!(refusal.code, ErrorCode::UnknownFrame);
    let with_type = r#"{"type":"ping","session_id":"s","event_type":"x"}"#;
    assert!(matches!(frame(with_type), Ok(ClientFrame::Events(events)) if events.len() == 1));
    let mixed = r#"[{"session_id":"s","event_type":"x"},{"bad":1}]"#;
    let Ok(ClientFrame::Events(events)) = frame(mixed) else { panic!("refused") };
    assert!(events[0].is_ok() && events[1].is_err());
    assert_eq!(frame("[1,2,3]").unwrap_err().code, ErrorCode::BatchTooLarge);
    assert!(matches!(frame("[]"), Ok(ClientFrame::Events(events)) if events.is_empty()));
    for bad in ["", "  ", "[{", "{", "\"text\"", "12", "{\"a\":1}}", "[1]]"] {
        assert_eq!(frame(bad).unwrap_err().code, ErrorCode::BadJson, "{bad}");
    }
}

#[test]
fn a_body_may_wrap_its_events() {
    let body = |text: &str| parse_events_body(text, &Limits::default());
    let one = r#"{"session_id":"s","event_type":"x"}"#;
    assert_eq!(body(one).unwrap().len(), 1);
    assert_eq!(body(&format!("[{one},{one}]")).unwrap().len(), 2);
    assert_eq!(body(&format!(r#"{{"events":[{one},{one},{one}]}}"#)).unwrap().len(), 3);
    assert_eq!(body(r#"{"events":7}"#).unwrap_err().code, ErrorCode::BadJson);
    assert_eq!(body("not json").unwrap_err().code, ErrorCode::BadJson);
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let _ = parse_frame(&text, &Limits::default());
        let _ = parse_events_body(&text, &Limits::default());
    }

    #[test]
    fn no_json_like_text_panics(text in r#"[\[\]{}:,"\\a-u0-9 ]{0,120}"#) {
        let _ = parse_frame(&text, &Limits::default());
        let _ = parse_events_body(&text, &Limits::default());
    }
}
