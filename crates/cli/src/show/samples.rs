//! Made answers for the snapshots of this module.

use super::View;
use chasm_protocol::Timestamp;
use chasm_protocol::api::{RecoveryOverview, RecoveryReport, SearchAnswer};
use chasm_protocol::session::{SessionDetail, SessionSummary};
use chasm_protocol::status::Status;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

pub fn view(width: Option<usize>) -> View {
    View { now: Timestamp::parse("2026-02-03T15:00:00Z").unwrap(), zone: TimeZone::UTC, width }
}

/// Without colours.
pub fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn session(id: &str, state: &str, title: Option<&str>, last: &str, messages: u64) -> Value {
    json!({
        "session_id": id, "title": title, "preview": "why does it hang\nwhen the peer resets?", "state": state,
        "provider": "claude-code", "model": "claude-opus-4", "workspace": "/home/ada/chasm",
        "editor": "Claude Code", "started_at": "2026-02-03T14:02:00Z", "last_event_at": last, "ended_at": null,
        "event_count": 2 * messages, "message_count": messages, "tool_call_count": 3, "interruption_count": 1, "starred": false,
        "tags": [], "live": state == "recording",
    })
}

pub fn sessions() -> Vec<SessionSummary> {
    let rows = json!([
        session(
            "50a7220d-7250-46f3-b38e-b716ce25032e",
            "recording",
            Some("Fix flaky websocket test"),
            "2026-02-03T14:59:58Z",
            84
        ),
        session("b3a7bd3c-5a10-4e7b-8ff0-7fc0cd6d1093", "interrupted", None, "2026-02-03T13:20:00Z", 31),
        session(
            "vscode/1",
            "completed",
            Some("会话: a title that is much too long for a narrow terminal \u{1b}[31m"),
            "2026-02-02T09:00:00Z",
            1204
        ),
        session("c", "recovered", Some("Explain the borrow checker"), "2025-11-30T09:00:00Z", 7),
    ]);
    let mut rows: Vec<SessionSummary> = serde_json::from_value(rows).unwrap();
    rows[3].starred = true;
    rows
}

pub fn detail() -> SessionDetail {
    let mut summary =
        session("50a7220d", "interrupted", Some("Fix flaky websocket test"), "2026-02-03T14:24:00Z", 3);
    summary["tool_call_count"] = json!(2);
    let more = json!({
        "messages": [
            {"position": 1, "role": "user", "content": "why does it hang\nwhen the peer resets?",
             "timestamp": "2026-02-03T14:02:00Z", "origin": "event"},
            {"position": 2, "role": "assistant", "model": "opus", "timestamp": "2026-02-03T14:02:10Z",
             "content": [{"type":"thinking","thinking":"hm"},{"type":"text","text":"The reader task never sees it."}],
             "origin": "event"},
            {"position": 5, "role": "assistant", "partial": true, "content": "Twelve pass, so \u{1b}[31m",
             "timestamp": "2026-02-03T14:24:00Z", "origin": "snapshot"},
        ],
        "tool_calls": [
            {"position": 3, "name": "Bash", "arguments": {"command": "cargo test\n--all"}, "output": "12 passed",
             "finished": true, "duration_ms": 1200.0, "timestamp": "2026-02-03T14:03:00Z", "origin": "event"},
            {"position": 4, "name": "Read", "arguments": {"file_path": "/none"}, "finished": false,
             "timestamp": "2026-02-03T14:04:00Z", "origin": "event"},
        ],
        "interruptions": [
            {"reason": "disconnect", "since": "2026-02-03T14:21:00Z", "until": "2026-02-03T14:23:30Z", "replayed": 6},
            {"reason": "server_crash", "since": "2026-02-03T14:25:00Z", "replayed": 0},
        ],
    });
    let list = |key: &str| more[key].clone();
    SessionDetail {
        summary: serde_json::from_value(summary).unwrap(),
        metadata: serde_json::Map::new(),
        end_reason: None,
        expected_messages: Some(4),
        messages: serde_json::from_value(list("messages")).unwrap(),
        tool_calls: serde_json::from_value(list("tool_calls")).unwrap(),
        interruptions: serde_json::from_value(list("interruptions")).unwrap(),
        missing: vec![(7, 9), (12, 12)],
        recoveries: vec![],
        conflicts: vec![],
        other: vec![],
        purge_at: None,
        revision: 3,
        items: 5,
        other_count: 0,
        conflict_count: 0,
        holes: vec![],
    }
}

