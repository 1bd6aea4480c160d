//! The text of a prompt that is kept as the state of an editor (Lexical).
//!
//! Never needs to know all kinds of nodes: what has a text gives it, paragraphs are lines.

use serde_json::Value;

/// Deepest tree that is looked into; JSON does not go deeper.
const DEPTH: usize = 128;

/// The text of `richText`, a JSON text of a tree. `None` where it has none.
pub fn text(rich: &str) -> Option<String> {
    let state: Value = serde_json::from_str(rich).ok()?;
    let mut out = String::new();
    node(state.get("root")?, &mut out, DEPTH);
    let text = out.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn node(value: &Value, out: &mut String, depth: usize) {
    if depth == 0 {
        return;
    }
    match value.get("type").and_then(Value::as_str) {
        Some("linebreak") => out.push('\n'),
        Some("paragraph" | "heading" | "quote" | "code" | "listitem")
            if !out.is_empty() && !out.ends_with('\n') =>
        {
            out.push('\n');
        }
        _ => {}
    }
    match (value.get("text").and_then(Value::as_str), value.get("mentionName").and_then(Value::as_str)) {
        (Some(text), _) => out.push_str(text),
        (None, Some(name)) => {
            out.push('@');
            out.push_str(name);
        }
        (None, None) => {}
    }
    for child in value.get("children").and_then(Value::as_array).into_iter().flatten() {
        node(child, out, depth - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_lines_and_mentions_are_named() {
        let rich = r#"{"root":{"children":[{"type":"paragraph","children":[{"type":"text","text":"fix "},
            {"type":"mention","mentionName":"a.rs"}]},{"type":"paragraph","children":[{"text":"now"},
            {"type":"linebreak"},{"text":"please"}]}],"type":"root"}}"#;
        assert_eq!(text(rich).as_deref(), Some("fix @a.rs\nnow\nplease"));
        assert_eq!(text(r#"{"root":{"children":[{"type":"paragraph","children":[]}]}}"#), None);
        assert_eq!((text("{"), text("[]"), text("")), (None, None, None));
    }
}
