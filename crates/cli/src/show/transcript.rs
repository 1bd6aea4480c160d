//! A session as a readable transcript: messages and tool calls in their order, interruptions where they were.

use super::recovery::{events, reason};
use super::time::{clock, count, full, span};
use super::{View, list, state, text};
use chasm_protocol::session::{Interruption, Message, Origin, SessionDetail, ToolCall};
use chasm_protocol::{Role, Timestamp};

/// Characters of a tool's arguments on its quiet line.
const HINT: usize = 90;

/// `tools`: arguments and outputs in full.
pub fn render(session: &SessionDetail, tools: bool, view: &View) -> String {
    let mut out = head(session, view);
    let start = session.summary.started_at;
    let mut items: Vec<Item<'_>> = session.messages.iter().map(Item::Message).collect();
    items.extend(session.tool_calls.iter().map(Item::Tool));
    items.sort_by_key(Item::position);
    let mut interruptions = session.interruptions.iter().peekable();
    for item in items {
        while let Some(cut) = interruptions.next_if(|cut| item.time().is_some_and(|at| at > cut.since)) {
            out.push_str(&interruption(cut, start, view));
        }
        out.push_str(&match item {
            Item::Message(message) => self::message(message, start, view),
            Item::Tool(tool) => self::tool(tool, tools),
        });
    }
    for cut in interruptions {
        out.push_str(&interruption(cut, start, view));
    }
    out.push_str(&foot(session));
    out
}

enum Item<'a> {
    Message(&'a Message),
    Tool(&'a ToolCall),
}

impl Item<'_> {
    fn position(&self) -> u64 {
        match self {
            Self::Message(message) => message.position,
            Self::Tool(tool) => tool.position,
        }
    }

    fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Message(message) => message.timestamp,
            Self::Tool(tool) => tool.timestamp,
        }
    }
}

fn head(session: &SessionDetail, view: &View) -> String {
    let s = &session.summary;
    let from = [&s.editor, &s.model, &s.workspace];
    let mut about: Vec<String> = from.iter().filter_map(|v| v.as_deref().map(text::one_line)).collect();
    if about.is_empty() {
        about.extend(s.provider.as_deref().map(text::one_line));
    }
    about.push(count(s.messages, "message"));
    about.push(count(s.tool_calls, "tool call"));
    format!(
        "{}\n{} · {} – {}\n{}\n",
        state::paint(state::BOLD, &list::title(s)),
        state::of(s.state).both(),
        full(s.started_at, &view.zone),
        clock(s.ended_at.unwrap_or(s.last_event_at), s.started_at, &view.zone),
        state::paint(state::DIM, &about.join(" · ")),
    )
}

fn message(message: &Message, start: Timestamp, view: &View) -> String {
    let who = match message.role {
        Role::User => state::paint(state::BOLD.fg_color(state::GREEN.get_fg_color()), "You"),
        Role::Assistant => state::paint(state::BOLD, "Assistant"),
        Role::System => state::paint(state::DIM, "System"),
        Role::Tool => state::paint(state::DIM, "Tool"),
    };
    let mut notes = Vec::new();
    notes.extend(message.model.as_deref().map(text::one_line));
    notes.extend(message.timestamp.map(|at| clock(at, start, &view.zone)));
    match message.origin {
        Origin::Event => {}
        Origin::Snapshot => notes.push("from a snapshot".into()),
        Origin::EditorFile => notes.push("from the editor's file".into()),
    }
    if message.partial {
        notes.push("cut off".into());
    }
    if !message.versions.is_empty() {
        notes.push(count(message.versions.len() as u64, "other version"));
    }
    let words = text::clean(&message.content.text());
    let body = match (words.trim(), message.content.is_empty()) {
        ("", true) => String::new(),
        ("", false) => format!("{}\n", state::paint(state::DIM, "(no text)")),
        (words, _) => format!("{words}\n"),
    };
    format!("\n{who} {}\n{body}", state::paint(state::DIM, &notes.join(" · ")))
}

fn tool(tool: &ToolCall, all: bool) -> String {
    let name = if tool.name.is_empty() { String::from("(a tool)") } else { text::one_line(&tool.name) };
    let outcome = match (tool.finished, tool.is_error) {
        (false, _) => state::paint(state::YELLOW, "◐ no result"),
        (true, true) => state::paint(state::RED, "✗ failed"),
        (true, false) => String::from("✓"),
    };
    let took = tool.duration_ms.map(|ms| format!(" {}", span(ms / 1e3))).unwrap_or_default();
    let hint = if all { String::new() } else { tool.arguments.as_ref().map(hint).unwrap_or_default() };
    let mut out = format!("{} {name}{hint} {outcome}{took}\n", state::paint(state::DIM, "▸"));
    if all {
        for value in [&tool.arguments, &tool.output].into_iter().flatten() {
            out.push_str(&text::indent(&text::clean(&readable(value)), "    "));
        }
    }
    out
}

/// The first word that says what a call does, such as its command or path.
fn hint(arguments: &serde_json::Value) -> String {
    const TELLING: [&str; 8] =
        ["command", "file_path", "path", "pattern", "query", "url", "description", "prompt"];
    let said = TELLING.iter().find_map(|key| arguments.get(key)?.as_str());
    match said {
        Some(said) => format!(": {}", text::fit(&text::one_line(said), HINT)),
        None => String::new(),
    }
}

/// Strings as they are, everything else as JSON.
fn readable(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

fn interruption(cut: &Interruption, start: Timestamp, view: &View) -> String {
    let back = match cut.until {
        Some(until) => {
            format!(" · back {} · {} replayed", clock(until, start, &view.zone), count(cut.replayed, "event"))
        }
        None => String::new(),
    };
    let line = format!("⌁ {} {}{back}", reason(cut.reason), clock(cut.since, start, &view.zone));
    format!("\n{}\n", state::paint(state::YELLOW, &line))
}

fn foot(session: &SessionDetail) -> String {
    let mut lines = Vec::new();
    if !session.missing.is_empty() {
        lines.push(format!("▲ {} never came", events(&session.missing)));
    }
    if let Some(expected) = session.expected_messages.filter(|n| *n != session.summary.messages) {
        lines.push(format!(
            "▲ the client counted {}, {} are here",
            count(expected, "message"),
            session.summary.messages
        ));
    }
    if !session.conflicts.is_empty() {
        lines.push(format!(
            "▲ {} with an event_id that was taken, kept beside the first",
            count(session.conflicts.len() as u64, "event")
        ));
    }
    if !session.other.is_empty() {
        lines.push(format!("{} of other types, kept verbatim", count(session.other.len() as u64, "event")));
    }
    if lines.is_empty() { String::new() } else { format!("\n{}\n", lines.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples;

    #[test]
    fn a_transcript_reads_in_order_with_its_interruption() {
        let detail = samples::detail();
        let view = samples::view(None);
        insta::assert_snapshot!("short", samples::plain(&render(&detail, false, &view)));
        let all = samples::plain(&render(&detail, true, &view));
        assert!(all.contains("    12 passed"), "{all}");
    }
}