pub fn status() -> Status {
    serde_json::from_value(json!({
        "status": "recording", "problem": null, "version": "0.1.0", "started_at": "2026-02-03T11:40:00Z",
        "uptime_secs": 12000.0, "paused_until": null, "active_sessions": 2, "interrupted_sessions": 2,
        "sessions": 40, "events_recorded": 5321, "duplicates": 12, "rejected": 0,
        "connections": [{"connection": 3, "client": "vscode/1.2", "since": "2026-02-03T12:00:00Z",
            "sessions": ["a", "b"], "events": 77}],
        "last_durable_write": "2026-02-03T14:59:58Z",
        "buffer": {"events": 3, "bytes": 2048, "max_bytes": 50331648, "last_flush": null},
        "journal": {"segments": 1, "bytes": 409600, "last_lsn": 9, "durable_lsn": 9, "applied_lsn": 6, "syncs": 4},
        "database": {"bytes": 12582912, "path": "/home/ada/.local/share/chasm-recorder/recordings.db"},
        "disk_free_bytes": 107374182400u64,
        "last_recovery": {"at": "2026-02-03T11:40:00Z", "clean_stop": false, "database_ok": true,
            "database_note": null, "journal_records": 90, "replayed_records": 31, "torn_tail_bytes": 40,
            "damage": [{"what": "segment 12: bad checksum at byte 4096", "bytes": 210,
                "quarantined_as": "quarantine/12-4096"}],
            "interrupted": [{"session_id": "a", "reason": "server_crash", "since": "2026-02-03T11:39:00Z"}],
            "took_ms": 12.0},
    }))
    .unwrap()
}

pub fn overview() -> RecoveryOverview {
    let mut candidate = session("b3a7bd3c", "interrupted", None, "2026-02-03T13:20:00Z", 31);
    let more = json!({
        "interruption": {"reason": "disconnect", "since": "2026-02-03T13:20:02Z", "replayed": 0},
        "snapshots": 1, "last_snapshot_at": null, "only_in_snapshots": 2, "partial_messages": 1,
        "open_tool_calls": 1, "missing": [[4, 6]],
    });
    candidate.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(json!({
        "interrupted": [candidate], "reports": [], "last_start": null,
        "quarantine": [{"what": "segment 12: bad checksum at byte 4096", "bytes": 210,
            "quarantined_as": "quarantine/12-4096"}],
    }))
    .unwrap()
}

pub fn recovery_report() -> RecoveryReport {
    serde_json::from_value(json!({
        "report_id": 1, "at": "2026-02-03T15:00:00Z",
        "recovered": [
            {"session_id": "b3a7bd3c", "messages": 33, "at": "2026-02-03T15:00:00Z", "reason": "disconnect",
             "from_events": 31, "from_snapshots": 2, "from_editor_files": 0, "completed": 1, "partial": 0,
             "open_tool_calls": 1, "missing": [[4, 6]], "evidence": []},
            {"session_id": "c", "messages": 7, "at": "2026-02-03T15:00:00Z", "reason": "server_crash",
             "from_events": 7, "from_snapshots": 0, "from_editor_files": 0, "completed": 0, "partial": 0,
             "open_tool_calls": 0, "missing": [], "evidence": []},
        ],
        "skipped": [{"session_id": "x", "reason": "it is not interrupted"}],
    }))
    .unwrap()
}

pub fn hits() -> SearchAnswer {
    serde_json::from_value(json!({
        "hits": [
            {"session_id": "50a7220d", "session_title": "Fix flaky test", "state": "recording", "kind": "message",
             "position": 4, "role": "user", "timestamp": "2026-02-03T14:02:00Z",
             "excerpt": "…why does the socket\nhang, this socket of mine", "marks": [[15, 21], [34, 40]]},
            {"session_id": "50a7220d", "session_title": "Fix flaky test", "state": "recording",
             "kind": "tool_call", "position": 5, "role": null, "timestamp": null,
             "excerpt": "grep -r socket src", "marks": [[8, 14]]},
            {"session_id": "c", "session_title": null, "state": "recovered", "kind": "message", "position": 1,
             "role": "assistant", "timestamp": "2026-01-03T14:02:00Z", "excerpt": "A socket is", "marks": [[2, 8]]},
        ],
        "next_cursor": "n",
    }))
    .unwrap()
}
