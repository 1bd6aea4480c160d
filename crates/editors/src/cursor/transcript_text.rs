//! Transcripts of agents in plain text, as older versions wrote them.
//!
//! Owns their marks: `user:` and `assistant:` on lines of their own, and `[Thinking]`, `[Tool call]`, `[Tool result]` within an
//! answer. Invariant: every line is in some event.

use super::pen::{Pen, Start};
use super::transcript::{made, query};
use super::{AGENT, bubble, fields, title_of};
use crate::reader::Rewritten;
use crate::{Each, ReadError, ReadReport, SessionFile, document};
use serde_json::{Value, json};
use std::fs;

const WHAT: &str = "a Cursor transcript (text with `user:` and `assistant:` on lines of their own)";

pub fn looks_like(beginning: &[u8]) -> bool {
    let text = String::from_utf8_lossy(beginning);
    text.lines().map(str::trim).find(|line| !line.is_empty()) == Some("user:")
}

pub fn open(file: &SessionFile) -> Rewritten {
    Rewritten::new(file, read)
}

/// A turn: who speaks, and the lines of it.
struct Turn<'a> {
    role: &'static str,
    lines: Vec<&'a str>,
}

/// A part of an answer, by its mark.
#[derive(Debug, PartialEq)]
enum Part<'a> {
    Text(Vec<&'a str>),
    Thinking(Vec<&'a str>),
    Call(&'a str, Vec<&'a str>),
    Result(&'a str, Vec<&'a str>),
}

fn read(file: &SessionFile, each: Each<'_>, report: &mut ReadReport) -> Result<(), ReadError> {
    let path = &file.path;
    let about = fs::metadata(path).map_err(|source| ReadError::io(path, source))?;
    let bytes = document::load(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let (before, turns) = turns(&text);
    if turns.is_empty() {
        return Err(ReadError::other(path, WHAT));
    }
    let mut pen = Pen::new(&file.session_id, made(&about), report, each);
    let title = turns.iter().find(|turn| turn.role == "user").and_then(|turn| {
        let said = turn.lines.join("\n");
        title_of(query(&said).unwrap_or(&said))
    });
    pen.start(AGENT, Start { title, workspace: file.workspace.clone(), ..Start::default() });
    if before.iter().any(|line| !line.trim().is_empty()) {
        pen.push("cursor.text", "before", None, fields(json!({ "text": before.join("\n") })));
    }
    for (nth, turn) in turns.iter().enumerate() {
        pen.report.lines += 1;
        write(&mut pen, nth, turn);
    }
    Ok(())
}

fn turns(text: &str) -> (Vec<&str>, Vec<Turn<'_>>) {
    let (mut before, mut turns): (Vec<&str>, Vec<Turn<'_>>) = (Vec::new(), Vec::new());
    for line in text.lines() {
        match (line.trim_end(), turns.last_mut()) {
            ("user:", _) => turns.push(Turn { role: "user", lines: Vec::new() }),
            ("assistant:", _) => turns.push(Turn { role: "assistant", lines: Vec::new() }),
            (_, Some(turn)) => turn.lines.push(line),
            (_, None) => before.push(line),
        }
    }
    (before, turns)
}

fn write(pen: &mut Pen<'_>, nth: usize, turn: &Turn<'_>) {
    let id = format!("turn-{nth}");
    if turn.role == "user" {
        let said = turn.lines.join("\n").trim().to_owned();
        let typed = query(&said).map(str::to_owned);
        let whole = typed.is_some().then(|| said.clone());
        let data = json!({ "role": "user", "content": typed.unwrap_or(said), "message_id": id,
            "metadata": { "cursor": { "content": whole } } });
        pen.report.messages += 1;
        return pen.push("message", &id, None, fields(data));
    }
    let (mut shown, mut tools) = (Vec::new(), Vec::new());
    for part in parts(&turn.lines) {
        match part {
            Part::Text(lines) => shown.push(json!({ "type": "text", "text": lines.join("\n").trim() })),
            Part::Thinking(lines) => {
                shown.push(json!({ "type": "thinking", "thinking": lines.join("\n").trim() }))
            }
            tool => tools.push(tool),
        }
    }
    shown.retain(|part| !part.get("text").is_some_and(|text| text == ""));
    if !shown.is_empty() || tools.is_empty() {
        let data = json!({ "role": "assistant", "content": bubble::content(shown), "message_id": id });
        pen.report.messages += 1;
        pen.report.answers += 1;
        pen.push("message", &id, None, fields(data));
    }
    for (place, tool) in tools.into_iter().enumerate() {
        self::tool(pen, &id, place, tool);
    }
}

fn tool(pen: &mut Pen<'_>, id: &str, place: usize, tool: Part<'_>) {
    match tool {
        Part::Call(name, lines) => {
            let arguments = bubble::unfold(Value::String(lines.join("\n").trim().to_owned()));
            pen.report.tool_calls += 1;
            let data = json!({ "name": name, "arguments": arguments, "message_id": id });
            pen.push("tool_call", &format!("{id}-call{place}"), None, fields(data));
        }
        Part::Result(name, lines) => {
            pen.report.tool_results += 1;
            let data = json!({ "name": name, "output": lines.join("\n").trim_end() });
            pen.push("tool_result", &format!("{id}-result{place}"), None, fields(data));
        }
        Part::Text(_) | Part::Thinking(_) => {}
    }
}

/// A mark's part ends with the next mark, or with a line that is not indented.
fn parts<'a>(lines: &[&'a str]) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    for line in lines {
        let trimmed = line.trim();
        if let Some(rest) = trimmed.strip_prefix("[Thinking]") {
            parts.push(Part::Thinking(vec![rest.trim()]));
        } else if let Some(name) = trimmed.strip_prefix("[Tool call] ") {
            parts.push(Part::Call(name.trim(), Vec::new()));
        } else if let Some(name) = trimmed.strip_prefix("[Tool result]") {
            parts.push(Part::Result(name.trim(), Vec::new()));
        } else {
            let within = trimmed.is_empty() || line.starts_with([' ', '\t']);
            match parts.last_mut() {
                Some(Part::Text(text)) => text.push(line),
                Some(Part::Thinking(body) | Part::Call(_, body) | Part::Result(_, body)) if within => {
                    body.push(line)
                }
                _ => parts.push(Part::Text(vec![line])),
            }
        }
    }
    parts
}
