use super::*;
use chasm_protocol::event::{MessageBody, MessageDelta, SessionStart};
use chasm_protocol::{Content, Role};

fn said(value: Value) -> Result<Said, Refused> {
    let user = |_: &str, message: &str| (message == "by-user").then(|| String::from("user"));
    event(value, &Limits::default(), user)
}

fn parsed(value: Value) -> Parsed {
    match said(value).unwrap() {
        Said::Event(event) => event.parsed,
        other => panic!("{other:?}"),
    }
}

fn raw(parsed: &Parsed) -> Value {
    serde_json::from_str(&parsed.event.raw).unwrap()
}

#[test]
fn a_session_begins_and_ends() {
    let start = parsed(json!({"type": "session_start", "session_id": "s", "workspace_id": "w1",
        "workspace_path": "/home/me/p", "provider": "vscode", "title": null, "model": "gpt-4", "metadata": {"a": 1}}));
    let Body::SessionStart(SessionStart { title, provider, workspace, metadata, .. }) = &start.event.body
    else {
        panic!("{start:?}")
    };
    assert_eq!((title.as_deref(), provider.as_deref()), (None, Some("vscode")));
    assert_eq!(workspace.as_deref(), Some("/home/me/p"));
    assert_eq!(metadata.as_ref().unwrap()["a"], 1);
    assert_eq!(raw(&start)["data"]["workspace_id"], "w1");
    let end = parsed(json!({"type": "session_end", "session_id": "s", "final_message_count": 4}));
    assert!(matches!(&end.event.body, Body::SessionEnd(end) if end.message_count == Some(4)));
    let end = parsed(json!({"type": "session_end", "session_id": "s", "final_message_count": -1}));
    assert!(matches!(&end.event.body, Body::SessionEnd(end) if end.message_count.is_none()));
}

#[test]
fn a_message_is_added_appended_and_updated() {
    let add = parsed(json!({"type": "message_add", "session_id": "s", "message_id": "m", "role": "user",
        "content": "Hello", "model": null, "parent_id": "p", "metadata": [1]}));
    let Body::Message(MessageBody { role, content, message_id, parent_id, partial, metadata, .. }) =
        &add.event.body
    else {
        panic!("{add:?}")
    };
    assert_eq!((*role, content, *partial), (Role::User, &Content::Text("Hello".into()), None));
    assert_eq!((message_id.as_deref(), parent_id.as_deref()), (Some("m"), Some("p")));
    assert_eq!(metadata.as_ref().unwrap()["value"], json!([1]));
    assert_eq!(nature(&add.event.body), Nature::Add);
    let append = parsed(
        json!({"type": "message_append", "session_id": "s", "message_id": "m", "content_delta": " world"}),
    );
    let delta = MessageDelta { message_id: "m".into(), delta: " world".into(), role: None };
    assert_eq!(append.event.body, Body::MessageDelta(delta));
    for (complete, message, role) in [(true, "m", Role::Assistant), (false, "by-user", Role::User)] {
        let update = parsed(json!({"type": "message_update", "session_id": "s", "message_id": message,
            "content": "Hello world", "is_complete": complete}));
        let Body::Message(body) = &update.event.body else { panic!("{update:?}") };
        assert_eq!((body.role, body.partial), (role, Some(!complete)));
        assert_eq!(nature(&update.event.body), Nature::Other);
    }
}

#[test]
fn a_role_that_is_not_ours_is_kept_beside() {
    for (theirs, ours) in
        [("Human", "user"), ("model", "assistant"), ("function", "tool"), ("developer", "system")]
    {
        let add = parsed(
            json!({"type": "message_add", "session_id": "s", "message_id": "m", "role": theirs, "content": ""}),
        );
        assert_eq!(raw(&add)["data"]["role"], ours);
        assert_eq!(raw(&add)["data"]["chasm2_role"], theirs);
    }
}

