use super::*;
use proptest::prelude::*;
use serde_json::json;

fn session(title: &str, content: &str, output: &str) -> SessionDetail {
    serde_json::from_value(json!({
        "session_id": "s/1", "title": title, "preview": null, "state": "recovered", "provider": "p", "model": null,
        "workspace": null, "editor": null, "started_at": "2026-01-01T00:00:00Z",
        "last_event_at": "2026-01-01T01:00:00Z", "ended_at": null, "event_count": 3, "message_count": 2, "tool_call_count": 1,
        "interruption_count": 1, "starred": false, "tags": ["<b>"], "live": false, "metadata": {}, "end_reason": null,
        "expected_messages": 3,
        "messages": [
            {"position": 1, "role": "user", "content": content, "timestamp": "2026-01-01T00:00:00Z", "origin": "event"},
            {"position": 3, "role": "assistant", "content": "fine", "timestamp": "2026-01-01T00:30:00Z",
             "origin": "snapshot", "partial": true, "versions": [{"origin": "event", "content": content}]},
        ],
        "tool_calls": [
            {"position": 2, "name": "run", "arguments": {"cmd": output}, "output": output, "finished": true,
             "timestamp": "2026-01-01T00:00:05Z", "origin": "event"},
        ],
        "interruptions": [
            {"reason": "server_crash", "since": "2026-01-01T00:10:00Z", "until": "2026-01-01T00:20:00Z", "replayed": 4},
        ],
        "missing": [[4, 4], [7, 9]], "recoveries": [], "conflicts": [], "other": [],
    }))
    .unwrap()
}

#[test]
fn both_forms_show_everything() {
    let session = session("A talk", "hello", "out");
    for text in [markdown(&session), html(&session)] {
        for part in [
            "A talk",
            "s/1",
            "recovered",
            "hello",
            "fine",
            "incomplete",
            "from snapshot",
            "run",
            "out",
            "server_crash",
            "4 events were replayed",
            "seq 4",
            "seq 7 to 9",
            "3, 2 are recorded",
            "Another version",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let order = ["hello", "run", "Interrupted", "fine"].map(|part| text.find(part).unwrap());
        assert!(order.is_sorted(), "{text}");
    }
}

const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "</pre></article><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "<!-- ",
    "]]>",
    "&lt;script&gt;",
    "```\nopen",
    "~~~~\nopen",
    "## User\n\nforged",
    "   # Big",
    "<pre>\nswallow",
    "````md\n```\n",
    "\0",
    "`",
    "``` ``` `",
];

/// The headings that a reader of Markdown sees, as level and text.
fn headings(text: &str) -> Vec<(usize, String)> {
    use pulldown_cmark::{Event, Parser, Tag, TagEnd};
    let mut headings = Vec::new();
    let mut inside = false;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                headings.push((level as usize, String::new()));
                inside = true;
            }
            Event::End(TagEnd::Heading(_)) => inside = false,
            Event::Text(text) | Event::Code(text) if inside => headings.last_mut().unwrap().1.push_str(&text),
            Event::Html(html) => panic!("a block of HTML: {html}"),
            _ => {}
        }
    }
    headings
}

fn holds(content: &str, output: &str) {
    let session = session(content, content, output);
    let text = markdown(&session);
    // underlined headings of the text itself may come between
    let ours = headings(&text);
    let ours: Vec<&str> = ours.iter().map(|(_, text)| text.as_str()).collect();
    let wanted = ["User", "Tool call run (done)", "Assistant", "Another version, from event"];
    for name in wanted {
        assert_eq!(ours.iter().filter(|h| **h == name).count(), 1, "{name} {content:?} {output:?}:\n{text}");
    }
    let text = html(&session);
    let tags = html(&self::session("x", "x", "x")).matches('<').count();
    assert_eq!(text.matches('<').count(), tags, "{content:?} {output:?}:\n{text}");
}

#[test]
fn hostile_texts_stay_texts() {
    for content in HOSTILE {
        for output in HOSTILE {
            holds(content, output);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_stays_a_text(content in "[`~# <>!a\\n\"-]{0,40}", output in "[`~# <>a\\n]{0,40}") {
        holds(&content, &output);
    }
}

#[test]
fn file_names_are_safe() {
    let name = |title| disposition(title, Format::Html);
    assert_eq!(
        name("Fix the bug"),
        "attachment; filename=\"Fix-the-bug.html\"; filename*=UTF-8''Fix%20the%20bug.html"
    );
    assert_eq!(name("../../etc/passwd\r\nX: y").matches(['\r', '\n', '/']).count(), 0);
    assert!(name("会話").starts_with("attachment; filename=\"session.html\"; filename*=UTF-8''%E4%BC%9A"));
    assert!(!name("a\"b\\c;d").contains("\\"));
    assert!(name("\u{202e}fdp.exe").contains("''fdp.exe.html"));
    assert!(name("").contains("\"session.html\""));
}
