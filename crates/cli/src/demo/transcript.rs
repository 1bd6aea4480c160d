//! A made transcript in Claude Code's shape: a ten-hour session, the same every time.
//!
//! Owns its text. Invariant: no clock and no chance in it, so two runs of the demo send the same bytes.

use serde_json::{Value, json};

/// The session's id, and so the file's name.
pub const SESSION: &str = "d3e0d3e0-0000-4000-8000-00000000cafe";
/// Prompts in it; each brings an answer in two blocks, a tool call with its result, and a closing answer.
pub const TURNS: usize = 120;
/// 2026-01-05T09:00:00Z
const START_MS: i64 = 1_767_603_600_000;
/// Five minutes between prompts make ten hours.
const TURN_MS: i64 = 300_000;

const PARTS: [&str; 8] = [
    "the parser",
    "the reader task",
    "the cache",
    "the test",
    "the index",
    "the writer",
    "the window",
    "the log",
];
const FAULTS: [&str; 6] = [
    "hangs when the peer resets",
    "loses the last line",
    "counts the same thing twice",
    "is slow with ten thousand rows",
    "forgets its place after a restart",
    "writes before it may",
];
const CAUSES: [&str; 6] = [
    "a task that is never woken",
    "a buffer that is not flushed",
    "an off-by-one in the loop",
    "two owners of one counter",
    "an error that is swallowed",
    "a lock that is held too long",
];

/// The transcript as JSON lines.
pub fn jsonl() -> String {
    let mut out = String::new();
    for turn in 0..TURNS {
        for line in self::turn(turn) {
            out.push_str(&line.to_string());
            out.push('\n');
        }
    }
    out
}

fn turn(turn: usize) -> [Value; 6] {
    let (part, fault, cause) = (pick(&PARTS, turn), pick(&FAULTS, turn / 3), pick(&CAUSES, turn / 2));
    let id = format!("msg_demo_{turn:04}");
    let call = format!("toolu_demo_{turn:04}");
    let command = format!("cargo test {}", part.trim_start_matches("the ").replace(' ', "_"));
    let passed = 3 + turn * 7 % 40;
    let said = |n: usize, block: Value| assistant(turn, n, &id, &block);
    [
        user(
            turn,
            0,
            &json!(format!("Why is it that {part} {fault}? This is question {} of today.", turn + 1)),
        ),
        said(
            1,
            json!({"type": "thinking", "thinking": format!("It smells of {cause}. Look before guessing."), "signature": ""}),
        ),
        said(2, json!({"type": "text", "text": format!("Let me see whether {part} still {fault}.")})),
        said(3, json!({"type": "tool_use", "id": call, "name": "Bash", "input": {"command": command}})),
        user(
            turn,
            4,
            &json!([{"type": "tool_result", "tool_use_id": call, "content": format!("{passed} passed"), "is_error": false}]),
        ),
        assistant(
            turn,
            5,
            &format!("{id}_end"),
            &json!({"type": "text", "text": format!("It is {cause}: {part} is mended, {passed} tests pass.")}),
        ),
    ]
}

fn user(turn: usize, n: usize, content: &Value) -> Value {
    line(turn, n, "user", json!({ "role": "user", "content": content }))
}

fn assistant(turn: usize, n: usize, id: &str, block: &Value) -> Value {
    let message = json!({
        "id": id, "type": "message", "role": "assistant", "model": "claude-demo", "content": [block],
        "stop_reason": null, "usage": {"input_tokens": 10 + turn, "output_tokens": 20 + n},
    });
    line(turn, n, "assistant", message)
}

fn line(turn: usize, n: usize, kind: &str, message: Value) -> Value {
    let ms = START_MS + TURN_MS * turn as i64 + 7_000 * n as i64;
    let parent =
        (turn + n > 0).then(|| uuid(if n == 0 { turn - 1 } else { turn }, if n == 0 { 5 } else { n - 1 }));
    json!({
        "type": kind, "uuid": uuid(turn, n), "parentUuid": parent, "sessionId": SESSION, "isSidechain": false,
        "userType": "external", "cwd": "/home/ada/demo", "version": "2.1.0", "gitBranch": "main",
        "timestamp": chasm_protocol::Timestamp::from_millis(ms).unwrap_or_default(), "message": message,
    })
}

fn uuid(turn: usize, n: usize) -> String {
    format!("d3e0d3e0-{turn:04x}-4000-8000-{n:012x}")
}

fn pick<'a>(words: &[&'a str], n: usize) -> &'a str {
    words.get(n % words.len()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chasm_editors::claude_code;

    #[test]
    fn it_is_a_whole_transcript_and_always_the_same() {
        let text = jsonl();
        assert_eq!(text, jsonl());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("{SESSION}.jsonl"));
        std::fs::write(&path, &text).unwrap();
        let (events, report) = claude_code::read(&path).unwrap();
        assert_eq!(report.sessions, [SESSION]);
        assert_eq!((report.bad(), report.copies, report.counted("odd")), (0, 0, 0));
        assert_eq!(report.messages as usize, 3 * TURNS);
        assert_eq!((report.tool_calls, report.tool_results), (TURNS as u64, TURNS as u64));
        let hours = events.last().unwrap().timestamp.seconds_since(events[0].timestamp) / 3600.0;
        assert!((9.0..11.0).contains(&hours), "{hours}");
    }
}
