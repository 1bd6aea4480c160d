//! A session as Markdown.
//!
//! A message stands as it was written, for its own Markdown is what people want to read. Invariant: it cannot leave its section:
//! an open fence is closed, what would be one of our headings or a block of HTML is escaped.

use super::timeline::{self, Item, timeline};
use chasm_protocol::session::{Message, SessionDetail, ToolCall};
use std::fmt::Write;

pub fn markdown(session: &SessionDetail) -> String {
    let mut out = format!("# {}\n\n", plain(super::title(session)));
    for (name, value) in timeline::facts(session) {
        // writing to a String does not fail
        let _ = writeln!(out, "- {name}: {}", code(&value));
    }
    for item in timeline(session) {
        match item {
            Item::Message(message) => put_message(&mut out, message),
            Item::ToolCall(call) => put_call(&mut out, call),
            Item::Interruption(i) => {
                let _ = write!(out, "\n---\n\n**{}**\n\n---\n", plain(&timeline::interruption(i)));
            }
        }
    }
    out
}

fn put_message(out: &mut String, message: &Message) {
    let _ = write!(out, "\n## {}\n\n", timeline::role(message.role));
    let remarks = timeline::remarks(message);
    if !remarks.is_empty() {
        let _ = write!(out, "{}\n\n", code(&remarks.join(" · ")));
    }
    put_text(out, &message.content.text());
    if let Some(parts) = timeline::other_parts(&message.content) {
        fence(out, "json", &parts);
    }
    for version in &message.versions {
        let _ = write!(out, "\n### Another version, from {}\n\n", version.origin);
        put_text(out, &version.content.text());
    }
}

fn put_call(out: &mut String, call: &ToolCall) {
    let (name, state) = timeline::call_heading(call);
    let _ = write!(out, "\n### Tool call {} ({state})\n", code(name));
    for (what, value) in [("Arguments", &call.arguments), ("Result", &call.output)] {
        if let Some(value) = value {
            let language = if value.is_string() { "" } else { "json" };
            let _ = write!(out, "\n{what}:\n\n");
            fence(out, language, &timeline::value_text(value));
        }
    }
}

/// A message's own text, held within its section.
fn put_text(out: &mut String, text: &str) {
    let mut open: Option<(char, usize)> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let rest = line.trim_start_matches(' ');
        let run = |c: char| rest.chars().take_while(|x| *x == c).count();
        let closes = |(c, length): (char, usize)| run(c) >= length && rest.trim_matches(c).trim().is_empty();
        match open {
            _ if indent > 3 => {}
            Some(fence) => open = Some(fence).filter(|fence| !closes(*fence)),
            None => {
                let c = if rest.starts_with('~') { '~' } else { '`' };
                let info_is_good = c == '~' || !rest.trim_start_matches('`').contains('`');
                if run(c) >= 3 && info_is_good {
                    open = Some((c, run(c)));
                } else if is_ours(rest) {
                    let (spaces, rest) = line.split_at(indent);
                    let _ = writeln!(out, "{spaces}\\{rest}");
                    continue;
                }
            }
        }
        let _ = writeln!(out, "{line}");
    }
    if let Some((c, length)) = open {
        let _ = writeln!(out, "{}", c.to_string().repeat(length));
    }
}

/// A line that would end the section, or begin a block of HTML that swallows what follows. `===` and `---` under a line make a
/// heading of it, which is harmless; a line of `---` alone is a rule.
fn is_ours(rest: &str) -> bool {
    let heading = rest.starts_with('#') && rest.trim_start_matches('#').starts_with([' ', '\t']);
    let tag = rest.strip_prefix('<').and_then(|r| r.chars().next());
    heading && !rest.starts_with("####") || tag.is_some_and(|c| c.is_ascii_alphabetic() || "!?/".contains(c))
}

/// A fence longer than every run of backticks inside.
fn fence(out: &mut String, language: &str, text: &str) {
    let mark = "`".repeat(longest_run(text).max(2) + 1);
    let _ = writeln!(out, "{mark}{language}\n{text}\n{mark}");
}

/// Inline code, whatever is in it.
fn code(text: &str) -> String {
    let text = line(text);
    let mark = "`".repeat(longest_run(&text) + 1);
    if text.starts_with('`') || text.ends_with('`') {
        format!("{mark} {text} {mark}")
    } else {
        format!("{mark}{text}{mark}")
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A text on one line, without tags.
fn plain(text: &str) -> String {
    line(text).replace('<', "\\<")
}

/// One line of a text.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
