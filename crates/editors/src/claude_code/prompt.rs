//! What a person typed, told from what the program wrote around it.
//!
//! Owns the list of tags that Claude Code puts into `user` lines. Never throws anything away: its callers keep the original
//! beside the stripped text.

use super::entry::{Blocks, Entry, block_type};
use crate::sheet::first_line;
use serde_json::Value;

/// Elements in `user` texts that nobody typed.
const TAGS: [&str; 9] = [
    "system-reminder",
    "command-name",
    "command-message",
    "command-args",
    "command-contents",
    "local-command-stdout",
    "local-command-stderr",
    "local-command-caveat",
    "task-notification",
];

/// `text` without the program's elements; `None` where it has none. An element that is never closed reaches to the end.
pub fn strip(text: &str) -> Option<String> {
    let mut out = String::new();
    let (mut copied, mut stripped) = (0, false);
    while let Some((start, end)) = next_element(text, copied) {
        out.push_str(text.get(copied..start).unwrap_or_default());
        copied = end;
        stripped = true;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    stripped.then(|| out.trim().to_owned())
}

/// Where the next of the program's elements begins and ends.
fn next_element(text: &str, from: usize) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    let (at, tag) = TAGS
        .iter()
        .filter_map(|tag| rest.find(&format!("<{tag}>")).map(|at| (at, tag)))
        .min_by_key(|(at, _)| *at)?;
    let close = format!("</{tag}>");
    let end = rest.get(at..)?.find(&close).map_or(rest.len(), |len| at + len + close.len());
    Some((from + at, from + end))
}

/// The first line of what a person typed, if this line is a typed prompt.
pub fn title(entry: &Entry) -> Option<String> {
    if entry.kind() != "user" || !is_typed(entry) {
        return None;
    }
    let text = match entry.blocks()? {
        Blocks::Text(text) => strip(text).unwrap_or_else(|| text.to_owned()),
        Blocks::Parts(parts) => {
            let texts = parts.iter().filter(|part| block_type(part) != Some("tool_result"));
            let typed = |part: &Value| {
                let text = part.as_str().or_else(|| part.get("text")?.as_str())?;
                Some(strip(text).unwrap_or_else(|| text.to_owned()))
            };
            texts.filter_map(typed).find(|text| !text.trim().is_empty())?
        }
    };
    first_line(&text)
}

/// Not put in by the program on the user's behalf.
pub fn is_typed(entry: &Entry) -> bool {
    !entry.is("isMeta") && !entry.is("isCompactSummary")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_elements_are_stripped() {
        assert_eq!(strip("plain <b>text</b>"), None);
        let got =
            strip("do it<system-reminder>never\nmind</system-reminder> now<command-args></command-args>");
        assert_eq!(got.as_deref(), Some("do it now"));
        assert_eq!(strip("<local-command-stdout>all").as_deref(), Some(""));
        assert_eq!(strip("é<system-reminder>x</system-reminder>é").as_deref(), Some("éé"));
    }

    #[test]
    fn a_title_is_the_first_typed_line() {
        let entry = |json: &str| Entry { fields: serde_json::from_str(json).unwrap(), cut: false };
        let titled = |json: &str| title(&entry(json));
        assert_eq!(
            titled(
                r#"{"type":"user","message":{"content":"<system-reminder>x</system-reminder>\n\n Fix it\nnow"}}"#
            ),
            Some("Fix it".into())
        );
        assert_eq!(titled(r#"{"type":"user","isMeta":true,"message":{"content":"Fix it"}}"#), None);
        assert_eq!(
            titled(r#"{"type":"user","message":{"content":[{"type":"tool_result","content":"x"}]}}"#),
            None
        );
        let long = format!(r#"{{"type":"user","message":{{"content":"{}"}}}}"#, "ä".repeat(100));
        assert_eq!(titled(&long).map(|t| t.chars().count()), Some(81));
    }
}