#[test]
fn an_unknown_type_is_kept_whole() {
    let event = json!({"type": "Tool-Call/2", "session_id": "s", "name": null, "deep": {"a": [1, "ü"]}});
    let kept = parsed(event.clone());
    assert_eq!(kept.event.event_type.as_str(), "chasm2.tool_call_2");
    assert_eq!(raw(&kept)["data"], event);
    let long = parsed(json!({"type": "ü".repeat(300), "session_id": "s"}));
    assert_eq!(long.event.event_type.as_str(), format!("chasm2.{}", "_".repeat(48)));
}

#[test]
fn a_heartbeat_needs_no_session() {
    assert!(matches!(
        said(json!({"type": "heartbeat", "session_id": null, "timestamp": 1})),
        Ok(Said::Heartbeat(None))
    ));
    assert!(matches!(
        said(json!({"type": "heartbeat", "session_id": "s", "timestamp": 1})),
        Ok(Said::Heartbeat(Some(_)))
    ));
}

#[test]
fn a_snapshot_is_ours() {
    let snapshot = json!({"type": "session_snapshot", "session_id": "s", "provider": "cursor", "title": null,
        "workspace_path": "/p", "metadata": {"k": 1}, "messages": [
            {"message_id": "m", "role": "ai", "content": "x", "model": null, "created_at": 1_767_225_600_500_i64,
             "parent_id": "p", "metadata": null}]});
    let Said::Snapshot(request) = said(snapshot).unwrap() else { panic!("no snapshot") };
    assert_eq!(request.snapshot.workspace.as_deref(), Some("/p"));
    assert_eq!(request.snapshot.rest["metadata"], json!({"k": 1}));
    let message = &request.snapshot.messages[0];
    assert_eq!((message.role, message.timestamp.unwrap().as_millis()), (Role::Assistant, 1_767_225_600_500));
    assert_eq!(message.rest["parent_id"], "p");
    assert_eq!(message.rest["chasm2_role"], "ai");
    let bad = said(json!({"type": "session_snapshot", "session_id": "s"})).unwrap_err();
    assert_eq!(bad.error, ErrorCode::MissingField);
    assert!(bad.message.contains("messages"), "{}", bad.message);
}

#[test]
fn a_refusal_names_the_type_and_the_field() {
    for (event, code, words) in [
        (json!(1), ErrorCode::BadJson, "object"),
        (json!({"session_id": "s"}), ErrorCode::MissingField, "`type`"),
        (json!({"type": "message_add"}), ErrorCode::MissingField, "session_id"),
        (json!({"type": "message_add", "session_id": 7}), ErrorCode::InvalidField, "session_id"),
        (
            json!({"type": "message_append", "session_id": "s", "message_id": "m"}),
            ErrorCode::MissingField,
            "`content_delta`",
        ),
        (
            json!({"type": "message_add", "session_id": "s", "message_id": "m", "role": "user"}),
            ErrorCode::MissingField,
            "message_add: missing field `content`",
        ),
    ] {
        let refused = said(event.clone()).unwrap_err();
        assert_eq!(refused.error, code, "{event}: {refused:?}");
        assert!(refused.message.contains(words), "{event}: {}", refused.message);
    }
}

#[test]
fn a_batch_is_checked() {
    let limits = Limits { batch_events: 2, nesting: 4, ..Limits::default() };
    let code = |text: &str| read_batch(text, &limits).map_err(|refused| refused.error);
    assert_eq!(code(r#"{"events":[{},{}]}"#).unwrap().len(), 2);
    assert_eq!(code(r#"{"events":[{},{},{}]}"#), Err(ErrorCode::BatchTooLarge));
    assert_eq!(code(r#"{"events":{}}"#), Err(ErrorCode::InvalidField));
    assert_eq!(code("{}"), Err(ErrorCode::MissingField));
    assert_eq!(code("[]"), Err(ErrorCode::BadJson));
    assert_eq!(code("{"), Err(ErrorCode::BadJson));
    assert_eq!(code(&"[".repeat(9)), Err(ErrorCode::TooDeep));
    assert_eq!(code(r#"{"events":["\ud83d"]}"#), Ok(vec![json!("\u{fffd}")]));
    let other = read_snapshot(r#"{"type":"heartbeat"}"#, &Limits::default()).unwrap_err();
    assert_eq!(other.code(), "invalid_event");
}
